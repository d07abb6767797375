// SPDX-License-Identifier: MIT
// Merged event records in, calls of handlers out. A model says once per event record class which
// handler takes it; after that a record costs one Map lookup by the class object, no comparison of
// names.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';

export type RecordHandler = (record: EventRecord) => void;

/** Chooses a handler for a class when its first record comes; undefined = nobody is interested. */
export type ChooseHandler = (eventRecordClass: EventRecordClass, dataStream: DataStream) => RecordHandler | undefined;

export class RecordDispatcher {
  readonly #handlers = new Map<EventRecordClass, RecordHandler | undefined>();
  readonly #choose: ChooseHandler;

  constructor(choose: ChooseHandler) {
    this.#choose = choose;
  }

  dispatch(record: EventRecord): void {
    const eventRecordClass = record.eventRecordClass;
    let handler = this.#handlers.get(eventRecordClass);
    if (handler === undefined && !this.#handlers.has(eventRecordClass)) {
      handler = this.#choose(eventRecordClass, record.dataStream);
      this.#handlers.set(eventRecordClass, handler);
    }
    if (handler !== undefined) handler(record);
  }
}

/** True for streams of LTTng's or Lockstep's kernel half. */
export function isKernelStream(dataStream: DataStream): boolean {
  return dataStream.trace.traceClass.environment.get('domain') === 'kernel';
}
