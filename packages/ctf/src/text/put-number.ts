// SPDX-License-Identifier: MIT
// Numbers as text, straight into bytes: no string is made of what is printed often. Every function
// writes at byte `o` and returns where it ended; it may write up to 3 bytes beyond, which the caller's
// buffer has room for and what follows overwrites. Results are those of format-number.ts.

import { formatReal } from './format-number.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Longest texts, for who reserves room. */
export const INTEGER_ROOM = 24;
export const REAL_ROOM = 24;

/** Three digits of 0 to 999 as little-endian words: with leading zeros, and without. */
const PADDED = new Int32Array(1000);
const PLAIN = new Int32Array(1000);
for (let value = 0; value < 1000; value++) {
  const tens = (value / 10) | 0;
  const hundreds = (value / 100) | 0;
  const padded = (hundreds | ((tens - hundreds * 10) << 8) | ((value - tens * 10) << 16)) + ZERO * 0x10101;
  PADDED[value] = padded;
  PLAIN[value] = padded >> (value < 10 ? 16 : value < 100 ? 8 : 0);
}

function putUpTo999(view: DataView, o: number, value: number): number {
  view.setInt32(o, PLAIN[value]!, true);
  return value < 10 ? o + 1 : value < 100 ? o + 2 : o + 3;
}

/** An integer of 0 to 2^32 - 1. */
export function putUint32(view: DataView, o: number, value: number): number {
  if (value < 1000) return putUpTo999(view, o, value);
  if (value < 1e6) {
    const high = (value / 1000) | 0;
    const at = putUpTo999(view, o, high);
    view.setInt32(at, PADDED[value - high * 1000]!, true);
    return at + 3;
  }
  const millions = (value / 1e6) | 0;
  const rest = value - millions * 1e6;
  let at: number;
  if (millions < 1000) {
    at = putUpTo999(view, o, millions);
  } else {
    const billions = (millions / 1000) | 0;
    at = putUpTo999(view, o, billions);
    view.setInt32(at, PADDED[millions - billions * 1000]!, true);
    at += 3;
  }
  const thousands = (rest / 1000) | 0;
  view.setInt32(at, PADDED[thousands]!, true);
  view.setInt32(at + 3, PADDED[rest - thousands * 1000]!, true);
  return at + 6;
}

/** An integer of -2^31 to 2^31 - 1. */
export function putInt32(view: DataView, o: number, value: number): number {
  if (value >= 0) return putUint32(view, o, value);
  view.setUint8(o, MINUS);
  return putUint32(view, o + 1, -value);
}

/** Nine digits of 0 to 10^9 - 1. */
export function putNineDigits(view: DataView, o: number, value: number): number {
  const millions = (value / 1e6) | 0;
  const rest = value - millions * 1e6;
  const thousands = (rest / 1000) | 0;
  view.setInt32(o, PADDED[millions]!, true);
  view.setInt32(o + 3, PADDED[thousands]!, true);
  view.setInt32(o + 6, PADDED[rest - thousands * 1000]!, true);
  return o + 9;
}

/** A safe integer. */
export function putInteger(view: DataView, o: number, value: number): number {
  let at = o;
  let magnitude = value;
  if (value < 0) {
    view.setUint8(at++, MINUS);
    magnitude = -value;
  }
  if (magnitude < 4294967296) return putUint32(view, at, magnitude);
  const billions = Math.floor(magnitude / 1e9);
  at = putUint32(view, at, billions);
  return putNineDigits(view, at, magnitude - billions * 1e9);
}

/** 64 bits given as words. */
export function putWords(view: DataView, o: number, high: number, low: number, isSigned: boolean): number {
  let [at, h, l] = [o, high, low];
  if (isSigned && h >= 0x80000000) {
    view.setUint8(at++, MINUS);
    l = -l >>> 0;
    h = (~h + (l === 0 ? 1 : 0)) >>> 0;
  }
  if (h === 0) return putUint32(view, at, l);
  if (h < 0x200000) return putInteger(view, at, h * 4294967296 + l);
  // Long division by 10^9 in limbs of 16 bits: remainders stay far below 2^53.
  let [quotient, rest] = [0, 0];
  for (const limb of [h >>> 16, h & 0xffff, l >>> 16, l & 0xffff]) {
    const part = rest * 65536 + limb;
    const digit = Math.floor(part / 1e9);
    rest = part - digit * 1e9;
    quotient = quotient * 65536 + digit;
  }
  return putNineDigits(view, putInteger(view, at, quotient), rest);
}

/** Hexadecimal digits, upper-case, without leading zeros. */
export function putHexWords(view: DataView, o: number, high: number, low: number): number {
  if (high === 0) return putHexWord(view, o, low, low === 0 ? 1 : (35 - Math.clz32(low)) >> 2);
  const at = putHexWord(view, o, high, (35 - Math.clz32(high)) >> 2);
  return putHexWord(view, at, low, 8);
}

function putHexWord(view: DataView, o: number, word: number, digitCount: number): number {
  for (let digit = 0; digit < digitCount; digit++) {
    const value = (word >>> ((digitCount - 1 - digit) * 4)) & 15;
    view.setUint8(o + digit, value < 10 ? ZERO + value : 55 + value);
  }
  return o + digitCount;
}

/** ASCII text. */
export function putAscii(view: DataView, o: number, text: string): number {
  for (let index = 0; index < text.length; index++) view.setUint8(o + index, text.charCodeAt(index));
  return o + text.length;
}

/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Digits of `%g`. */
const PRECISION = 6;

/** Where a number is handed to `putStoredReal`: as an argument V8 would make an object of it. */
export const storedReal: Float64Array = new Float64Array(1);

/** `printf("%g")` of the stored number; a NaN has no sign here. */
export function putStoredReal(view: DataView, o: number): number {
  const value = storedReal[0]!;
  let at = o;
  let magnitude = value;
  if (value < 0) {
    view.setUint8(at++, MINUS);
    magnitude = -value;
  }
  if (magnitude < 1e6 && magnitude === (magnitude | 0) && (magnitude !== 0 || 1 / value > 0))
    return putUint32(view, at, magnitude);
  const exponent = exponentOf(magnitude);
  const shift = PRECISION - 1 - exponent;
  if (!(shift <= 22 && shift >= -22)) return putAscii(view, o, formatReal(value));
  // One rounding only, since the power is exact: the error is below 2 * 10^-10 of a unit of the last digit.
  const scaled = shift >= 0 ? magnitude * POWERS[shift]! : magnitude / POWERS[-shift]!;
  let digits = Math.floor(scaled);
  let fraction = scaled - digits;
  if (digits < 99_999 || digits > 999_999) return putAscii(view, o, formatReal(value));
  // Near a half that error decides.
  if (Math.abs(fraction - 0.5) < 1e-6) fraction = 0.5 + beyondHalf(magnitude, digits + 0.5, shift);
  // C rounds halves to even.
  if (fraction > 0.5 || (fraction === 0.5 && (digits & 1) === 1)) digits++;
  if (digits < 100_000) return putAscii(view, o, formatReal(value));
  return digits === 1_000_000
    ? putDigits(view, at, 1, 1, exponent + 1)
    : putDigits(view, at, digits, PRECISION, exponent);
}

export function putReal(view: DataView, o: number, value: number): number {
  storedReal[0] = value;
  return putStoredReal(view, o);
}

/** The sign of `magnitude` times ten to the `shift` minus `half`, without an error: 0 only for an exact half. */
function beyondHalf(magnitude: number, half: number, shift: number): number {
  const power = POWERS[Math.abs(shift)]!;
  if (shift >= 0) {
    const product = magnitude * power;
    return Math.sign(product - half + productError(magnitude, power, product));
  }
  const product = half * power;
  return Math.sign(magnitude - product - productError(half, power, product));
}

/** What rounding took from `a * b` (Dekker): both are split into halves whose products are exact. */
function productError(a: number, b: number, product: number): number {
  const [bigA, bigB] = [134217729 * a, 134217729 * b];
  const [highA, highB] = [bigA - (bigA - a), bigB - (bigB - b)];
  const [lowA, lowB] = [a - highA, b - highB];
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}

/** Decimal exponent of a positive number; where logarithms are inexact the caller sees too many or few digits. */
function exponentOf(magnitude: number): number {
  if (magnitude >= 1 && magnitude < 1e6) {
    if (magnitude < 1000) return magnitude < 10 ? 0 : magnitude < 100 ? 1 : 2;
    return magnitude < 1e4 ? 3 : magnitude < 1e5 ? 4 : 5;
  }
  if (magnitude >= 1e6 && magnitude < 1e10)
    return magnitude < 1e8 ? (magnitude < 1e7 ? 6 : 7) : magnitude < 1e9 ? 8 : 9;
  return Math.floor(Math.log10(magnitude));
}

/** `count` digits with the point after the first times ten to the `exponent`, as `%g` lays them out. */
function putDigits(view: DataView, o: number, digits: number, count: number, exponent: number): number {
  let [value, left] = [digits | 0, count];
  for (let tenth = (value / 10) | 0; tenth * 10 === value && left > 1; tenth = (value / 10) | 0) {
    value = tenth;
    left--;
  }
  if (exponent < -4 || exponent >= PRECISION) {
    let at = o;
    const scale = POWERS[left - 1]!;
    const first = (value / scale) | 0;
    view.setUint8(at++, ZERO + first);
    if (left > 1) {
      view.setUint8(at++, POINT);
      at = putPadded(view, at, value - first * scale, left - 1);
    }
    view.setUint8(at++, 0x65);
    view.setUint8(at++, exponent < 0 ? MINUS : 0x2b);
    const size = Math.abs(exponent);
    return putPadded(view, at, size, size < 100 ? 2 : 3);
  }
  if (exponent < 0) {
    view.setUint8(o, ZERO);
    view.setUint8(o + 1, POINT);
    return putPadded(view, o + 2, value, left - 1 - exponent);
  }
  if (left <= exponent + 1) return putUint32(view, o, value * POWERS[exponent + 1 - left]!);
  const scale = POWERS[left - 1 - exponent]!;
  const whole = (value / scale) | 0;
  const at = putUint32(view, o, whole);
  view.setUint8(at, POINT);
  return putPadded(view, at + 1, value - whole * scale, left - 1 - exponent);
}

function putPadded(view: DataView, o: number, value: number, width: number): number {
  let rest = value | 0;
  for (let at = o + width - 1; at >= o; at--) {
    const tenth = (rest / 10) | 0;
    view.setUint8(at, ZERO + rest - tenth * 10);
    rest = tenth;
  }
  return o + width;
}
