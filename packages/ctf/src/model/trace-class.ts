// SPDX-License-Identifier: MIT
// The classes above field classes: clock, event record, data stream, trace (CTF2-SPEC-2.0,
// "Trace class", "Data stream class", "Event record class", "Clock class"). Immutable plain data.

import type { StructureFieldClass } from './field-class.ts';

export interface ClockClass {
  readonly name: string;
  /** Lower-case with dashes. Same uuid = same clock: its readings in two traces may be compared. */
  readonly uuid?: string;
  readonly description?: string;
  /** Hz. */
  readonly frequency: bigint;
  /** Cycles of error; readings that differ by less are not ordered. */
  readonly precision?: bigint;
  readonly offsetSeconds: bigint;
  /** In `[0, frequency)`. */
  readonly offsetCycles: bigint;
  /** True: a global reference, comparable with other absolute clocks of any uuid (`absolute` in TSDL). The offset leads to the Unix epoch either way. */
  readonly absolute: boolean;
}

export type EnvironmentValue = string | bigint;

export interface EventRecordClass {
  /** Unique in its data stream class. */
  readonly id: bigint;
  readonly name: string;
  readonly logLevel?: number;
  readonly emfUri?: string;
  readonly specificContext?: StructureFieldClass;
  readonly payload?: StructureFieldClass;
}

export interface DataStreamClass {
  readonly id: bigint;
  readonly name?: string;
  readonly packetContext?: StructureFieldClass;
  readonly eventRecordHeader?: StructureFieldClass;
  readonly commonContext?: StructureFieldClass;
  readonly defaultClock?: ClockClass;
  readonly eventRecordClasses: ReadonlyMap<bigint, EventRecordClass>;
}

export interface TraceClass {
  readonly uuid?: string;
  readonly byteOrder: 'little-endian' | 'big-endian';
  readonly environment: ReadonlyMap<string, EnvironmentValue>;
  readonly packetHeader?: StructureFieldClass;
  readonly clockClasses: readonly ClockClass[];
  readonly dataStreamClasses: ReadonlyMap<bigint, DataStreamClass>;
}
