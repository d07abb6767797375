// SPDX-License-Identifier: MIT
// Generated loops over all event records of a packet that make no values: one that counts them, and one
// that puts chosen fields of one class into typed arrays, a column each, and steps over all else.
//
// Where header and records begin and end on bytes, which nearly all traces do, the loop has no bit
// cursor. The low word of the clock is a local `c0`; it goes into the state when the loop ends.

import type { DataStreamClass, EventRecordClass } from '../model/trace-class.ts';
import { canGenerateCode, instantiate, PROLOGUE } from './compile.ts';
import type { DecodeState } from './decode-state.ts';
import {
  alignmentOf,
  commonContextScope,
  eventRecordHeaderScope,
  eventRecordScopes,
  leastSizeOf,
  type SlotTable,
} from './field-layout.ts';
import { Generator, type ColumnStores } from './generator.ts';
import { UNKNOWN_PLACE, type Place } from './place.ts';

/** Loops with longer code than this (characters) call one function a class: V8 does not optimise giant functions. */
const LONGEST_LOOP = 24_000;

/** Refuses a record that ends outside its packet, where records may end within a byte. */
const PAST_END = 'if (p > end || (p === end && k > endBit)) s.fail(0, start);';

/** Steps over all event records of a packet and returns how many there are. */
export type PacketCounter = (state: DecodeState) => number;

/** What a loop stores of the records of one class. */
export interface LoopColumns {
  readonly eventRecordClass: EventRecordClass;
  /** Statements that store a field, by the field's key. */
  readonly stores: ColumnStores;
  /** Statements after the record was decoded: they count rows and store what is no field. */
  readonly endOfRow: string;
  /** Names of the function's further parameters, and a condition under which it goes on. */
  readonly parameters: readonly string[];
  readonly condition: string;
  /** Result of the function. */
  readonly result: string;
  /** Nothing asks for the clock: event records do not move it. */
  readonly isClockless: boolean;
}

/**
 * Source of one loop over a whole packet, with the code of every event record class in its switch.
 * Undefined when it would be too long for V8 to optimise.
 */
export function generatePacketLoop(dsc: DataStreamClass, slots: SlotTable, columns?: LoopColumns): string | undefined {
  const header = eventRecordHeaderScope(dsc);
  const onBytes = header[0] !== undefined && alignmentOf(header[0].fieldClass) >= 8;
  return (
    (onBytes ? new PacketLoop(dsc, slots, columns, true).write() : undefined) ??
    new PacketLoop(dsc, slots, columns, false).write()
  );
}

class PacketLoop {
  readonly #dsc: DataStreamClass;
  readonly #columns: LoopColumns | undefined;
  readonly #onBytes: boolean;
  readonly #generator: Generator;

  constructor(dsc: DataStreamClass, slots: SlotTable, columns: LoopColumns | undefined, onBytes: boolean) {
    this.#dsc = dsc;
    this.#columns = columns;
    this.#onBytes = onBytes;
    const start: Place = onBytes ? { ...UNKNOWN_PLACE, bit: 0 } : UNKNOWN_PLACE;
    this.#generator = new Generator({
      slots,
      wantsValues: false,
      exportsSlots: false,
      locals: new Map([['eventRecordClassId', 'id']]),
      clockLocal: 'c0',
      isClockless: columns?.isClockless === true,
      place: start,
    });
  }

  /** Undefined when it is too long, or a record may end within a byte where that was not foreseen. */
  write(): string | undefined {
    const generator = this.#generator;
    const dsc = this.#dsc;
    for (const scope of eventRecordHeaderScope(dsc)) generator.scope(scope);
    if (this.#onBytes) generator.flush();
    else generator.settle();
    const before = { ...generator.place, checked: 0 };
    const head = generator.lines;
    generator.lines = [];
    // Classes with the same code share it, as all with the same fixed size do.
    const idsOfBody = new Map<string, bigint[]>();
    let length = head.join('\n').length;
    for (const erc of dsc.eventRecordClasses.values()) {
      if (erc.id > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
      const body = this.#body(erc, before);
      if (body === undefined) return undefined;
      const ids = idsOfBody.get(body);
      if (ids === undefined) {
        idsOfBody.set(body, [erc.id]);
        length += body.length;
      } else ids.push(erc.id);
      length += 16;
      if (length > LONGEST_LOOP) return undefined;
    }
    return this.#source(head, idsOfBody);
  }

  #body(erc: EventRecordClass, before: Place): string | undefined {
    const generator = this.#generator;
    const columns = this.#columns?.eventRecordClass === erc ? this.#columns : undefined;
    const outer = new Set(generator.producedSlots.keys());
    const { lines, place } = generator.branch(before, () => {
      generator.columnStores = columns?.stores;
      for (const scope of [...commonContextScope(this.#dsc), ...eventRecordScopes(this.#dsc, erc)])
        generator.scope(scope);
      generator.columnStores = undefined;
      if (!this.#onBytes) generator.settle();
    });
    if (this.#onBytes && place.bit !== 0) return undefined;
    // Slots of the class's own fields live no longer than its record.
    const own = [...generator.producedSlots].filter(([slot]) => !outer.has(slot));
    for (const [slot] of own) generator.producedSlots.delete(slot);
    lines.unshift(...own.map(([slot, zero]) => `let slot${slot} = ${zero};`));
    lines.push(this.#onBytes ? 'if (p > end) s.fail(0, start);' : PAST_END);
    if (columns !== undefined) lines.push(columns.endOfRow);
    return lines.join('\n');
  }

  /** Whether any event record has at least a bit, so that the loop ends. */
  #takesBits(): boolean {
    return eventRecordHeaderScope(this.#dsc).some(({ fieldClass }) => leastSizeOf(fieldClass) > 0);
  }

  #source(head: readonly string[], idsOfBody: ReadonlyMap<string, readonly bigint[]>): string {
    const { eventRecordClasses } = this.#dsc;
    const onBytes = this.#onBytes;
    const only = eventRecordClasses.size === 1 ? [...eventRecordClasses.keys()][0] : undefined;
    const wantedId = this.#columns?.eventRecordClass.id;
    const cases: string[] = [];
    let wanted: string | undefined;
    for (const [body, ids] of idsOfBody) {
      if (wantedId !== undefined && ids.includes(wantedId)) wanted = body;
      else cases.push(`${ids.map((id) => `case ${id}:`).join(' ')} {\n${body}\nbreak; }`);
    }
    const condition = onBytes ? 'p < last' : '(p < stop || (p === stop && k < stopBit))';
    const columns = this.#columns;
    const slots = [...this.#generator.producedSlots];
    return [
      `(${['s', ...(columns?.parameters ?? [])].join(', ')}) => {`,
      PROLOGUE,
      ...slots.map(([slot, zero]) => `let slot${slot} = ${zero};`),
      `let count = 0, id = 0, c0 = cw[0];`,
      // What the header's alignment would do before the first record.
      ...(onBytes ? ['if (k !== 0) { p++; k = 0; }', 'const last = stopBit > 0 ? stop + 1 : stop;'] : []),
      `while (${columns === undefined ? condition : `${columns.condition} && ${condition}`}) {`,
      `const start = p${onBytes ? '' : ', startBit = k'};`,
      ...slots.map(([slot, zero]) => `slot${slot} = ${zero};`),
      `id = ${only ?? 0};`,
      ...head,
      // The class whose rows are wanted is asked for first.
      ...(wanted === undefined ? [] : [`if (id === ${wantedId}) {`, wanted, '} else']),
      'switch (id) {',
      ...cases,
      'default: throw s.unknownClass(id, start);',
      '}',
      ...(this.#takesBits()
        ? []
        : [onBytes ? 'if (p === start) throw s.stuck();' : 'if (p === start && k === startBit) throw s.stuck();']),
      ...(columns === undefined ? ['count++;'] : []),
      '}',
      'cw[0] = c0;',
      `s.position = p; s.bit = ${onBytes ? 0 : 'k'};`,
      `return ${columns?.result ?? 'count'};`,
      '}',
    ].join('\n');
  }
}

export function compileCountLoop(dsc: DataStreamClass, slots: SlotTable): PacketCounter | undefined {
  if (!canGenerateCode()) return undefined;
  const source = generatePacketLoop(dsc, slots);
  return source === undefined ? undefined : (instantiate(source) as PacketCounter);
}
