// SPDX-License-Identifier: MIT
// The types of a tracepoint's fields, as a program writes them, and the arguments that they take.
// Plain frozen objects: a further copy of the tracer in the same process understands them too.

import { InputError } from '@lockstep/base';

declare const argumentType: unique symbol;

/** Type of a field whose argument is an `Argument`. */
export interface FieldType<Argument> {
  /** Phantom: carries the argument's type, never exists at run time. */
  readonly [argumentType]?: (argument: Argument) => Argument;
  readonly kind: 'integer' | 'float' | 'bool' | 'string' | 'enumeration' | 'array' | 'sequence' | 'struct';
}

/** Widths and signedness of an integer field. */
export interface IntegerShape {
  readonly kind: 'integer';
  readonly bits: 8 | 16 | 32 | 64;
  readonly isSigned: boolean;
}
export interface FloatShape {
  readonly kind: 'float';
  readonly bits: 32 | 64;
}
export interface BoolShape {
  readonly kind: 'bool';
}
export interface StringShape {
  readonly kind: 'string';
}
export interface EnumerationShape {
  readonly kind: 'enumeration';
  /** Label to value, in the order given. */
  readonly mappings: ReadonlyMap<string, number>;
  readonly container: IntegerShape;
}
export interface ArrayShape {
  readonly kind: 'array';
  readonly element: FieldShape;
  readonly length: number;
}
export interface SequenceShape {
  readonly kind: 'sequence';
  readonly element: FieldShape;
}
export interface StructShape {
  readonly kind: 'struct';
  readonly members: readonly { readonly name: string; readonly shape: FieldShape }[];
}
/** What a field type is at run time. */
export type FieldShape =
  | IntegerShape
  | FloatShape
  | BoolShape
  | StringShape
  | EnumerationShape
  | ArrayShape
  | SequenceShape
  | StructShape;

/** Any field type; `never` because an argument's type is contravariant. */
// oxlint-disable-next-line typescript/no-explicit-any -- the one place where "any argument" is meant.
export type AnyFieldType = FieldType<any>;

/** Argument that a field type takes. */
export type ArgumentOf<Type> = Type extends FieldType<infer Argument> ? Argument : never;

/** Integers of JavaScript that a 64-bit field takes: a number is exact to 2^53. */
export type Integer64 = number | bigint;

function integer<Argument>(bits: IntegerShape['bits'], isSigned: boolean): FieldType<Argument> {
  return Object.freeze({ kind: 'integer', bits, isSigned });
}

export const int8: FieldType<number> = integer(8, true);
export const int16: FieldType<number> = integer(16, true);
export const int32: FieldType<number> = integer(32, true);
export const int64: FieldType<Integer64> = integer(64, true);
export const uint8: FieldType<number> = integer(8, false);
export const uint16: FieldType<number> = integer(16, false);
export const uint32: FieldType<number> = integer(32, false);
export const uint64: FieldType<Integer64> = integer(64, false);
export const float32: FieldType<number> = Object.freeze({ kind: 'float', bits: 32 });
export const float64: FieldType<number> = Object.freeze({ kind: 'float', bits: 64 });
export const bool: FieldType<boolean> = Object.freeze({ kind: 'bool' });
/** UTF-8, cut at 4096 bytes and counted; an embedded NUL becomes U+FFFD. */
export const string: FieldType<string> = Object.freeze({ kind: 'string' });

/** A labelled integer; the argument is a label or its value. The container is `int32` unless given. */
export function enumeration<const Mappings extends Readonly<Record<string, number>>>(
  mappings: Mappings,
  container: FieldType<number> = int32,
): FieldType<(keyof Mappings & string) | Mappings[keyof Mappings]> {
  const entries = Object.entries(mappings);
  if (entries.length === 0) throw new InputError('An enumeration needs at least one label');
  for (const [label, value] of entries) {
    if (!Number.isSafeInteger(value))
      throw new InputError('An enumeration maps labels to integers', { label, value: String(value) });
  }
  const shape = container as FieldType<number> & FieldShape;
  if (shape.kind !== 'integer' || shape.bits === 64) {
    throw new InputError('The container of an enumeration is an integer of up to 32 bits', { container: shape.kind });
  }
  return Object.freeze({ kind: 'enumeration', mappings: new Map(entries), container: shape });
}

/** Exactly `length` elements; a shorter argument is filled with zeros and counted. */
export function array<Argument>(element: FieldType<Argument>, length: number): FieldType<ArrayLike<Argument>> {
  if (!Number.isSafeInteger(length) || length < 1 || length > MAX_ELEMENT_COUNT) {
    throw new InputError('The length of an array field is an integer from 1 to 65535', { length });
  }
  return Object.freeze({ kind: 'array', element: checkElement(element), length });
}

/** Any number of elements up to 65535. */
export function sequence<Argument>(element: FieldType<Argument>): FieldType<ArrayLike<Argument>> {
  return Object.freeze({ kind: 'sequence', element: checkElement(element) });
}

function checkElement<Argument>(element: FieldType<Argument>): FieldType<Argument> {
  if (shapeOf(element).kind === 'sequence')
    throw new InputError('A sequence cannot be an element; put it into a struct');
  return element;
}

/** A nested structure; the argument is an object with these properties. */
export function struct<const Fields extends Readonly<Record<string, AnyFieldType>>>(
  fields: Fields,
): FieldType<{ readonly [Name in keyof Fields]: ArgumentOf<Fields[Name]> }> {
  const members = Object.entries(fields).map(([name, type]) => ({ name: checkFieldName(name), shape: shapeOf(type) }));
  if (members.length === 0) throw new InputError('A struct field needs at least one member');
  return Object.freeze({ kind: 'struct', members });
}

/** Longest array or sequence that is recorded; longer ones are cut and counted. */
export const MAX_ELEMENT_COUNT = 65_535;

const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

/** CTF identifiers only: the name goes into metadata. */
export function checkFieldName(name: string): string {
  if (!FIELD_NAME.test(name))
    throw new InputError('A field name consists of letters, digits and _ and begins with no digit', { name });
  return name;
}

/** The run-time description of a field type; throws InputError for what is none. */
export function shapeOf(type: AnyFieldType): FieldShape {
  const kind = (type as AnyFieldType | undefined)?.kind;
  if (kind === undefined) throw new InputError('A field needs a type, for instance int32 or string');
  return type as AnyFieldType & FieldShape;
}
