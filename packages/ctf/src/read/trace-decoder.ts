// SPDX-License-Identifier: MIT
// The decoders of a trace class: made on first use, shared by all its data streams, so that V8 sees
// one hot function a class however many streams there are.

import { CtfError } from '@lockstep/base';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { canGenerateCode, compileScopes, type CompiledScopes } from './compile.ts';
import { cyclesToTime, type CyclesToTime } from './clock-time.ts';
import type { DecodeState } from './decode-state.ts';
import {
  commonContextScope,
  eventRecordHeaderScope,
  eventRecordScopes,
  packetContextScope,
  packetHeaderScope,
  SlotTable,
  type Scope,
} from './field-layout.ts';
import { EAGER_VALUES, type ValueMode } from './generated-code.ts';
import { interpretScopes, type ScopesDecoder } from './interpret.ts';
import { compileCountLoop, type PacketCounter } from './packet-loop.ts';
import { PACKET_BEGIN, UNKNOWN_PLACE } from './place.ts';

/** `interpreted` is the oracle of tests and what runs where code may not be generated. */
export type DecoderKind = 'generated' | 'interpreted';

export interface RecordDecoder {
  readonly eventRecordClass: EventRecordClass;
  /** Decodes common context, specific context and payload. */
  readonly decode: ScopesDecoder;
}

/** Ids below this are found by index, others through a map. */
const INDEXED_IDS = 65_536;

export class TraceDecoder {
  readonly traceClass: TraceClass;
  readonly kind: DecoderKind;
  readonly decodePacketHeader: ScopesDecoder;
  /** For code that others generate for records of the trace. */
  readonly slots: SlotTable;
  readonly values: ValueMode;
  readonly #dataStreamDecoders = new Map<bigint, DataStreamDecoder>();

  constructor(traceClass: TraceClass, kind: DecoderKind, values: ValueMode = EAGER_VALUES) {
    this.traceClass = traceClass;
    this.values = values;
    this.kind = kind === 'generated' && canGenerateCode() ? 'generated' : 'interpreted';
    this.slots = new SlotTable(traceClass);
    this.decodePacketHeader = makeDecoder(packetHeaderScope(traceClass), this.slots, this.kind).decode;
  }

  dataStreamDecoder(id: bigint): DataStreamDecoder | undefined {
    const known = this.#dataStreamDecoders.get(id);
    if (known !== undefined) return known;
    const dsc = this.traceClass.dataStreamClasses.get(id);
    if (dsc === undefined) return undefined;
    const made = new DataStreamDecoder(dsc, this.slots, this.kind, this.values);
    this.#dataStreamDecoders.set(id, made);
    return made;
  }
}

function makeDecoder(
  scopes: readonly Scope[],
  slots: SlotTable,
  kind: DecoderKind,
  place = PACKET_BEGIN,
): CompiledScopes {
  if (kind === 'interpreted') return { decode: interpretScopes(scopes, slots), place: UNKNOWN_PLACE };
  return compileScopes(scopes, { slots, wantsValues: true, exportsSlots: true, place });
}

export class DataStreamDecoder {
  readonly dataStreamClass: DataStreamClass;
  readonly decodePacketContext: ScopesDecoder;
  /** Undefined without a default clock. */
  readonly toTime: CyclesToTime | undefined;
  readonly decodeHeader: ScopesDecoder;
  readonly #header: CompiledScopes;
  readonly slots: SlotTable;
  readonly kind: DecoderKind;
  readonly #values: ValueMode;
  #stepHeader: CompiledScopes | undefined;
  readonly #steps = new Map<number | bigint | undefined, ScopesDecoder>();
  readonly #indexed: (RecordDecoder | undefined)[] = [];
  readonly #mapped = new Map<bigint, RecordDecoder>();
  #counter: PacketCounter | undefined;

  constructor(dsc: DataStreamClass, slots: SlotTable, kind: DecoderKind, values: ValueMode) {
    this.#values = values;
    this.dataStreamClass = dsc;
    this.slots = slots;
    this.kind = kind;
    this.decodePacketContext = makeDecoder(packetContextScope(dsc), slots, kind, UNKNOWN_PLACE).decode;
    this.#header = makeDecoder(eventRecordHeaderScope(dsc), slots, kind, UNKNOWN_PLACE);
    this.decodeHeader = this.#header.decode;
    this.toTime = dsc.defaultClock === undefined ? undefined : cyclesToTime(dsc.defaultClock);
  }

  /** Decoder of the class that the header named; throws a `CtfError` when there is none. */
  recordDecoder(state: DecodeState, position: number): RecordDecoder {
    const id = state.eventRecordClassId;
    if (typeof id === 'number') {
      const known = this.#indexed[id];
      if (known !== undefined) return known;
    }
    return this.#make(state, position);
  }

  /** The class that the header named; throws a `CtfError` when there is none. */
  classOf(state: DecodeState, position: number): EventRecordClass {
    const erc = findClass(this.dataStreamClass, state.eventRecordClassId);
    if (erc === undefined) throw state.unknownClass(state.eventRecordClassId, position);
    return erc;
  }

  #make(state: DecodeState, position: number): RecordDecoder {
    const erc = findClass(this.dataStreamClass, state.eventRecordClassId);
    if (erc === undefined) throw state.unknownClass(state.eventRecordClassId, position);
    const known = this.#mapped.get(erc.id);
    if (known !== undefined) return known;
    const scopes = [...commonContextScope(this.dataStreamClass), ...eventRecordScopes(this.dataStreamClass, erc)];
    const decode =
      this.kind === 'interpreted'
        ? interpretScopes(scopes, this.slots, this.#values)
        : compileScopes(scopes, {
            slots: this.slots,
            wantsValues: true,
            exportsSlots: false,
            place: this.#header.place,
            values: this.#values,
          }).decode;
    const made: RecordDecoder = { eventRecordClass: erc, decode };
    this.#mapped.set(erc.id, made);
    if (typeof state.eventRecordClassId === 'number' && state.eventRecordClassId < INDEXED_IDS)
      this.#indexed[state.eventRecordClassId] = made;
    return made;
  }

  /** Steps over the rest of the state's packet and counts. */
  countPacket(state: DecodeState): number {
    this.#counter ??=
      this.kind === 'interpreted'
        ? this.#countByValues()
        : (compileCountLoop(this.dataStreamClass, this.slots) ?? this.#countBySteps());
    return this.#counter(state);
  }

  /** For classes too many for one loop: one generated function a class, made when first met. */
  #countBySteps(): PacketCounter {
    return countWith(
      (state) => this.stepHeader(state),
      (state, position) => this.stepRecord(state, position),
    );
  }

  #countByValues(): PacketCounter {
    return countWith(this.decodeHeader, (state, position) => this.recordDecoder(state, position).decode(state));
  }

  /** Decodes what a header says of its record, and makes no values. */
  stepHeader(state: DecodeState): void {
    this.#stepHeader ??=
      this.kind === 'interpreted'
        ? this.#header
        : compileScopes(eventRecordHeaderScope(this.dataStreamClass), {
            slots: this.slots,
            wantsValues: false,
            exportsSlots: true,
          });
    this.#stepHeader.decode(state);
  }

  /** Steps over what follows the header. */
  stepRecord(state: DecodeState, position: number): void {
    if (this.kind === 'interpreted') this.recordDecoder(state, position).decode(state);
    else (this.#steps.get(state.eventRecordClassId) ?? this.#makeStep(state, position))(state);
  }

  #makeStep(state: DecodeState, position: number): ScopesDecoder {
    const dsc = this.dataStreamClass;
    const erc = findClass(dsc, state.eventRecordClassId);
    if (erc === undefined) throw state.unknownClass(state.eventRecordClassId, position);
    const step = compileScopes([...commonContextScope(dsc), ...eventRecordScopes(dsc, erc)], {
      slots: this.slots,
      wantsValues: false,
      exportsSlots: false,
      place: this.#header.place,
    }).decode;
    this.#steps.set(state.eventRecordClassId, step);
    return step;
  }
}

function countWith(
  decodeHeader: ScopesDecoder,
  decodeRest: (state: DecodeState, position: number) => void,
): PacketCounter {
  return (state) => {
    let count = 0;
    state.mark();
    while (!state.isAtEnd()) {
      const { position, bit } = state;
      state.eventRecordClassId = undefined;
      decodeHeader(state);
      decodeRest(state, position);
      checkStep(state, position, bit);
      count++;
    }
    return count;
  };
}

/** Refuses a record that ends outside its packet or took nothing of it. */
export function checkStep(state: DecodeState, position: number, bit: number): void {
  if (state.position > state.end || (state.position === state.end && state.bit > state.endBit)) state.fail(0, position);
  if (state.position === position && state.bit === bit) throw state.stuck();
}

function findClass(dsc: DataStreamClass, id: number | bigint | undefined): EventRecordClass | undefined {
  if (id !== undefined) return dsc.eventRecordClasses.get(BigInt(id));
  // Without an id the only class is meant, or, as CTF 2 has it, that of id 0.
  if (dsc.eventRecordClasses.size === 1) return [...dsc.eventRecordClasses.values()][0];
  return dsc.eventRecordClasses.get(0n);
}

const decoders = new WeakMap<TraceClass, Map<string, TraceDecoder>>();

/** The decoder of a trace class; the same one for the same class. */
export function traceDecoderOf(
  traceClass: TraceClass,
  kind: DecoderKind,
  values: ValueMode = EAGER_VALUES,
): TraceDecoder {
  let known = decoders.get(traceClass);
  if (known === undefined) decoders.set(traceClass, (known = new Map<string, TraceDecoder>()));
  const key = `${kind} ${values.isLazy} ${values.hasWideNumbers}`;
  let decoder = known.get(key);
  if (decoder === undefined) known.set(key, (decoder = new TraceDecoder(traceClass, kind, values)));
  return decoder;
}

/** The data stream decoder that a packet header's `stream_id` names. */
export function chooseDataStreamDecoder(decoder: TraceDecoder, state: DecodeState): DataStreamDecoder {
  const { dataStreamClasses } = decoder.traceClass;
  const id = state.dataStreamClassId;
  if (id === undefined && dataStreamClasses.size !== 1) {
    throw state.error('A packet names no data stream class, and the trace has not exactly one.', 0);
  }
  const chosen = decoder.dataStreamDecoder(id === undefined ? ([...dataStreamClasses.keys()][0] ?? 0n) : BigInt(id));
  if (chosen === undefined) throw state.error(`No data stream class has the id ${id}.`, 0);
  return chosen;
}

/** A trace without any data stream class cannot have streams; said before a byte is read. */
export function requireDataStreamClasses(traceClass: TraceClass): void {
  if (traceClass.dataStreamClasses.size === 0) throw new CtfError('The metadata declares no data stream class.');
}
