// SPDX-License-Identifier: MIT
// Walks the packets and event records of a data stream without making values: what measuring and
// checking do. An opened data stream in; calls for each packet and record out.

import type { EventRecordClass } from '../model/trace-class.ts';
import { cyclesToTime, type CyclesToTime } from '../read/clock-time.ts';
import { compileScopes } from '../read/compile.ts';
import { commonContextScope, eventRecordHeaderScope, eventRecordScopes } from '../read/field-layout.ts';
import type { ScopesDecoder } from '../read/interpret.ts';
import { PacketReader } from '../read/packet-reader.ts';
import { checkStep, traceDecoderOf } from '../read/trace-decoder.ts';
import { makeTextDecode } from './opened.ts';
import type { OpenedDataStream } from './trace-set.ts';

export interface RecordVisitor {
  /** A packet was loaded, its header and context decoded. */
  packet?(reader: PacketReader): void;
  /** An event record took so many bits, padding before it included; the clock stands at its reading. */
  record(eventRecordClass: EventRecordClass, sizeBits: number, reader: PacketReader): void;
  packetEnd?(reader: PacketReader): void;
}

/** Throws what the reader throws; what came before was handed out. */
export function walkRecords(dataStream: OpenedDataStream, visitor: RecordVisitor): void {
  const decoder = traceDecoderOf(dataStream.trace.traceClass, 'generated');
  const { dataStreamClass } = dataStream;
  const reader = new PacketReader({
    decoder,
    medium: dataStream.medium,
    streamName: dataStream.path ?? dataStream.name,
    textDecode: makeTextDecode(),
  });
  const { state } = reader;
  const header = compileScopes(eventRecordHeaderScope(dataStreamClass), {
    slots: decoder.slots,
    wantsValues: false,
    exportsSlots: true,
  });
  const steps = new Map<EventRecordClass, ScopesDecoder>();
  const stepOf = (erc: EventRecordClass): ScopesDecoder => {
    let step = steps.get(erc);
    if (step === undefined) {
      const scopes = [...commonContextScope(dataStreamClass), ...eventRecordScopes(dataStreamClass, erc)];
      const options = { slots: decoder.slots, wantsValues: false, exportsSlots: false, place: header.place };
      steps.set(erc, (step = compileScopes(scopes, options).decode));
    }
    return step;
  };
  const classes = new Map<number | bigint | undefined, EventRecordClass>();
  const classOf = (id: number | bigint | undefined, position: number): EventRecordClass => {
    let erc = classes.get(id);
    if (erc === undefined) {
      const all = dataStreamClass.eventRecordClasses;
      erc = id !== undefined ? all.get(BigInt(id)) : all.size === 1 ? [...all.values()][0] : undefined;
      if (erc === undefined) throw state.unknownClass(id, position);
      classes.set(id, erc);
    }
    return erc;
  };
  while (reader.next()) {
    if (!reader.isContinuation) visitor.packet?.(reader);
    while (state.position < state.stop || (state.position === state.stop && state.bit < state.stopBit)) {
      const { position, bit } = state;
      state.mark();
      let erc: EventRecordClass;
      try {
        state.eventRecordClassId = undefined;
        header.decode(state);
        erc = classOf(state.eventRecordClassId, position);
        stepOf(erc)(state);
        checkStep(state, position, bit);
      } catch (error) {
        if (reader.retry(error)) continue;
        throw error;
      }
      visitor.record(erc, (state.position - position) * 8 + state.bit - bit, reader);
    }
    if (state.isPartial) continue;
    visitor.packetEnd?.(reader);
    reader.endPacket();
  }
}

/** Of the default clock; undefined without one. */
export function timeOfClock(dataStream: OpenedDataStream): CyclesToTime | undefined {
  const clock = dataStream.dataStreamClass.defaultClock;
  return clock === undefined ? undefined : cyclesToTime(clock);
}
