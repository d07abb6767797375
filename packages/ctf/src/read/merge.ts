// SPDX-License-Identifier: MIT
// Merges the items of many data streams by time: readers in, one sequence out. The order of items with
// the same time is babeltrace2's as far as it can be observed: trace UUID, trace name, data stream
// class id, data stream id, then the order of the readers. A stream without a clock has no times; as
// with babeltrace2's muxer its items come at once, before those of later times.

import type { Nanoseconds } from '@lockstep/base';
import type { DataStream } from '../model/event-record.ts';
import { isEventRecord, type DataStreamReader, type StreamItem } from './data-stream-reader.ts';

export interface MergeOptions {
  /** Earlier items are left out. */
  readonly begin?: Nanoseconds;
  /** Later items are left out. */
  readonly end?: Nanoseconds;
}

interface Head {
  readonly reader: DataStreamReader;
  /** Place in the order of streams, for equal times. */
  readonly rank: number;
  item: StreamItem;
  /** Without a clock: the time of what was taken last. */
  time: bigint;
}

const BEFORE_ALL = -(2n ** 63n);

/** The times of a stream's items; a discarded item has the time where the loss began. */
export function timeOf(item: StreamItem): Nanoseconds | undefined {
  return isEventRecord(item) ? item.timeNs : item.beginNs;
}

export function* mergeEventRecords(
  readers: readonly DataStreamReader[],
  options: MergeOptions = {},
): Generator<StreamItem, void, undefined> {
  const heap: Head[] = [];
  rankReaders(readers).forEach((reader, rank) => {
    const item = reader.next();
    if (item !== undefined) push(heap, { reader, rank, item, time: timeOf(item) ?? BEFORE_ALL });
  });
  const { begin, end } = options;
  while (heap.length > 0) {
    const head = heap[0]!;
    const { item, time } = head;
    const own = timeOf(item);
    if (own === undefined || ((end === undefined || own <= end) && (begin === undefined || lastTimeOf(item) >= begin)))
      yield item;
    const next = own !== undefined && end !== undefined && own > end ? undefined : head.reader.next();
    if (next === undefined) {
      removeFirst(heap);
      continue;
    }
    head.item = next;
    head.time = timeOf(next) ?? time;
    sink(heap, 0);
  }
}

function lastTimeOf(item: StreamItem): bigint {
  return (isEventRecord(item) ? item.timeNs : item.endNs) ?? BEFORE_ALL;
}

function rankReaders(readers: readonly DataStreamReader[]): DataStreamReader[] {
  return [...readers].sort((a, b) => compareDataStreams(a.dataStream, b.dataStream));
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
function isBefore(a: Head, b: Head): boolean {
  if (a.time < b.time) return true;
  if (b.time < a.time) return false;
  return a.rank < b.rank;
}

function push(heap: Head[], head: Head): void {
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

function removeFirst(heap: Head[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  sink(heap, 0);
}

function sink(heap: Head[], from: number): void {
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
