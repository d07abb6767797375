// SPDX-License-Identifier: MIT
// Text in CTF 2's encodings beside UTF-8: UTF-16 and UTF-32 of either byte order. What is no text
// becomes U+FFFD, as in UTF-8.

import { codeUnitSize, type StringEncoding } from '../model/field-class.ts';
import { FAIL_ARRAY, FAIL_STRING, type DecodeState } from './decode-state.ts';

const REPLACEMENT = 0xfffd;
/** Arguments of one String.fromCharCode call: engines limit them. */
const PIECE = 4096;

function readUnit(bytes: Uint8Array, at: number, encoding: StringEncoding): number {
  const [a, b] = [bytes[at] ?? 0, bytes[at + 1] ?? 0];
  switch (encoding) {
    case 'utf-8':
      return a;
    case 'utf-16be':
      return (a << 8) | b;
    case 'utf-16le':
      return a | (b << 8);
    default: {
      const [c, d] = [bytes[at + 2] ?? 0, bytes[at + 3] ?? 0];
      return encoding === 'utf-32be'
        ? (a * 2 ** 24 + (b << 16)) | 0 | (c << 8) | d
        : (d << 24) | (c << 16) | (b << 8) | a;
    }
  }
}

/** Where the text from `begin` on ends: at its first NUL code unit, or at `end`. */
function endOfText(bytes: Uint8Array, begin: number, end: number, encoding: StringEncoding): number {
  const size = codeUnitSize(encoding);
  let at = begin;
  while (at + size <= end && readUnit(bytes, at, encoding) !== 0) at += size;
  return at;
}

export function decodeWideText(bytes: Uint8Array, begin: number, end: number, encoding: StringEncoding): string {
  const size = codeUnitSize(encoding);
  const units: number[] = [];
  let text = '';
  for (let at = begin; at + size <= end; at += size) {
    const unit = readUnit(bytes, at, encoding);
    if (size === 2) units.push(unit);
    else if (unit < 0 || unit > 0x10ffff || (unit >= 0xd800 && unit < 0xe000)) units.push(REPLACEMENT);
    else if (unit < 0x10000) units.push(unit);
    else units.push(0xd800 + ((unit - 0x10000) >> 10), 0xdc00 + (unit & 0x3ff));
    if (units.length >= PIECE) {
      text += String.fromCharCode(...units);
      units.length = 0;
    }
  }
  text += String.fromCharCode(...units);
  return isWellFormed(text) ? text : replaceLoneSurrogates(text);
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text) || replaceLoneSurrogates(text) === text;
}

function replaceLoneSurrogates(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** A string up to a NUL code unit at the state's place, which is on a byte. */
export function readTerminatedText(state: DecodeState, encoding: StringEncoding): string {
  const begin = state.position;
  const at = endOfText(state.bytes, begin, state.end, encoding);
  const size = codeUnitSize(encoding);
  if (at + size > state.end) state.fail(FAIL_STRING, begin);
  state.position = at + size;
  return decodeWideText(state.bytes, begin, at, encoding);
}

/** A string of `length` bytes. */
export function readSizedText(state: DecodeState, length: number, encoding: StringEncoding): string {
  const begin = state.position;
  if (!(length >= 0 && length <= state.end - begin)) state.fail(FAIL_ARRAY, begin);
  state.position = begin + length;
  return decodeWideText(state.bytes, begin, endOfText(state.bytes, begin, begin + length, encoding), encoding);
}
