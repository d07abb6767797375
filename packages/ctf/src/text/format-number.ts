// SPDX-License-Identifier: MIT
// Numbers as C's printf writes them, which is how babeltrace2 prints: `%g` for floating point, and
// integers in the base that the metadata prefers.

import type { IntegerFieldClass } from '../model/field-class.ts';

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
    return formatRounded(value, roundToPrecision(magnitude));
  }
  if (value === 0) return 1 / value < 0 ? '-0' : '0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  return formatRounded(value, roundToPrecision(magnitude));
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

/** Six digits in exponential form. C rounds exact halves to even where JavaScript rounds them up. */
function roundToPrecision(magnitude: number): string {
  const shortest = magnitude.toExponential();
  // An exact half has one digit more than is kept, and that is a 5.
  if (shortest.charAt(PRECISION + 2) === 'e' && shortest.charAt(PRECISION + 1) === '5') {
    const exponent = Number(shortest.slice(PRECISION + 3));
    const digits = Number(shortest.charAt(0) + shortest.slice(2, PRECISION + 2));
    const isEven = Number(shortest.charAt(PRECISION)) % 2 === 0;
    if (isEven && isExact(magnitude, digits, exponent - PRECISION))
      return shortest.slice(0, PRECISION + 1) + shortest.slice(PRECISION + 2);
  }
  return magnitude.toExponential(PRECISION - 1);
}

/** Whether the double is `digits` times ten to the `exponent`, and not only near it. */
function isExact(magnitude: number, digits: number, exponent: number): boolean {
  if (exponent >= 0) return BigInt(magnitude) === BigInt(digits) * 10n ** BigInt(exponent);
  // A decimal fraction is a binary one only if its numerator has all the fives of its denominator.
  return digits % 5 ** -exponent === 0;
}

/** An integer in the base that its class prefers. Negative ones are two's complement in bases other than 10. */
export function formatInteger(value: number | bigint, fc: IntegerFieldClass): string {
  switch (fc.preferredDisplayBase) {
    case 16:
      return `0x${wrap(value, Math.ceil(('length' in fc ? fc.length : 64) / 4) * 4)
        .toString(16)
        .toUpperCase()}`;
    case 8:
      return `0${wrap(value, ('length' in fc ? fc.length : 64) >= 64 ? ('length' in fc ? fc.length : 64) : Math.ceil(('length' in fc ? fc.length : 64) / 3) * 3).toString(8)}`;
    case 2:
      return `0b${wrap(value, 'length' in fc ? fc.length : 64)
        .toString(2)
        .padStart('length' in fc ? fc.length : 64, '0')}`;
    default:
      return String(value);
  }
}

function wrap(value: number | bigint, bits: number): number | bigint {
  if (value >= 0) return value;
  return BigInt.asUintN(bits, BigInt(value));
}
