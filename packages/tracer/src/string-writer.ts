// SPDX-License-Identifier: MIT
// Text -> UTF-8 and a NUL in the ring buffer, without allocating. Short ASCII text is packed four
// characters a store; anything else goes through Buffer's native writer, which costs some 60 ns to
// call but then 0.1 ns a byte. An embedded NUL becomes U+FFFD; text is cut at 4096 bytes and counted.
//
// Text that comes again and again is remembered packed: a direct-mapped table, found by length and
// last characters, confirmed by comparing the text. It keeps copies of its own: a program's string
// may be a slice that holds a large one alive. Missing it makes it sleep, longer each time, so that
// ever-different text pays nothing for it.

import { TRUNCATED_STRINGS_WORD } from '@lockstep/ring-buffer';
import type { RingViews } from './record-target.ts';

export type StringWriter = (text: string, position: number) => number;

/** Bytes of a string that are recorded, without its NUL. */
export const MAX_STRING_BYTES = 4096;
/** Above, the native writer is faster than packing (bench: tracepoint.bench). */
const MAX_PACKED_LENGTH = 48;
/** Shorter text is packed as fast as it is found. */
const MIN_REMEMBERED_LENGTH = 6;
/** 28 characters and the NUL are eight words. */
const MAX_REMEMBERED_LENGTH = 28;
const TABLE_SIZE = 512;
/** Calls for which the table sleeps at most: a miss costs some 150 ns, so 1 ns a call. */
const MAX_SLEEP = 256;

/**
 * Bytes that are enough for any text of `length` UTF-16 units: three bytes each, the NUL, and the
 * rest of the word that the packing loop stores last.
 */
export function stringRoom(length: number): number {
  return length > MAX_STRING_BYTES / 3 ? MAX_STRING_BYTES + 4 : length * 3 + 4;
}

/** The same for this very text. Slow: for the end of a sub-buffer. */
export function exactStringRoom(text: string): number {
  return Math.min(Buffer.byteLength(replaceNul(text)), MAX_STRING_BYTES) + 4;
}

/** Writes any text; `counterWord` is where cut strings are counted. */
export function makeStringWriter(views: RingViews, counterWord: number = TRUNCATED_STRINGS_WORD): StringWriter {
  const { words, bytes } = views;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  return function writeAny(given: string, position: number): number {
    const text = replaceNul(given);
    if (text.length > MAX_STRING_BYTES / 3 && Buffer.byteLength(text) > MAX_STRING_BYTES) {
      words[counterWord] = words[counterWord]! + 1;
    }
    // Writes whole characters only.
    const end = position + buffer.write(text, position, MAX_STRING_BYTES, 'utf8');
    bytes[end] = 0;
    return end + 1;
  };
}

/** Parameters of the generated writer's factory: words, bytes, table of packed words, its texts, writeAny, a new string from the memory. */
export const WRITER_PARAMETERS = ['w', 'b', 'packed', 'texts', 'any', 'copyText'] as const;

/**
 * Source of a fast writer of one ring buffer; unique by its number, so that V8 compiles the views in.
 * One large function on purpose: V8 does not inline it, and its budget is left for the record function,
 * whose float arguments would be boxed if it were called.
 */
export function generateStringWriterSource(uniqueNumber: number): string {
  return `"use strict";
// string writer ${uniqueNumber}
let sleep = 0;
let nextSleep = 1;

function nap() {
  sleep = nextSleep;
  if (nextSleep < ${MAX_SLEEP}) nextSleep *= 2;
}

function learn(p, n, slot) {
  nap();
  texts[slot] = copyText(p, p + n);
  for (let j = 0; j < 8; j++) packed[(slot << 3) + j] = w[(p >> 2) + j];
}

return function text(s, p) {
  const n = s.length;
  if (n > ${MAX_PACKED_LENGTH} || (p & 3) !== 0) return any(s, p);
  let i = p >> 2;
  let slot = -1;
  if (n >= ${MIN_REMEMBERED_LENGTH} && n <= ${MAX_REMEMBERED_LENGTH}) {
    if (sleep !== 0) sleep--;
    else {
      slot = (s.charCodeAt(n - 1) + s.charCodeAt(n - 2) * 31 + s.charCodeAt(n - 4) * 7 + n) & ${TABLE_SIZE - 1};
      if (texts[slot] === s) {
        nextSleep = 1;
        let j = slot << 3;
        for (const end = i + ((n + 4) >> 2); i < end; i++, j++) w[i] = packed[j];
        return p + n + 1;
      }
    }
  }
  let at = 0;
  for (const last = n - 7; at < last; at += 8) {
    const a = s.charCodeAt(at), b = s.charCodeAt(at + 1), c = s.charCodeAt(at + 2), d = s.charCodeAt(at + 3);
    const e = s.charCodeAt(at + 4), f = s.charCodeAt(at + 5), g = s.charCodeAt(at + 6), h = s.charCodeAt(at + 7);
    const x = a | (b << 8) | (c << 16) | (d << 24);
    const y = e | (f << 8) | (g << 16) | (h << 24);
    if ((((a | b | c | d | e | f | g | h) & 0xff80) | ((((x - 0x01010101) & ~x) | ((y - 0x01010101) & ~y)) & 0x80808080)) !== 0) {
      if (slot >= 0) nap();
      return any(s, p);
    }
    w[i] = x;
    w[i + 1] = y;
    i += 2;
  }
  let x = 0;
  for (let shift = 0; at < n; at++) {
    const a = s.charCodeAt(at);
    if (a === 0 || a > 127) {
      if (slot >= 0) nap();
      return any(s, p);
    }
    x |= a << shift;
    shift += 8;
    if (shift === 32) {
      w[i++] = x;
      x = 0;
      shift = 0;
    }
  }
  w[i] = x;
  if (slot >= 0) learn(p, n, slot);
  return p + n + 1;
};
`;
}

let uniqueNumber = 0;

/** The fast writer, or the plain one where code generation is forbidden. Both write the same bytes. */
export function makeFastStringWriter(views: RingViews): StringWriter {
  const writeAny = makeStringWriter(views);
  const { words, bytes } = views;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const factory = new Function(...WRITER_PARAMETERS, generateStringWriterSource(uniqueNumber++)) as (
      ...parts: unknown[]
    ) => StringWriter;
    const packed = new Int32Array(new ArrayBuffer(TABLE_SIZE * 32));
    const texts = new Array<string>(TABLE_SIZE).fill('');
    return factory(words, bytes, packed, texts, writeAny, (begin: number, end: number) =>
      buffer.toString('latin1', begin, end),
    );
  } catch (error) {
    if (error instanceof EvalError) return writeAny;
    throw error;
  }
}

function replaceNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}
