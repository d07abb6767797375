// SPDX-License-Identifier: MIT
// Field classes: the types of a trace's fields. The tag of the union is the word that CTF 2 writes
// into its metadata (CTF2-SPEC-2.0, "Field classes"), so specification, JSON and TypeScript read the
// same; CTF 1.8's TSDL parses into these. All objects are immutable plain data (JSON-safe but for
// bigint ranges), so that a traced program can write them into its class file.

export type ByteOrder = 'little-endian' | 'big-endian';
export type DisplayBase = 2 | 8 | 10 | 16;
/** Inclusive ranges of values; CTF 2 "Integer range set". */
export type IntegerRangeSet = readonly (readonly [lower: bigint | number, upper: bigint | number])[];

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

interface FixedLengthBitArrayProps {
  /** Bits; at least 1. TSDL sets no upper limit, parsed metadata has up to 4096. */
  readonly length: number;
  readonly byteOrder: ByteOrder;
  /** Bits, a power of two. */
  readonly alignment: number;
}

export interface FixedLengthBitArrayFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-bit-array';
}
export interface FixedLengthBooleanFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-boolean';
}
export interface FixedLengthIntegerFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-unsigned-integer' | 'fixed-length-signed-integer';
  readonly preferredDisplayBase?: DisplayBase;
  /** Present = CTF 1.8 enumeration. */
  readonly mappings?: Readonly<Record<string, IntegerRangeSet>>;
  readonly roles?: readonly Role[];
  /** CTF 1.8 `encoding` on an 8-bit integer makes arrays of it text; kept for arrays whose length is parsed later. */
  readonly encoding?: 'utf-8';
  /** CTF 1.8: name of the clock class whose readings these are; also set where TSDL says so by field name alone. */
  readonly clock?: string;
}
export interface FixedLengthFloatFieldClass extends FixedLengthBitArrayProps {
  readonly type: 'fixed-length-floating-point-number';
}
export interface NullTerminatedStringFieldClass {
  readonly type: 'null-terminated-string';
}
export interface StaticLengthStringFieldClass {
  readonly type: 'static-length-string';
  /** Bytes; the text ends at the first NUL. */
  readonly length: number;
}
export interface DynamicLengthStringFieldClass {
  readonly type: 'dynamic-length-string';
  /** Of a length in bytes. */
  readonly lengthFieldLocation: FieldLocation;
}
export interface StructureMemberClass {
  readonly name: string;
  readonly fieldClass: FieldClass;
}
export interface StructureFieldClass {
  readonly type: 'structure';
  readonly memberClasses: readonly StructureMemberClass[];
  /** Bits; the alignment is the largest of this and the members'. */
  readonly minimumAlignment?: number;
}
export interface StaticLengthArrayFieldClass {
  readonly type: 'static-length-array';
  readonly elementFieldClass: FieldClass;
  readonly length: number;
  readonly minimumAlignment?: number;
  readonly roles?: readonly Role[];
}
export interface DynamicLengthArrayFieldClass {
  readonly type: 'dynamic-length-array';
  readonly elementFieldClass: FieldClass;
  readonly lengthFieldLocation: FieldLocation;
  readonly minimumAlignment?: number;
}
export interface VariantOption {
  readonly name: string;
  readonly fieldClass: FieldClass;
  /** Of CTF 1.8: the ranges of the tag's label with this name; empty = no label selects it. */
  readonly selectorFieldRanges: IntegerRangeSet;
}
export interface VariantFieldClass {
  readonly type: 'variant';
  readonly options: readonly VariantOption[];
  readonly selectorFieldLocation: FieldLocation;
}

/** The subset of CTF 2's eighteen field classes that CTF 1.8 can express; the others join here. */
export type FieldClass =
  | FixedLengthBitArrayFieldClass
  | FixedLengthBooleanFieldClass
  | FixedLengthIntegerFieldClass
  | FixedLengthFloatFieldClass
  | NullTerminatedStringFieldClass
  | StaticLengthStringFieldClass
  | DynamicLengthStringFieldClass
  | StructureFieldClass
  | StaticLengthArrayFieldClass
  | DynamicLengthArrayFieldClass
  | VariantFieldClass;
