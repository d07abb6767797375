// SPDX-License-Identifier: MIT
// What the C side exports, exactly, and the Native made of it: options become flags, system calls'
// failures become SystemErrors. The hot functions pass through untouched.

import { readlinkSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { InputError, SystemError } from '@lockstep/base';
import { wrapBpf } from './bpf.ts';
import type { Mapping, MapOptions, Native } from './native.ts';

/** The exports of the addon's C files. */
export interface Addon {
  readonly slot: Int32Array;
  readonly readTsc: (() => void) | undefined;
  readonly readTscAndCpu: (() => void) | undefined;
  readonly readPair: (() => void) | undefined;
  readMonotonic(): void;
  readMonotonicAndCpu(): void;
  readMonotonicRaw(): void;
  readMonotonicRawAndCpu(): void;
  readBoottime(): void;
  readBoottimeAndCpu(): void;
  readonly counterName: string | undefined;
  bindClockPage(path: string): void;
  readClockPage(): void;
  clockNs(clockId: number): bigint;
  mapFile(
    path: string,
    flags: number,
    createSizeBytes: number,
    fileMode: number,
    maxSizeBytes: number,
  ): { buffer: ArrayBuffer; range: unknown };
  unmapFile(range: unknown, buffer: ArrayBuffer): void;
  createMemoryFile(name: string, sizeBytes: number): number;
  faultCount(range: unknown): number;
  guardMappings(): void;
  tryCopy(
    source: ArrayBuffer,
    sourceOffset: number,
    target: Uint8Array,
    targetOffset: number,
    sizeBytes: number,
  ): boolean;
  futexWait(memory: ArrayBuffer, byteOffset: number, expected: number, timeoutMs: number): number;
  futexWaitAsync(
    memory: ArrayBuffer,
    byteOffset: number,
    expected: number,
    timeoutMs: number,
    done: (result: number) => void,
  ): void;
  futexWake(memory: ArrayBuffer, byteOffset: number, count: number): number;
  poll(fds: readonly number[], timeoutMs: number): number[];
  openWaitSet(fds: readonly number[], mode: number): number;
  waitForSet(setFd: number, timeoutMs: number): number[];
  rearmInSet(setFd: number, fd: number, index: number): void;
  openEvent(): number;
  gettid(): number;
  pinToCpu(tid: number, cpu: number): void;
  namespaceAncestors(path: string): number[];
  compareFiles(tid: number, other: number): number;
  watchLoop(onPrepare: () => void, onCheck: (() => void) | undefined): unknown;
  unwatchLoop(watch: unknown): void;
  sharedObjects(): { path: string; baseAddress: bigint; sizeBytes: bigint; buildId: string }[];
  bpfCreateMap(type: number, keySize: number, valueSize: number, maxEntries: number, flags: number): number;
  bpfUpdate(fd: number, key: Uint8Array, value: Uint8Array): void;
  bpfLookup(fd: number, key: Uint8Array, value: Uint8Array): void;
  bpfLoadProgram(type: number, attachType: number, btfId: number, code: Uint8Array, log: Uint8Array): number;
  bpfAttach(programFd: number): number;
  bpfOpenRing(mapFd: number, sizeBytes: number): unknown;
  bpfReadRing(ring: unknown, target: Uint8Array, offset: number, capacity: number): number;
  bpfRingFill(ring: unknown): number;
}

// Bits of mapFile's flags; the same numbers in mapping.c.
const FLAG_WRITE = 1;
const FLAG_CREATE = 2;
const FLAG_POPULATE = 4;
const FLAG_SPARSE = 8;
const FLAG_FOLLOW = 16;

const DEFAULT_MAX_SIZE_BYTES = 4 * 1024 ** 3;

// clockid_t of Linux (include/uapi/linux/time.h).
const CLOCK_IDS = {
  realtime: 0,
  monotonic: 1,
  'process-cpu': 2,
  'thread-cpu': 3,
  'monotonic-raw': 4,
  boottime: 7,
} as const;

// Modes of openWaitSet; the same numbers in wait-sets.c.
const WAIT_SET_MODES = { all: 0, exclusive: 1, 'one-shot': 2 } as const;

const FUTEX_RESULTS = ['woken', 'changed', 'timed-out'] as const;

export function wrapAddon(addon: Addon): Native {
  return {
    slot: addon.slot,
    readTsc: addon.readTsc,
    readTscAndCpu: addon.readTscAndCpu,
    readPair: addon.readPair,
    readMonotonic: addon.readMonotonic,
    readMonotonicAndCpu: addon.readMonotonicAndCpu,
    readMonotonicRaw: addon.readMonotonicRaw,
    readMonotonicRawAndCpu: addon.readMonotonicRawAndCpu,
    readBoottime: addon.readBoottime,
    readBoottimeAndCpu: addon.readBoottimeAndCpu,
    counterName: addon.counterName,
    bindClockPage: (path) => callSystem('The clock page cannot be read', path, () => addon.bindClockPage(path)),
    readClockPage: addon.readClockPage,
    tryCopy: addon.tryCopy,
    gettid: addon.gettid,
    namespaceAncestors: addon.namespaceAncestors,
    compareFiles: addon.compareFiles,
    mapFile: (path, options) => mapFile(addon, path, options),
    createMemoryFile: (name, sizeBytes) =>
      callSystem('A memory file cannot be created', undefined, () => addon.createMemoryFile(name, sizeBytes)),
    guardMappings: () => callSystem('The SIGBUS handler cannot be installed', undefined, () => addon.guardMappings()),
    clockNs: (clock) => addon.clockNs(CLOCK_IDS[clock]),
    futexWait(memory, byteOffset, expected, timeoutMs) {
      const result = callSystem('Waiting for shared memory failed', undefined, () =>
        addon.futexWait(memory, byteOffset, expected, timeoutMs),
      );
      return FUTEX_RESULTS[result] ?? 'woken';
    },
    futexWaitAsync: (memory, byteOffset, expected, timeoutMs) =>
      new Promise((resolve, reject) => {
        callSystem('Waiting for shared memory failed', undefined, () =>
          addon.futexWaitAsync(memory, byteOffset, expected, timeoutMs, (result) => {
            if (result >= 0) resolve(FUTEX_RESULTS[result] ?? 'woken');
            else reject(failedSystemCall('Waiting for shared memory failed', -result, 'futex', undefined));
          }),
        );
      }),
    futexWake: (memory, byteOffset, count) =>
      callSystem('Waking the waiters of shared memory failed', undefined, () =>
        addon.futexWake(memory, byteOffset, count),
      ),
    poll: (fds, timeoutMs) =>
      callSystem('Waiting for file descriptors failed', undefined, () => addon.poll(fds, timeoutMs)),
    openWaitSet: (fds, mode) =>
      callSystem('The descriptors cannot be waited for', undefined, () => addon.openWaitSet(fds, WAIT_SET_MODES[mode])),
    waitForSet: (setFd, timeoutMs) =>
      callSystem('Waiting for a set of descriptors failed', undefined, () => addon.waitForSet(setFd, timeoutMs)),
    rearmInSet: (setFd, fd, index) =>
      callSystem('A descriptor cannot be waited for again', undefined, () => addon.rearmInSet(setFd, fd, index)),
    openEvent: () => callSystem('No event descriptor can be had', undefined, () => addon.openEvent()),
    pinToCpu: (tid, cpu) =>
      callSystem(`The thread cannot be bound to CPU ${cpu}`, undefined, () => addon.pinToCpu(tid, cpu)),
    watchLoop(onPrepare, onCheck) {
      const watch = callSystem('The event loop cannot be observed', undefined, () =>
        addon.watchLoop(onPrepare, onCheck),
      );
      return { close: () => addon.unwatchLoop(watch) };
    },
    sharedObjects: () =>
      addon.sharedObjects().map((object) => ({
        ...object,
        path: object.path === '' ? ownProgramPath() : object.path,
        buildId: object.buildId === '' ? undefined : object.buildId,
      })),
    bpf: wrapBpf(addon, callSystem),
  };
}

function mapFile(addon: Addon, path: string, options: MapOptions): Mapping {
  const { createSizeBytes } = options;
  const isCreating = createSizeBytes !== undefined;
  if (path.includes('\0')) throw new InputError('A path cannot hold a NUL character', { path });
  if (isCreating && !(Number.isSafeInteger(createSizeBytes) && createSizeBytes > 0)) {
    throw new InputError('A mapped file needs a size of one byte or more', { path, sizeBytes: createSizeBytes });
  }
  const flags =
    (options.access === 'read-write' ? FLAG_WRITE : 0) |
    (isCreating ? FLAG_CREATE : 0) |
    (options.populate === true ? FLAG_POPULATE : 0) |
    (options.sparse === true ? FLAG_SPARSE : 0) |
    (options.isFollowingLinks === true ? FLAG_FOLLOW : 0);
  const { buffer, range } = callSystem(
    isCreating ? 'The file cannot be created and mapped' : 'The file cannot be mapped',
    path,
    () =>
      addon.mapFile(
        path,
        flags,
        createSizeBytes ?? 0,
        options.fileMode ?? 0o600,
        options.maxSizeBytes ?? DEFAULT_MAX_SIZE_BYTES,
      ),
  );
  // Once unmapped, the C entry may belong to another mapping: its last count is kept here.
  let lastFaultCount: number | undefined;
  return {
    buffer,
    sizeBytes: buffer.byteLength,
    get faultCount() {
      return lastFaultCount ?? addon.faultCount(range);
    },
    unmap() {
      if (lastFaultCount !== undefined) return;
      lastFaultCount = addon.faultCount(range);
      addon.unmapFile(range, buffer);
    },
  };
}

/** Runs a call of the addon; its failure (`code` errno in decimal, message the system call) becomes a SystemError. */
function callSystem<T>(sentence: string, path: string | undefined, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? Number(error.code) : Number.NaN;
    if (!(error instanceof Error) || !Number.isInteger(errno)) throw error;
    throw failedSystemCall(sentence, errno, error.message, path);
  }
}

function failedSystemCall(sentence: string, errno: number, call: string, path: string | undefined): SystemError {
  const code = getSystemErrorName(-errno);
  return new SystemError(`${sentence}: ${explainErrno(code)}`, code, call, path);
}

function explainErrno(code: string): string {
  switch (code) {
    case 'EEXIST':
      return 'it exists already';
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ENOSPC':
      return 'the file system is full';
    case 'EFBIG':
      return 'it is too large';
    case 'ELOOP':
      return 'it is a symbolic link';
    case 'EINVAL':
      return 'it is not valid here (only a regular file that is not empty can be mapped)';
    default:
      return `the system says ${code}`;
  }
}

function ownProgramPath(): string {
  try {
    return readlinkSync('/proc/self/exe');
  } catch {
    return process.execPath;
  }
}
