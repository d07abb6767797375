// SPDX-License-Identifier: MIT
// The wire format of Protocol Buffers, as far as pprof's profiles need it
// (https://protobuf.dev/programming-guides/encoding/): varints, and what has a length.

import { encodeUtf8 } from '@lockstep/base';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

export class ProtobufWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** A non-negative integer; 0 is the default and left out. */
  varint(field: number, value: number | bigint): this {
    if (value === 0 || value === 0n) return this;
    this.#varint((field << 3) | VARINT);
    this.#varint(value);
    return this;
  }

  packedVarints(field: number, values: readonly number[]): this {
    const packed = new ProtobufWriter();
    for (const value of values) packed.#varint(value);
    return this.#delimited(field, packed.finish());
  }

  text(field: number, text: string): this {
    return this.#delimited(field, encodeUtf8(text));
  }

  message(field: number, message: ProtobufWriter): this {
    return this.#delimited(field, message.finish());
  }

  /** Borrowed: valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #delimited(field: number, bytes: Uint8Array): this {
    this.#varint((field << 3) | LENGTH_DELIMITED);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    let rest = BigInt(value);
    // Most are small; those need no bigint.
    if (rest < 0x8000_0000n) {
      let small = Number(rest);
      while (small > 0x7f) {
        this.#bytes[this.#length++] = (small & 0x7f) | 0x80;
        small >>>= 7;
      }
      this.#bytes[this.#length++] = small;
      return;
    }
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
