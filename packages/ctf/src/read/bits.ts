// SPDX-License-Identifier: MIT
// Fields that do not lie on bytes: integers of any length at any bit, in both byte orders. CTF 1.8
// numbers the bits of a little-endian packet from the least significant bit of its first byte, those
// of a big-endian packet from the most significant (section 4.1.5).

/** `length` (1..53) bits from bit `bit` (0..7) of byte `at` on, unsigned. The caller has checked the bounds. */
export function readBits(bytes: Uint8Array, at: number, bit: number, length: number, isLittle: boolean): number {
  let value = 0;
  let done = 0;
  let index = at;
  let skip = bit;
  while (done < length) {
    const take = Math.min(8 - skip, length - done);
    const byte = bytes[index] ?? 0;
    if (isLittle) {
      value += ((byte >> skip) & ((1 << take) - 1)) * 2 ** done;
    } else {
      value = value * 2 ** take + ((byte >> (8 - skip - take)) & ((1 << take) - 1));
    }
    done += take;
    skip = 0;
    index++;
  }
  return value;
}

/** The same, signed by two's complement. */
export function readSignedBits(bytes: Uint8Array, at: number, bit: number, length: number, isLittle: boolean): number {
  const value = readBits(bytes, at, bit, length, isLittle);
  return value >= 2 ** (length - 1) ? value - 2 ** length : value;
}

/** Any length, as a bigint. */
export function readWideBits(bytes: Uint8Array, at: number, bit: number, length: number, isLittle: boolean): bigint {
  let value = 0n;
  let done = 0;
  let index = at;
  let skip = bit;
  while (done < length) {
    const take = Math.min(8 - skip, length - done);
    const byte = bytes[index] ?? 0;
    if (isLittle) {
      value |= BigInt((byte >> skip) & ((1 << take) - 1)) << BigInt(done);
    } else {
      value = (value << BigInt(take)) | BigInt((byte >> (8 - skip - take)) & ((1 << take) - 1));
    }
    done += take;
    skip = 0;
    index++;
  }
  return value;
}

export function readWideSignedBits(
  bytes: Uint8Array,
  at: number,
  bit: number,
  length: number,
  isLittle: boolean,
): bigint {
  return BigInt.asIntN(length, readWideBits(bytes, at, bit, length, isLittle));
}

/**
 * The same in the bit order that is not natural for the byte order (CTF 2): the first bit of the field
 * is the most significant one of a little-endian field, the least significant one of a big-endian.
 */
export function readReversedBits(
  bytes: Uint8Array,
  at: number,
  bit: number,
  length: number,
  isLittle: boolean,
  isSigned: boolean,
): number | bigint {
  let rest = readWideBits(bytes, at, bit, length, isLittle);
  let value = 0n;
  for (let i = 0; i < length; i++) {
    value = (value << 1n) | (rest & 1n);
    rest >>= 1n;
  }
  if (isSigned) value = BigInt.asIntN(length, value);
  return length > 53 ? value : Number(value);
}

const scratch = new DataView(new ArrayBuffer(8));

/** A float of any length, at any bit. */
export function readBitFloat(
  bytes: Uint8Array,
  at: number,
  bit: number,
  length: number,
  isLittle: boolean,
  isReversed: boolean,
): number {
  const pattern = isReversed
    ? BigInt(readReversedBits(bytes, at, bit, length, isLittle, false))
    : readWideBits(bytes, at, bit, length, isLittle);
  if (length === 32) {
    scratch.setUint32(0, Number(pattern));
    return scratch.getFloat32(0);
  }
  if (length === 64) {
    scratch.setBigUint64(0, pattern);
    return scratch.getFloat64(0);
  }
  return floatOfPattern(pattern, length);
}

/**
 * IEEE 754's interchange formats: 5 bits of exponent in 16, 15 in 128, `round(4 log2(length)) - 13` in
 * longer ones. What a double cannot hold is rounded, or becomes infinite.
 */
function floatOfPattern(pattern: bigint, length: number): number {
  const exponentBits = length === 16 ? 5 : Math.round(4 * Math.log2(length)) - 13;
  const mantissaBits = length - exponentBits - 1;
  const sign = (pattern >> BigInt(length - 1)) & 1n ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  const exponent = Number((pattern >> BigInt(mantissaBits)) & ((1n << BigInt(exponentBits)) - 1n));
  const mantissa = pattern & ((1n << BigInt(mantissaBits)) - 1n);
  if (exponent === 2 * bias + 1) return mantissa === 0n ? sign * Infinity : Number.NaN;
  const isSubnormal = exponent === 0;
  const whole = isSubnormal ? mantissa : mantissa | (1n << BigInt(mantissaBits));
  // 2^-1074 is the least double: scale in two steps, so that neither overflows on its own.
  const scale = (isSubnormal ? 1 : exponent) - bias;
  const excess = Math.max(0, mantissaBits - 200);
  const fraction = Number(whole >> BigInt(excess)) / 2 ** (mantissaBits - excess);
  if (scale > 1024) return sign * (fraction === 0 ? 0 : Infinity);
  if (scale < -1200) return sign < 0 ? -0 : 0;
  return sign * fraction * 2 ** Math.trunc(scale / 2) * 2 ** (scale - Math.trunc(scale / 2));
}
