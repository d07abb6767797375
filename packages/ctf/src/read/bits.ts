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

const scratch = new DataView(new ArrayBuffer(8));

/** A float of 32 or 64 bits that does not begin on a byte. */
export function readBitFloat(bytes: Uint8Array, at: number, bit: number, length: number, isLittle: boolean): number {
  const pattern = readWideBits(bytes, at, bit, length, isLittle);
  if (length === 32) {
    scratch.setUint32(0, Number(pattern));
    return scratch.getFloat32(0);
  }
  scratch.setBigUint64(0, pattern);
  return scratch.getFloat64(0);
}
