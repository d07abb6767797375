// SPDX-License-Identifier: MIT
// Bits into bytes that grow: the writing twin of the reader's bits.ts, with CTF's numbering (section
// 4.1.5): bits of a little-endian field fill a byte from its least significant bit on, those of a
// big-endian one from its most significant.

import { encodeUtf8 } from '@lockstep/base';
import type { ByteOrder, StringEncoding } from '../model/field-class.ts';

const FIRST_SIZE_BYTES = 4096;

/** A place, and what its byte holds already. */
export interface Mark {
  readonly position: number;
  readonly byte: number;
}

export class BitWriter {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_SIZE_BYTES);
  #view: DataView = new DataView(this.bytes.buffer);
  /** Where the next bit goes. All bits from here on are 0. */
  position = 0;

  get sizeBytes(): number {
    return Math.ceil(this.position / 8);
  }

  /** The place, to come back to. */
  mark(): Mark {
    return { position: this.position, byte: this.bytes[Math.floor(this.position / 8)] ?? 0 };
  }

  /** Goes back; what was written since is gone. */
  reset(mark: Mark): void {
    const from = Math.floor(mark.position / 8);
    this.bytes.fill(0, from, Math.max(from, this.sizeBytes));
    this.bytes[from] = mark.byte;
    this.position = mark.position;
  }

  align(alignment: number): void {
    this.position = Math.ceil(this.position / alignment) * alignment;
    this.#reserve(0);
  }

  /** `length` bits of an unsigned value. */
  putBits(value: number | bigint, length: number, byteOrder: ByteOrder): void {
    this.#reserve(length);
    if (this.position % 8 === 0 && (length === 8 || length === 16 || length === 32 || length === 64)) {
      this.#putAligned(value, length, byteOrder === 'little-endian');
      return;
    }
    let rest = BigInt.asUintN(length, BigInt(value));
    let done = 0;
    while (done < length) {
      const bit = this.position % 8;
      const take = Math.min(8 - bit, length - done);
      const at = Math.floor(this.position / 8);
      if (byteOrder === 'little-endian') {
        const part = Number(rest & ((1n << BigInt(take)) - 1n));
        this.bytes[at]! |= part << bit;
        rest >>= BigInt(take);
      } else {
        const part = Number((rest >> BigInt(length - done - take)) & ((1n << BigInt(take)) - 1n));
        this.bytes[at]! |= part << (8 - bit - take);
      }
      done += take;
      this.position += take;
    }
  }

  #putAligned(value: number | bigint, length: 8 | 16 | 32 | 64, isLittle: boolean): void {
    const at = this.position / 8;
    this.position += length;
    switch (length) {
      case 8:
        this.#view.setUint8(at, Number(BigInt.asUintN(8, BigInt(value))));
        break;
      case 16:
        this.#view.setUint16(at, Number(BigInt.asUintN(16, BigInt(value))), isLittle);
        break;
      case 32:
        this.#view.setUint32(at, Number(BigInt.asUintN(32, BigInt(value))), isLittle);
        break;
      case 64:
        this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), isLittle);
        break;
    }
  }

  /** Whole bytes, at a byte; `length` of them, filled up with zeros or cut. */
  putBytes(bytes: Uint8Array, length: number = bytes.length): void {
    this.#reserve(length * 8);
    this.bytes.set(bytes.subarray(0, length), this.position / 8);
    this.position += length * 8;
  }

  #reserve(bits: number): void {
    const needed = Math.ceil((this.position + bits) / 8) + 8;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** The bits of a value of `length` in the opposite order. */
export function reverseBits(value: number | bigint, length: number): bigint {
  let rest = BigInt.asUintN(length, BigInt(value));
  let reversed = 0n;
  for (let bit = 0; bit < length; bit++) {
    reversed = (reversed << 1n) | (rest & 1n);
    rest >>= 1n;
  }
  return reversed;
}

const scratch = new DataView(new ArrayBuffer(8));

/** Pattern of a double in IEEE 754's interchange format of `length` bits; rounded to even where it is shorter. */
export function floatPattern(value: number, length: number): bigint {
  scratch.setFloat64(0, value);
  const bits = scratch.getBigUint64(0);
  if (length === 64) return bits;
  if (length === 32) {
    scratch.setFloat32(0, value);
    return BigInt(scratch.getUint32(0));
  }
  const exponentBits = length === 16 ? 5 : Math.round(4 * Math.log2(length)) - 13;
  const mantissaBits = length - exponentBits - 1;
  const sign = (bits >> 63n) << BigInt(length - 1);
  const highest = (1n << BigInt(exponentBits)) - 1n;
  if (Number.isNaN(value)) return sign | (highest << BigInt(mantissaBits)) | (1n << BigInt(mantissaBits - 1));
  const magnitude = Math.abs(value);
  if (magnitude === 0) return sign;
  const bias = 2 ** (exponentBits - 1) - 1;
  let exponent = Math.max(exponentOf(magnitude), 1 - bias);
  if (magnitude === Infinity || exponent > bias) return sign | (highest << BigInt(mantissaBits));
  let mantissa: bigint;
  if (mantissaBits >= 52) {
    // Exact: the significand is an integer of at most 53 bits.
    const shift = exponentOf(magnitude) - 52;
    const significand = BigInt(scaled(magnitude, -shift));
    mantissa = significand << BigInt(mantissaBits - (exponent - shift));
  } else {
    mantissa = BigInt(roundToEven(scaled(magnitude, mantissaBits - exponent)));
    if (mantissa >> BigInt(mantissaBits + 1) !== 0n) {
      mantissa >>= 1n;
      exponent++;
      if (exponent > bias) return sign | (highest << BigInt(mantissaBits));
    }
  }
  const isNormal = mantissa >> BigInt(mantissaBits) !== 0n;
  const fraction = mantissa & ((1n << BigInt(mantissaBits)) - 1n);
  return sign | (BigInt(isNormal ? exponent + bias : 0) << BigInt(mantissaBits)) | fraction;
}

function exponentOf(magnitude: number): number {
  scratch.setFloat64(0, magnitude);
  const field = (scratch.getUint32(0) >>> 20) & 0x7ff;
  return field > 0 ? field - 1023 : exponentOf(magnitude * 2 ** 60) - 60;
}

/** Times two to the `shift`, in two steps that do not overflow. */
function scaled(value: number, shift: number): number {
  const half = Math.trunc(shift / 2);
  return value * 2 ** half * 2 ** (shift - half);
}

function roundToEven(value: number): number {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}

/** Text in any of CTF 2's encodings. */
export function encodeText(text: string, encoding: StringEncoding | undefined): Uint8Array {
  if (encoding === undefined || encoding === 'utf-8') return encodeUtf8(text);
  const is16 = encoding === 'utf-16be' || encoding === 'utf-16le';
  const isLittle = encoding === 'utf-16le' || encoding === 'utf-32le';
  const units = is16
    ? Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
    : Array.from(text, (character) => character.codePointAt(0)!);
  const size = is16 ? 2 : 4;
  const view = new DataView(new ArrayBuffer(units.length * size));
  units.forEach((unit, index) => {
    if (is16) view.setUint16(index * 2, unit, isLittle);
    else view.setUint32(index * 4, unit, isLittle);
  });
  return new Uint8Array(view.buffer);
}
