// SPDX-License-Identifier: MIT
// Traces copied into CTF of either version: the same packets, times, counters and records, or those of
// a range of time. Opened traces in, a directory of traces out.

import { join } from 'node:path';
import { CtfError, InputError, type Nanoseconds } from '@lockstep/base';
import { toCtf18Class, toCtf2Class } from '../export/ctf18-class.ts';
import { writeJsonMetadata } from '../metadata/json-metadata-writer.ts';
import { writeMetadata } from '../metadata/metadata-writer.ts';
import type { Trace } from '../model/event-record.ts';
import { createDataStreamReader, isEventRecord } from '../read/data-stream-reader.ts';
import { makeTextDecode } from './opened.ts';
import type { OpenedDataStream, TraceSet } from './trace-set.ts';
import { TraceWriter } from './trace-writer.ts';

export type CtfVersion = '1.8' | '2';

export interface ConvertCtfOptions {
  readonly version: CtfVersion;
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
  /** Only records of classes with these names. */
  readonly isWanted?: (eventName: string) => boolean;
}

export interface ConvertedCounts {
  readonly records: number;
  readonly traces: number;
}

/** Writes each trace to `directory`, or below it where there are several. */
export function convertToCtf(traceSet: TraceSet, directory: string, options: ConvertCtfOptions): ConvertedCounts {
  let records = 0;
  for (const trace of traceSet.traces) {
    if (trace.name.split('/').includes('..'))
      throw new InputError('The name of a trace leads out of its directory', { trace: trace.name });
    records += convertTrace(trace, join(directory, trace.name), options);
  }
  return { records, traces: traceSet.traces.length };
}

function convertTrace(trace: Trace, path: string, options: ConvertCtfOptions): number {
  const isOld = options.version === '1.8';
  const traceClass = (isOld ? toCtf18Class : toCtf2Class)(trace.traceClass);
  const writer = TraceWriter.create(path, traceClass, { writeMetadata: isOld ? writeMetadata : writeJsonMetadata });
  let records = 0;
  try {
    for (const dataStream of trace.dataStreams as readonly OpenedDataStream[])
      records += convertDataStream(dataStream, writer, options);
  } finally {
    writer.close();
  }
  return records;
}

function convertDataStream(dataStream: OpenedDataStream, writer: TraceWriter, options: ConvertCtfOptions): number {
  const dataStreamClass = writer.traceClass.dataStreamClasses.get(dataStream.dataStreamClass.id);
  if (dataStreamClass === undefined) throw new CtfError('A data stream has no class.', { stream: dataStream.name });
  const output = writer.dataStream(dataStream.name, dataStreamClass, {
    ...(dataStream.id === undefined ? {} : { id: dataStream.id }),
    packetSizeBytes: Number.POSITIVE_INFINITY,
  });
  const reader = createDataStreamReader({
    dataStream,
    medium: dataStream.medium,
    textDecode: makeTextDecode(),
    boundaries: true,
  });
  const { begin, end, isWanted } = options;
  let records = 0;
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (isEventRecord(item)) {
      const { timeNs } = item;
      if (timeNs !== undefined && ((begin !== undefined && timeNs < begin) || (end !== undefined && timeNs > end)))
        continue;
      if (isWanted !== undefined && !isWanted(item.eventRecordClass.name)) continue;
      const eventRecordClass = dataStreamClass.eventRecordClasses.get(item.eventRecordClass.id)!;
      output.write({ ...item, eventRecordClass });
      records++;
    } else if (item.type === 'packet-beginning') {
      output.beginPacket({ ...item.packet, clockSnapshot: item.clockSnapshot });
    } else if (item.type === 'packet-end') {
      output.endPacket(item.clockSnapshot);
    }
  }
  return records;
}
