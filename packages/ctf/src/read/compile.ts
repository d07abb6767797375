// SPDX-License-Identifier: MIT
// From scopes to decoders: puts the generator's lines into functions and makes them callable by
// `new Function`. Where that is forbidden (`--disallow-code-generation-from-strings`, a page's content
// security policy) the interpreting decoder takes its place, which only costs time.

import type { DataStreamClass } from '../model/trace-class.ts';
import { readBitFloat, readBits, readReversedBits, readSignedBits, readWideBits, readWideSignedBits } from './bits.ts';
import type { DecodeState } from './decode-state.ts';
import { readSizedText, readTerminatedText } from './encodings.ts';
import {
  commonContextScope,
  eventRecordHeaderScope,
  eventRecordScopes,
  SCOPE_PROPERTY,
  type Scope,
  type SlotTable,
} from './field-layout.ts';
import { Generator } from './generator.ts';
import { readVariableLength } from './leb128.ts';
import { interpretScopes, type ScopesDecoder } from './interpret.ts';
import { UNKNOWN_PLACE, type Place } from './place.ts';

const HELPERS = {
  readBits,
  readSignedBits,
  readWideBits,
  readWideSignedBits,
  readReversedBits,
  readBitFloat,
  readVariableLength,
  readTerminatedText,
  readSizedText,
} as const;
export const PROLOGUE =
  'let p = s.position, k = s.bit; const end = s.end, endBit = s.endBit, stop = s.stop, stopBit = s.stopBit, u8 = s.bytes, view = s.view, saved = s.saved, cw = s.clockWords;';

/** Loops with longer code than this (characters) call one function a class: V8 does not optimise giant functions. */
const LONGEST_LOOP = 24_000;

export interface CompiledScopes {
  readonly decode: ScopesDecoder;
  /** What is known of the place where it ends. */
  readonly place: Place;
}

let canGenerate: boolean | undefined;

/** Whether this environment lets strings become code. */
export function canGenerateCode(): boolean {
  if (canGenerate === undefined) {
    try {
      canGenerate = new Function('return true')() === true;
    } catch {
      canGenerate = false;
    }
  }
  return canGenerate;
}

/** Makes source code callable; `names` are what it may refer to beside the helpers of bits. */
export function instantiate(body: string, names: Readonly<Record<string, unknown>> = {}): unknown {
  const known = { ...HELPERS, ...names };
  const maker = new Function(...Object.keys(known), `'use strict';\nreturn ${body};`) as (
    ...helpers: unknown[]
  ) => unknown;
  return maker(...Object.values(known));
}

export interface CompileOptions {
  readonly slots: SlotTable;
  readonly wantsValues: boolean;
  readonly exportsSlots: boolean;
  /** Where the code begins, as far as it is known. */
  readonly place?: Place;
}

/** Source of a function `(s) => void` that decodes `scopes`; exported for its test. */
export function generateScopes(scopes: readonly Scope[], options: CompileOptions): { source: string; place: Place } {
  const generator = new Generator({ ...options, place: options.place ?? UNKNOWN_PLACE });
  for (const scope of scopes) {
    const value = generator.scope(scope);
    if (value !== '') generator.lines.push(`s.${SCOPE_PROPERTY[scope.name]} = ${value};`);
  }
  const place = generator.place;
  generator.settle();
  const lines = [PROLOGUE];
  for (const [slot, zero] of generator.producedSlots) {
    lines.push(`let slot${slot} = ${zero};`);
    if (options.exportsSlots) lines.push(`saved[${slot}] = ${zero};`);
  }
  lines.push(...generator.lines, 's.position = p; s.bit = k;');
  return { source: `(s) => {\n${lines.join('\n')}\n}`, place: { ...place, pending: 0, checked: 0 } };
}

export function compileScopes(scopes: readonly Scope[], options: CompileOptions): CompiledScopes {
  if (!canGenerateCode()) return { decode: interpretScopes(scopes, options.slots), place: UNKNOWN_PLACE };
  const { source, place } = generateScopes(scopes, options);
  return { decode: instantiate(source) as ScopesDecoder, place };
}

/** Steps over all event records of a packet and returns how many there are. */
export type PacketCounter = (state: DecodeState) => number;

/**
 * Source of one loop over a whole packet, with the code of every event record class in its switch.
 * Undefined when it would be too long for V8 to optimise.
 */
export function generateCountLoop(dsc: DataStreamClass, slots: SlotTable): string | undefined {
  const locals = new Map([['eventRecordClassId', 'id']]);
  const generator = new Generator({ slots, wantsValues: false, exportsSlots: false, locals });
  for (const scope of [...eventRecordHeaderScope(dsc), ...commonContextScope(dsc)]) generator.scope(scope);
  generator.settle();
  const before = { ...generator.place, checked: 0 };
  const head = generator.lines;
  generator.lines = [];

  // Classes with the same code share it, as all with the same fixed size do.
  const idsOfBody = new Map<string, bigint[]>();
  for (const erc of dsc.eventRecordClasses.values()) {
    if (erc.id > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
    const { lines } = generator.branch(before, () => {
      for (const scope of eventRecordScopes(dsc, erc)) generator.scope(scope);
      generator.settle();
    });
    const body = lines.join('\n');
    idsOfBody.set(body, [...(idsOfBody.get(body) ?? []), erc.id]);
  }
  const only = dsc.eventRecordClasses.size === 1 ? [...dsc.eventRecordClasses.keys()][0] : undefined;
  const cases = [...idsOfBody].map(([body, ids]) => `${ids.map((id) => `case ${id}:`).join(' ')} {\n${body}\nbreak; }`);
  const source = [
    '(s) => {',
    PROLOGUE,
    ...[...generator.producedSlots].map(([slot, zero]) => `let slot${slot} = ${zero};`),
    `let count = 0, id = ${only ?? -1};`,
    'while (p < stop || (p === stop && k < stopBit)) {',
    'const start = p, startBit = k;',
    ...[...generator.producedSlots].map(([slot, zero]) => `slot${slot} = ${zero};`),
    ...head,
    'switch (id) {',
    ...cases,
    'default: throw s.unknownClass(id, start);',
    '}',
    'if (p > end || (p === end && k > endBit)) s.fail(0, start);',
    'if (p === start && k === startBit) throw s.stuck();',
    'count++;',
    '}',
    's.position = p; s.bit = k;',
    'return count;',
    '}',
  ].join('\n');
  return source.length > LONGEST_LOOP ? undefined : source;
}

export function compileCountLoop(dsc: DataStreamClass, slots: SlotTable): PacketCounter | undefined {
  if (!canGenerateCode()) return undefined;
  const source = generateCountLoop(dsc, slots);
  return source === undefined ? undefined : (instantiate(source) as PacketCounter);
}
