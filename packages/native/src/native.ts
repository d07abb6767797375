// SPDX-License-Identifier: MIT
// What the addon offers, in types.
//
// Hot functions take no argument and return nothing: they write into the calling thread's slot,
// because arguments and results of Node-API calls cost more than the call itself.

import type { Bpf } from './bpf.ts';

/** A file mapped shared into memory. Ends with `unmap`, when its buffer is collected, or with its thread. */
export interface Mapping {
  /** The mapped bytes. Usable with Atomics across processes; cannot be transferred. Empty after `unmap`. */
  readonly buffer: ArrayBuffer;
  /** Size of the file when it was mapped. */
  readonly sizeBytes: number;
  /**
   * Pages that were found gone and replaced by zeros (see `guardMappings`). Not 0: another process
   * made the file shorter, and what was read since may be zeros that nobody wrote.
   */
  readonly faultCount: number;
  unmap(): void;
}

export interface MapOptions {
  readonly access: 'read' | 'read-write';
  /** Creates the file, which must not exist, with this size, all zeros. A full file system fails here, not at a later store. */
  readonly createSizeBytes?: number;
  /** Permissions of a created file, whatever the umask; default 0600. */
  readonly fileMode?: number;
  /** Touches all pages now: the first store into a fresh page otherwise costs a page fault, about 1200 ns. */
  readonly populate?: boolean;
  /** Takes no blocks for a created file until they are written. A full file system then raises SIGBUS at a store. */
  readonly sparse?: boolean;
  /** Follows a link at the end of the path: for /proc/PID/fd/N. */
  readonly isFollowingLinks?: boolean;
  /** A larger file is refused (EFBIG). Default 4 GiB. */
  readonly maxSizeBytes?: number;
}

export interface Native {
  /**
   * Maps the regular file at `path` shared. Links are not followed and nothing else than a regular,
   * non-empty file is mapped. Throws SystemError.
   */
  mapFile(path: string, options: MapOptions): Mapping;
  /** A file without a name, in memory (memfd), all zeros; returns its descriptor. Map it as /proc/PID/fd/N. */
  createMemoryFile(name: string, sizeBytes: number): number;
  /**
   * Lets every mapping of this process survive that its file is made shorter: an access to a page
   * that is gone sees zeros from then on, and the mapping's `faultCount` grows. Process-wide, once;
   * for consumers. It installs a SIGBUS handler that passes on what is not ours.
   */
  guardMappings(): void;
  /**
   * Copies from a mapping that another process may shrink under us. False when the pages are gone
   * or the ranges do not fit; the target's content is then undefined. Never throws. Needs no `guardMappings`.
   */
  tryCopy(
    source: ArrayBuffer,
    sourceOffset: number,
    target: Uint8Array,
    targetOffset: number,
    sizeBytes: number,
  ): boolean;

  /** This thread's slot: 64 bytes. int32 words: 0 cycles low, 1 cycles high, 2 cpu id; 3 to 9: `readPair`. Same object on every call. */
  readonly slot: Int32Array;
  /** slot[0..1] = TSC (rdtsc). Undefined on CPUs without one. */
  readonly readTsc: (() => void) | undefined;
  /** slot[0..1] = TSC, slot[2] = number of the CPU, read just after. */
  readonly readTscAndCpu: (() => void) | undefined;
  /** slot[0..1] = CLOCK_MONOTONIC in ns. */
  readMonotonic(): void;
  /** slot[0..1] = CLOCK_MONOTONIC in ns, slot[2] = CPU id. */
  readMonotonicAndCpu(): void;
  /** slot[0..1] = CLOCK_MONOTONIC_RAW in ns. */
  readMonotonicRaw(): void;
  readMonotonicRawAndCpu(): void;
  /** slot[0..1] = CLOCK_BOOTTIME in ns. */
  readBoottime(): void;
  readBoottimeAndCpu(): void;
  /** What `readTsc` reads on this architecture: `tsc`, `cntvct` (arm64), `rdtime` (RISC-V), `timebase` (POWER). Undefined: there is none. */
  readonly counterName: string | undefined;
  /** Which clock page `readClockPage` of this thread reads; it stays mapped. Throws SystemError. */
  bindClockPage(path: string): void;
  /**
   * slot[0..1] = ns as the bound clock page tells them for the CPU that the counter was read on, slot[2] =
   * that CPU. CLOCK_MONOTONIC where no page is bound or it knows nothing of the CPU. Never goes back
   * within a thread. No system call.
   */
  readClockPage(): void;
  /** slot[4..5] = CLOCK_MONOTONIC ns, slot[6..7] = TSC, slot[8..9] = CLOCK_REALTIME ns, read as close together as can be (several tries, the tightest wins), slot[3] = width of the winning try in TSC cycles. */
  readonly readPair: (() => void) | undefined;

  /** Ordinary, not hot. CLOCK_REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME, THREAD_CPUTIME_ID, PROCESS_CPUTIME_ID in ns. */
  clockNs(clock: 'realtime' | 'monotonic' | 'monotonic-raw' | 'boottime' | 'thread-cpu' | 'process-cpu'): bigint;

  /**
   * Sleeps while the int32 at `byteOffset` equals `expected`; shared futex. Blocks the thread, and
   * with it its termination: for workers only, with a finite time. May wake for no reason.
   */
  futexWait(
    memory: ArrayBuffer,
    byteOffset: number,
    expected: number,
    timeoutMs: number,
  ): 'woken' | 'changed' | 'timed-out';
  /** The same without blocking the thread: a thread made for it sleeps, and keeps the event loop alive meanwhile. */
  futexWaitAsync(
    memory: ArrayBuffer,
    byteOffset: number,
    expected: number,
    timeoutMs: number,
  ): Promise<'woken' | 'changed' | 'timed-out'>;
  /** Wakes up to `count` waiters; returns how many. */
  futexWake(memory: ArrayBuffer, byteOffset: number, count: number): number;
  /** Blocks until one of `fds` is readable, the time is over or a signal came; returns indexes that are ready (POLLIN, POLLHUP or POLLERR). */
  poll(fds: readonly number[], timeoutMs: number): number[];
  /**
   * A set of descriptors to wait on (epoll); returns its descriptor, which `closeSync` closes. 'exclusive':
   * of several sets that hold a descriptor, what arrives wakes one, where the kernel wakes waiters one by
   * one. 'one-shot': what was told is told again only after `rearmInSet`, so several threads may wait on
   * one set and one is told. Elements below 0 are left out.
   */
  openWaitSet(fds: readonly number[], mode: 'all' | 'exclusive' | 'one-shot'): number;
  /** Blocks until something of the set is readable; indexes into what it was opened with. No time (below 0): for ever. */
  waitForSet(setFd: number, timeoutMs: number): number[];
  rearmInSet(setFd: number, fd: number, index: number): void;
  /** An eventfd: readable once 8 bytes, not all zero, were written to it. */
  openEvent(): number;
  gettid(): number;
  /** sched_setaffinity of a thread (0 = caller) to one CPU. For benches. */
  pinToCpu(tid: number, cpu: number): void;
  /**
   * Inode numbers of the namespaces around that of `path` (/proc/PID/ns/pid or …/user), the nearest first, as far
   * out as this process may see. None for what is no such file.
   */
  namespaceAncestors(path: string): number[];
  /** kcmp(KCMP_FILES): 0 when two threads share their table of open files, -1 when the kernel does not tell. */
  compareFiles(tid: number, other: number): number;
  /**
   * Observes this thread's event loop: `onPrepare` runs before each poll for events, `onCheck` after
   * it (libuv prepare and check handles, unreferenced). Called without a microtask checkpoint; what they
   * throw is swallowed.
   */
  watchLoop(onPrepare: () => void, onCheck: (() => void) | undefined): { close(): void };
  /** Start address, size and build id (hexadecimal) of the program and its loaded shared objects, as dl_iterate_phdr tells them. */
  sharedObjects(): SharedObject[];
  /** bpf(2). Always there; whether the system allows it shows at the first call. */
  readonly bpf: Bpf;
}

export interface SharedObject {
  readonly path: string;
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint;
  readonly buildId: string | undefined;
}
