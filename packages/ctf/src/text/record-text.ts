// SPDX-License-Identifier: MIT
// Generated code that decodes one event record and prints it in one go: bytes of a packet in, bytes of
// text out, and nothing made between them. A function is made for each event record class of a trace
// when it is first met.
//
// The code's own names: `w` is the text buffer, `dv` its view, `o` where the next byte goes, `K` the
// most bytes that all the record's fields of bounded text take together. Whatever is not bounded makes
// room for itself and K more, so that the rest needs no further check.

import type { FieldClass, FixedLengthIntegerFieldClass, IntegerFieldClass, ScopeName } from '../model/field-class.ts';
import { encodeUtf8 } from '@lockstep/base';
import type { DecodeState } from '../read/decode-state.ts';
import { instantiate, PROLOGUE } from '../read/compile.ts';
import { Generator, type FieldVisitor } from '../read/generator.ts';
import type { Scope, SlotTable } from '../read/field-layout.ts';
import type { Place } from '../read/place.ts';
import type { Colors } from './colors.ts';
import { formatBlob, formatEnumeration, isShown } from './format-fields.ts';
import { formatInteger } from './format-number.ts';
import { quote, printableName } from './format-string.ts';
import {
  INTEGER_ROOM,
  putAscii,
  putHexWords,
  putInt32,
  putInteger,
  putStoredReal,
  putUint32,
  putWords,
  REAL_ROOM,
  storedReal,
} from './put-number.ts';
import { textConstant, type TextBuffer, type TextConstant } from './text-buffer.ts';

/** Integers above this many bits are bigints, by class. */
const WIDEST_NUMBER = 53;
/** Remembered texts of an enumeration's values; then they are made again, so that memory stays bounded. */
const REMEMBERED_VALUES = 1024;

/** Decodes and prints the record at the state's place; `context` is the text of the packet's context. */
export type RecordPrinter = (state: DecodeState, buffer: TextBuffer, context: TextConstant) => void;

export interface RecordTextOptions {
  readonly slots: SlotTable;
  /** Where the record's scopes begin, as far as it is known. */
  readonly place: Place;
  /** Scopes that are decoded, each with the text before it; undefined = it is not printed. */
  readonly scopes: readonly { readonly scope: Scope; readonly lead: string | undefined; readonly withNames: boolean }[];
  readonly head: string;
  /** Whether the packet's context stands between head and scopes. */
  readonly hasContext: boolean;
  readonly colors: Colors;
}

const HELPERS = {
  putAscii,
  putHexWords,
  putInt32,
  putInteger,
  putStoredReal,
  putUint32,
  putWords,
  storedReal,
} as const;

export function compileRecordPrinter(options: RecordTextOptions): RecordPrinter {
  const { source, constants } = generateRecordPrinter(options);
  return instantiate(source, { ...HELPERS, constants }) as RecordPrinter;
}

/** The source, and what it calls `constants`; exported for its test. */
export function generateRecordPrinter(options: RecordTextOptions): { source: string; constants: readonly unknown[] } {
  const { slots, place, head, hasContext, colors } = options;
  const text = new TextCode(colors);
  const generator = new Generator({ slots, wantsValues: false, exportsSlots: false, visitor: text, place });
  text.literal(head);
  const lines = [text.take()];
  if (hasContext) lines.push('o = w.addConstant(o, c, K); dv = w.view;');
  for (const { scope, lead, withNames } of options.scopes) {
    text.withNames = withNames;
    text.isOff = lead === undefined;
    if (lead !== undefined) text.literal(lead);
    generator.scope(scope);
  }
  generator.settle();
  text.isOff = false;
  text.literal('\n');
  const slotNames = [...generator.producedSlots].map(([slot, zero]) => `let slot${slot} = ${zero};`);
  const body = [
    PROLOGUE,
    ...slotNames,
    ...lines,
    ...generator.lines,
    text.take(),
    's.position = p; s.bit = k; w.position = o;',
  ];
  const prologue = `const K = ${text.room}; let o = w.position; if (o + K > w.limit) w.reserve(o, K); let dv = w.view;`;
  return { source: `(s, w, c) => {\n${prologue}\n${body.join('\n')}\n}`, constants: text.constants };
}

/** Writes the code of fields' text. Constant text is held back and written where something variable follows. */
class TextCode implements FieldVisitor {
  withNames = true;
  /** Nothing is printed; lengths and selectors are still decoded. */
  isOff = false;
  /** Bytes that all bounded text takes. */
  room = 64;
  readonly constants: unknown[] = [];
  readonly #colors: Colors;
  #held = '';

  constructor(colors: Colors) {
    this.#colors = colors;
  }

  literal(text: string): void {
    if (!this.isOff) this.#held += text;
  }

  /** Statements that write what was held back. */
  take(): string {
    const bytes = encodeUtf8(this.#held);
    this.#held = '';
    if (bytes.length === 0) return '';
    this.room += bytes.length + 4;
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += 4) {
      const [a, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
      const place = at === 0 ? 'o' : `o + ${at}`;
      // Bytes beyond the text are overwritten by what follows.
      if (at + 1 === bytes.length) lines.push(`dv.setUint8(${place}, ${a});`);
      else lines.push(`dv.setInt32(${place}, ${a! | (b << 8) | (c << 16) | (d << 24)}, true);`);
    }
    return `${lines.join(' ')} o += ${bytes.length};`;
  }

  #constant(value: unknown): string {
    this.constants.push(value);
    return `constants[${this.constants.length - 1}]`;
  }

  /** What is held back, then statements that move `o`, in the colour of values. */
  #put(color: string, room: number, statements: string): string {
    if (this.isOff) return '';
    this.literal(color);
    const before = this.take();
    this.room += room;
    if (color !== '') this.literal(this.#colors.reset);
    return `${before} ${statements}`;
  }

  isShown(fc: FieldClass, scope: ScopeName): boolean {
    return !this.isOff && isShown(fc, scope);
  }

  value(fc: FieldClass, value: string): string {
    const { number } = this.#colors;
    switch (fc.type) {
      case 'fixed-length-boolean':
        return this.#put(number, 8, `o = putAscii(dv, o, ${value} != 0 ? "true" : "false");`);
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        return this.#integer(fc, value);
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
        if (fc.mappings !== undefined) return this.#enumeration(fc, value);
        return this.#addText(number, value, (read: number | bigint) => formatInteger(read, fc));
      case 'null-terminated-string':
      case 'static-length-string':
      case 'dynamic-length-string':
        return this.#addText(this.#colors.text, value, quote);
      case 'static-length-blob':
      case 'dynamic-length-blob':
        return this.#addText(number, value, formatBlob);
      case 'fixed-length-bit-map':
      case 'fixed-length-bit-array':
        return this.#put(number, 0, `o = w.addText(o, "0x" + ${value}.toString(16).toUpperCase(), K); dv = w.view;`);
      default:
        return this.#put(number, 0, `o = w.addText(o, String(${value}), K); dv = w.view;`);
    }
  }

  /** Text that a function makes of a value. */
  #addText(color: string, value: string, format: unknown): string {
    return this.#put(color, 0, `o = w.addText(o, ${this.#constant(format)}(${value}), K); dv = w.view;`);
  }

  #integer(fc: FixedLengthIntegerFieldClass, value: string): string {
    const { number } = this.#colors;
    if (fc.mappings !== undefined) return this.#enumeration(fc, value);
    const isSigned = fc.type === 'fixed-length-signed-integer';
    const base = fc.preferredDisplayBase ?? 10;
    if (base === 10 && fc.length <= WIDEST_NUMBER) {
      const put = fc.length > 32 ? 'putInteger' : isSigned ? 'putInt32' : 'putUint32';
      return this.#put(number, INTEGER_ROOM, `o = ${put}(dv, o, ${value});`);
    }
    if (base === 16 && fc.length <= 32) {
      const mask = 2 ** (Math.ceil(fc.length / 4) * 4) - 1;
      this.literal(number);
      this.literal('0x');
      return this.#put('', INTEGER_ROOM, `o = putHexWords(dv, o, 0, (${value} & ${mask}) >>> 0);`) + this.#reset();
    }
    const format = this.#constant((read: number | bigint): string => formatInteger(read, fc));
    return this.#put(number, 0, `o = w.addText(o, ${format}(${value}), K); dv = w.view;`);
  }

  /** After text whose colour was begun apart. */
  #reset(): string {
    if (this.#colors.number !== '') this.literal(this.#colors.reset);
    return '';
  }

  #enumeration(fc: IntegerFieldClass, value: string): string {
    const remembered = new Map<number | bigint, TextConstant>();
    const textOf = this.#constant((read: number | bigint): TextConstant => {
      let known = remembered.get(read);
      if (known !== undefined) return known;
      known = textConstant(formatEnumeration(read, fc, this.#colors));
      if (remembered.size >= REMEMBERED_VALUES) remembered.clear();
      remembered.set(read, known);
      return known;
    });
    return this.#put('', 0, `o = w.addConstant(o, ${textOf}(${value}), K); dv = w.view;`);
  }

  real(value: string, signByte: string | undefined): string {
    // printf shows the sign of a NaN, which a number in JavaScript does not have.
    const sign = signByte === undefined ? '"nan"' : `${signByte} > 127 ? "-nan" : "nan"`;
    return this.#put(
      this.#colors.number,
      REAL_ROOM,
      `if (${value} === ${value}) { storedReal[0] = ${value}; o = putStoredReal(dv, o); } else o = putAscii(dv, o, ${sign});`,
    );
  }

  wideInteger(fc: FixedLengthIntegerFieldClass, high: string, low: string): string {
    const { number } = this.#colors;
    const isSigned = fc.type === 'fixed-length-signed-integer';
    const base = fc.preferredDisplayBase ?? 10;
    if (fc.mappings === undefined && base === 10)
      return this.#put(number, INTEGER_ROOM, `o = putWords(dv, o, ${high}, ${low}, ${isSigned});`);
    if (fc.mappings === undefined && base === 16) {
      this.literal(number);
      this.literal('0x');
      return this.#put('', INTEGER_ROOM, `o = putHexWords(dv, o, ${high}, ${low});`) + this.#reset();
    }
    const joined = `(BigInt(${high}) << 32n | BigInt(${low}))`;
    return this.#integer(fc, isSigned ? `BigInt.asIntN(64, ${joined})` : joined);
  }

  text(begin: string, end: string): string {
    return this.#put(this.#colors.text, 0, `o = w.addQuoted(o, u8, ${begin}, ${end}, K); dv = w.view;`);
  }

  beginStructure(): string {
    this.literal('{');
    return '';
  }

  beginMember(name: string, position: number): string {
    this.literal(position === 0 ? ' ' : ', ');
    if (this.withNames) this.literal(`${this.#colors.fieldName}${printableName(name)}${this.#colors.reset} = `);
    return '';
  }

  endStructure(): string {
    this.literal(' }');
    return '';
  }

  beginArray(): string {
    this.literal('[');
    return this.take();
  }

  beginElement(index: string): string {
    const lead = `${index} === 0 ? " " : ", "`;
    if (!this.withNames) return `if (o + K > w.limit) { w.reserve(o, K); dv = w.view; } o = putAscii(dv, o, ${lead});`;
    this.room += INTEGER_ROOM;
    this.literal('] = ');
    return (
      `if (o + K > w.limit) { w.reserve(o, K); dv = w.view; } ` +
      `o = putAscii(dv, o, ${index} === 0 ? " [" : ", ["); o = putUint32(dv, o, ${index});`
    );
  }

  endElement(): string {
    return this.take();
  }

  endArray(): string {
    this.literal(' ]');
    return '';
  }

  beginVariant(): string {
    return this.take();
  }

  absent(): string {
    this.literal('<none>');
    return this.take();
  }

  beginOption(): string {
    this.literal('{ ');
    return '';
  }

  endOption(): string {
    this.literal(' }');
    return this.take();
  }
}
