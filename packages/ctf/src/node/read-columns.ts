// SPDX-License-Identifier: MIT
// Columns of opened traces: data stream after data stream, batches of rows.

import { InputError, type Nanoseconds } from '@lockstep/base';
import type { EventRecordClass } from '../model/trace-class.ts';
import { ColumnReader, type ColumnBatch, type ColumnRequest } from '../read/columns.ts';
import { PacketReader } from '../read/packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from '../read/trace-decoder.ts';
import { placeOf } from './packet-indexes.ts';
import type { PacketRange } from './packet-ranges.ts';
import { makeTextDecode, openedTraceSet } from './opened.ts';
import type { OpenedDataStream, TraceSet } from './trace-set.ts';

export interface ColumnOptions {
  /** Name of the event record class. */
  readonly event: string;
  readonly columns: readonly ColumnRequest[];
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
  readonly decoder?: DecoderKind;
  /** Whether batches hold the readings of the clock. */
  readonly withClock?: boolean;
}

/**
 * Fields of one event record class as columns, one data stream after another: rows of different
 * streams are not in order of time. Streams that cannot have such records are not read.
 */
export function* readColumns(traceSet: TraceSet, options: ColumnOptions): Generator<ColumnBatch, void, undefined> {
  for (const dataStream of columnStreams(traceSet, options)) yield* readStreamColumns(dataStream, options);
}

/** Those that can have records of the class. */
export function columnStreams(traceSet: TraceSet, options: ColumnOptions): OpenedDataStream[] {
  const streams = openedTraceSet(traceSet).dataStreams.filter(
    (dataStream) => classesOf(dataStream, options).length > 0,
  );
  if (streams.length === 0)
    throw new InputError('No trace has an event record class of this name.', { event: options.event });
  return streams;
}

function classesOf({ dataStreamClass }: OpenedDataStream, { event }: ColumnOptions): EventRecordClass[] {
  return [...dataStreamClass.eventRecordClasses.values()].filter(({ name }) => name === event);
}

/** Batches of one data stream, or of a range of its packets. */
export function* readStreamColumns(
  dataStream: OpenedDataStream,
  options: ColumnOptions,
  range?: PacketRange,
): Generator<ColumnBatch, void, undefined> {
  for (const erc of classesOf(dataStream, options)) {
    const columns = openColumns(dataStream, erc, options, range);
    for (let batch = columns.next(); batch !== undefined; batch = columns.next()) yield batch;
  }
}

/** Throws what is wrong with the columns that are asked for; reads nothing. */
export function checkColumns(dataStream: OpenedDataStream, options: ColumnOptions): void {
  for (const erc of classesOf(dataStream, options)) openColumns(dataStream, erc, options);
}

function openColumns(
  dataStream: OpenedDataStream,
  erc: EventRecordClass,
  options: ColumnOptions,
  range?: PacketRange,
): ColumnReader {
  const reader = openReader(dataStream, options, range);
  return new ColumnReader(reader, dataStream, erc, options.columns, {
    ...(options.begin === undefined ? {} : { begin: options.begin }),
    ...(options.end === undefined ? {} : { end: options.end }),
    ...(range?.end === undefined ? {} : { endPacket: range.end }),
    withClock: options.withClock === true,
  });
}

function openReader(
  dataStream: OpenedDataStream,
  options: ColumnOptions,
  range: PacketRange | undefined,
): PacketReader {
  const { trace, medium, path, name } = dataStream;
  const begin = options.begin === undefined || range !== undefined ? undefined : placeOf(dataStream, options.begin);
  const start = range === undefined ? begin : { index: Math.max(0, range.first - 1), offset: range.offset };
  const reader = new PacketReader({
    decoder: traceDecoderOf(trace.traceClass, options.decoder ?? 'generated'),
    medium,
    streamName: path ?? name,
    textDecode: makeTextDecode(),
    ...(start === undefined ? {} : { start }),
  });
  if (range !== undefined && range.first > 0) {
    // Of the packet before, its end: from there the clock goes on.
    reader.nextHeader();
    reader.skipPacket();
  }
  return reader;
}
