// SPDX-License-Identifier: MIT
// `integer { … }`, `floating_point { … }` and `string { … }` (sections 4.1.5, 4.1.7, 4.2.5) -> TSDL types.
// The cursor stands behind the first word. Unknown attributes are passed over, as babeltrace2 does.

import type { ByteOrder, DisplayBase } from '../model/field-class.ts';
import type { Attribute, TokenCursor } from './token-cursor.ts';
import type { TsdlFloat, TsdlInteger, TsdlString } from './tsdl-type.ts';

const BASES: ReadonlyMap<string, DisplayBase> = new Map([
  ...['decimal', 'dec', 'd', 'i', 'u', '10'].map((word) => [word, 10] as const),
  ...['hexadecimal', 'hex', 'x', 'X', 'p', '16'].map((word) => [word, 16] as const),
  ...['octal', 'oct', 'o', '8'].map((word) => [word, 8] as const),
  ...['binary', 'b', '2'].map((word) => [word, 2] as const),
]);

/** CTF 1.8 sets no limit; babeltrace2 reads 64. */
const MAX_INTEGER_BITS = 4096n;

/** Lengths by exponent and mantissa digits: the formats of C's float and double. */
const FLOAT_LENGTHS: ReadonlyMap<string, 32 | 64> = new Map([
  ['8 24', 32],
  ['11 53', 64],
]);

/** Parses a type that its text alone says, once for each text. */
function repeated<Type>(cursor: TokenCursor, word: string, parse: (cursor: TokenCursor) => Type): Type {
  const braced = cursor.tryBracedText();
  if (braced === undefined) return parse(cursor);
  const key = word + braced;
  const known = cursor.knownTypes.get(key);
  if (known !== undefined) {
    cursor.skipBracedText(braced);
    return known as Type;
  }
  const parsed = parse(cursor);
  cursor.knownTypes.set(key, parsed);
  return parsed;
}

export function parseIntegerType(cursor: TokenCursor): TsdlInteger {
  return repeated(cursor, 'integer', parseInteger);
}

export function parseFloatType(cursor: TokenCursor): TsdlFloat {
  return repeated(cursor, 'float', parseFloatingPoint);
}

function parseInteger(cursor: TokenCursor): TsdlInteger {
  const { offset } = cursor.token;
  const attributes = cursor.takeAttributes();
  const size = attributes.get('size');
  if (size === undefined) throw cursor.error('An integer needs the attribute "size".', offset);
  const length = cursor.integerOf(size);
  if (length < 1n || length > MAX_INTEGER_BITS)
    throw cursor.error(`An integer must have 1 to ${MAX_INTEGER_BITS} bits.`, size.offset);
  const isSigned = attributes.get('signed');
  const base = attributes.get('base');
  const encoding = attributes.get('encoding');
  const map = attributes.get('map');
  return {
    kind: 'integer',
    length: Number(length),
    alignment: parseAlignment(cursor, attributes.get('align')) ?? (length % 8n === 0n ? 8 : 1),
    isSigned: isSigned !== undefined && cursor.booleanOf(isSigned),
    byteOrder: parseByteOrder(cursor, attributes.get('byte_order')),
    base: base === undefined ? 10 : parseBase(cursor, base),
    isText: encoding !== undefined && parseEncoding(cursor, encoding),
    clock: map === undefined ? undefined : parseClockMapping(cursor, map),
  };
}

function parseFloatingPoint(cursor: TokenCursor): TsdlFloat {
  const { offset } = cursor.token;
  const attributes = cursor.takeAttributes();
  const exponent = attributes.get('exp_dig');
  const mantissa = attributes.get('mant_dig');
  if (exponent === undefined || mantissa === undefined)
    throw cursor.error('A floating-point number needs "exp_dig" and "mant_dig".', offset);
  const length = FLOAT_LENGTHS.get(`${cursor.integerOf(exponent)} ${cursor.integerOf(mantissa)}`);
  if (length === undefined)
    throw cursor.error('A floating-point number must have 8 and 24, or 11 and 53 digits.', offset);
  return {
    kind: 'float',
    length,
    alignment: parseAlignment(cursor, attributes.get('align')) ?? 8,
    byteOrder: parseByteOrder(cursor, attributes.get('byte_order')),
  };
}

export function parseStringType(cursor: TokenCursor): TsdlString {
  if (cursor.is('{')) {
    const encoding = cursor.takeAttributes().get('encoding');
    if (encoding !== undefined) parseEncoding(cursor, encoding);
  }
  return { kind: 'string' };
}

function parseAlignment(cursor: TokenCursor, attribute: Attribute | undefined): number | undefined {
  if (attribute === undefined) return undefined;
  const value = cursor.integerOf(attribute);
  cursor.checkAlignment(value, attribute.offset);
  return Number(value);
}

function parseByteOrder(cursor: TokenCursor, attribute: Attribute | undefined): ByteOrder | undefined {
  if (attribute === undefined) return undefined;
  switch (cursor.wordOf(attribute, 'native, network, be or le')) {
    case 'native':
      return undefined;
    case 'network':
    case 'be':
      return 'big-endian';
    case 'le':
      return 'little-endian';
    default:
      throw cursor.error('A byte order must be native, network, be or le.', attribute.offset);
  }
}

function parseBase(cursor: TokenCursor, attribute: Attribute): DisplayBase {
  const base = BASES.get(cursor.wordOf(attribute, 'a base'));
  if (base === undefined)
    throw cursor.error(
      'A base must be decimal, hexadecimal, octal, binary or one of their short forms.',
      attribute.offset,
    );
  return base;
}

/** True for text. */
function parseEncoding(cursor: TokenCursor, attribute: Attribute): boolean {
  switch (cursor.wordOf(attribute, 'none, UTF8 or ASCII').toLowerCase()) {
    case 'none':
      return false;
    case 'utf8':
    case 'ascii':
      return true;
    default:
      throw cursor.error('An encoding must be none, UTF8 or ASCII.', attribute.offset);
  }
}

/** The clock's name in `map = clock.NAME.value`. */
function parseClockMapping(cursor: TokenCursor, attribute: Attribute): string {
  const match = /^clock\.([^.]+)\.value$/.exec(cursor.wordOf(attribute, 'clock.NAME.value'));
  if (match?.[1] === undefined) throw cursor.error('A mapping must be clock.NAME.value.', attribute.offset);
  return match[1];
}
