// SPDX-License-Identifier: MIT
// Field classes: the types of a trace's fields. The tag of the union is the word that CTF 2 writes
// into its metadata (CTF2-SPEC-2.0, "Field classes"), so specification, JSON and TypeScript read the
// same; CTF 1.8's TSDL parses into these. All objects are immutable plain data (JSON-safe but for
// bigint ranges), so that a traced program can write them into its class file.

export type ByteOrder = 'little-endian' | 'big-endian';
/** Which bit of a byte is a field's first; by default the least significant one in little-endian fields, the most significant one in big-endian ones. */
export type BitOrder = 'first-to-last' | 'last-to-first';
export type DisplayBase = 2 | 8 | 10 | 16;
export type StringEncoding = 'utf-8' | 'utf-16be' | 'utf-16le' | 'utf-32be' | 'utf-32le';
/** Inclusive ranges of values; CTF 2 "Integer range set". */
export type IntegerRangeSet = readonly (readonly [lower: bigint | number, upper: bigint | number])[];

/** A JSON value of the metadata; integers beyond 53 bits are bigints. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [name: string]: AttributeValue };
/** User attributes of CTF 2, by namespace. Kept, and written again; CTF 1.8 has none. */
export type Attributes = { readonly [namespace: string]: AttributeValue };

/** CTF 2 roles; CTF 1.8's magic field names parse into them. */
export type Role =
  | 'packet-magic-number'
  | 'metadata-stream-uuid'
  | 'data-stream-class-id'
  | 'data-stream-id'
  | 'packet-total-length'
  | 'packet-content-length'
  | 'default-clock-timestamp'
  | 'packet-end-default-clock-timestamp'
  | 'packet-sequence-number'
  | 'discarded-event-record-counter-snapshot'
  | 'event-record-class-id';

export type ScopeName =
  | 'packet-header'
  | 'packet-context'
  | 'event-record-header'
  | 'event-record-common-context'
  | 'event-record-specific-context'
  | 'event-record-payload';

/** Where a length or selector field is; `origin` absent = relative to the field that names it; null = parent structure. */
export interface FieldLocation {
  readonly origin?: ScopeName;
  readonly path: readonly (string | null)[];
}

interface FieldClassProps {
  readonly attributes?: Attributes;
}

interface FixedLengthBitArrayProps extends FieldClassProps {
  /** Bits; at least 1. TSDL sets no upper limit, parsed metadata has up to 4096. */
  readonly length: number;
  readonly byteOrder: ByteOrder;
  /** Absent: what follows from the byte order. */
  readonly bitOrder?: BitOrder;
  /** Bits, a power of two. */
  readonly alignment: number;
}

interface IntegerProps {
  readonly preferredDisplayBase?: DisplayBase;
  /** Present = CTF 1.8 enumeration. */
  readonly mappings?: Readonly<Record<string, IntegerRangeSet>>;
  readonly roles?: readonly Role[];
}

export interface FixedLengthBitArrayFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-bit-array';
}
export interface FixedLengthBitMapFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-bit-map';
  /** Ranges of bit indexes, 0 the least significant, by name of the flag. */
  readonly flags: Readonly<Record<string, IntegerRangeSet>>;
}
export interface FixedLengthBooleanFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-boolean';
}
export interface FixedLengthIntegerFieldClass extends FixedLengthBitArrayProps, IntegerProps {
  readonly type: 'fixed-length-unsigned-integer' | 'fixed-length-signed-integer';
  /** CTF 1.8 `encoding` on an 8-bit integer makes arrays of it text; kept for arrays whose length is parsed later. */
  readonly encoding?: 'utf-8';
  /** CTF 1.8: name of the clock class whose readings these are; also set where TSDL says so by field name alone. */
  readonly clock?: string;
}
export interface FixedLengthFloatFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-floating-point-number';
}
/** LEB128: 7 bits a byte, the lowest first. Begins on a byte. */
export interface VariableLengthIntegerFieldClass extends FieldClassProps, IntegerProps {
  readonly type: 'variable-length-unsigned-integer' | 'variable-length-signed-integer';
}
export interface NullTerminatedStringFieldClass extends FieldClassProps {
  readonly type: 'null-terminated-string';
  /** Absent: UTF-8. */
  readonly encoding?: StringEncoding;
}
export interface StaticLengthStringFieldClass extends FieldClassProps {
  readonly type: 'static-length-string';
  /** Bytes; the text ends at the first NUL. */
  readonly length: number;
  readonly encoding?: StringEncoding;
}
export interface DynamicLengthStringFieldClass extends FieldClassProps {
  readonly type: 'dynamic-length-string';
  /** Of a length in bytes. */
  readonly lengthFieldLocation: FieldLocation;
  readonly encoding?: StringEncoding;
}
export interface StaticLengthBlobFieldClass extends FieldClassProps {
  readonly type: 'static-length-blob';
  /** Bytes. */
  readonly length: number;
  /** Absent: `application/octet-stream`. */
  readonly mediaType?: string;
  readonly roles?: readonly Role[];
}
export interface DynamicLengthBlobFieldClass extends FieldClassProps {
  readonly type: 'dynamic-length-blob';
  readonly lengthFieldLocation: FieldLocation;
  readonly mediaType?: string;
}
export interface StructureMemberClass {
  readonly name: string;
  readonly fieldClass: FieldClass;
  readonly attributes?: Attributes;
}
export interface StructureFieldClass extends FieldClassProps {
  readonly type: 'structure';
  readonly memberClasses: readonly StructureMemberClass[];
  /** Bits; the alignment is the largest of this and the members'. */
  readonly minimumAlignment?: number;
}
export interface StaticLengthArrayFieldClass extends FieldClassProps {
  readonly type: 'static-length-array';
  readonly elementFieldClass: FieldClass;
  readonly length: number;
  readonly minimumAlignment?: number;
  readonly roles?: readonly Role[];
}
export interface DynamicLengthArrayFieldClass extends FieldClassProps {
  readonly type: 'dynamic-length-array';
  readonly elementFieldClass: FieldClass;
  readonly lengthFieldLocation: FieldLocation;
  readonly minimumAlignment?: number;
}
/** A field that is there only if its selector says so. */
export interface OptionalFieldClass extends FieldClassProps {
  readonly type: 'optional';
  readonly fieldClass: FieldClass;
  readonly selectorFieldLocation: FieldLocation;
  /** Absent: the selector is a boolean. */
  readonly selectorFieldRanges?: IntegerRangeSet;
}
export interface VariantOption {
  readonly name: string;
  readonly fieldClass: FieldClass;
  /** Of CTF 1.8: the ranges of the tag's label with this name; empty = no label selects it. */
  readonly selectorFieldRanges: IntegerRangeSet;
  readonly attributes?: Attributes;
}
export interface VariantFieldClass extends FieldClassProps {
  readonly type: 'variant';
  readonly options: readonly VariantOption[];
  readonly selectorFieldLocation: FieldLocation;
}

/** The field classes of CTF 2, of which CTF 1.8's are a part. */
export type FieldClass =
  | FixedLengthBitArrayFieldClass
  | FixedLengthBitMapFieldClass
  | FixedLengthBooleanFieldClass
  | FixedLengthIntegerFieldClass
  | FixedLengthFloatFieldClass
  | VariableLengthIntegerFieldClass
  | NullTerminatedStringFieldClass
  | StaticLengthStringFieldClass
  | DynamicLengthStringFieldClass
  | StaticLengthBlobFieldClass
  | DynamicLengthBlobFieldClass
  | StructureFieldClass
  | StaticLengthArrayFieldClass
  | DynamicLengthArrayFieldClass
  | OptionalFieldClass
  | VariantFieldClass;

export type IntegerFieldClass = FixedLengthIntegerFieldClass | VariableLengthIntegerFieldClass;
export type StringFieldClass =
  | NullTerminatedStringFieldClass
  | StaticLengthStringFieldClass
  | DynamicLengthStringFieldClass;
/** Fields of a fixed number of bits. */
export type BitFieldClass = Extract<FieldClass, { readonly length: number; readonly byteOrder: ByteOrder }>;
/** What a length can be. */
export type LengthFieldClass = IntegerFieldClass;
/** What selects an option or an optional field. */
export type SelectorFieldClass = IntegerFieldClass | FixedLengthBooleanFieldClass;

export function isIntegerFieldClass(fc: FieldClass): fc is IntegerFieldClass {
  switch (fc.type) {
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer':
      return true;
    default:
      return false;
  }
}

/** Bytes of a code unit of the encoding. */
export function codeUnitSize(encoding: StringEncoding | undefined): 1 | 2 | 4 {
  if (encoding === undefined || encoding === 'utf-8') return 1;
  return encoding === 'utf-16be' || encoding === 'utf-16le' ? 2 : 4;
}

/** The bit order that follows from a byte order. */
export function naturalBitOrder(byteOrder: ByteOrder): BitOrder {
  return byteOrder === 'little-endian' ? 'first-to-last' : 'last-to-first';
}
