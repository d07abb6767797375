// SPDX-License-Identifier: MIT
// One pass over merged event records: makes the handlers that are wanted and all that these need, each
// once and in the order of their needs, and hands each record to those whom its class concerns. Takes
// records one by one, so it works as well on a trace that grows and on a part begun in the middle.

import { assert } from '@lockstep/base';
import type { DiscardedItems, EventRecord, EventRecordClass } from '@lockstep/ctf';
import type { Handler, HandlerContext, HandlerType, RecordHandler } from './handler.ts';
import { TraceTime } from './trace-time.ts';

export class AnalysisPass {
  readonly time = new TraceTime();
  recordCount = 0;
  /** Of the last record that had a time. */
  lastTime = 0;
  readonly #handlers = new Map<HandlerType, Handler>();
  /** Undefined for a class that concerns nobody. */
  readonly #byClass = new Map<EventRecordClass, RecordHandler | undefined>();

  constructor(wanted: readonly HandlerType[]) {
    for (const type of wanted) this.#make(type, []);
  }

  get<T extends object>(type: HandlerType<T>): T {
    const handler = this.#handlers.get(type);
    assert(handler !== undefined, `the pass has no handler ${type.name}`);
    return handler as T;
  }

  take(item: EventRecord | DiscardedItems): void {
    if ('type' in item) {
      for (const handler of this.#handlers.values()) handler.discarded?.(item);
      return;
    }
    this.recordCount += 1;
    if (item.timeNs === undefined) return;
    const eventRecordClass = item.eventRecordClass;
    let handle = this.#byClass.get(eventRecordClass);
    if (handle === undefined && !this.#byClass.has(eventRecordClass)) {
      handle = this.#choose(item);
      this.#byClass.set(eventRecordClass, handle);
    }
    const time = this.time.of(item);
    this.lastTime = time;
    if (handle !== undefined) handle(item, time);
  }

  finish(): void {
    for (const handler of this.#handlers.values()) handler.finish?.(this.lastTime);
  }

  #make(type: HandlerType, above: readonly HandlerType[]): void {
    if (this.#handlers.has(type)) return;
    assert(!above.includes(type), `handler ${type.name} needs itself`);
    for (const needed of type.needs) this.#make(needed, [...above, type]);
    const context: HandlerContext = {
      time: this.time,
      get: (needed) => {
        assert(type.needs.includes(needed), `handler ${type.name} does not declare that it needs ${needed.name}`);
        return this.get(needed);
      },
    };
    this.#handlers.set(type, type.create(context));
  }

  #choose(record: EventRecord): RecordHandler | undefined {
    const chosen: RecordHandler[] = [];
    for (const handler of this.#handlers.values()) {
      const handle = handler.chooseHandler?.(record.eventRecordClass, record.dataStream);
      if (handle !== undefined) chosen.push(handle);
    }
    const [first, second] = chosen;
    if (first === undefined || second === undefined) return first;
    if (chosen.length === 2) {
      return (each, time) => {
        first(each, time);
        second(each, time);
      };
    }
    return (each, time) => {
      for (const handle of chosen) handle(each, time);
    };
  }
}
