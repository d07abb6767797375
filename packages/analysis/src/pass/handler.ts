// SPDX-License-Identifier: MIT
// What a part of the model is: a handler takes the records that concern it, and is built upon handlers
// that saw each record before it. A handler type names what it needs; the pass makes one of each.

import type { DataStream, DiscardedItems, EventRecord, EventRecordClass } from '@lockstep/ctf';
import type { TraceTime } from './trace-time.ts';

/** `time`: ns since the first record of the pass. */
export type RecordHandler = (record: EventRecord, time: number) => void;

export interface Handler {
  /** Asked once a class, when its first record comes; undefined = these records do not concern it. */
  chooseHandler?(eventRecordClass: EventRecordClass, dataStream: DataStream): RecordHandler | undefined;
  discarded?(items: DiscardedItems): void;
  /** No record follows. `time`: of the last one. */
  finish?(time: number): void;
}

export interface HandlerType<T extends object = object> {
  readonly name: string;
  /** These handle each record first, and can be had in `create`. */
  readonly needs: readonly HandlerType[];
  /** Makes a Handler; one that only listens to others needs none of a handler's methods. */
  create(context: HandlerContext): T;
}

export interface HandlerContext {
  readonly time: TraceTime;
  /** The pass's one handler of a type that is among `needs`. */
  get<T extends object>(type: HandlerType<T>): T;
}

/** True for streams of LTTng's or Lockstep's kernel half. */
export function isKernelStream(dataStream: DataStream): boolean {
  return dataStream.trace.traceClass.environment.get('domain') === 'kernel';
}
