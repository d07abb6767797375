// SPDX-License-Identifier: MIT
// The tracefs file system: where it is mounted, its files read and written. Every refusal becomes a
// SystemError whose sentence says what to do.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { SystemError } from '@lockstep/base';

/** Where kernels since 4.1 offer a mount point, and where debugfs shows it. */
const USUAL_MOUNT_POINTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;

/** Path of the mounted tracefs; mounts it where that is needed and allowed. Throws SystemError. */
export function openTracefs(): string {
  const found = findTracefs();
  if (found !== undefined) {
    checkReadable(found);
    return found;
  }
  const target = USUAL_MOUNT_POINTS[0];
  if (!existsSync(target)) {
    throw new SystemError(
      'This kernel has no tracefs; one built with CONFIG_TRACING is needed to record kernel events.',
      'ENOENT',
      'open',
      target,
    );
  }
  const mount = spawnSync('mount', ['-t', 'tracefs', 'nodev', target], { encoding: 'utf8' });
  if (mount.status !== 0 || !existsSync(`${target}/trace_clock`)) {
    throw new SystemError(
      `tracefs is not mounted; mount it as root: mount -t tracefs nodev ${target}`,
      'EPERM',
      'mount',
      target,
    );
  }
  return target;
}

/** Path of the mounted tracefs, or undefined; changes nothing. */
export function findTracefs(): string | undefined {
  const places: string[] = [...USUAL_MOUNT_POINTS];
  try {
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
      const [, mountPoint, type] = line.split(' ');
      if (type === 'tracefs' && mountPoint !== undefined) places.unshift(mountPoint.replace(/\\040/g, ' '));
    }
  } catch {
    // Without /proc the usual places remain.
  }
  return places.find((place) => existsSync(`${place}/trace_clock`) || isForbidden(place));
}

function isForbidden(path: string): boolean {
  try {
    closeSync(openSync(`${path}/trace_clock`, 'r'));
    return false;
  } catch (error) {
    return errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM';
  }
}

function checkReadable(tracefs: string): void {
  try {
    readFileSync(`${tracefs}/trace_clock`);
  } catch (error) {
    throw refused(error, 'open', `${tracefs}/trace_clock`);
  }
}

/** Reads a small file of tracefs as text. */
export function readTracefs(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw refused(error, 'read', path);
  }
}

/** Writes `text` by one write(2), as tracefs wants it; `append` keeps what a list file holds. */
export function writeTracefs(path: string, text: string, mode: 'replace' | 'append' = 'replace'): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, mode === 'append' ? 'a' : 'w');
    writeSync(fd, text);
  } catch (error) {
    throw refused(error, 'write', path);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The same for settings that older kernels lack: false when refused. */
export function tryWriteTracefs(path: string, text: string, mode: 'replace' | 'append' = 'replace'): boolean {
  try {
    writeTracefs(path, text, mode);
    return true;
  } catch {
    return false;
  }
}

/** writeTracefs, its write in a thread of the pool: for what the kernel takes its time over. */
export async function writeTracefsLater(path: string, text: string): Promise<void> {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'w');
    await writeLater(fd, text);
  } catch (error) {
    throw refused(error, 'write', path);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const writeLater = promisify((fd: number, text: string, done: (error: Error | null) => void) => write(fd, text, done));

export async function tryWriteTracefsLater(path: string, text: string): Promise<boolean> {
  try {
    await writeTracefsLater(path, text);
    return true;
  } catch {
    return false;
  }
}

export function errorCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'EIO';
}

/** The SystemError for a refused call on a file of tracefs. */
export function refused(error: unknown, syscall: string, path: string): SystemError {
  const code = errorCode(error);
  return new SystemError(sentenceFor(code), code, syscall, path, { cause: error });
}

function sentenceFor(code: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'Recording kernel events needs root, or a group that tracefs is mounted for (mount -o remount,gid=GROUP,mode=0750 /sys/kernel/tracing).';
    case 'ENOENT':
      return 'This kernel lacks a file of tracefs that is needed; `lockstep doctor` tells what this kernel can record.';
    case 'ENOMEM':
      return 'The kernel has not enough memory for its trace buffers; ask for smaller ones.';
    case 'EBUSY':
      return 'Another reader holds this part of tracefs; end it and try again.';
    case 'ENODEV':
      return 'This part of tracefs went away while it was in use.';
    case 'EINVAL':
      return 'The kernel refused this setting of tracefs.';
    default:
      return 'A call on a file of tracefs failed.';
  }
}
