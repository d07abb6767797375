// SPDX-License-Identifier: MIT
// The reader thread: moves raw pages from the kernel's per-CPU buffers to the converter, or to the
// spool while that is behind, and does nothing else. Ends when told to stop and everything is read.

import { closeSync, constants, openSync, readSync, statfsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { loadNative, type BpfRing, type Native } from '@lockstep/native';
import {
  CHUNK_HEADER_SIZE_BYTES,
  readClockPair,
  writeChunkHeader,
  type ClockPair,
  type TraceClockName,
} from './capture/capture-chunk.ts';
import { RING_SIZE_BYTES, startCapture, type CaptureHandle } from './capture/capture-loader.ts';
import type { CaptureSet } from './capture/capture-set.ts';
import {
  ARE_INSTANCES_THERE,
  CAPTURE_RING,
  CHUNK_SIZE_BYTES,
  IS_ROUND_AWAITED,
  PageQueue,
  READ_BYTES,
  READER_CPU_NS,
  READER_ENDED,
  ROUND,
  SLOT_COUNT,
  SPOOL_CONVERTED,
  SPOOL_WRITTEN,
  STOP,
  type Slot,
} from './page-queue.ts';
import { ENTRY_HEADER_SIZE_BYTES, spoolPath, writeEntryHeader, writeFully } from './spool.ts';
import { errorCode } from './tracefs.ts';
import { subBufferSizeBytes } from './tracefs-instance.ts';

export interface ReaderSource {
  readonly instancePath: string;
  readonly cpuId: number;
  readonly bufferSizeBytes: number;
}

export interface ReaderWorkerData {
  readonly memory: SharedArrayBuffer;
  readonly stateDirectory: string;
  readonly sources: readonly ReaderSource[];
  /** Of the pages. */
  readonly clock: TraceClockName;
  /** Of a synthetic clock. */
  readonly clockPagePath: string | undefined;
  /** Pages stay in the kernel until the stop. */
  readonly isFlightRecorder: boolean;
  /** Becomes readable at the stop; -1: pages are looked for by a timer. */
  readonly stopFd: number;
  /** Number of the stream of what is captured. */
  readonly captureStream: number;
  /** Programs to load first of all: the kernel's verifier takes 40 ms over them, which the session has not. */
  readonly captureSet: CaptureSet | undefined;
}

export type WorkerMessage =
  /** Nothing is left to do but to end the thread, which takes a while. */
  | { readonly type: 'ended' }
  /** Metadata of a class that is met for the first time. */
  | { readonly type: 'class'; readonly text: string }
  /** Undefined: the kernel refused, or there is no addon. The receiver closes it. */
  | { readonly type: 'capture'; readonly handle: CaptureHandle | undefined }
  | { readonly type: 'problem'; readonly sentence: string; readonly code: string; readonly path: string };

interface OpenSource {
  /** `…/per_cpu/cpuN/trace_pipe_raw`. */
  readonly path: string;
  readonly subBufferSizeBytes: number;
  readonly fd: number;
}

/** Bytes a second that one CPU can produce: 5.7 million records of 36 bytes (bench dd), doubled. */
const PEAK_BYTES_PER_MS = 400_000;
/** Sleep at most so long that a CPU at its peak fills this share of its buffer. */
const FILL_SHARE = 0.5;
const MAX_SLEEP_MS = 50;
const MIN_SLEEP_MS = 2;

/** The slots' packets twice: the other channels of a recording and the program's own packets want room, too. */
const SPOOL_RESERVE_BYTES = 2 * SLOT_COUNT * CHUNK_SIZE_BYTES;

/** Not ENOSPC: the recording goes on. */
class SpoolFullError extends Error {
  readonly code = 'ENOBUFS';
}

class PageReader {
  readonly #queue: PageQueue;
  readonly #stateDirectory: string;
  readonly #sources: OpenSource[] = [];
  readonly #sleepMs: number;
  readonly #spoolBytes = new Uint8Array(ENTRY_HEADER_SIZE_BYTES + CHUNK_SIZE_BYTES);
  #spoolFd: number | undefined;
  #isSpoolBroken = false;
  readonly #clock: TraceClockName;
  readonly #captureStream: number;
  readonly #isFlightRecorder: boolean;
  #stopFd: number;
  /** An epoll of all CPUs' buffers and of the stop. */
  #waitSet = -1;
  /** What it told last, which is to be armed again. */
  #told: readonly number[] = [];
  readonly #native = loadNative();
  #ring: BpfRing | undefined;
  #clockBefore: ClockPair | undefined;
  #clockNext: ClockPair | undefined;
  /** Pages that wait while what was captured of their calls is handed over before them. */
  #heldBytes = EMPTY;

  constructor(options: ReaderWorkerData) {
    this.#queue = new PageQueue(options.memory);
    this.#stateDirectory = options.stateDirectory;
    this.#clock = options.clock;
    if (options.clockPagePath !== undefined) this.#native?.bindClockPage(options.clockPagePath);
    this.#captureStream = options.captureStream;
    this.#isFlightRecorder = options.isFlightRecorder;
    this.#stopFd = options.stopFd;
    const smallest = options.sources.reduce((size, source) => Math.min(size, source.bufferSizeBytes), Infinity);
    this.#sleepMs = Math.max(
      MIN_SLEEP_MS,
      Math.min(MAX_SLEEP_MS, Math.floor((smallest * FILL_SHARE) / PEAK_BYTES_PER_MS)),
    );
  }

  /** Waits until the instances are there. */
  #open(sources: readonly ReaderSource[]): void {
    const { control } = this.#queue;
    Atomics.wait(control, ARE_INSTANCES_THERE, 0);
    this.#openRing(Atomics.load(control, CAPTURE_RING) - 1);
    for (const { instancePath, cpuId } of sources) {
      const path = `${instancePath}/per_cpu/cpu${cpuId}/trace_pipe_raw`;
      const sizeBytes = subBufferSizeBytes(instancePath);
      try {
        this.#sources.push({
          path,
          subBufferSizeBytes: sizeBytes,
          fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
        });
      } catch (error) {
        report(`The buffer of a CPU cannot be read; its events are missing.`, error, path);
        // Its place is kept: streams are numbered by it.
        this.#sources.push({ path, subBufferSizeBytes: sizeBytes, fd: -1 });
      }
    }
  }

  run(sources: readonly ReaderSource[]): void {
    const { control, counters } = this.#queue;
    const native = this.#native;
    this.#open(sources);
    if (this.#isFlightRecorder) Atomics.wait(control, STOP, 0);
    let readBefore = 0n;
    for (;;) {
      const isStopping = Atomics.load(control, STOP) !== 0;
      const isBusy = this.#drainAll(isStopping);
      if (this.#hasCaptures) this.#drainCaptures();
      Atomics.add(control, ROUND, 1);
      if (Atomics.load(control, IS_ROUND_AWAITED) !== 0 && this.#queue.waitingCount > 0) this.#queue.wake();
      if (native !== undefined) Atomics.store(counters, READER_CPU_NS, native.clockNs('thread-cpu'));
      if (isStopping && !isBusy) break;
      if (isBusy) continue;
      const readBytes = Atomics.load(counters, READ_BYTES);
      // Nothing was there, and nobody waits for another look: until something is.
      if (readBytes === readBefore && this.#queue.waitingCount === 0) this.#waitForPages();
      readBefore = readBytes;
      // Pages of all CPUs are let gather: one timer, armed by the first of them.
      Atomics.wait(control, STOP, 0, this.#sleepMs);
    }
    if (this.#waitSet >= 0) closeSync(this.#waitSet);
    for (const source of this.#sources) if (source.fd >= 0) closeSync(source.fd);
    if (this.#spoolFd !== undefined) closeSync(this.#spoolFd);
    Atomics.store(control, READER_ENDED, 1);
    this.#queue.wake();
  }

  /**
   * Sleeps until a CPU has a record or the recording stops. One-shot: each buffer tells once, and again
   * only after it was read, so that a busy machine does not wake this thread for each record.
   */
  #waitForPages(): void {
    const native = this.#native;
    if (native === undefined || this.#stopFd < 0) return;
    const fds = [...this.#sources.map(({ fd }) => fd), this.#stopFd];
    try {
      if (this.#waitSet < 0) this.#waitSet = native.openWaitSet(fds, 'one-shot');
      for (const index of this.#told) {
        const fd = fds[index] ?? -1;
        if (fd >= 0) native.rearmInSet(this.#waitSet, fd, index);
      }
      this.#told = native.waitForSet(this.#waitSet, -1);
    } catch {
      // Files that cannot be polled are looked at by the timer.
      this.#stopFd = -1;
    }
  }

  /** One chunk of each CPU. True when more is likely there; while stopping, when anything was: only nothing is the end. */
  #drainAll(isStopping: boolean): boolean {
    let isBusy = false;
    for (const [stream, source] of this.#sources.entries()) {
      if (source.fd >= 0 && this.#drain(stream, source, isStopping)) isBusy = true;
    }
    return isBusy;
  }

  #drain(stream: number, source: OpenSource, isStopping: boolean): boolean {
    const slot = this.#reserve();
    const pageSizeBytes = source.subBufferSizeBytes;
    const sizeBytes =
      slot === undefined
        ? this.#read(source, this.#spoolBytes, ENTRY_HEADER_SIZE_BYTES, isStopping)
        : this.#read(source, this.#queue.bytes, this.#queue.chunkOffset(slot), isStopping);
    if (sizeBytes > 0) {
      const chunk = { stream, sizeBytes, pageSizeBytes };
      if (this.#hasCaptures) this.#deliverBehindCaptures(slot, chunk);
      else if (slot === undefined) this.#spool(chunk);
      else this.#queue.commit(chunk);
    }
    return isStopping ? sizeBytes > 0 : isFull(sizeBytes, pageSizeBytes);
  }

  #openRing(fd: number): void {
    if (fd < 0 || this.#native === undefined) return;
    try {
      this.#ring = this.#native.bpf.openRing(fd, RING_SIZE_BYTES);
      this.#heldBytes = new Uint8Array(CHUNK_SIZE_BYTES);
      this.#clockBefore = readClockPair(this.#native, this.#clock);
    } catch (error) {
      report('What the pointers of system calls point to cannot be read; they are recorded as numbers.', error, '');
    }
  }

  get #hasCaptures(): boolean {
    return this.#ring !== undefined && this.#ring.fillBytes() > 0;
  }

  /**
   * What was captured of a call is written before the kernel's event of it, so whatever belongs to pages
   * that have been read is there by now. It is handed over before them.
   */
  #deliverBehindCaptures(slot: number | undefined, chunk: Slot): void {
    const { sizeBytes } = chunk;
    const from = slot === undefined ? ENTRY_HEADER_SIZE_BYTES : this.#queue.chunkOffset(slot);
    const bytes = slot === undefined ? this.#spoolBytes : this.#queue.bytes;
    this.#heldBytes.set(bytes.subarray(from, from + sizeBytes));
    this.#drainCaptures();
    const held = this.#heldBytes.subarray(0, sizeBytes);
    const next = this.#reserve();
    if (next === undefined) {
      this.#spoolBytes.set(held, ENTRY_HEADER_SIZE_BYTES);
      this.#spool(chunk);
    } else {
      this.#queue.bytes.set(held, this.#queue.chunkOffset(next));
      this.#queue.commit(chunk);
    }
  }

  /**
   * The earlier reading of the clocks is older than every record that waits, and so old that the two tell
   * the rate well: readings are some ns apart.
   */
  #keepClock(after: ClockPair | undefined): void {
    const before = this.#clockBefore;
    if (before === undefined || after === undefined) return;
    this.#clockNext ??= after;
    if (after.monotonicNs - before.monotonicNs < CLOCK_SPAN_NS) return;
    this.#clockBefore = this.#clockNext;
    this.#clockNext = after;
  }

  /** All that is in the ring buffer now. */
  #drainCaptures(): void {
    const ring = this.#ring;
    const native: Native | undefined = this.#native;
    if (ring === undefined || native === undefined) return;
    for (let most = RING_SIZE_BYTES; most > 0; most -= CHUNK_SIZE_BYTES) {
      const slot = this.#reserve();
      const target = slot === undefined ? this.#spoolBytes : this.#queue.bytes;
      const offset = slot === undefined ? ENTRY_HEADER_SIZE_BYTES : this.#queue.chunkOffset(slot);
      const count = ring.read(target, offset + CHUNK_HEADER_SIZE_BYTES, CHUNK_SIZE_BYTES - CHUNK_HEADER_SIZE_BYTES);
      if (count === 0) return;
      const after = readClockPair(native, this.#clock);
      writeChunkHeader(target, offset, this.#clockBefore, after);
      this.#keepClock(after);
      const sizeBytes = CHUNK_HEADER_SIZE_BYTES + count;
      const chunk = { stream: this.#captureStream, sizeBytes, pageSizeBytes: sizeBytes };
      if (slot === undefined) this.#spool(chunk);
      else this.#queue.commit(chunk);
    }
  }

  /** A slot to read into; undefined: into the spool. */
  #reserve(): number | undefined {
    if (this.#queue.isSpoolDrained) {
      if (this.#spoolFd !== undefined) {
        closeSync(this.#spoolFd);
        this.#spoolFd = undefined;
      }
      const slot = this.#queue.tryReserve();
      if (slot !== undefined) return slot;
    }
    if (!this.#isSpoolBroken) return undefined;
    // Nowhere to put pages: the kernel's buffer takes the strain, and the kernel counts what it loses.
    for (;;) {
      const slot = this.#queue.isSpoolDrained ? this.#queue.tryReserve() : undefined;
      if (slot !== undefined) return slot;
      Atomics.wait(this.#queue.control, STOP, 0, 1);
      sleep(1);
    }
  }

  /** Bytes read into `target`: whole sub-buffers, as many as are there and fit. */
  #read(source: OpenSource, target: Uint8Array, offset: number, isStopping: boolean): number {
    const pageSizeBytes = source.subBufferSizeBytes;
    let sizeBytes = 0;
    try {
      while (sizeBytes + pageSizeBytes <= CHUNK_SIZE_BYTES) {
        const count = readSync(source.fd, target, offset + sizeBytes, pageSizeBytes, null);
        if (count < pageSizeBytes) break;
        sizeBytes += count;
        // A page that the CPU was still writing: we have caught up, and the next one would hold a few
        // records only, at the price of a whole page. While stopping there is no next time, and whole
        // pages may lie behind it, written since.
        if (!isStopping && isPartial(target, offset + sizeBytes - count, pageSizeBytes)) break;
      }
    } catch (error) {
      const code = errorCode(error);
      // EAGAIN: nothing is left. EINTR: the next round reads on (this thread handles no signals, so a
      // stop meets it only with SIGSTOP and SIGCONT; what it then leaves is counted as discarded).
      if (code !== 'EAGAIN' && code !== 'EINTR') {
        report('The kernel ends the reading of a CPU; what was read before is kept.', error, source.path);
        closeSync(source.fd);
        (source as { fd: number }).fd = -1;
      }
    }
    if (sizeBytes > 0) Atomics.add(this.#queue.counters, READ_BYTES, BigInt(sizeBytes));
    return sizeBytes;
  }

  /** Also for the packets of all that waits: a spool that leaves no room for them would keep all for a later day. */
  #hasRoom(sizeBytes: number): boolean {
    const { counters } = this.#queue;
    const waiting = Number(Atomics.load(counters, SPOOL_WRITTEN) - Atomics.load(counters, SPOOL_CONVERTED));
    const { bavail, bsize } = statfsSync(this.#stateDirectory);
    return bavail * bsize > waiting + sizeBytes + SPOOL_RESERVE_BYTES;
  }

  #spool(slot: { readonly stream: number; readonly sizeBytes: number; readonly pageSizeBytes: number }): void {
    const { counters } = this.#queue;
    const written = Atomics.load(counters, SPOOL_WRITTEN);
    const path = spoolPath(this.#stateDirectory, written);
    const sizeBytes = ENTRY_HEADER_SIZE_BYTES + slot.sizeBytes;
    try {
      if (!this.#hasRoom(sizeBytes)) throw new SpoolFullError();
      this.#spoolFd ??= openSync(path, 'w');
      writeEntryHeader(this.#spoolBytes, slot);
      writeFully(this.#spoolFd, this.#spoolBytes.subarray(0, sizeBytes));
      Atomics.store(counters, SPOOL_WRITTEN, written + BigInt(sizeBytes));
      this.#queue.wake();
    } catch (error) {
      this.#isSpoolBroken = true;
      report(
        'The disk has no room to spool kernel pages; recording goes on as fast as they are converted, losses are counted.',
        error,
        path,
      );
      // This one chunk waits for a slot instead.
      const index = this.#reserve() ?? 0;
      this.#queue.bytes.set(
        this.#spoolBytes.subarray(ENTRY_HEADER_SIZE_BYTES, sizeBytes),
        this.#queue.chunkOffset(index),
      );
      this.#queue.commit(slot);
    }
  }
}

/** Half of it is the least that lies between the two readings; the rate of CLOCK_MONOTONIC changes by a few ppm. */
const CLOCK_SPAN_NS = 200_000_000n;

const EMPTY: Uint8Array = new Uint8Array(0);

/** A page that ended for want of room leaves less than a record unused; one below this share was unfinished. */
const FULL_PAGE_SHARE = 0.75;

function isPartial(bytes: Uint8Array, offset: number, pageSizeBytes: number): boolean {
  const commit =
    (bytes[offset + 8] as number) |
    ((bytes[offset + 9] as number) << 8) |
    (((bytes[offset + 10] as number) & 0x7f) << 16);
  return commit < pageSizeBytes * FULL_PAGE_SHARE;
}

/** True when a read filled its chunk as far as whole pages can. */
function isFull(sizeBytes: number, pageSizeBytes: number): boolean {
  return sizeBytes + pageSizeBytes > CHUNK_SIZE_BYTES;
}

const sleepWord = new Int32Array(new SharedArrayBuffer(4));
function sleep(ms: number): void {
  Atomics.wait(sleepWord, 0, 0, ms);
}

function report(sentence: string, error: unknown, path: string): void {
  parentPort?.postMessage({ type: 'problem', sentence, code: errorCode(error), path } satisfies WorkerMessage);
}

function loadCapture(set: CaptureSet | undefined): void {
  if (set === undefined) return;
  let handle: CaptureHandle | undefined;
  try {
    handle = startCapture(set)?.handle;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report(`What the pointers of system calls point to is not recorded: ${reason}`, error, '');
  }
  parentPort?.postMessage({ type: 'capture', handle } satisfies WorkerMessage);
}

const readerData = workerData as ReaderWorkerData;
loadCapture(readerData.captureSet);
const reader = new PageReader(readerData);
reader.run(readerData.sources);
parentPort?.postMessage({ type: 'ended' } satisfies WorkerMessage);
