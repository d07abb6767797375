// SPDX-License-Identifier: MIT
// The system calls JavaScript lacks. One typed door over a plain C Node-API addon; no policy here or
// in C. The addon is compiled by the build (packages/native/src/addon.c -> dist/lockstep.node) and may
// be missing: `loadNative` then returns undefined and `nativeMissingReason` says why in one sentence.
//
// Hot functions take no argument and return nothing: they write into the calling thread's slot,
// because arguments and results of Node-API calls cost more than the call itself.

/** A file mapped shared into memory. */
export interface Mapping {
  /** The mapped bytes. Usable with Atomics across processes. Invalid after `unmap`. */
  readonly buffer: ArrayBuffer;
  readonly sizeBytes: number;
  unmap(): void;
}

export interface Native {
  /** Maps `path` shared. With `createSizeBytes` the file is created (O_EXCL, mode 0600, or `fileMode`) and sized. Throws SystemError. */
  mapFile(path: string, options: { readonly access: 'read' | 'read-write'; readonly createSizeBytes?: number; readonly fileMode?: number }): Mapping;
  /**
   * Copies from a mapping that another process may shrink under us. False when the pages are gone
   * (SIGBUS caught); the target's content is then undefined. Bounds are checked; never throws.
   */
  tryCopy(source: ArrayBuffer, sourceOffset: number, target: Uint8Array, targetOffset: number, sizeBytes: number): boolean;

  /** This thread's slot: 64 bytes. int32 words: 0 cycles low, 1 cycles high, 2 cpu id; 4-5, 6-7: pair(). Same object on every call. */
  readonly slot: Int32Array;
  /** slot[0..1] = TSC (rdtsc). Undefined on CPUs without one. */
  readonly readTsc: (() => void) | undefined;
  /** slot[0..1] = TSC, slot[2] = CPU id, by one rdtscp. */
  readonly readTscAndCpu: (() => void) | undefined;
  /** slot[0..1] = CLOCK_MONOTONIC in ns. */
  readMonotonic(): void;
  /** slot[0..1] = CLOCK_MONOTONIC in ns, slot[2] = CPU id. */
  readMonotonicAndCpu(): void;
  /** slot[4..5] = CLOCK_MONOTONIC ns, slot[6..7] = TSC, read as close together as can be (several tries, the tightest wins), slot[3] = width of the winning try in TSC cycles. */
  readonly readPair: (() => void) | undefined;

  /** Ordinary, not hot. CLOCK_REALTIME, MONOTONIC, BOOTTIME, THREAD_CPUTIME_ID, PROCESS_CPUTIME_ID in ns. */
  clockNs(clock: 'realtime' | 'monotonic' | 'boottime' | 'thread-cpu' | 'process-cpu'): bigint;

  /** Sleeps while the int32 at `byteOffset` equals `expected`; shared futex. Blocks the thread: for workers only. */
  futexWait(memory: ArrayBuffer, byteOffset: number, expected: number, timeoutMs: number): 'woken' | 'changed' | 'timed-out';
  /** Wakes up to `count` waiters; returns how many. */
  futexWake(memory: ArrayBuffer, byteOffset: number, count: number): number;
  /** Blocks until one of `fds` is readable or the time is over; returns indexes that are ready (POLLIN, POLLHUP or POLLERR). */
  poll(fds: readonly number[], timeoutMs: number): number[];
  gettid(): number;
  /** sched_setaffinity of a thread (0 = caller) to one CPU. For benches. */
  pinToCpu(tid: number, cpu: number): void;
  /**
   * Observes this thread's event loop: `onPrepare` runs before each poll for events, `onCheck` after
   * it (libuv prepare and check handles, unreferenced). Called without a microtask checkpoint; must not throw.
   */
  watchLoop(onPrepare: () => void, onCheck: (() => void) | undefined): { close(): void };
  /** Start address, size and build id of loaded shared objects (dl_iterate_phdr). */
  sharedObjects(): { readonly path: string; readonly baseAddress: bigint; readonly sizeBytes: bigint; readonly buildId: string | undefined }[];
}

export { loadNative, nativeMissingReason } from './load.ts';
