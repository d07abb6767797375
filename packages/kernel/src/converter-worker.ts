// SPDX-License-Identifier: MIT
// The converter thread: takes chunks of raw pages from the queue, then from the spool, and writes
// packets. Ends when the reader has ended and nothing is left.

import { appendFileSync, closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { EventRecordClass } from '@lockstep/ctf/write';
import { loadNative } from '@lockstep/native';
import { ChunkConverter } from './chunk-converter.ts';
import { writeWholeClass } from './kernel-trace-class.ts';
import {
  ARE_THREADS_KNOWN,
  CAPTURE_FAULT_COUNT,
  CAPTURE_MISSING_COUNT,
  CAPTURE_TRUNCATED_COUNT,
  CHUNK_SIZE_BYTES,
  CONVERTER_CPU_NS,
  DAMAGED_PAGE_COUNT,
  DISCARDED_COUNT,
  IS_ROUND_AWAITED,
  PageQueue,
  READER_ENDED,
  RECORD_COUNT,
  ROUND,
  SLOT_COUNT,
  SPOOL_CONVERTED,
  SPOOL_WRITTEN,
  STOP,
  UNKNOWN_LOSS_COUNT,
  WAKE,
  WRITTEN_BYTES,
  type QueuedSlot,
} from './page-queue.ts';
import type { WorkerMessage } from './reader-worker.ts';
import {
  ENTRY_HEADER_SIZE_BYTES,
  listSpoolFiles,
  parseSpoolDescription,
  spoolPath,
  SpoolProgress,
  tryReadEntry,
  type SpoolDescription,
} from './spool.ts';
import { StackPlaceRecorder } from './stack-places.ts';
import { ThreadTable } from './thread-table.ts';
import { errorCode } from './tracefs.ts';

export interface ConverterWorkerData {
  readonly memory: SharedArrayBuffer;
  readonly stateDirectory: string;
  /** The spool description as it lies on disk: parsed here, while the session goes on. */
  readonly descriptionText: string;
}

/** Records wait at most so long in an unfinished packet: what kill -9 can cost, and what a viewer waits. */
const FLUSH_INTERVAL_MS = 250;

class ConverterLoop {
  readonly #queue: PageQueue;
  readonly #stateDirectory: string;
  readonly #description: SpoolDescription;
  readonly #converter: ChunkConverter;
  readonly #native = loadNative();
  #spoolFd: number | undefined;
  #spoolStart = 0n;
  #progress: SpoolProgress | undefined;
  readonly #places = new StackPlaceRecorder();
  #hasFailed = false;
  /** Chunks at the head of the queue that were looked at. */
  #lookedAhead = 0;
  #lastFlushMs = 0;

  constructor(options: ConverterWorkerData) {
    this.#stateDirectory = options.stateDirectory;
    this.#description = parseSpoolDescription(options.descriptionText, options.stateDirectory);
    this.#queue = new PageQueue(options.memory);
    const threads = new ThreadTable();
    this.#converter = new ChunkConverter(
      this.#description,
      options.stateDirectory,
      threads,
      (streamClassId, eventClass) => this.#learnClass(streamClassId, eventClass),
    );
    this.#converter.places = this.#places;
    const { control } = this.#queue;
    if (this.#converter.needsLookahead) {
      Atomics.store(control, IS_ROUND_AWAITED, 1);
      // Those that end before their first record is converted are known by this alone.
      threads.readAll(listThreads);
    }
    Atomics.store(control, ARE_THREADS_KNOWN, 1);
    Atomics.notify(control, ARE_THREADS_KNOWN);
  }

  run(): void {
    const { control } = this.#queue;
    for (;;) {
      const wake = Atomics.load(control, WAKE);
      const hasReaderEnded = Atomics.load(control, READER_ENDED) !== 0;
      if (this.#step()) continue;
      this.#flushWhenDue();
      if (hasReaderEnded) break;
      // The timer is armed by data.
      const isWaitingToFlush = this.#converter.pendingRecordCount > 0 && !this.#hasFailed;
      Atomics.wait(control, WAKE, wake, isWaitingToFlush ? FLUSH_INTERVAL_MS : Infinity);
    }
    this.#guard(() => this.#converter.flush());
    this.#publish();
    this.#converter.close();
    try {
      this.#places.write(this.#stateDirectory);
    } catch {
      // Addresses of stacks keep their numbers.
    }
    this.#progress?.close();
    if (this.#spoolFd !== undefined) closeSync(this.#spoolFd);
  }

  /** In the metadata before the first record of it; the session has to know of it to write that anew. */
  #learnClass(streamClassId: number, eventClass: EventRecordClass): void {
    const text = writeWholeClass(streamClassId, eventClass);
    this.#guard(() => appendFileSync(`${this.#description.outputDirectory}/metadata`, `\n${text}`));
    parentPort?.postMessage({ type: 'class', text } satisfies WorkerMessage);
  }

  /** One chunk; false when nothing waits. */
  #step(): boolean {
    // Read before the queue: see page-queue.ts.
    const spoolWritten = Atomics.load(this.#queue.counters, SPOOL_WRITTEN);
    const taken = this.#queue.tryTake();
    if (taken !== undefined && this.#isTooEarly(taken)) return false;
    if (taken !== undefined) {
      this.#guardOrCount(() =>
        this.#converter.convert(taken, this.#queue.words, this.#queue.bytes, this.#queue.chunkOffset(taken.index)),
      );
      this.#queue.release();
      this.#lookedAhead = Math.max(0, this.#lookedAhead - 1);
      this.#publish();
      return true;
    }
    const converted = Atomics.load(this.#queue.counters, SPOOL_CONVERTED);
    if (converted >= spoolWritten) return false;
    this.#convertSpooled(converted, spoolWritten);
    this.#publish();
    return true;
  }

  /**
   * Whether a thread of this chunk may have begun in a chunk that is still to come. It may when the
   * reader has not been at every CPU since; then waiting costs two of its rounds. While the queue fills up there is
   * no waiting: a thread that nobody knows is better than a lost page.
   */
  #isTooEarly(chunk: QueuedSlot): boolean {
    if (!this.#converter.needsLookahead) return false;
    for (;;) {
      const next = this.#queue.tryPeek(this.#lookedAhead);
      if (next === undefined) break;
      this.#converter.lookAhead(next, this.#queue.words, this.#queue.chunkOffset(next.index));
      this.#lookedAhead++;
    }
    const { control } = this.#queue;
    return (
      Atomics.load(control, READER_ENDED) === 0 &&
      this.#queue.waitingCount < SLOT_COUNT / 2 &&
      ((Atomics.load(control, ROUND) - chunk.round) | 0) < 2
    );
  }

  #convertSpooled(converted: bigint, spoolWritten: bigint): void {
    const { counters } = this.#queue;
    const stateDirectory = this.#stateDirectory;
    const description = this.#description;
    let next = spoolWritten;
    this.#guard(() => {
      this.#converter.flush();
      this.#progress ??= new SpoolProgress(stateDirectory, description.streams.length);
      this.#progress.write(converted, this.#converter.packetCounts);
      const fd = this.#openSpool(converted);
      const offset = this.#queue.chunkOffset(SLOT_COUNT);
      const slot = tryReadEntry(
        fd,
        Number(converted - this.#spoolStart),
        this.#queue.bytes.subarray(offset, offset + CHUNK_SIZE_BYTES),
        description.streams.length,
      );
      if (slot === undefined) return;
      next = converted + BigInt(ENTRY_HEADER_SIZE_BYTES + slot.sizeBytes);
      this.#converter.lookAhead(slot, this.#queue.words, offset);
      this.#converter.convert(slot, this.#queue.words, this.#queue.bytes, offset);
    });
    // The reader goes back to the queue when this reaches what it wrote, so the packets come first.
    Atomics.store(counters, SPOOL_CONVERTED, next);
  }

  #openSpool(converted: bigint): number {
    const starts = listSpoolFiles(this.#stateDirectory).filter((start) => start <= converted);
    const start = starts[starts.length - 1] ?? 0n;
    if (this.#spoolFd !== undefined && start === this.#spoolStart) return this.#spoolFd;
    if (this.#spoolFd !== undefined) {
      closeSync(this.#spoolFd);
      rmSync(spoolPath(this.#stateDirectory, this.#spoolStart), { force: true });
    }
    this.#spoolStart = start;
    this.#spoolFd = openSync(spoolPath(this.#stateDirectory, start), 'r');
    return this.#spoolFd;
  }

  #flushWhenDue(): void {
    const now = performance.now();
    if (now - this.#lastFlushMs < FLUSH_INTERVAL_MS) return;
    this.#lastFlushMs = now;
    this.#guard(() => this.#converter.flush());
    this.#publish();
  }

  /** After a failed write nothing more is converted: what is on disk stays whole. */
  #guard(work: () => void): void {
    if (this.#hasFailed) return;
    try {
      work();
    } catch (error) {
      this.#hasFailed = true;
      this.#converter.giveUpWriting();
      const code = errorCode(error);
      const sentence =
        code === 'ENOSPC' || code === 'EDQUOT'
          ? 'The disk is full; kernel events are recorded no further, what was written is kept.'
          : 'Kernel events cannot be written any further; what was written is kept.';
      const path = this.#description.outputDirectory;
      parentPort?.postMessage({ type: 'problem', sentence, code, path } satisfies WorkerMessage);
      Atomics.store(this.#queue.control, STOP, 1);
      Atomics.notify(this.#queue.control, STOP);
    }
  }

  /** What is in memory would be gone uncounted; what is in the spool stays there until there is room. */
  #guardOrCount(work: () => void): void {
    if (!this.#hasFailed) return this.#guard(work);
    try {
      work();
    } catch {
      // The page that writing failed in may have left its converter in the middle of a packet.
    }
  }

  #publish(): void {
    const { counters } = this.#queue;
    Atomics.store(counters, RECORD_COUNT, BigInt(this.#converter.recordCount));
    Atomics.store(counters, WRITTEN_BYTES, BigInt(this.#converter.writtenBytes));
    // What a failed write leaves behind will never be in the trace.
    const unwritten = this.#hasFailed ? BigInt(this.#converter.pendingRecordCount) : 0n;
    Atomics.store(counters, DISCARDED_COUNT, this.#converter.discardedCount + unwritten);
    Atomics.store(counters, UNKNOWN_LOSS_COUNT, BigInt(this.#converter.countLosses('unknownLossCount')));
    Atomics.store(counters, DAMAGED_PAGE_COUNT, BigInt(this.#converter.countLosses('damagedPageCount')));
    Atomics.store(counters, CAPTURE_FAULT_COUNT, BigInt(this.#converter.countCaptureLosses('faultCount')));
    Atomics.store(counters, CAPTURE_TRUNCATED_COUNT, BigInt(this.#converter.countCaptureLosses('truncatedCount')));
    Atomics.store(counters, CAPTURE_MISSING_COUNT, BigInt(this.#converter.countCaptureLosses('missingCount')));
    if (this.#native !== undefined) Atomics.store(counters, CONVERTER_CPU_NS, this.#native.clockNs('thread-cpu'));
  }
}

function* listThreads(): Generator<number> {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      for (const tid of readdirSync(`/proc/${pid}/task`)) yield Number(tid);
    } catch {
      // It has ended.
    }
  }
}

const loop = new ConverterLoop(workerData as ConverterWorkerData);
loop.run();
parentPort?.postMessage({ type: 'ended' } satisfies WorkerMessage);
