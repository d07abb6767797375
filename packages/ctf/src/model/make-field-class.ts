// SPDX-License-Identifier: MIT
// Makes field classes with the defaults that Lockstep writes: little-endian, natural alignment.
// What tracepoints, kernel formats and tests build their structures with.

import type {
  ByteOrder,
  DisplayBase,
  DynamicLengthArrayFieldClass,
  DynamicLengthStringFieldClass,
  FieldClass,
  FieldLocation,
  FixedLengthFloatFieldClass,
  FixedLengthIntegerFieldClass,
  IntegerRangeSet,
  NullTerminatedStringFieldClass,
  Role,
  StaticLengthArrayFieldClass,
  StaticLengthStringFieldClass,
  StructureFieldClass,
  StructureMemberClass,
  VariantFieldClass,
  VariantOption,
} from './field-class.ts';

/** Integers of more bits than this are bigints wherever values of their class appear. */
export const MAX_NUMBER_BITS = 53;

export interface IntegerOptions {
  readonly byteOrder?: ByteOrder;
  /** Bits; default natural: the length when that is 8, 16, 32 or 64, else 8 for whole bytes and 1 for bits. */
  readonly alignment?: number;
  readonly displayBase?: DisplayBase;
  /** Makes an enumeration of it. */
  readonly mappings?: Readonly<Record<string, IntegerRangeSet>>;
  readonly roles?: readonly Role[];
  /** Name of the clock class whose readings it holds. */
  readonly clock?: string;
}

export function unsignedInteger(length: number, options: IntegerOptions = {}): FixedLengthIntegerFieldClass {
  return integer('fixed-length-unsigned-integer', length, options);
}

export function signedInteger(length: number, options: IntegerOptions = {}): FixedLengthIntegerFieldClass {
  return integer('fixed-length-signed-integer', length, options);
}

/** CTF 1.8 has no boolean: 0 or 1 in one byte. */
export function boolean8(): FixedLengthIntegerFieldClass {
  return unsignedInteger(8);
}

export function floatingPoint(
  length: 32 | 64,
  options: { readonly byteOrder?: ByteOrder; readonly alignment?: number } = {},
): FixedLengthFloatFieldClass {
  return {
    type: 'fixed-length-floating-point-number',
    length,
    byteOrder: options.byteOrder ?? 'little-endian',
    alignment: options.alignment ?? length,
  };
}

export function nullTerminatedString(): NullTerminatedStringFieldClass {
  return { type: 'null-terminated-string' };
}

/** `length` in bytes. */
export function staticLengthString(length: number): StaticLengthStringFieldClass {
  return { type: 'static-length-string', length };
}

export function dynamicLengthString(lengthFieldLocation: FieldLocation): DynamicLengthStringFieldClass {
  return { type: 'dynamic-length-string', lengthFieldLocation };
}

export function structure(
  members: Readonly<Record<string, FieldClass>> | readonly StructureMemberClass[],
  options: { readonly minimumAlignment?: number } = {},
): StructureFieldClass {
  const memberClasses = isMemberList(members)
    ? members
    : Object.entries(members).map(([name, fieldClass]): StructureMemberClass => ({ name, fieldClass }));
  return {
    type: 'structure',
    memberClasses,
    ...(options.minimumAlignment === undefined ? {} : { minimumAlignment: options.minimumAlignment }),
  };
}

export function staticLengthArray(
  elementFieldClass: FieldClass,
  length: number,
  options: { readonly roles?: readonly Role[] } = {},
): StaticLengthArrayFieldClass {
  return {
    type: 'static-length-array',
    elementFieldClass,
    length,
    ...(options.roles === undefined ? {} : { roles: options.roles }),
  };
}

export function dynamicLengthArray(
  elementFieldClass: FieldClass,
  lengthFieldLocation: FieldLocation,
): DynamicLengthArrayFieldClass {
  return { type: 'dynamic-length-array', elementFieldClass, lengthFieldLocation };
}

export function variant(selectorFieldLocation: FieldLocation, options: readonly VariantOption[]): VariantFieldClass {
  return { type: 'variant', options, selectorFieldLocation };
}

/** Name of the length field that LTTng puts before the sequence `name`. */
export function sequenceLengthName(name: string): string {
  return `_${name}_length`;
}

/** The two members of a sequence as LTTng lays them out: a 32-bit length, then the elements. */
export function sequenceMembers(
  name: string,
  elementFieldClass: FieldClass,
): readonly [StructureMemberClass, StructureMemberClass] {
  const lengthName = sequenceLengthName(name);
  return [
    { name: lengthName, fieldClass: unsignedInteger(32) },
    { name, fieldClass: dynamicLengthArray(elementFieldClass, { path: [lengthName] }) },
  ];
}

/** Bounds as values of the class appear: numbers up to 53 bits, bigints above. */
export function normalizeRanges(ranges: IntegerRangeSet, length: number): IntegerRangeSet {
  if (length <= MAX_NUMBER_BITS) return ranges.map(([lower, upper]) => [Number(lower), Number(upper)] as const);
  return ranges.map(([lower, upper]) => [BigInt(lower), BigInt(upper)] as const);
}

/** Alignment in bits that C gives an object of `length` bits. */
export function naturalAlignment(length: number): number {
  if (length === 8 || length === 16 || length === 32 || length === 64) return length;
  return length % 8 === 0 ? 8 : 1;
}

function integer(
  type: FixedLengthIntegerFieldClass['type'],
  length: number,
  options: IntegerOptions,
): FixedLengthIntegerFieldClass {
  const mappings =
    options.mappings === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(options.mappings).map(([label, ranges]) => [label, normalizeRanges(ranges, length)]),
        );
  return {
    type,
    length,
    byteOrder: options.byteOrder ?? 'little-endian',
    alignment: options.alignment ?? naturalAlignment(length),
    ...(options.displayBase === undefined || options.displayBase === 10
      ? {}
      : { preferredDisplayBase: options.displayBase }),
    ...(mappings === undefined ? {} : { mappings }),
    ...(options.roles === undefined ? {} : { roles: options.roles }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  };
}

function isMemberList(
  members: Readonly<Record<string, FieldClass>> | readonly StructureMemberClass[],
): members is readonly StructureMemberClass[] {
  return Array.isArray(members);
}
