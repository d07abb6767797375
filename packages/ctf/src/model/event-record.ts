// SPDX-License-Identifier: MIT
// What a reader hands out: values of fields, and event records that carry them.

import type { Nanoseconds } from '@lockstep/base';
import type { DataStreamClass, EventRecordClass, TraceClass } from './trace-class.ts';

/**
 * Value of a field. Integers of up to 53 bits are numbers, wider ones bigints, always by class and
 * never by value (a LEB128 integer is a number up to 2^53 and a bigint above: its class has no width);
 * enumerations and bit maps are their integer (labels: `enumerationLabels`, `flagNames`); booleans
 * booleans; strings strings; BLOBs bytes of their own; structures objects by member name; arrays
 * arrays; a variant is its option's value; an optional field that is not there is undefined.
 */
export type FieldValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | readonly FieldValue[]
  | StructureValue
  | undefined;
export interface StructureValue {
  readonly [name: string]: FieldValue;
}

/** A data stream of an opened trace. */
export interface DataStream {
  /** File name or the live stream's path; unique in its trace. */
  readonly name: string;
  /** Absolute path of its (first) file, where it has one; for messages. */
  readonly path?: string;
  readonly trace: Trace;
  readonly dataStreamClass: DataStreamClass;
  /** `stream_instance_id` of the packet header where there is one. */
  readonly id: bigint | undefined;
}

export interface Trace {
  /** Directory's path relative to what was opened; '' when it is that itself. */
  readonly name: string;
  readonly traceClass: TraceClass;
  readonly dataStreams: readonly DataStream[];
}

/** Scopes of the packet that a record lies in; one object a packet. */
export interface PacketScopes {
  readonly header: StructureValue | undefined;
  readonly context: StructureValue | undefined;
}

/** One event record. Owned by who receives it: a reader makes a new one for each. */
export interface EventRecord {
  readonly eventRecordClass: EventRecordClass;
  readonly dataStream: DataStream;
  readonly packet: PacketScopes;
  /** Full-width reading of the default clock, in cycles; undefined without a clock. */
  readonly clockSnapshot: bigint | undefined;
  /** The same in ns from the clock's origin, by babeltrace2's arithmetic. */
  readonly timeNs: Nanoseconds | undefined;
  readonly header: StructureValue | undefined;
  readonly commonContext: StructureValue | undefined;
  readonly specificContext: StructureValue | undefined;
  readonly payload: StructureValue | undefined;
}

/**
 * What a reader of lazy records hands out: strings and 64-bit integers of its fields, and the bigints of its time,
 * are made when they are read, each time anew. Its fields keep the 256 KiB or less of the trace that they were decoded
 * from, which nothing overwrites; to keep few of many records, keep `plainValue` of their fields. To be read by name:
 * spread and `Object.keys` see only what was made at once, `plainValue`, `JSON.stringify` and `console.log` everything.
 */
export interface LazyEventRecord extends EventRecord {
  /** The time as whole seconds from the clock's origin and nanoseconds (0 to 999 999 999): no bigint is made. */
  readonly timeSeconds: number | undefined;
  readonly timeNanoseconds: number | undefined;
}

/** A counted loss: `count` undefined = "some". Between two times of one stream. */
export interface DiscardedItems {
  readonly type: 'discarded-event-records' | 'discarded-packets';
  readonly dataStream: DataStream;
  readonly count: bigint | undefined;
  readonly beginNs: Nanoseconds | undefined;
  readonly endNs: Nanoseconds | undefined;
}

/** Begin or end of a data stream or of a packet; a reader hands them out only when asked to. */
export interface Boundary {
  readonly type: 'stream-beginning' | 'stream-end' | 'packet-beginning' | 'packet-end';
  readonly dataStream: DataStream;
  /** Of the packet; undefined for a data stream's. */
  readonly packet: PacketScopes | undefined;
  /** Number of the packet in its data stream; of a stream's end, how many there were. */
  readonly packetIndex: number;
  /** Where the packet begins in its medium, and its size there. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly contentSizeBits: number;
  readonly clockSnapshot: bigint | undefined;
  readonly timeNs: Nanoseconds | undefined;
}
