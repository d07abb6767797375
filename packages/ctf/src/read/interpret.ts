// SPDX-License-Identifier: MIT
// The interpreting decoder: field class and bytes in, field value out, one field at a time. It is slow
// and plain. It runs where code may not be generated, and it is the oracle that tests hold the
// generated decoders against: both must leave the same decode state behind.

import { assertUnreachable } from '@lockstep/base';
import type {
  BitFieldClass,
  DynamicLengthArrayFieldClass,
  FieldClass,
  FixedLengthFloatFieldClass,
  IntegerFieldClass,
  OptionalFieldClass,
  ScopeName,
  StaticLengthArrayFieldClass,
  StringFieldClass,
  StructureFieldClass,
  VariantFieldClass,
} from '../model/field-class.ts';
import type { FieldValue, StructureValue } from '../model/event-record.ts';
import { readBitFloat, readBits, readReversedBits, readSignedBits, readWideBits, readWideSignedBits } from './bits.ts';
import {
  EMPTY_ELEMENT_LIMIT,
  FAIL_ARRAY,
  FAIL_BYTE_ORDER,
  FAIL_FIELD,
  FAIL_STRING,
  FAIL_VARIANT,
  type DecodeState,
} from './decode-state.ts';
import {
  alignmentOf,
  elementKey,
  isInRanges,
  leastSizeOf,
  memberKey,
  optionKey,
  optionRanges,
  roleEffects,
  SCOPE_PROPERTY,
  type Scope,
  type SlotTable,
} from './field-layout.ts';
import { isReversed, isWideText } from '../model/field-class-traits.ts';
import { readSizedText, readTerminatedText } from './encodings.ts';
import { EAGER_VALUES, type ValueMode } from './generated-code.ts';
import { readVariableLength } from './leb128.ts';

/** Decodes scopes one after another at the state's place and leaves their values in it. */
export type ScopesDecoder = (state: DecodeState) => void;

/** Values are made at once also where they were to be lazy: who reads them sees no difference. */
export function interpretScopes(
  scopes: readonly Scope[],
  slots: SlotTable,
  values: ValueMode = EAGER_VALUES,
): ScopesDecoder {
  const produced = scopes.flatMap((scope) => slots.producedIn(scope));
  return (state) => {
    for (const slot of produced) state.saved[slot] = 0;
    for (const scope of scopes) {
      const reader = new FieldReader(state, slots, scope.name, values.hasWideNumbers);
      state[SCOPE_PROPERTY[scope.name]] = reader.structure(scope.fieldClass, scope.key);
    }
  };
}

class FieldReader {
  readonly #state: DecodeState;
  readonly #slots: SlotTable;
  readonly #scope: ScopeName;
  readonly #hasWideNumbers: boolean;

  constructor(state: DecodeState, slots: SlotTable, scope: ScopeName, hasWideNumbers: boolean) {
    this.#hasWideNumbers = hasWideNumbers;
    this.#state = state;
    this.#slots = slots;
    this.#scope = scope;
  }

  field(fc: FieldClass, key: string): FieldValue {
    switch (fc.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer': {
        const value = this.#integer(fc, key);
        return this.#hasWideNumbers ? Number(value) : value;
      }
      case 'fixed-length-bit-array':
      case 'fixed-length-bit-map':
        return this.#bits(fc, false);
      case 'fixed-length-boolean': {
        const value = BigInt(this.#bits(fc, false)) !== 0n;
        this.#save(key, value ? 1 : 0);
        return value;
      }
      case 'fixed-length-floating-point-number':
        return this.#float(fc);
      case 'null-terminated-string':
        return this.#nullTerminatedString(fc);
      case 'static-length-string':
        return this.#string(fc, fc.length);
      case 'dynamic-length-string':
        return this.#string(fc, this.#length(key));
      case 'static-length-blob':
        if (fc.roles?.includes('metadata-stream-uuid') === true) {
          this.#align(8);
          this.#state.metadataUuidAt = this.#state.position;
        }
        return this.#blob(fc.length);
      case 'dynamic-length-blob':
        return this.#blob(this.#length(key));
      case 'optional':
        return this.#optional(fc, key);
      case 'structure':
        return this.structure(fc, key);
      case 'static-length-array':
        return this.#array(fc, fc.length, key);
      case 'dynamic-length-array':
        return this.#array(fc, this.#length(key), key);
      case 'variant':
        return this.#variant(fc, key);
      default:
        return assertUnreachable(fc);
    }
  }

  structure(fc: StructureFieldClass, key: string): StructureValue {
    this.#align(alignmentOf(fc));
    const entries: [string, FieldValue][] = [];
    for (const member of fc.memberClasses) {
      entries.push([member.name, this.field(member.fieldClass, memberKey(key, member.name))]);
    }
    // fromEntries defines members, so that one called `__proto__` is a member too.
    return Object.fromEntries(entries);
  }

  #align(alignment: number): void {
    const state = this.#state;
    const at = state.position * 8 + state.bit;
    const aligned = Math.ceil(at / alignment) * alignment;
    state.position = Math.floor(aligned / 8);
    state.bit = aligned % 8;
  }

  /** Checks that `length` bits are there, steps over them and returns where they began. */
  #take(length: number, reason: number): { readonly at: number; readonly bit: number } {
    const state = this.#state;
    const begin = { at: state.position, bit: state.bit };
    const after = state.position * 8 + state.bit + length;
    if (!(after <= state.end * 8 + state.endBit)) state.fail(reason, state.position);
    state.position = Math.floor(after / 8);
    state.bit = after % 8;
    return begin;
  }

  #bits(fc: BitFieldClass, isSigned: boolean): number | bigint {
    const isLittle = fc.byteOrder === 'little-endian';
    const { at, bit } = this.#takeBits(fc);
    const bytes = this.#state.bytes;
    if (isReversed(fc)) return readReversedBits(bytes, at, bit, fc.length, isLittle, isSigned);
    if (fc.length > 53)
      return isSigned
        ? readWideSignedBits(bytes, at, bit, fc.length, isLittle)
        : readWideBits(bytes, at, bit, fc.length, isLittle);
    return isSigned
      ? readSignedBits(bytes, at, bit, fc.length, isLittle)
      : readBits(bytes, at, bit, fc.length, isLittle);
  }

  /** Aligns, checks, steps over the bits of a field and returns where they are. */
  #takeBits(fc: BitFieldClass): { readonly at: number; readonly bit: number } {
    const state = this.#state;
    this.#align(fc.alignment);
    if (this.#slots.mixesByteOrders) {
      const isLittle = fc.byteOrder === 'little-endian';
      if (state.bit !== 0 && state.lastIsLittle !== isLittle) state.fail(FAIL_BYTE_ORDER, state.position);
      state.lastIsLittle = isLittle;
    }
    return this.#take(fc.length, FAIL_FIELD);
  }

  #integer(fc: IntegerFieldClass, key: string): number | bigint {
    const state = this.#state;
    let begin = 0;
    let value: number | bigint;
    if ('length' in fc) value = this.#bits(fc, fc.type === 'fixed-length-signed-integer');
    else {
      this.#align(8);
      begin = state.position;
      value = readVariableLength(state, fc.type === 'variable-length-signed-integer');
    }
    this.#save(key, value);
    for (const effect of roleEffects(fc, this.#scope)) {
      if (effect.kind === 'set') (state as unknown as Record<string, unknown>)[effect.property] = value;
      else if (effect.kind === 'packet-begin') state.packetBegin = state.clock[0];
      else state.extendClockWide(value, 'length' in fc ? fc.length : (state.position - begin) * 7);
    }
    return value;
  }

  #save(key: string, value: number | bigint): void {
    for (const slot of this.#slots.producedBy(key)) this.#state.saved[slot] = value;
  }

  #float(fc: FixedLengthFloatFieldClass): number {
    const { at, bit } = this.#takeBits(fc);
    return readBitFloat(this.#state.bytes, at, bit, fc.length, fc.byteOrder === 'little-endian', isReversed(fc));
  }

  #nullTerminatedString(fc: StringFieldClass): string {
    this.#align(8);
    const state = this.#state;
    if (isWideText(fc)) return readTerminatedText(state, fc.encoding);
    const begin = state.position;
    const nul = state.bytes.indexOf(0, begin);
    if (nul < 0 || nul >= state.end) state.fail(FAIL_STRING, begin);
    state.position = nul + 1;
    return state.text(begin, nul);
  }

  #string(fc: StringFieldClass, length: number): string {
    this.#align(8);
    if (isWideText(fc)) return readSizedText(this.#state, length, fc.encoding);
    const { at } = this.#take(length * 8, FAIL_ARRAY);
    return this.#state.textUntilNul(at, at + length);
  }

  #blob(length: number): Uint8Array {
    this.#align(8);
    const { at } = this.#take(length * 8, FAIL_ARRAY);
    return this.#state.bytes.slice(at, at + length);
  }

  #optional(fc: OptionalFieldClass, key: string): FieldValue {
    const selector = this.#state.saved[this.#slots.consumedBy(key).slot] ?? 0;
    const isThere = fc.selectorFieldRanges === undefined ? selector != 0 : isInRanges(fc.selectorFieldRanges, selector);
    return isThere ? this.field(fc.fieldClass, elementKey(key)) : undefined;
  }

  #length(key: string): number {
    return Number(this.#state.saved[this.#slots.consumedBy(key).slot]);
  }

  #array(fc: StaticLengthArrayFieldClass | DynamicLengthArrayFieldClass, length: number, key: string): FieldValue {
    const state = this.#state;
    this.#align(alignmentOf(fc));
    const least = leastSizeOf(fc.elementFieldClass);
    const room = state.end * 8 + state.endBit - state.position * 8 - state.bit;
    if (!(length >= 0 && (least === 0 ? length <= EMPTY_ELEMENT_LIMIT : length * least <= room)))
      state.fail(FAIL_ARRAY, state.position);
    if (fc.type === 'static-length-array' && fc.roles?.includes('metadata-stream-uuid') === true)
      state.metadataUuidAt = state.position;
    const elements: FieldValue[] = [];
    const inner = elementKey(key);
    for (let i = 0; i < length; i++) elements.push(this.field(fc.elementFieldClass, inner));
    return elements;
  }

  #variant(fc: VariantFieldClass, key: string): FieldValue {
    const selector = BigInt(this.#state.saved[this.#slots.consumedBy(key).slot] ?? -1);
    const match = optionRanges(fc).find((range) => selector >= range.lower && selector <= range.upper);
    const option = match === undefined ? undefined : fc.options[match.option];
    if (option === undefined) return this.#state.fail(FAIL_VARIANT, this.#state.position);
    return this.field(option.fieldClass, optionKey(key, option.name, match!.option));
  }
}
