// SPDX-License-Identifier: MIT
// Protocol buffers, written: the wire format of proto2 and proto3 (protobuf.dev/programming-guides/
// encoding) as far as messages, varints, doubles and strings go. A nested message is written in place;
// its length takes a fixed number of bytes, which the format allows, so that nothing is moved.

import { encodeUtf8Into } from './text.ts';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
/** Bytes of a nested message's length: up to 2^28. */
const LENGTH_BYTES = 4;

export class ProtoWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(65_536);
  #view: DataView = new DataView(this.#bytes.buffer);
  #position = 0;

  get sizeBytes(): number {
    return this.#position;
  }

  /** What was written so far, and begins anew; valid until the next call. */
  borrow(): Uint8Array {
    const written = this.#bytes.subarray(0, this.#position);
    this.#position = 0;
    return written;
  }

  uint(field: number, value: number | bigint): void {
    this.#reserve(20);
    this.#varint((field << 3) | VARINT);
    this.#varint(value);
  }

  /** Of int32 and int64: negative ones take ten bytes. */
  int(field: number, value: number | bigint): void {
    this.uint(field, value < 0 ? BigInt.asUintN(64, BigInt(value)) : value);
  }

  bool(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#reserve(20);
    this.#varint((field << 3) | FIXED64);
    this.#view.setFloat64(this.#position, value, true);
    this.#position += 8;
  }

  string(field: number, text: string): void {
    this.#reserve(20 + text.length * 3);
    this.#varint((field << 3) | LENGTH_DELIMITED);
    const at = this.#position;
    this.#position += LENGTH_BYTES;
    const { written } = encodeUtf8Into(text, this.#bytes.subarray(this.#position));
    this.#position += written;
    this.#length(at, written);
  }

  message(field: number, write: () => void): void {
    this.#reserve(20);
    this.#varint((field << 3) | LENGTH_DELIMITED);
    const at = this.#position;
    this.#position += LENGTH_BYTES;
    write();
    this.#length(at, this.#position - at - LENGTH_BYTES);
  }

  #length(at: number, value: number): void {
    for (let index = 0; index < LENGTH_BYTES; index++) {
      const more = index < LENGTH_BYTES - 1 ? 0x80 : 0;
      this.#bytes[at + index] = ((value >>> (7 * index)) & 0x7f) | more;
    }
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'number' && value < 2 ** 31) {
      let rest = value;
      while (rest >= 0x80) {
        this.#bytes[this.#position++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      this.#bytes[this.#position++] = rest;
      return;
    }
    let rest = BigInt(value);
    while (rest >= 0x80n) {
      this.#bytes[this.#position++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#position++] = Number(rest);
  }

  #reserve(bytes: number): void {
    if (this.#position + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#position + bytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
