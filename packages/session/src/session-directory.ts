// SPDX-License-Identifier: MIT
// Makes and removes the session directory (layout: protocol/src/session-directory.ts): where traced
// programs find what a session wants of them and put their buffers. docs/session-directory.md says
// who may do what in it.

import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainFileError, InputError, ProtocolError } from '@lockstep/base';
import type { ClockClass } from '@lockstep/ctf/write';
import type { Mapping, Native } from '@lockstep/native';
import {
  CONTROL_FILE,
  bellWord,
  DOORBELL_FILE,
  DOORBELL_SIZE_BYTES,
  SESSION_FILE,
  type ClockKind,
  type SessionDescription,
  type TracingPlan,
} from '@lockstep/protocol';
import { clockClassToJson } from './clock-class-json.ts';
import { ControlFile } from './control-file.ts';
import type { Owner } from './owner.ts';
import { processStart, readBootId } from './process-status.ts';
import { removeDirectory } from './remove-directory.ts';

/** Where session directories are made when nothing else is asked for; another base for tests and small /dev/shm. */
export const SHM_BASE_VARIABLE = 'LOCKSTEP_SHM';

export interface SessionDirectoryOptions {
  readonly name: string;
  readonly traceDirectory: string;
  readonly clockKind: ClockKind;
  readonly clockClass: ClockClass;
  readonly plan: TracingPlan;
  readonly owner: Owner;
  readonly native: Native | undefined;
  /** Threads that consume what programs record; default 1. */
  readonly consumerCount?: number;
}

export interface SessionDirectory {
  readonly path: string;
  readonly control: ControlFile;
  /** Wakes the consumers that sleep on the doorbell. */
  ring(): void;
  /** The doorbell's memory; undefined without the addon. */
  readonly doorbell: ArrayBuffer | undefined;
  /** Unmaps; the directory stays. */
  close(): void;
  /** Unmaps and deletes the directory with all buffers in it. */
  remove(): void;
}

/** `/dev/shm/lockstep-<uid>`; without a memory file system a directory of the temporary one. */
export function sessionBaseDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment[SHM_BASE_VARIABLE];
  if (chosen !== undefined && chosen !== '') return chosen;
  const root =
    process.platform === 'linux' && lstatSync('/dev/shm', { throwIfNoEntry: false })?.isDirectory() === true
      ? '/dev/shm'
      : tmpdir();
  return join(root, `lockstep-${process.getuid?.() ?? 0}`);
}

export function createSessionDirectory(options: SessionDirectoryOptions): SessionDirectory {
  const { owner } = options;
  const base = openBase(owner);
  const path = join(base, `${safeName(options.name)}-${process.pid}`);
  makeDirectory(path);
  try {
    const description: SessionDescription = {
      version: 1,
      name: options.name,
      traceDirectory: options.traceDirectory,
      ownerPid: process.pid,
      ownerStart: processStart(process.pid) ?? 0,
      clockClass: clockClassToJson(options.clockClass),
      bootId: readBootId(),
    };
    const files = [join(path, SESSION_FILE), join(path, CONTROL_FILE), join(path, DOORBELL_FILE)];
    writeFileSync(join(path, SESSION_FILE), `${JSON.stringify(description, undefined, 1)}\n`, {
      flag: 'wx',
      mode: 0o600,
    });
    const doorbell = createDoorbell(join(path, DOORBELL_FILE), options.native);
    const { clockKind, consumerCount = 1 } = options;
    const { frequency } = options.clockClass;
    const identity = { clockKind, frequency, ownerPid: process.pid, consumerCount };
    const control = ControlFile.create(join(path, CONTROL_FILE), identity, options.plan, options.native);
    if (owner.isInvokedBySudo) {
      // Last, so that nobody but root could put a link in our way before.
      for (const file of files) chownSync(file, owner.uid, owner.gid);
      chownSync(path, owner.uid, owner.gid);
    }
    return describe(path, control, doorbell, options.native, consumerCount);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw explainFileError(error, 'The session directory cannot be made', path);
  }
}

/** Reads and checks a session's description. ProtocolError when there is none or it is another version's. */
export function readSessionDescription(path: string): SessionDescription {
  let parsed: Partial<SessionDescription> | null;
  try {
    parsed = JSON.parse(readFileSync(join(path, SESSION_FILE), 'utf8')) as Partial<SessionDescription> | null;
  } catch (error) {
    throw new ProtocolError(
      'This is no session directory of Lockstep; its session.json is missing or damaged',
      { path },
      { cause: error },
    );
  }
  if (typeof parsed !== 'object' || parsed === null || parsed.version !== 1) {
    throw new ProtocolError('This session directory is of another version of Lockstep', {
      path,
      version: String(parsed?.version),
    });
  }
  const { name, traceDirectory, ownerPid, clockClass } = parsed;
  if (
    typeof name !== 'string' ||
    typeof traceDirectory !== 'string' ||
    typeof ownerPid !== 'number' ||
    typeof clockClass !== 'object'
  ) {
    throw new ProtocolError('The session description is damaged', { path });
  }
  return { ...parsed, version: 1, name, traceDirectory, ownerPid, clockClass, bootId: String(parsed.bootId) };
}

/** Turns a name into something that is one harmless path part. */
export function safeName(name: string): string {
  const safe = name
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .replace(/^[.-]+/, '')
    .slice(0, 64);
  return safe === '' ? 'session' : safe;
}

function openBase(owner: Owner): string {
  const base = sessionBaseDirectory();
  // Under sudo the traced program, another user, has to pass through to its session's directory.
  const mode = owner.isInvokedBySudo ? 0o711 : 0o700;
  try {
    mkdirSync(base, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw explainFileError(error, 'The directory for sessions cannot be made', base);
    const status = lstatSync(base);
    const uid = process.getuid?.() ?? 0;
    if (!status.isDirectory() || status.uid !== uid) {
      throw new InputError(
        'The directory for sessions belongs to somebody else; remove it or name another one in LOCKSTEP_SHM',
        { path: base },
      );
    }
    if (owner.isInvokedBySudo && (status.mode & 0o011) !== 0o011) chmodSync(base, mode);
  }
  return base;
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw explainFileError(error, 'The session directory cannot be made', path);
  }
}

function createDoorbell(path: string, native: Native | undefined): Mapping | undefined {
  if (native !== undefined) return native.mapFile(path, { access: 'read-write', createSizeBytes: DOORBELL_SIZE_BYTES });
  writeFileSync(path, new Uint8Array(DOORBELL_SIZE_BYTES), { flag: 'wx', mode: 0o600 });
  return undefined;
}

function describe(
  path: string,
  control: ControlFile,
  doorbell: Mapping | undefined,
  native: Native | undefined,
  consumerCount: number,
): SessionDirectory {
  const close = (): void => {
    control.close();
    doorbell?.unmap();
  };
  return {
    path,
    control,
    doorbell: doorbell?.buffer,
    ring() {
      if (doorbell === undefined || native === undefined) return;
      for (let bell = 0; bell < consumerCount; bell++) {
        Atomics.add(new Int32Array(doorbell.buffer), bellWord(bell), 1);
        native.futexWake(doorbell.buffer, bellWord(bell) * 4, 1);
      }
    },
    close,
    remove() {
      close();
      removeDirectory(path);
    },
  };
}
