// SPDX-License-Identifier: MIT
// Bytes of text that grow: where generated code prints to. A text constant is kept as words, so that
// it is copied four bytes at a time.

import { encodeUtf8 } from '@lockstep/base';

/** Bytes beyond `limit` that word-wise writes may touch. */
const OVERRUN_BYTES = 16;
const FIRST_SIZE_BYTES = 256 * 1024;

export interface TextConstant {
  readonly words: Int32Array;
  readonly length: number;
}

export function textConstant(text: string): TextConstant {
  return bytesConstant(encodeUtf8(text));
}

export function bytesConstant(bytes: Uint8Array): TextConstant {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return { words: wordsOf(padded), length: bytes.length };
}

/** Little-endian words, on any host. */
function wordsOf(padded: Uint8Array): Int32Array {
  const view = new DataView(padded.buffer);
  return Int32Array.from({ length: padded.length / 4 }, (_, index) => view.getInt32(index * 4, true));
}

/** For each byte: 0 = as it is; 1 = with a backslash; 2 = as hexadecimal; else the letter of its escape. */
const ESCAPES = new Uint8Array(256);
for (let byte = 0; byte < 0x20; byte++) ESCAPES[byte] = 2;
ESCAPES[0x7f] = 2;
for (const character of `\\'"?`) ESCAPES[character.charCodeAt(0)] = 1;
for (const [code, letter] of [
  [7, 'a'],
  [8, 'b'],
  [0x1b, 'e'],
  [12, 'f'],
  [10, 'n'],
  [13, 'r'],
  [9, 't'],
  [11, 'v'],
] as const)
  ESCAPES[code] = letter.charCodeAt(0);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class TextBuffer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_SIZE_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  /** Up to here may be written without growing. */
  limit: number = FIRST_SIZE_BYTES - OVERRUN_BYTES;
  position = 0;

  /** Makes room for `room` bytes from `o` on; `bytes` and `view` are others after that. */
  reserve(o: number, room: number): void {
    if (o + room <= this.limit) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, o + room + OVERRUN_BYTES));
    grown.set(this.bytes.subarray(0, o));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
    this.limit = grown.length - OVERRUN_BYTES;
  }

  /** Writes a constant at `o`, for which there must be room; returns where it ended. */
  putConstant(o: number, constant: TextConstant): number {
    const { words } = constant;
    const { view } = this;
    for (let index = 0; index < words.length; index++) view.setInt32(o + index * 4, words[index]!, true);
    return o + constant.length;
  }

  /** The same and makes room: for it and `rest` bytes after it. */
  addConstant(o: number, constant: TextConstant, rest: number): number {
    this.reserve(o, constant.length + rest);
    return this.putConstant(o, constant);
  }

  addText(o: number, text: string, rest: number): number {
    return this.addConstant(o, textConstant(text), rest);
  }

  /** Bytes `begin` to `end` of `source` in quotes, escaped as babeltrace2 does; other bytes as they are. */
  addQuoted(o: number, source: Uint8Array, begin: number, end: number, rest: number): number {
    // Four bytes of text for each, at most.
    if (o + (end - begin) * 4 + 2 + rest > this.limit) this.reserve(o, (end - begin) * 4 + 2 + rest);
    const { bytes } = this;
    let at = o;
    bytes[at++] = QUOTE;
    for (let from = begin; from < end; from++) {
      const byte = source[from]!;
      const escape = ESCAPES[byte]!;
      if (escape === 0) {
        bytes[at++] = byte;
        continue;
      }
      bytes[at++] = BACKSLASH;
      if (escape > 2) {
        bytes[at++] = escape;
      } else if (escape === 1) {
        bytes[at++] = byte;
      } else {
        bytes[at++] = 0x78;
        bytes[at++] = hexDigit(byte >> 4);
        bytes[at++] = hexDigit(byte & 15);
      }
    }
    bytes[at++] = QUOTE;
    return at;
  }
}

function hexDigit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
