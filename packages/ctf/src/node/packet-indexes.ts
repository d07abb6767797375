// SPDX-License-Identifier: MIT
// The packet index of an opened data stream: its file beside the stream where that can be believed, else
// made from the headers of all packets, once. And what follows from it: where to begin for a time, and
// the times that all streams of a trace have in common.

import { existsSync } from 'node:fs';
import { CtfError, LockstepError, type Nanoseconds } from '@lockstep/base';
import type { Trace } from '../model/event-record.ts';
import { cyclesToTime } from '../read/clock-time.ts';
import { buildPacketIndex, readPacketIndex, type PacketIndex, type PacketPlace } from '../read/packet-index.ts';
import { PacketReader } from '../read/packet-reader.ts';
import { quirksOf } from '../read/quirks.ts';
import { traceDecoderOf } from '../read/trace-decoder.ts';
import { readRegularFile } from './regular-file.ts';
import type { OpenedDataStream } from './trace-set.ts';

/** Keeps the last answers; an opened stream does not change. */
const known = new WeakMap<OpenedDataStream, PacketIndex>();

/** Throws a `CtfError` where the stream's packets cannot be walked. */
export function packetIndexOf(dataStream: OpenedDataStream): PacketIndex {
  let index = known.get(dataStream);
  if (index === undefined) known.set(dataStream, (index = fromFile(dataStream) ?? fromPackets(dataStream)));
  return index;
}

function makeReader(dataStream: OpenedDataStream, start?: PacketPlace): PacketReader {
  return new PacketReader({
    decoder: traceDecoderOf(dataStream.trace.traceClass, 'generated'),
    medium: dataStream.medium,
    streamName: dataStream.path ?? dataStream.name,
    ...(start === undefined ? {} : { start }),
  });
}

function fromFile(dataStream: OpenedDataStream): PacketIndex | undefined {
  const { indexPath, medium, trace } = dataStream;
  // The file's ends are the packets' own.
  if (indexPath === undefined || quirksOf(trace.traceClass).hasRecordsAfterPacket || !existsSync(indexPath))
    return undefined;
  let bytes: Uint8Array;
  try {
    bytes = readRegularFile(indexPath);
  } catch {
    return undefined;
  }
  const index = readPacketIndex(bytes, medium.sizeBytes);
  return index !== undefined && isIndexOf(index, dataStream) ? index : undefined;
}

/** Whether the first, a middle and the last packet begin when the index says so. */
function isIndexOf(index: PacketIndex, dataStream: OpenedDataStream): boolean {
  const last = index.packetCount - 1;
  return [0, last >> 1, last].every((at) => {
    if (at < 0) return true;
    try {
      const reader = makeReader(dataStream, { index: at, offset: index.offsets[at]! });
      return reader.nextHeader() && reader.state.packetBegin === index.begins[at];
    } catch (error) {
      if (error instanceof LockstepError) return false;
      throw error;
    }
  });
}

function fromPackets(dataStream: OpenedDataStream): PacketIndex {
  const { hasRecordsAfterPacket } = quirksOf(dataStream.trace.traceClass);
  return buildPacketIndex(makeReader(dataStream), dataStream.medium.sizeBytes, hasRecordsAfterPacket);
}

/** Where to begin reading for records from `begin` on; the first packet when nothing better is known. */
export function placeOf(dataStream: OpenedDataStream, begin: Nanoseconds): PacketPlace | undefined {
  const clock = dataStream.dataStreamClass.defaultClock;
  if (clock === undefined) return undefined;
  const toTime = cyclesToTime(clock);
  try {
    return packetIndexOf(dataStream).placeBefore((end) => toTime(end) < begin);
  } catch (error) {
    // A damaged packet costs time here, and is told when it is reached.
    if (error instanceof LockstepError) return undefined;
    throw error;
  }
}

export interface TimeRange {
  readonly begin: Nanoseconds;
  readonly end: Nanoseconds;
}

/** The times of a data stream's packets; undefined where they say none. */
export function timeRangeOf(dataStream: OpenedDataStream): TimeRange | undefined {
  const clock = dataStream.dataStreamClass.defaultClock;
  const range = clock === undefined ? undefined : packetIndexOf(dataStream).range;
  if (clock === undefined || range === undefined) return undefined;
  const toTime = cyclesToTime(clock);
  return { begin: toTime(range.begin), end: toTime(range.end) };
}

/** The times when all data streams of a trace were recorded, as babeltrace2's `--stream-intersection`. */
export function intersectionOf(trace: Trace): TimeRange {
  let begin: Nanoseconds | undefined;
  let end: Nanoseconds | undefined;
  for (const dataStream of trace.dataStreams as readonly OpenedDataStream[]) {
    const range = timeRangeOf(dataStream);
    if (range === undefined) {
      throw new CtfError('A data stream has packets without times, so that it has no intersection with others.', {
        stream: dataStream.path ?? dataStream.name,
      });
    }
    if (begin === undefined || range.begin > begin) begin = range.begin;
    if (end === undefined || range.end < end) end = range.end;
  }
  if (begin === undefined || end === undefined || begin > end)
    throw new CtfError('The data streams of a trace have no time in common.', { trace: trace.name });
  return { begin, end };
}
