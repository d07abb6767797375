// SPDX-License-Identifier: MIT
// An event record that makes bigints of its time only when they are asked for. Place of the time and decoded fields in.

import type { Nanoseconds } from '@lockstep/base';
import type { DataStream, LazyEventRecord, PacketScopes, StructureValue } from '../model/event-record.ts';
import type { EventRecordClass } from '../model/trace-class.ts';
import type { ClockReader } from './clock-words.ts';
import type { DecodeState } from './decode-state.ts';
import { lazyInteger, plainValue } from './lazy-values.ts';

export class LazyRecord implements LazyEventRecord {
  readonly eventRecordClass: EventRecordClass;
  readonly dataStream: DataStream;
  readonly packet: PacketScopes;
  readonly timeSeconds: number | undefined;
  readonly timeNanoseconds: number | undefined;
  readonly header: StructureValue | undefined;
  readonly commonContext: StructureValue | undefined;
  readonly specificContext: StructureValue | undefined;
  readonly payload: StructureValue | undefined;
  readonly #clock: ClockReader | undefined;
  readonly #high: number;
  readonly #low: number;

  constructor(
    dataStream: DataStream,
    packet: PacketScopes,
    eventRecordClass: EventRecordClass,
    state: DecodeState,
    header: StructureValue | undefined,
    clock: ClockReader | undefined,
    high: number,
    low: number,
  ) {
    this.eventRecordClass = eventRecordClass;
    this.dataStream = dataStream;
    this.packet = packet;
    this.timeSeconds = clock?.seconds;
    this.timeNanoseconds = clock?.nanoseconds;
    this.header = header;
    this.commonContext = state.commonContext;
    this.specificContext = state.specificContext;
    this.payload = state.payload;
    this.#clock = clock;
    this.#high = high;
    this.#low = low;
  }

  get clockSnapshot(): bigint | undefined {
    return this.#clock === undefined ? undefined : lazyInteger(this.#high, this.#low, false);
  }

  get timeNs(): Nanoseconds | undefined {
    return this.#clock?.toTime(lazyInteger(this.#high, this.#low, false));
  }

  toJSON(): object {
    const { timeNs, clockSnapshot, packet, header, commonContext, specificContext, payload } = this;
    return {
      event: this.eventRecordClass.name,
      clockSnapshot,
      timeNs,
      packet: { header: plainValue(packet.header), context: plainValue(packet.context) },
      header: plainValue(header),
      commonContext: plainValue(commonContext),
      specificContext: plainValue(specificContext),
      payload: plainValue(payload),
    };
  }
}
