// SPDX-License-Identifier: MIT
// What `doctor` looks at: files of the running kernel, read and opened, nothing written. Tests hand in
// kernels that they make up.

import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { whyNoCapture } from '../capture/capture-wishes.ts';
import { errorCode, findTracefs } from '../tracefs.ts';
import { processStartTime } from '../tracefs-instance.ts';

export interface KernelView {
  /** Where tracefs is mounted; undefined when it is not. */
  readonly tracefs: string | undefined;
  readonly release: string;
  readonly arch: string;
  readonly isRoot: boolean;
  /** The sentence why what pointers point to cannot be captured; undefined when it can. */
  whyNoCapture(): string | undefined;
  /** Start time of a living process, as in names of instances. */
  processStartTime(pid: number): string | undefined;
  /** Text of a small file; undefined when it cannot be read. */
  tryRead(path: string): string | undefined;
  list(path: string): readonly string[];
  /** Why a file cannot be opened for reading (ENOENT, EPERM, EACCES …); undefined when it can. */
  whyNotOpen(path: string): string | undefined;
  /** Value of CONFIG_`name`: `y`, `m`, or `n` when it is not set; undefined when the kernel's configuration is nowhere. */
  config(name: string): string | undefined;
}

/** Of the kernel that runs. */
export function liveKernelView(): KernelView {
  let config: ReadonlyMap<string, string> | undefined | 'unread' = 'unread';
  return {
    tracefs: findTracefs(),
    release: release(),
    arch: arch(),
    isRoot: process.getuid?.() === 0,
    whyNoCapture,
    processStartTime,
    tryRead,
    list: (path) => {
      try {
        return readdirSync(path);
      } catch {
        return [];
      }
    },
    whyNotOpen(path) {
      try {
        closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
        return undefined;
      } catch (error) {
        return errorCode(error);
      }
    },
    config(name) {
      if (config === 'unread') config = readConfig();
      return config === undefined ? undefined : (config.get(name) ?? 'n');
    },
  };
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** CONFIG_IKCONFIG_PROC's file, else the one that distributions put beside the kernel. */
function readConfig(): ReadonlyMap<string, string> | undefined {
  return parseConfig(
    unpackConfig() ?? tryRead(`/boot/config-${release()}`) ?? tryRead(`/lib/modules/${release()}/config`),
  );
}

function unpackConfig(): string | undefined {
  try {
    if (!existsSync('/proc/config.gz')) return undefined;
    return gunzipSync(readFileSync('/proc/config.gz'), { maxOutputLength: 16 * 1024 * 1024 }).toString('latin1');
  } catch {
    return undefined;
  }
}

function parseConfig(text: string | undefined): ReadonlyMap<string, string> | undefined {
  if (text === undefined) return undefined;
  return new Map([...text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}
