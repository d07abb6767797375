// SPDX-License-Identifier: MIT
export type { DataStream, DiscardedItems, EventRecord, FieldValue, PacketScopes, StructureValue, Trace } from './model/event-record.ts';
export type {
  ClockClass,
  DataStreamClass,
  EnvironmentValue,
  EventRecordClass,
  TraceClass,
} from './model/trace-class.ts';
export type { FieldClass, StructureFieldClass } from './model/field-class.ts';
