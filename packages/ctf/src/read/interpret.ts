// SPDX-License-Identifier: MIT
// The interpreting decoder: field class and bytes in, field value out, one field at a time. It is slow
// and plain. It runs where code may not be generated, and it is the oracle that tests hold the
// generated decoders against: both must leave the same decode state behind.

import { assertUnreachable } from '@lockstep/base';
import type {
  DynamicLengthArrayFieldClass,
  FieldClass,
  FixedLengthFloatFieldClass,
  FixedLengthIntegerFieldClass,
  ScopeName,
  StaticLengthArrayFieldClass,
  StructureFieldClass,
  VariantFieldClass,
} from '../model/field-class.ts';
import type { FieldValue, StructureValue } from '../model/event-record.ts';
import { readBitFloat, readBits, readSignedBits, readWideBits, readWideSignedBits } from './bits.ts';
import {
  EMPTY_ELEMENT_LIMIT,
  FAIL_ARRAY,
  FAIL_FIELD,
  FAIL_STRING,
  FAIL_VARIANT,
  type DecodeState,
} from './decode-state.ts';
import {
  alignmentOf,
  elementKey,
  leastSizeOf,
  memberKey,
  optionRanges,
  roleEffects,
  SCOPE_PROPERTY,
  type Scope,
  type SlotTable,
} from './field-layout.ts';

/** Decodes scopes one after another at the state's place and leaves their values in it. */
export type ScopesDecoder = (state: DecodeState) => void;

export function interpretScopes(scopes: readonly Scope[], slots: SlotTable): ScopesDecoder {
  const produced = scopes.flatMap((scope) => slots.producedIn(scope));
  return (state) => {
    for (const slot of produced) state.saved[slot] = 0;
    for (const scope of scopes) {
      const reader = new FieldReader(state, slots, scope.name);
      state[SCOPE_PROPERTY[scope.name]] = reader.structure(scope.fieldClass, scope.key);
    }
  };
}

type BitFieldClass = Extract<FieldClass, { readonly length: number; readonly byteOrder: string }>;

class FieldReader {
  readonly #state: DecodeState;
  readonly #slots: SlotTable;
  readonly #scope: ScopeName;

  constructor(state: DecodeState, slots: SlotTable, scope: ScopeName) {
    this.#state = state;
    this.#slots = slots;
    this.#scope = scope;
  }

  field(fc: FieldClass, key: string): FieldValue {
    switch (fc.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        return this.#integer(fc, key);
      case 'fixed-length-bit-array':
        return this.#bits(fc, false);
      case 'fixed-length-boolean':
        return BigInt(this.#bits(fc, false)) !== 0n;
      case 'fixed-length-floating-point-number':
        return this.#float(fc);
      case 'null-terminated-string':
        return this.#nullTerminatedString();
      case 'static-length-string':
        return this.#string(fc.length);
      case 'dynamic-length-string':
        return this.#string(this.#length(key));
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
    this.#align(fc.alignment);
    const { at, bit } = this.#take(fc.length, FAIL_FIELD);
    const isLittle = fc.byteOrder === 'little-endian';
    const bytes = this.#state.bytes;
    if (fc.length > 53)
      return isSigned
        ? readWideSignedBits(bytes, at, bit, fc.length, isLittle)
        : readWideBits(bytes, at, bit, fc.length, isLittle);
    return isSigned
      ? readSignedBits(bytes, at, bit, fc.length, isLittle)
      : readBits(bytes, at, bit, fc.length, isLittle);
  }

  #integer(fc: FixedLengthIntegerFieldClass, key: string): number | bigint {
    const value = this.#bits(fc, fc.type === 'fixed-length-signed-integer');
    const slot = this.#slots.producedBy(key);
    if (slot !== undefined) this.#state.saved[slot] = value;
    for (const effect of roleEffects(fc, this.#scope)) {
      if (effect.kind === 'set') (this.#state as unknown as Record<string, unknown>)[effect.property] = value;
      else if (effect.kind === 'packet-begin') this.#state.packetBegin = this.#state.clock[0];
      else this.#state.extendClockWide(value, fc.length);
    }
    return value;
  }

  #float(fc: FixedLengthFloatFieldClass): number {
    this.#align(fc.alignment);
    const { at, bit } = this.#take(fc.length, FAIL_FIELD);
    return readBitFloat(this.#state.bytes, at, bit, fc.length, fc.byteOrder === 'little-endian');
  }

  #nullTerminatedString(): string {
    this.#align(8);
    const state = this.#state;
    const begin = state.position;
    const nul = state.bytes.indexOf(0, begin);
    if (nul < 0 || nul >= state.end) state.fail(FAIL_STRING, begin);
    state.position = nul + 1;
    return state.text(begin, nul);
  }

  #string(length: number): string {
    this.#align(8);
    const { at } = this.#take(length * 8, FAIL_ARRAY);
    return this.#state.textUntilNul(at, at + length);
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
    return this.field(option.fieldClass, memberKey(key, option.name));
  }
}
