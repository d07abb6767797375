// SPDX-License-Identifier: MIT
// The writing twin of the interpreting decoder: field class and value in, bits out. Lengths and
// selectors are fields like all others; one whose value is not given takes it from what it measures,
// where that lies in the same structure. Fields with roles take theirs from who writes the packet.

import { assertUnreachable, CtfError } from '@lockstep/base';
import type { FieldValue, StructureValue } from '../model/event-record.ts';
import { isReversed } from '../model/field-class-traits.ts';
import {
  codeUnitSize,
  isIntegerFieldClass,
  type BitFieldClass,
  type FieldClass,
  type FixedLengthFloatFieldClass,
  type IntegerFieldClass,
  type OptionalFieldClass,
  type StringFieldClass,
  type StructureFieldClass,
  type VariantFieldClass,
} from '../model/field-class.ts';
import {
  alignmentOf,
  elementKey,
  isInRanges,
  memberKey,
  optionKey,
  optionRanges,
  type Scope,
  type SlotTable,
} from '../read/field-layout.ts';
import { encodeText, floatPattern, reverseBits, type BitWriter } from './bit-writer.ts';

/** Says the value of an integer with a role; undefined = the one that is given. */
export type RoleValue = (fc: IntegerFieldClass, given: FieldValue) => number | bigint | undefined;

export class FieldEncoder {
  readonly #writer: BitWriter;
  readonly #slots: SlotTable;
  readonly #roleValue: RoleValue;
  /** Values that later fields measure by, by slot. */
  readonly #saved: (number | bigint)[] = [];
  readonly #uuid: Uint8Array | undefined;

  constructor(writer: BitWriter, slots: SlotTable, roleValue: RoleValue, uuid: Uint8Array | undefined) {
    this.#writer = writer;
    this.#slots = slots;
    this.#roleValue = roleValue;
    this.#uuid = uuid;
  }

  scope(scope: Scope, value: StructureValue | undefined): void {
    this.#structure(scope.fieldClass, value ?? {}, scope.key);
  }

  #field(fc: FieldClass, value: FieldValue, key: string): void {
    switch (fc.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
        this.#integer(fc, value, key);
        return;
      case 'fixed-length-bit-array':
      case 'fixed-length-bit-map':
        this.#bits(fc, integerOf(value, key));
        return;
      case 'fixed-length-boolean': {
        const isTrue = value === true || (typeof value === 'number' && value !== 0);
        this.#save(key, isTrue ? 1 : 0);
        this.#bits(fc, isTrue ? 1 : 0);
        return;
      }
      case 'fixed-length-floating-point-number':
        this.#float(fc, value, key);
        return;
      case 'null-terminated-string': {
        const bytes = this.#text(fc, value, key);
        this.#writer.putBytes(bytes, bytes.length + codeUnitSize(fc.encoding));
        return;
      }
      case 'static-length-string':
        this.#writer.putBytes(this.#text(fc, value, key), fc.length);
        return;
      case 'dynamic-length-string':
        this.#writer.putBytes(this.#text(fc, value, key), this.#length(key));
        return;
      case 'static-length-blob':
        this.#blob(hasUuidRole(fc) ? this.#uuidOr(value) : value, fc.length, key);
        return;
      case 'dynamic-length-blob':
        this.#blob(value, this.#length(key), key);
        return;
      case 'structure':
        this.#structure(fc, structureOf(value, key), key);
        return;
      case 'static-length-array':
        this.#array(fc, hasUuidRole(fc) ? this.#uuidOr(value) : value, fc.length, key);
        return;
      case 'dynamic-length-array':
        this.#array(fc, value, this.#length(key), key);
        return;
      case 'optional':
        this.#optional(fc, value, key);
        return;
      case 'variant':
        this.#variant(fc, value, key);
        return;
      default:
        assertUnreachable(fc);
    }
  }

  #uuidOr(value: FieldValue): FieldValue {
    if (this.#uuid !== undefined || value !== undefined) return this.#uuid ?? value;
    throw new CtfError("Packets carry the trace's UUID, and the trace class has none; give it a `uuid`.");
  }

  #structure(fc: StructureFieldClass, value: StructureValue, key: string): void {
    this.#writer.align(alignmentOf(fc));
    for (const { name, fieldClass } of fc.memberClasses) {
      const own = Object.hasOwn(value, name) ? value[name] : undefined;
      this.#field(fieldClass, own ?? measure(fc, value, name, fieldClass), memberKey(key, name));
    }
  }

  #integer(fc: IntegerFieldClass, given: FieldValue, key: string): void {
    const value = this.#roleValue(fc, given) ?? integerOf(given, key);
    const isSigned = fc.type.endsWith('-signed-integer');
    if (!('length' in fc)) {
      this.#writer.align(8);
      this.#save(key, value);
      this.#variableLength(BigInt(value), isSigned, key);
      return;
    }
    const wide = BigInt(value);
    const held = isSigned ? BigInt.asIntN(fc.length, wide) : BigInt.asUintN(fc.length, wide);
    if (held !== wide) throw new CtfError('A value does not fit its field.', { field: key, value, bits: fc.length });
    this.#save(key, value);
    this.#bits(fc, value);
  }

  #variableLength(value: bigint, isSigned: boolean, key: string): void {
    if (!isSigned && value < 0n) throw new CtfError('A value does not fit its field.', { field: key, value });
    for (let rest = value; ;) {
      const part = Number(rest & 127n);
      rest >>= 7n;
      const isLast = isSigned ? (rest === 0n && part < 64) || (rest === -1n && part >= 64) : rest === 0n;
      this.#writer.putBits(isLast ? part : part | 128, 8, 'little-endian');
      if (isLast) return;
    }
  }

  #save(key: string, value: number | bigint): void {
    for (const slot of this.#slots.producedBy(key)) this.#saved[slot] = value;
  }

  #bits(fc: BitFieldClass, value: number | bigint): void {
    this.#writer.align(fc.alignment);
    this.#writer.putBits(isReversed(fc) ? reverseBits(value, fc.length) : value, fc.length, fc.byteOrder);
  }

  #float(fc: FixedLengthFloatFieldClass, value: FieldValue, key: string): void {
    if (typeof value !== 'number') throw noValue(key, 'a number');
    this.#bits(fc, floatPattern(value, fc.length));
  }

  #text(fc: StringFieldClass, value: FieldValue, key: string): Uint8Array {
    if (typeof value !== 'string') throw noValue(key, 'a string');
    this.#writer.align(8);
    return encodeText(value, fc.encoding);
  }

  #blob(value: FieldValue, length: number, key: string): void {
    if (!(value instanceof Uint8Array)) throw noValue(key, 'bytes');
    this.#writer.align(8);
    if (value.length !== length)
      throw new CtfError('A BLOB has another length than its field says.', { field: key, length, has: value.length });
    this.#writer.putBytes(value);
  }

  #array(
    fc: Extract<FieldClass, { type: 'static-length-array' | 'dynamic-length-array' }>,
    value: FieldValue,
    length: number,
    key: string,
  ): void {
    if (!Array.isArray(value) && !(value instanceof Uint8Array)) throw noValue(key, 'an array');
    const elements = value as ArrayLike<FieldValue>;
    if (elements.length !== length)
      throw new CtfError('An array has another length than its field says.', {
        field: key,
        length,
        has: elements.length,
      });
    this.#writer.align(alignmentOf(fc));
    const inner = elementKey(key);
    for (let index = 0; index < length; index++) this.#field(fc.elementFieldClass, elements[index], inner);
  }

  #optional(fc: OptionalFieldClass, value: FieldValue, key: string): void {
    const selector = this.#saved[this.#slots.consumedBy(key).slot] ?? 0;
    const isThere = fc.selectorFieldRanges === undefined ? selector != 0 : isInRanges(fc.selectorFieldRanges, selector);
    if (isThere) this.#field(fc.fieldClass, value, elementKey(key));
  }

  #variant(fc: VariantFieldClass, value: FieldValue, key: string): void {
    const selector = BigInt(this.#saved[this.#slots.consumedBy(key).slot] ?? -1);
    const match = optionRanges(fc).find(({ lower, upper }) => selector >= lower && selector <= upper);
    const option = match === undefined ? undefined : fc.options[match.option];
    if (match === undefined || option === undefined)
      throw new CtfError('No option of a variant matches its selector.', { field: key, selector });
    this.#field(option.fieldClass, value, optionKey(key, option.name, match.option));
  }

  #length(key: string): number {
    return Number(this.#saved[this.#slots.consumedBy(key).slot] ?? 0);
  }
}

/** The value of a length or selector that was not given, from the member of the structure that it is for. */
function measure(fc: StructureFieldClass, value: StructureValue, name: string, own: FieldClass): FieldValue {
  if (!isIntegerFieldClass(own) && own.type !== 'fixed-length-boolean') return undefined;
  const isOwn = (location: { readonly origin?: unknown; readonly path: readonly (string | null)[] }): boolean =>
    location.origin === undefined && location.path.length === 1 && location.path[0] === name;
  for (const member of fc.memberClasses) {
    const { fieldClass } = member;
    const measured = value[member.name];
    switch (fieldClass.type) {
      case 'dynamic-length-array':
      case 'dynamic-length-blob':
        if (isOwn(fieldClass.lengthFieldLocation)) return (measured as ArrayLike<unknown> | undefined)?.length;
        break;
      case 'dynamic-length-string':
        if (isOwn(fieldClass.lengthFieldLocation))
          return encodeText(typeof measured === 'string' ? measured : '', fieldClass.encoding).length;
        break;
      case 'optional':
        if (!isOwn(fieldClass.selectorFieldLocation)) break;
        if (measured === undefined) return own.type === 'fixed-length-boolean' ? false : unselected(fieldClass);
        return fieldClass.selectorFieldRanges?.[0]?.[0] ?? true;
      default:
        break;
    }
  }
  return undefined;
}

/** The least value that does not select the optional field. */
function unselected(fc: OptionalFieldClass): number {
  let value = 0;
  while (isInRanges(fc.selectorFieldRanges ?? [], value)) value++;
  return value;
}

function integerOf(value: FieldValue, key: string): number | bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw noValue(key, 'an integer');
}

function structureOf(value: FieldValue, key: string): StructureValue {
  if (value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array)
    throw noValue(key, 'a structure');
  return value as StructureValue;
}

function noValue(key: string, wanted: string): CtfError {
  return new CtfError(`A field needs ${wanted}.`, { field: key });
}

function hasUuidRole(fc: { readonly roles?: readonly string[] }): boolean {
  return fc.roles?.includes('metadata-stream-uuid') === true;
}
