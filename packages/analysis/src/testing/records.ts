// SPDX-License-Identifier: MIT
// Event records made by hand, as a reader would hand them out: one trace of the kernel, one of a
// program, on one clock of 1 GHz whose origin is the Unix epoch.

import type { Nanoseconds } from '@lockstep/base';
import type {
  DataStream,
  DataStreamClass,
  DiscardedItems,
  EventRecord,
  EventRecordClass,
  PacketScopes,
  StructureValue,
  TraceClass,
} from '@lockstep/ctf';

/** 2023-11-14T22:13:20Z. */
export const EPOCH_NS = 1_700_000_000_000_000_000n;

export interface TraceMaker {
  record(name: string, timeMs: number, payload: StructureValue, tid?: number): EventRecord;
  discarded(count: bigint, beginMs: number, endMs: number): DiscardedItems;
}

export function toNs(timeMs: number): bigint {
  return EPOCH_NS + BigInt(Math.round(timeMs * 1e6));
}

export function createTrace(domain: 'kernel' | 'ust', context: StructureValue, frequency = 1_000_000_000n): TraceMaker {
  const classes = new Map<bigint, EventRecordClass>();
  const byName = new Map<string, EventRecordClass>();
  const clock = { name: 'monotonic', frequency, offsetSeconds: 0n, offsetCycles: 0n, absolute: true };
  const dataStreamClass: DataStreamClass = { id: 0n, defaultClock: clock, eventRecordClasses: classes };
  const traceClass: TraceClass = {
    byteOrder: 'little-endian',
    environment: new Map([['domain', domain]]),
    clockClasses: [clock],
    dataStreamClasses: new Map([[0n, dataStreamClass]]),
  };
  const trace = { name: domain, traceClass, dataStreams: [] };
  const dataStream: DataStream = { name: 'channel0_0', trace, dataStreamClass, id: 0n };
  const packet: PacketScopes = { header: undefined, context };

  function classOf(name: string): EventRecordClass {
    let eventRecordClass = byName.get(name);
    if (eventRecordClass === undefined) {
      eventRecordClass = { id: BigInt(byName.size), name };
      byName.set(name, eventRecordClass);
      classes.set(eventRecordClass.id, eventRecordClass);
    }
    return eventRecordClass;
  }

  return {
    record(name, timeMs, payload, tid) {
      const timeNs = toNs(timeMs);
      return {
        eventRecordClass: classOf(name),
        dataStream,
        packet,
        clockSnapshot: (timeNs * frequency) / 1_000_000_000n,
        timeNs: timeNs as Nanoseconds,
        header: undefined,
        commonContext: tid === undefined ? undefined : { tid },
        specificContext: undefined,
        payload,
      };
    },
    discarded(count, beginMs, endMs) {
      return {
        type: 'discarded-event-records',
        dataStream,
        count,
        beginNs: toNs(beginMs) as Nanoseconds,
        endNs: toNs(endMs) as Nanoseconds,
      };
    },
  };
}
