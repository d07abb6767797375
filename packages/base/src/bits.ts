// SPDX-License-Identifier: MIT
// Integer arithmetic on offsets and sizes.

/** Smallest multiple of `alignment` (a power of two) that is not below `value`; exact to 2^53. */
export function alignUp(value: number, alignment: number): number {
  const rest = value % alignment;
  return rest === 0 ? value : value + (alignment - rest);
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value));
}

/** Two 32-bit halves as one unsigned 64-bit number. */
export function joinUint64(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
