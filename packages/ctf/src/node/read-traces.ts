// SPDX-License-Identifier: MIT
// Reads opened traces: all event records of all data streams in order of time, or only their number.

import { existsSync, readFileSync } from 'node:fs';
import { InputError, LockstepError, type Nanoseconds } from '@lockstep/base';
import { cyclesToTime } from '../read/clock-time.ts';
import { createDataStreamReader, type StreamItem } from '../read/data-stream-reader.ts';
import type { TextDecode } from '../read/decode-state.ts';
import { LossFinder } from '../read/loss-finder.ts';
import { mergeEventRecords, type MergeOptions } from '../read/merge.ts';
import { coversStream, placeBefore, type PacketPlace } from '../read/packet-index.ts';
import { PacketReader } from '../read/packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from '../read/trace-decoder.ts';
import { printDataStreams, type TraceTextOptions } from '../text/trace-text.ts';
import { decodeIndex } from '../write/data-stream-index.ts';
import type { OpenedDataStream, OpenedTraceSet, TraceSet } from './trace-set.ts';

export interface ReadOptions extends MergeOptions {
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
  /** `interpreted` reads without generated code, many times slower. */
  readonly decoder?: DecoderKind;
}

/** All items in order of time. Each iteration reads the traces anew. */
export function readEventRecords(traceSet: TraceSet, options: ReadOptions = {}): Iterable<StreamItem> {
  const { dataStreams } = opened(traceSet);
  return {
    [Symbol.iterator]: () => {
      const { begin, decoder } = options;
      const readers = dataStreams.map((dataStream) =>
        createDataStreamReader({
          dataStream,
          medium: dataStream.medium,
          textDecode: makeTextDecode(),
          ...(begin === undefined ? {} : startOf(dataStream, begin)),
          ...(begin === undefined ? {} : { begin }),
          ...(decoder === undefined ? {} : { decoder }),
        }),
      );
      return mergeEventRecords(readers, options);
    },
  };
}

export interface TextReadOptions extends TraceTextOptions {
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
}

/** The traces as text, in pieces of bytes; each is valid until the next one is asked for. */
export function readText(traceSet: TraceSet, options: TextReadOptions = {}): Generator<Uint8Array, void, undefined> {
  const { begin, end } = options;
  const streams = opened(traceSet).dataStreams.map((dataStream) => ({
    dataStream,
    medium: dataStream.medium,
    textDecode: makeTextDecode(),
    ...(begin === undefined ? {} : { begin, ...startOf(dataStream, begin) }),
    ...(end === undefined ? {} : { end }),
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
      packets++;
      bytes += reader.packetSizeBytes;
      for (const loss of losses.next(reader.state)) {
        if (loss.count === undefined) hasUncounted = true;
        else discarded[loss.type] += loss.count;
      }
      records += reader.decoder!.countPacket(reader.state);
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

/** Uses the packet index to skip what ends before `begin`; without one, or with a wrong one, reading starts at the first packet. */
function startOf(dataStream: OpenedDataStream, begin: Nanoseconds): { readonly start?: PacketPlace } {
  const clock = dataStream.dataStreamClass.defaultClock;
  const { indexPath, medium } = dataStream;
  if (clock === undefined || indexPath === undefined || !existsSync(indexPath)) return {};
  try {
    const entries = decodeIndex(readFileSync(indexPath), indexPath);
    if (!coversStream(entries, medium.sizeBytes)) return {};
    const toTime = cyclesToTime(clock);
    const start = placeBefore(entries, (end) => toTime(end) < begin);
    const reader = new PacketReader({ ...packetOptions(dataStream), start });
    const entry = entries[start.index];
    const isRight = reader.readHeader() && entry !== undefined && reader.state.packetBegin === entry.timestampBegin;
    return isRight ? { start } : {};
  } catch (error) {
    // A damaged index costs time, not the trace.
    if (error instanceof LockstepError) return {};
    throw error;
  }
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
