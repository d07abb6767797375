// SPDX-License-Identifier: MIT
// Merges the items of many data streams by time: readers in, one sequence out. The order of items with
// the same time is babeltrace2's as far as it can be observed: trace UUID, trace name, data stream
// class id, data stream id, then the order of the readers. A stream without a clock has no times; as
// with babeltrace2's muxer its items come at once, before those of later times.

import { InputError, type Nanoseconds } from '@lockstep/base';
import type { DataStream, LazyEventRecord } from '../model/event-record.ts';
import { floorDivide } from './clock-words.ts';
import type { DataStreamReader, StreamItem, TraceMessage } from './data-stream-reader.ts';
import { MissingBytes, WindowMedium } from './medium.ts';

export interface MergeOptions {
  /** Earlier items are left out. */
  readonly begin?: Nanoseconds;
  /** Later items are left out. */
  readonly end?: Nanoseconds;
}

interface Head<Item extends TraceMessage> {
  readonly reader: DataStreamReader<Item>;
  readonly range: MergeOptions;
  /** Place in the order of streams, for equal times. */
  rank: number;
  item: Item | undefined;
  /** Without a clock: the time of what was taken last. Of lazy records two numbers, of all else a bigint. */
  time: bigint;
  seconds: number;
  nanoseconds: number;
}

const BEFORE_ALL = -(2n ** 63n);
const BEFORE_ALL_SECONDS = -(2 ** 53);

/** A merge has heads of one kind: all of lazy readers, or none, so that times of one kind meet. */
function setTime(head: Head<TraceMessage>, item: TraceMessage): void {
  if (!head.reader.isLazy) {
    head.time = timeOf(item) ?? head.time;
    return;
  }
  if ('timeSeconds' in item) {
    const { timeSeconds, timeNanoseconds } = item as LazyEventRecord;
    head.seconds = timeSeconds ?? head.seconds;
    head.nanoseconds = timeNanoseconds ?? head.nanoseconds;
    return;
  }
  const time = timeOf(item);
  if (time === undefined) return;
  const seconds = floorDivide(time);
  head.seconds = Number(seconds);
  head.nanoseconds = Number(time - seconds * 1_000_000_000n);
}

/** The times of a stream's items; a discarded item has the time where the loss began. */
export function timeOf(item: TraceMessage): Nanoseconds | undefined {
  return 'timeNs' in item ? item.timeNs : item.beginNs;
}

function lastTimeOf(item: TraceMessage): bigint {
  return ('timeNs' in item ? item.timeNs : item.endNs) ?? BEFORE_ALL;
}

/**
 * A merge that is asked for one item after another. Where a medium has bytes only later, `next` throws
 * `MissingBytes` and can be called again when they are there; readers may be added at any time.
 */
export class EventRecordMerge<Item extends TraceMessage = StreamItem> {
  readonly #heads: Head<Item>[] = [];
  readonly #heap: Head<Item>[] = [];
  /** Added, and not read from yet. */
  readonly #new: Head<Item>[] = [];
  /** The first of the heap was handed out: its reader has to be asked for what follows. */
  #isFirstTaken = false;

  constructor(readers: readonly DataStreamReader<Item>[] = [], range: MergeOptions = {}) {
    for (const reader of readers) this.add(reader, range);
  }

  /** Only items of `range` are handed out of this reader. */
  add(reader: DataStreamReader<Item>, range: MergeOptions = {}): void {
    if (this.#heads.some((head) => head.reader.isLazy !== reader.isLazy))
      throw new InputError('A merge takes readers of lazy records, or of others, and not both.');
    const head = {
      reader,
      range,
      rank: 0,
      item: undefined,
      time: BEFORE_ALL,
      seconds: BEFORE_ALL_SECONDS,
      nanoseconds: 0,
    };
    this.#heads.push(head);
    this.#new.push(head);
  }

  /** The next item; undefined when all readers are at their ends. */
  next(): Item | undefined {
    const heap = this.#heap;
    for (;;) {
      if (this.#isFirstTaken) this.#readFirst();
      if (this.#new.length > 0) this.#readNew();
      const head = heap[0];
      if (head === undefined) return undefined;
      const item = head.item!;
      const { begin, end } = head.range;
      const own = begin === undefined && end === undefined ? undefined : timeOf(item);
      if (own !== undefined && end !== undefined && own > end) {
        removeFirst(heap);
        continue;
      }
      this.#isFirstTaken = true;
      if (own === undefined || begin === undefined || lastTimeOf(item) >= begin) return item;
    }
  }

  #readFirst(): void {
    const head = this.#heap[0]!;
    const item = head.reader.next();
    this.#isFirstTaken = false;
    if (item === undefined) {
      removeFirst(this.#heap);
      return;
    }
    head.item = item;
    setTime(head, item);
    sink(this.#heap, 0);
  }

  #readNew(): void {
    // The order among those that are in the heap stays what it was.
    const order = [...this.#heads].sort((a, b) => compareDataStreams(a.reader.dataStream, b.reader.dataStream));
    order.forEach((head, rank) => (head.rank = rank));
    for (let head = this.#new[0]; head !== undefined; head = this.#new[0]) {
      const item = head.reader.next();
      this.#new.shift();
      if (item === undefined) continue;
      head.item = item;
      setTime(head, item);
      push(this.#heap, head);
    }
  }
}

/** All items of all readers in order. */
export function* mergeEventRecords<Item extends TraceMessage = StreamItem>(
  readers: readonly DataStreamReader<Item>[],
  options: MergeOptions = {},
): Generator<Item, void, undefined> {
  const merge = new EventRecordMerge(readers, options);
  for (let item = merge.next(); item !== undefined; item = merge.next()) yield item;
}

/** Items that are handed out together: a turn of the event loop for each would cost more than its decoding. */
const BATCH_ITEMS = 4096;

/**
 * The same over media that have to be waited for, in batches. `fill` is called with what a reader
 * lacks; it resolves when the bytes are there. Media that it does not know are `WindowMedium`s.
 */
export async function* mergeBatches<Item extends TraceMessage = StreamItem>(
  merge: EventRecordMerge<Item>,
  fill: (missing: MissingBytes) => Promise<void> = fillWindow,
): AsyncGenerator<readonly Item[], void, undefined> {
  let batch: Item[] = [];
  for (;;) {
    let missing: MissingBytes | undefined;
    try {
      const item = merge.next();
      if (item === undefined) break;
      if (batch.push(item) < BATCH_ITEMS) continue;
    } catch (error) {
      if (!(error instanceof MissingBytes)) {
        if (batch.length > 0) yield batch;
        throw error;
      }
      missing = error;
    }
    if (batch.length > 0) {
      yield batch;
      batch = [];
    }
    if (missing !== undefined) await fill(missing);
  }
  if (batch.length > 0) yield batch;
}

function fillWindow(missing: MissingBytes): Promise<void> {
  if (missing.medium instanceof WindowMedium) return missing.medium.fill(missing);
  return Promise.reject(missing);
}

/** Order of streams for items with the same time. */
export function compareDataStreams(a: DataStream, b: DataStream): number {
  return (
    compareOptional(a.trace.traceClass.uuid, b.trace.traceClass.uuid) ||
    compare(a.trace.name, b.trace.name) ||
    compare(a.dataStreamClass.id, b.dataStreamClass.id) ||
    compareOptional(a.id, b.id)
  );
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What is there comes before what is not. */
function compareOptional<T extends string | bigint>(a: T | undefined, b: T | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  return compare(a, b);
}

/** Bigints are compared, never subtracted: subtraction allocates. */
function isBefore(a: Head<TraceMessage>, b: Head<TraceMessage>): boolean {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
  if (a.time < b.time) return true;
  if (b.time < a.time) return false;
  return a.rank < b.rank;
}

function push<Item extends TraceMessage>(heap: Head<Item>[], head: Head<Item>): void {
  let at = heap.length;
  heap.push(head);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(head, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = head;
}

function removeFirst<Item extends TraceMessage>(heap: Head<Item>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  sink(heap, 0);
}

function sink<Item extends TraceMessage>(heap: Head<Item>[], from: number): void {
  const head = heap[from]!;
  let at = from;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, head)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = head;
}
