// SPDX-License-Identifier: MIT
// Pieces of source code that the generator puts together, and what its callers can hand it.

import type { FieldClass, FixedLengthIntegerFieldClass, ScopeName } from '../model/field-class.ts';
import { roleEffects, WIDEST_NUMBER, type SlotTable } from './field-layout.ts';
import type { Place } from './place.ts';

/**
 * Writes code that does something with each field where it is met, instead of making values of them:
 * what prints. Every method returns statements; the names that it is given are theirs to read.
 */
export interface FieldVisitor {
  /** Whether a member is met at all; others are only stepped over. */
  isShown(fc: FieldClass, scope: ScopeName): boolean;
  /** A field whose value is the variable `value`: any but structures, arrays and what has a method of its own below. */
  value(fc: FieldClass, value: string): string;
  /** A floating-point number; `signByte` is the byte that has its sign, where that lies on a byte. */
  real(value: string, signByte: string | undefined): string;
  /** An integer of 64 bits as two variables, unsigned words: no bigint is made. */
  wideInteger(fc: FixedLengthIntegerFieldClass, high: string, low: string): string;
  /** Bytes of text, from the variable `begin` up to `end`. */
  text(begin: string, end: string): string;
  beginStructure(): string;
  beginMember(name: string, position: number): string;
  endStructure(): string;
  beginArray(): string;
  beginElement(index: string): string;
  endElement(): string;
  endArray(): string;
  beginVariant(): string;
  beginOption(): string;
  endOption(): string;
  /** An optional field that is not there. */
  absent(): string;
}

export interface GeneratorOptions {
  readonly slots: SlotTable;
  readonly wantsValues: boolean;
  readonly visitor?: FieldVisitor;
  /** Whether slots must reach code that is generated apart from this. */
  readonly exportsSlots: boolean;
  /** Names of locals instead of properties of the state, by property; used by whole-packet loops. */
  readonly locals?: ReadonlyMap<string, string>;
  readonly place?: Place;
  /** Local that has the low word of the clock; absent: the state's. */
  readonly clockLocal?: string;
  /** Readings of the clock are stepped over. */
  readonly isClockless?: boolean;
  readonly values?: ValueMode;
}

/** How values are made, where they are. */
export interface ValueMode {
  /** Strings and 64-bit integers of structures are made when they are read. */
  readonly isLazy: boolean;
  /** Integers of more than 53 bits are numbers, rounded beyond 2^53. */
  readonly hasWideNumbers: boolean;
}

export const EAGER_VALUES: ValueMode = { isLazy: false, hasWideNumbers: false };

/** Statements that store a field's value, by the field's key: the expression of the value in, code out. */
export type ColumnStores = ReadonlyMap<string, ColumnStore>;
export interface ColumnStore {
  readonly store: (value: string) => string;
  /** Takes a 64-bit integer as two variables, its unsigned words. */
  readonly storeWords?: (high: string, low: string) => string;
  /** Takes text as two variables, where it begins and ends. */
  readonly storePlace?: (begin: string, end: string) => string;
}

/** Whether the variable `name` lies in a range, as source code. */
export function rangeTest(name: string, lower: bigint, upper: bigint, isWide: boolean): string {
  const literal = (value: bigint): string => (isWide ? `${value}n` : String(Number(value)));
  return lower === upper
    ? `${name} == ${literal(lower)}`
    : `${name} >= ${literal(lower)} && ${name} <= ${literal(upper)}`;
}

/** Elements that code which only steps can jump over together. */
export function isPlainBytes(fc: FieldClass, scope: ScopeName): boolean {
  if (!('byteOrder' in fc) || fc.alignment < 8 || fc.length % fc.alignment !== 0) return false;
  return !('roles' in fc || 'clock' in fc) || roleEffects(fc, scope).length === 0;
}

export function byteLoad(at: string, length: number, isSigned: boolean, isLittle: boolean): string {
  switch (length) {
    case 8:
      return isSigned ? `u8[${at}] << 24 >> 24` : `u8[${at}]`;
    case 16:
      return `view.get${isSigned ? 'Int' : 'Uint'}16(${at}, ${isLittle})`;
    case 32:
      return `view.get${isSigned ? 'Int' : 'Uint'}32(${at}, ${isLittle})`;
    case 64:
      return `view.getBig${isSigned ? 'Int' : 'Uint'}64(${at}, ${isLittle})`;
    default:
      return bitCall(at, '0', length, isSigned, isLittle);
  }
}

/** Bits at a bit that is known; one 32-bit load where they lie in one (the buffer is longer than the packet). */
export function bitLoad(at: string, bit: number, length: number, isSigned: boolean, isLittle: boolean): string {
  if (!isLittle || bit + length > 32 || length === 32) return bitCall(at, String(bit), length, isSigned, isLittle);
  const word = `view.getUint32(${at}, true)`;
  if (isSigned) return `${word} << ${32 - bit - length} >> ${32 - length}`;
  return bit + length === 32 ? `${word} >>> ${bit}` : `(${word} >>> ${bit}) & ${2 ** length - 1}`;
}

export function bitCall(at: string, bit: string, length: number, isSigned: boolean, isLittle: boolean): string {
  return `read${length > WIDEST_NUMBER ? 'Wide' : ''}${isSigned ? 'Signed' : ''}Bits(u8, ${at}, ${bit}, ${length}, ${isLittle})`;
}
