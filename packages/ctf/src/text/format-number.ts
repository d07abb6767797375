// SPDX-License-Identifier: MIT
// Numbers as C's printf writes them, which is how babeltrace2 prints: `%g` for floating point, and
// integers in the base that the metadata prefers.

import type { FixedLengthIntegerFieldClass } from '../model/field-class.ts';

/** Significant digits of `%g`. */
const PRECISION = 6;

/** `printf("%g")`. */
export function formatReal(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude < 1e6 && magnitude >= 1e-4) {
    // JavaScript's shortest form is C's too while it has no more digits than C prints.
    const shortest = String(value);
    const digitCount = shortest.length - (value < 0 ? 1 : 0) - (Number.isInteger(value) ? 0 : 1);
    if (digitCount <= PRECISION) return shortest;
    return formatRounded(value, isHalf(magnitude) ? roundHalfToEven(magnitude) : magnitude.toExponential(PRECISION - 1));
  }
  if (value === 0) return 1 / value < 0 ? '-0' : '0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  return formatRounded(value, isHalf(magnitude) ? roundHalfToEven(magnitude) : magnitude.toExponential(PRECISION - 1));
}

function formatRounded(value: number, rounded: string): string {
  const sign = value < 0 ? '-' : '';
  const at = rounded.indexOf('e');
  const exponent = Number(rounded.slice(at + 1));
  if (exponent < -4 || exponent >= PRECISION) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${trimZeros(rounded.slice(0, at))}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const digits = rounded.slice(0, 1) + rounded.slice(2, at);
  if (exponent < 0) return `${sign}${trimZeros(`0.${'0'.repeat(-exponent - 1)}${digits}`)}`;
  return `${sign}${trimZeros(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`)}`;
}

function trimZeros(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end--;
  if (text.charCodeAt(end - 1) === 46) end--;
  return text.slice(0, end);
}

/** Digits of the exact decimal value that show whether it lies half-way: a double that is no exact half differs long before the 30th. */
const EXACT_DIGITS = 30;

/** C rounds exact halves to even where JavaScript rounds them up. */
function isHalf(magnitude: number): boolean {
  // An exact half has seven digits and ends in 5, so its shortest form has; cheap to rule out.
  const shortest = magnitude.toExponential();
  if (shortest.indexOf('e') !== PRECISION + 2 || shortest.charCodeAt(PRECISION + 1) !== 53) return false;
  const exact = magnitude.toExponential(PRECISION - 1 + EXACT_DIGITS);
  return /^50*$/.test(exact.slice(PRECISION + 1, exact.indexOf('e')));
}

function roundHalfToEven(magnitude: number): string {
  const exact = magnitude.toExponential(PRECISION - 1 + EXACT_DIGITS);
  const kept = exact.slice(0, PRECISION + 1);
  if (Number(kept.charAt(PRECISION)) % 2 === 0) return kept + exact.slice(exact.indexOf('e'));
  return magnitude.toExponential(PRECISION - 1);
}

/** An integer in the base that its class prefers. Negative ones are two's complement in bases other than 10. */
export function formatInteger(value: number | bigint, fc: FixedLengthIntegerFieldClass): string {
  switch (fc.preferredDisplayBase) {
    case 16: return `0x${wrap(value, Math.ceil(fc.length / 4) * 4).toString(16).toUpperCase()}`;
    case 8: return `0${wrap(value, fc.length >= 64 ? fc.length : Math.ceil(fc.length / 3) * 3).toString(8)}`;
    case 2: return `0b${wrap(value, fc.length).toString(2).padStart(fc.length, '0')}`;
    default: return String(value);
  }
}

function wrap(value: number | bigint, bits: number): number | bigint {
  if (value >= 0) return value;
  return BigInt.asUintN(bits, BigInt(value));
}
