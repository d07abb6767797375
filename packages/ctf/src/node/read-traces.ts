// SPDX-License-Identifier: MIT
// Reads opened traces: all event records of all data streams in order of time, or only their number.

import { InputError, type Nanoseconds } from '@lockstep/base';
import { DataStreamReader, type StreamItem, type TraceMessage } from '../read/data-stream-reader.ts';
import type { TextDecode } from '../read/decode-state.ts';
import { LossFinder } from '../read/loss-finder.ts';
import { EventRecordMerge, type MergeOptions } from '../read/merge.ts';
import type { PacketPlace } from '../read/packet-index.ts';
import { countPacket, DEFAULT_WINDOW_BYTES, PacketReader } from '../read/packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from '../read/trace-decoder.ts';
import { printDataStreams, type TraceTextOptions } from '../text/trace-text.ts';
import { intersectionOf, placeOf } from './packet-indexes.ts';
import type { OpenedDataStream, OpenedTraceSet, TraceSet } from './trace-set.ts';

export interface ReadRange extends MergeOptions {
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
  /** Only what lies in the time when all data streams of its trace were recorded. */
  readonly intersection?: boolean;
}

export interface ReadOptions extends ReadRange {
  /** `interpreted` reads without generated code, many times slower. */
  readonly decoder?: DecoderKind;
}

/** All items in order of time. Each iteration reads the traces anew. */
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
  const { dataStreams } = opened(traceSet);
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
  const { dataStreams } = opened(traceSet);
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

export interface TraceCounts {
  readonly records: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
  /** Those that are counted; `hasUncounted` tells of more. */
  readonly discardedEventRecords: bigint;
  readonly discardedPackets: bigint;
  /** A stream began with losses of which the number is unknown. */
  readonly hasUncounted: boolean;
}

/** Decodes all event records, stream after stream, without making objects of them. */
export function countEventRecords(traceSet: TraceSet, options: { readonly decoder?: DecoderKind } = {}): TraceCounts {
  let [records, packets, bytes] = [0, 0, 0];
  const discarded = { 'discarded-event-records': 0n, 'discarded-packets': 0n };
  let hasUncounted = false;
  for (const dataStream of opened(traceSet).dataStreams) {
    const reader = new PacketReader(packetOptions(dataStream, options.decoder));
    const losses = new LossFinder();
    while (reader.next()) {
      if (!reader.isContinuation) {
        packets++;
        bytes += reader.packetSizeBytes;
        for (const loss of losses.next(reader.state)) {
          if (loss.count === undefined) hasUncounted = true;
          else discarded[loss.type] += loss.count;
        }
      }
      records += countPacket(reader);
      reader.endPacket();
    }
  }
  return {
    records: BigInt(records),
    packets: BigInt(packets),
    bytes: BigInt(bytes),
    discardedEventRecords: discarded['discarded-event-records'],
    discardedPackets: discarded['discarded-packets'],
    hasUncounted,
  };
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

function opened(traceSet: TraceSet): OpenedTraceSet {
  if (!('dataStreams' in traceSet)) throw new InputError('The trace set was not opened by openTraceDirectory.');
  return traceSet as OpenedTraceSet;
}

function packetOptions(
  dataStream: OpenedDataStream,
  kind: DecoderKind = 'generated',
): ConstructorParameters<typeof PacketReader>[0] {
  return {
    decoder: traceDecoderOf(dataStream.trace.traceClass, kind),
    medium: dataStream.medium,
    streamName: dataStream.path ?? dataStream.name,
    textDecode: makeTextDecode(),
  };
}

/** Node's own decoder, which makes short strings several times faster than TextDecoder. */
export function makeTextDecode(): TextDecode {
  let bytes: Uint8Array | undefined;
  let buffer = Buffer.alloc(0);
  return (source, begin, end) => {
    if (source !== bytes) {
      bytes = source;
      buffer = Buffer.from(source.buffer, source.byteOffset, source.length) as typeof buffer;
    }
    return buffer.toString('utf8', begin, end);
  };
}
