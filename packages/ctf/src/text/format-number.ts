// SPDX-License-Identifier: MIT
// Numbers as C's printf writes them, which is how babeltrace2 prints: `%g` for floating point, and
// integers in the base that the metadata prefers.

import type { FixedLengthIntegerFieldClass } from '../model/field-class.ts';

/** Significant digits of `%g`. */
const PRECISION = 6;

/** `printf("%g")`. */
export function formatReal(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value === 0 && 1 / value < 0 ? '-0' : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const [mantissa, exponent] = roundToPrecision(value);
  const sign = value < 0 ? '-' : '';
  if (exponent < -4 || exponent >= PRECISION) {
    const digits = `${mantissa.slice(0, 1)}.${mantissa.slice(1)}`;
    const magnitude = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${trimZeros(digits)}e${exponent < 0 ? '-' : '+'}${magnitude}`;
  }
  if (exponent < 0) return `${sign}${trimZeros(`0.${'0'.repeat(-exponent - 1)}${mantissa}`)}`;
  return `${sign}${trimZeros(`${mantissa.slice(0, exponent + 1)}.${mantissa.slice(exponent + 1)}`)}`;
}

function trimZeros(text: string): string {
  return text.replace(/\.?0*$/, '');
}

/** Six digits and the decimal exponent. C rounds exact halves to even where JavaScript rounds them up. */
function roundToPrecision(value: number): [digits: string, exponent: number] {
  const magnitude = Math.abs(value);
  // 30 digits more than are kept: a double that is no exact half differs from one long before.
  const exact = magnitude.toExponential(PRECISION - 1 + 30);
  const digits = exact.slice(0, exact.indexOf('e')).replace('.', '');
  const isHalf = digits.charAt(PRECISION) === '5' && /^0*$/.test(digits.slice(PRECISION + 1));
  if (isHalf && Number(digits.charAt(PRECISION - 1)) % 2 === 0) return [digits.slice(0, PRECISION), Number(exact.slice(exact.indexOf('e') + 1))];
  const rounded = magnitude.toExponential(PRECISION - 1);
  const at = rounded.indexOf('e');
  return [rounded.slice(0, at).replace('.', ''), Number(rounded.slice(at + 1))];
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
