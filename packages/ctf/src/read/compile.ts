// SPDX-License-Identifier: MIT
// From scopes to decoders: puts the generator's lines into functions and makes them callable by
// `new Function`. Where that is forbidden (`--disallow-code-generation-from-strings`, a page's content
// security policy) the interpreting decoder takes its place, which only costs time.

import { readBitFloat, readBits, readReversedBits, readSignedBits, readWideBits, readWideSignedBits } from './bits.ts';
import { readSizedText, readTerminatedText } from './encodings.ts';
import { SCOPE_PROPERTY, type Scope, type SlotTable } from './field-layout.ts';
import type { ValueMode } from './generated-code.ts';
import { Generator } from './generator.ts';
import { finishLazyClass, lazyInteger, lazyText } from './lazy-values.ts';
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
  inRange,
  finishLazyClass,
  lazyInteger,
  lazyText,
} as const;
/** Whether a clock's reading lies between two, all as words: no bigint is made. */
function inRange(
  high: number,
  low: number,
  beginHigh: number,
  beginLow: number,
  endHigh: number,
  endLow: number,
): boolean {
  return (
    (high > beginHigh || (high === beginHigh && low >= beginLow)) &&
    (high < endHigh || (high === endHigh && low <= endLow))
  );
}

export const PROLOGUE =
  'let p = s.position, k = s.bit; const end = s.end, endBit = s.endBit, stop = s.stop, stopBit = s.stopBit, u8 = s.bytes, view = s.view, saved = s.saved, cw = s.clockWords;';

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
  readonly values?: ValueMode;
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
  const decoder = `(s) => {\n${lines.join('\n')}\n}`;
  const { lazyClasses } = generator;
  const source = lazyClasses.length === 0 ? decoder : `(() => {\n${lazyClasses.join('\n')}\nreturn ${decoder}\n})()`;
  return { source, place: { ...place, pending: 0, checked: 0 } };
}

export function compileScopes(scopes: readonly Scope[], options: CompileOptions): CompiledScopes {
  if (!canGenerateCode())
    return { decode: interpretScopes(scopes, options.slots, options.values), place: UNKNOWN_PLACE };
  const { source, place } = generateScopes(scopes, options);
  return { decode: instantiate(source) as ScopesDecoder, place };
}
