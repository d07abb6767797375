// SPDX-License-Identifier: MIT
// Columns of opened traces, read by several threads: each takes ranges of packets, and its batches come
// to this thread as messages. A thread that is some batches ahead of who takes them waits, so memory
// stays bounded.
//
//   this thread      shares out ranges, reads some itself, hands out batches
//     next[0]        the next range that nobody has taken          all threads add
//     taken[thread]  batches of that thread that were handed out   this thread adds, the other waits

import { Worker } from 'node:worker_threads';
import { CtfError } from '@lockstep/base';
import type { Column, ColumnBatch } from '../read/columns.ts';
import type { ColumnMessage, ColumnWorkerData } from './column-worker.ts';
import { openedTraceSet } from './opened.ts';
import {
  shareOutPackets,
  takeRanges,
  threadCountOf,
  type PacketRange,
  type ParallelOptions,
  type RangeLimits,
} from './packet-ranges.ts';
import { checkColumns, columnStreams, readColumns, readStreamColumns, type ColumnOptions } from './read-columns.ts';
import type { OpenedDataStream, TraceSet } from './trace-set.ts';

export interface ParallelColumnOptions extends ColumnOptions, ParallelOptions {
  /** Whether batches come in the order of `readColumns`, which costs some of what threads gain. */
  readonly isOrdered?: boolean;
}

/** Own batches between two looks at what came from other threads. */
const OWN_BATCHES = 16;

/**
 * The same batches as `readColumns`, by several threads where there is enough to read. Not in order unless it is
 * asked for: then also an error comes where it is, else after what all threads have read. Each batch's arrays are
 * valid until the next batch.
 */
export async function* readColumnsParallel(
  traceSet: TraceSet,
  options: ParallelColumnOptions,
  limits: RangeLimits = {},
): AsyncGenerator<ColumnBatch, void, undefined> {
  const wanted = new Set(columnStreams(traceSet, options));
  const threads = threadCountOf(options);
  const ranges = shareOutPackets(openedTraceSet(traceSet).dataStreams, threads, (stream) => wanted.has(stream), limits);
  if (ranges === undefined) {
    yield* readColumns(traceSet, options);
    return;
  }
  // Threads take longest to start, so they come first.
  const crew = new ColumnCrew(traceSet, ranges, options, threads - (options.isOrdered === true ? 0 : 1));
  try {
    // What is asked for wrongly is refused here and by its own error, not in a thread.
    for (const dataStream of wanted) checkColumns(dataStream, options);
    const isIdle = limits.isIdleHere === true;
    yield* options.isOrdered === true ? inOrder(crew, isIdle) : asTheyCome(crew, isIdle);
  } finally {
    await crew.end();
  }
}

/** The threads, and what they sent that was not handed out yet. */
class ColumnCrew {
  readonly ranges: readonly PacketRange[];
  readonly next = new Int32Array(new SharedArrayBuffer(4));
  readonly options: ColumnOptions;
  /** By range; a range that is done ends with `done`. */
  readonly received: ColumnMessage[][];
  /** Ranges of which messages are there. */
  readonly arrived = new Set<number>();
  readonly #dataStreams: readonly OpenedDataStream[];
  readonly #taken: Int32Array;
  readonly #workers: Worker[];
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(traceSet: TraceSet, ranges: readonly PacketRange[], options: ColumnOptions, count: number) {
    const { dataStreams, openedFrom } = openedTraceSet(traceSet);
    this.ranges = ranges;
    this.options = options;
    this.#dataStreams = dataStreams;
    this.received = ranges.map(() => []);
    this.#taken = new Int32Array(new SharedArrayBuffer(4 * count));
    const { event, columns, begin, end, decoder, withClock } = options;
    const plain = { event, columns, begin, end, decoder, withClock } as ColumnOptions;
    this.#workers = Array.from({ length: Math.min(count, ranges.length) }, (_, thread) => {
      const workerData: ColumnWorkerData = {
        ...openedFrom,
        ranges,
        next: this.next,
        taken: this.#taken,
        thread,
        columnOptions: plain,
      };
      const worker = new Worker(new URL('./column-worker.js', import.meta.url), { workerData });
      worker.on('message', (message: ColumnMessage) => {
        this.received[message.range]!.push(message);
        this.arrived.add(message.range);
        this.#wake?.();
      });
      worker.on('error', (error) => {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#wake?.();
      });
      return worker;
    });
  }

  /** Until a message has come. */
  async wait(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets messages that are there come in. */
  async look(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#failure !== undefined) throw this.#failure;
  }

  readHere(range: PacketRange): Generator<ColumnBatch, void, undefined> {
    return readStreamColumns(this.#dataStreams[range.stream]!, this.options, range);
  }

  /** Batches of a message; the thread that sent it may go on when they were taken. */
  *open(message: ColumnMessage): Generator<ColumnBatch, void, undefined> {
    const dataStream = this.#dataStreams[this.ranges[message.range]!.stream]!;
    for (const { rowCount, columns, clock, classId } of message.batches) {
      const eventRecordClass = dataStream.dataStreamClass.eventRecordClasses.get(classId)!;
      yield { dataStream, eventRecordClass, rowCount, columns: columns as Column[], clock };
    }
    Atomics.add(this.#taken, message.thread, 1);
    Atomics.notify(this.#taken, message.thread);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function errorOf(message: ColumnMessage): CtfError | undefined {
  return message.error === undefined ? undefined : new CtfError(message.error.sentence, message.error.pairs);
}

async function* inOrder(crew: ColumnCrew, isIdle: boolean): AsyncGenerator<ColumnBatch, void, undefined> {
  for (const [at, range] of crew.ranges.entries()) {
    // Nobody has begun it: the threads are still starting.
    if (!isIdle && Atomics.compareExchange(crew.next, 0, at, at + 1) === at) {
      yield* crew.readHere(range);
      continue;
    }
    const received = crew.received[at]!;
    for (let isDone = false; !isDone;) {
      while (received.length === 0) await crew.wait();
      const message = received.shift()!;
      yield* crew.open(message);
      const error = errorOf(message);
      if (error !== undefined) throw error;
      isDone = message.isDone;
    }
  }
}

async function* asTheyCome(crew: ColumnCrew, isIdle: boolean): AsyncGenerator<ColumnBatch, void, undefined> {
  /** Of the first range that has one: what one thread would have met. */
  let error: { readonly at: number; readonly error: Error } | undefined;
  let doneCount = 0;
  const note = (at: number, found: Error): void => {
    if (error === undefined || at < error.at) error = { at, error: found };
  };
  function* takeArrived(): Generator<ColumnBatch, void, undefined> {
    for (const at of crew.arrived) {
      crew.arrived.delete(at);
      for (const message of crew.received[at]!.splice(0)) {
        yield* crew.open(message);
        const found = errorOf(message);
        if (found !== undefined) note(at, found);
        if (message.isDone) doneCount++;
      }
    }
  }
  let ownBatches = 0;
  for (const [at, range] of isIdle ? [] : takeRanges(crew.ranges, crew.next)) {
    try {
      for (const batch of crew.readHere(range)) {
        yield batch;
        if (++ownBatches % OWN_BATCHES !== 0) continue;
        await crew.look();
        yield* takeArrived();
      }
    } catch (found) {
      if (!(found instanceof CtfError)) throw found;
      note(at, found);
    }
    doneCount++;
  }
  while (doneCount < crew.ranges.length) {
    if (crew.arrived.size === 0) await crew.wait();
    yield* takeArrived();
  }
  if (error !== undefined) throw error.error;
}
