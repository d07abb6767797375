// SPDX-License-Identifier: MIT
// Text -> UTF-8 and a NUL in the ring buffer, without allocating. Short ASCII text is packed four
// characters a store; anything else goes through Buffer's native writer, which costs some 60 ns to
// call but then 0.1 ns a byte. An embedded NUL becomes U+FFFD; text is cut at 4096 bytes and counted.

import { TRUNCATED_STRINGS_WORD } from '@lockstep/ring-buffer';
import type { RingViews } from './record-target.ts';

/** Bytes of a string that are recorded, without its NUL. */
export const MAX_STRING_BYTES = 4096;
/** Above, the native writer is faster than packing (bench: tracepoint.bench). */
const MAX_PACKED_LENGTH = 48;

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

/** `counterWord` is where cut strings are counted. */
export function makeStringWriter(views: RingViews, counterWord: number = TRUNCATED_STRINGS_WORD): (text: string, position: number) => number {
  const { words, bytes } = views;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  function writeAny(given: string, position: number): number {
    const text = replaceNul(given);
    if (text.length > MAX_STRING_BYTES / 3 && Buffer.byteLength(text) > MAX_STRING_BYTES) {
      words[counterWord] = words[counterWord]! + 1;
    }
    // Writes whole characters only.
    const end = position + buffer.write(text, position, MAX_STRING_BYTES, 'utf8');
    bytes[end] = 0;
    return end + 1;
  }

  return function writeString(text: string, position: number): number {
    const length = text.length;
    if (length > MAX_PACKED_LENGTH || (position & 3) !== 0) return writeAny(text, position);
    const whole = length & ~3;
    let index = position >> 2;
    let at = 0;
    for (; at < whole; at += 4) {
      const a = text.charCodeAt(at);
      const b = text.charCodeAt(at + 1);
      const c = text.charCodeAt(at + 2);
      const d = text.charCodeAt(at + 3);
      const word = a | (b << 8) | (c << 16) | (d << 24);
      // A character that is not ASCII, or a zero byte in the word.
      if ((((a | b | c | d) & 0xff80) | ((word - 0x01010101) & ~word & 0x80808080)) !== 0) return writeAny(text, position);
      words[index++] = word;
    }
    let last = 0;
    for (let shift = 0; at < length; at++, shift += 8) {
      const code = text.charCodeAt(at);
      if (code === 0 || code > 127) return writeAny(text, position);
      last |= code << shift;
    }
    words[index] = last;
    return position + length + 1;
  };
}

function replaceNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}
