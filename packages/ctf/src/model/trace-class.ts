// SPDX-License-Identifier: MIT
// The classes above field classes: clock, event record, data stream, trace (CTF2-SPEC-2.0,
// "Trace class", "Data stream class", "Event record class", "Clock class"). Immutable plain data.

import type { Attributes, StructureFieldClass } from './field-class.ts';

/** Namespace, name and uid say whether two classes of different traces are the same. */
export interface Identity {
  readonly namespace?: string;
  readonly uid?: string;
}

export interface ClockOrigin extends Identity {
  readonly name: string;
  readonly uid: string;
}

export interface ClockClass extends Identity {
  /** What fields and data stream classes call it. CTF 2: the name, else the id. */
  readonly name: string;
  /** CTF 2's id, where it is not the name. */
  readonly id?: string;
  /** Lower-case with dashes. Same uuid = same clock: its readings in two traces may be compared. */
  readonly uuid?: string;
  readonly description?: string;
  /** Hz. */
  readonly frequency: bigint;
  /** Cycles of error; readings that differ by less are not ordered. */
  readonly precision?: bigint;
  /** Cycles by which it may differ from its origin. */
  readonly accuracy?: bigint;
  readonly offsetSeconds: bigint;
  /** In `[0, frequency)`. */
  readonly offsetCycles: bigint;
  /** True: a global reference, comparable with other absolute clocks of any uuid (`absolute` in TSDL, origin `unix-epoch` in CTF 2). The offset leads to the Unix epoch either way. */
  readonly absolute: boolean;
  /** CTF 2: an origin other than the Unix epoch; readings of clocks with the same one may be compared. */
  readonly origin?: ClockOrigin;
  readonly attributes?: Attributes;
}

export type EnvironmentValue = string | bigint;

export interface EventRecordClass extends Identity {
  /** Unique in its data stream class. */
  readonly id: bigint;
  /** '' when it has none, which only CTF 2 allows. */
  readonly name: string;
  readonly logLevel?: number;
  readonly emfUri?: string;
  readonly specificContext?: StructureFieldClass;
  readonly payload?: StructureFieldClass;
  readonly attributes?: Attributes;
}

export interface DataStreamClass extends Identity {
  readonly id: bigint;
  readonly name?: string;
  readonly packetContext?: StructureFieldClass;
  readonly eventRecordHeader?: StructureFieldClass;
  readonly commonContext?: StructureFieldClass;
  readonly defaultClock?: ClockClass;
  readonly eventRecordClasses: ReadonlyMap<bigint, EventRecordClass>;
  readonly attributes?: Attributes;
}

export interface TraceClass extends Identity {
  readonly name?: string;
  readonly uuid?: string;
  /** Of TSDL, where fields do not say their own. CTF 2 has none: that of the first field. */
  readonly byteOrder: 'little-endian' | 'big-endian';
  readonly environment: ReadonlyMap<string, EnvironmentValue>;
  readonly packetHeader?: StructureFieldClass;
  readonly clockClasses: readonly ClockClass[];
  readonly dataStreamClasses: ReadonlyMap<bigint, DataStreamClass>;
  readonly attributes?: Attributes;
  /** CTF 2: attributes of the preamble. */
  readonly preambleAttributes?: Attributes;
}
