// SPDX-License-Identifier: MIT
// Reads opened traces: all event records of all data streams in order of time, or only their number.

import type { Nanoseconds } from '@lockstep/base';
import type { DiscardedItems, LazyEventRecord } from '../model/event-record.ts';
import { DataStreamReader, type StreamItem, type TraceMessage } from '../read/data-stream-reader.ts';
import { EventRecordMerge, type MergeOptions } from '../read/merge.ts';
import type { PacketPlace } from '../read/packet-index.ts';
import { DEFAULT_WINDOW_BYTES } from '../read/packet-reader.ts';
import type { DecoderKind } from '../read/trace-decoder.ts';
import { printDataStreams, type TraceTextOptions } from '../text/trace-text.ts';
import { intersectionOf, placeOf } from './packet-indexes.ts';
import { makeTextDecode, openedTraceSet } from './opened.ts';
import type { OpenedDataStream, TraceSet } from './trace-set.ts';

export interface ReadRange extends MergeOptions {
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
  /** Only what lies in the time when all data streams of its trace were recorded. */
  readonly intersection?: boolean;
}

export interface ReadOptions extends ReadRange {
  /** `interpreted` reads without generated code, many times slower. */
  readonly decoder?: DecoderKind;
  /** Strings, 64-bit integers and the bigints of times are made when they are read: `LazyEventRecord`. */
  readonly lazy?: boolean;
  /** Integer fields of more than 53 bits: as they are, or as numbers that are rounded beyond 2^53. */
  readonly wideIntegers?: 'bigint' | 'number';
}

/** All items in order of time. Each iteration reads the traces anew. */
export function readEventRecords(
  traceSet: TraceSet,
  options: ReadOptions & { readonly lazy: true },
): Iterable<LazyEventRecord | DiscardedItems>;
export function readEventRecords(traceSet: TraceSet, options?: ReadOptions): Iterable<StreamItem>;
export function readEventRecords(traceSet: TraceSet, options: ReadOptions = {}): Iterable<StreamItem> {
  return { [Symbol.iterator]: () => iterate(makeMerge<StreamItem>(traceSet, options, false)) };
}

/** The same, and where data streams and packets begin and end. */
export function readMessages(traceSet: TraceSet, options: ReadOptions = {}): Iterable<TraceMessage> {
  return { [Symbol.iterator]: () => iterate(makeMerge<TraceMessage>(traceSet, options, true)) };
}

function* iterate<Item extends TraceMessage>(merge: EventRecordMerge<Item>): Generator<Item, void, undefined> {
  for (let item = merge.next(); item !== undefined; item = merge.next()) yield item;
}

function makeMerge<Item extends TraceMessage>(
  traceSet: TraceSet,
  options: ReadOptions,
  boundaries: boolean,
): EventRecordMerge<Item> {
  const { dataStreams } = openedTraceSet(traceSet);
  const merge = new EventRecordMerge<Item>();
  const textDecode = makeTextDecode();
  const windowBytes = windowFor(dataStreams.length);
  for (const dataStream of dataStreams) {
    const { start, ...range } = wantedOf(dataStream, options);
    const reader = new DataStreamReader<Item>({
      dataStream,
      medium: dataStream.medium,
      textDecode,
      windowBytes,
      boundaries,
      ...(start === undefined ? {} : { start }),
      ...(range.begin === undefined ? {} : { begin: range.begin }),
      ...(options.decoder === undefined ? {} : { decoder: options.decoder }),
      lazy: options.lazy === true,
      wideIntegers: options.wideIntegers ?? 'bigint',
    });
    merge.add(reader, range);
  }
  return merge;
}

/** Memory that the windows of all data streams take together, at most. */
const ALL_WINDOWS_BYTES = 48 << 20;

function windowFor(streamCount: number): number {
  return Math.min(DEFAULT_WINDOW_BYTES, Math.floor(ALL_WINDOWS_BYTES / Math.max(1, streamCount)));
}

export interface TextReadOptions extends TraceTextOptions, ReadRange {}

/** The traces as text, in pieces of bytes; each is valid until the next one is asked for. */
export function readText(traceSet: TraceSet, options: TextReadOptions = {}): Generator<Uint8Array, void, undefined> {
  const { dataStreams } = openedTraceSet(traceSet);
  const textDecode = makeTextDecode();
  const windowBytes = windowFor(dataStreams.length);
  const streams = dataStreams.map((dataStream) => ({
    dataStream,
    medium: dataStream.medium,
    textDecode,
    windowBytes,
    ...wantedOf(dataStream, options),
  }));
  return printDataStreams(streams, options);
}

/** What of a data stream is wanted, and where reading it begins. */
function wantedOf(dataStream: OpenedDataStream, options: ReadRange): ReadRange & { readonly start?: PacketPlace } {
  const shared = options.intersection === true ? intersectionOf(dataStream.trace) : undefined;
  const begin = later(options.begin, shared?.begin);
  const end =
    shared === undefined || (options.end !== undefined && options.end < shared.end) ? options.end : shared.end;
  const start = begin === undefined ? undefined : placeOf(dataStream, begin);
  return {
    ...(begin === undefined ? {} : { begin }),
    ...(end === undefined ? {} : { end }),
    ...(start === undefined ? {} : { start }),
  };
}

function later(a: Nanoseconds | undefined, b: Nanoseconds | undefined): Nanoseconds | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
