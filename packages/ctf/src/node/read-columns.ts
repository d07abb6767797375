// SPDX-License-Identifier: MIT
// Columns of opened traces: data stream after data stream, batches of rows.

import { InputError, type Nanoseconds } from '@lockstep/base';
import { ColumnReader, type ColumnBatch, type ColumnRequest } from '../read/columns.ts';
import { PacketReader } from '../read/packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from '../read/trace-decoder.ts';
import { placeOf } from './packet-indexes.ts';
import { makeTextDecode, openedTraceSet } from './opened.ts';
import type { TraceSet } from './trace-set.ts';

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
  const { begin, end } = options;
  let isKnown = false;
  for (const dataStream of openedTraceSet(traceSet).dataStreams) {
    const { dataStreamClass, trace, medium } = dataStream;
    for (const erc of dataStreamClass.eventRecordClasses.values()) {
      if (erc.name !== options.event) continue;
      isKnown = true;
      const start = begin === undefined ? undefined : placeOf(dataStream, begin);
      const reader = new PacketReader({
        decoder: traceDecoderOf(trace.traceClass, options.decoder ?? 'generated'),
        medium,
        streamName: dataStream.path ?? dataStream.name,
        textDecode: makeTextDecode(),
        ...(start === undefined ? {} : { start }),
      });
      const range = {
        ...(begin === undefined ? {} : { begin }),
        ...(end === undefined ? {} : { end }),
        withClock: options.withClock === true,
      };
      const columns = new ColumnReader(reader, dataStream, erc, options.columns, range);
      for (let batch = columns.next(); batch !== undefined; batch = columns.next()) yield batch;
    }
  }
  if (!isKnown) throw new InputError('No trace has an event record class of this name.', { event: options.event });
}
