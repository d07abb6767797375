// SPDX-License-Identifier: MIT
// How much of what a trace holds: event records and bytes by class; packets, bytes and losses by data
// stream. One pass without values.

import { InputError, type Nanoseconds } from '@lockstep/base';
import { LossFinder } from '../read/loss-finder.ts';
import type { OpenedDataStream, OpenedTraceSet, TraceSet } from './trace-set.ts';
import { timeOfClock, walkRecords } from './walk-records.ts';

export interface ClassMeasure {
  readonly name: string;
  readonly records: number;
  /** Of the records with their headers, without packets' own. */
  readonly bytes: number;
}

export interface DataStreamMeasure {
  readonly trace: string;
  readonly name: string;
  readonly records: number;
  readonly packets: number;
  readonly bytes: number;
  readonly discardedEventRecords: bigint;
  readonly discardedPackets: bigint;
  /** It began with losses of which the number is unknown. */
  readonly hasUncounted: boolean;
}

export interface TraceMeasures {
  readonly beginNs: Nanoseconds | undefined;
  readonly endNs: Nanoseconds | undefined;
  /** By name, over all traces; most records first. */
  readonly classes: readonly ClassMeasure[];
  readonly dataStreams: readonly DataStreamMeasure[];
}

export function measureTraces(traceSet: TraceSet): TraceMeasures {
  if (!('dataStreams' in traceSet)) throw new InputError('The trace set was not opened by openTraceDirectory.');
  const classes = new Map<string, { records: number; bits: number }>();
  let [beginNs, endNs]: [Nanoseconds | undefined, Nanoseconds | undefined] = [undefined, undefined];
  const dataStreams = (traceSet as OpenedTraceSet).dataStreams.map((dataStream) => {
    const measured = measureDataStream(dataStream, classes);
    const { first, last, ...measure } = measured;
    if (first !== undefined && (beginNs === undefined || first < beginNs)) beginNs = first;
    if (last !== undefined && (endNs === undefined || last > endNs)) endNs = last;
    return measure;
  });
  const sorted = [...classes].map(([name, { records, bits }]) => ({ name, records, bytes: Math.round(bits / 8) }));
  sorted.sort((a, b) => b.records - a.records || (a.name < b.name ? -1 : 1));
  return { beginNs, endNs, classes: sorted, dataStreams };
}

function measureDataStream(
  dataStream: OpenedDataStream,
  classes: Map<string, { records: number; bits: number }>,
): DataStreamMeasure & { readonly first: Nanoseconds | undefined; readonly last: Nanoseconds | undefined } {
  const toTime = timeOfClock(dataStream);
  const losses = new LossFinder();
  const discarded = { 'discarded-event-records': 0n, 'discarded-packets': 0n };
  let [records, packets, bytes, hasUncounted] = [0, 0, 0, false];
  let [first, last]: [bigint | undefined, bigint | undefined] = [undefined, undefined];
  walkRecords(dataStream, {
    packet: (reader) => {
      packets++;
      bytes += reader.packetSizeBytes;
      for (const loss of losses.next(reader.state)) {
        if (loss.count === undefined) hasUncounted = true;
        else discarded[loss.type] += loss.count;
      }
    },
    record: ({ name }, sizeBits, reader) => {
      records++;
      let measure = classes.get(name);
      if (measure === undefined) classes.set(name, (measure = { records: 0, bits: 0 }));
      measure.records++;
      measure.bits += sizeBits;
      if (first === undefined) first = reader.state.clock[0];
    },
    packetEnd: (reader) => {
      if (first !== undefined) last = reader.state.clock[0];
    },
  });
  const time = (cycles: bigint | undefined): Nanoseconds | undefined =>
    cycles === undefined ? undefined : toTime?.(cycles);
  return {
    trace: dataStream.trace.name,
    name: dataStream.name,
    records,
    packets,
    bytes,
    discardedEventRecords: discarded['discarded-event-records'],
    discardedPackets: discarded['discarded-packets'],
    hasUncounted,
    first: time(first),
    last: time(last),
  };
}
