// SPDX-License-Identifier: MIT
// Metadata text -> tokens of TSDL 1.8 (section C.1), one at a time: a parser may go back by setting
// `offset`, and nothing is kept of what was read.

import { decodeUtf8, encodeUtf8 } from '@lockstep/base';
import { tsdlError } from './tsdl-error.ts';
import { TSDL_KEYWORDS } from './tsdl-words.ts';

export interface Token {
  readonly type: 'identifier' | 'keyword' | 'integer' | 'string' | 'character' | 'punctuator' | 'end';
  /** Source spelling; of a string or character its value. */
  readonly text: string;
  /** Of an integer. */
  readonly value: bigint;
  readonly offset: number;
  readonly end: number;
}

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /0[xX][0-9a-fA-F]+|[0-9]+/y;
const NUMBER_SUFFIX = /(?:[uU](?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU]?)?/y;
const PUNCTUATOR = /\.\.\.|:=|->|[[\](){}.*+\-<>:;=,]/y;
const SPACE_OR_LINE_COMMENT = /(?:[ \t\r\n\v\f]+|\/\/[^\n]*)+/y;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "'": "'", '"': '"', '?': '?', '\\': '\\', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
};
/** Digits of the longest integer that fits 64 bits, octal with its 0; leading zeros beyond are refused. */
const MAX_NUMBER_LENGTH = 24;
const MAX_UINT64 = (1n << 64n) - 1n;
const MAX_STRING_LENGTH = 1024 * 1024;

export class TsdlLexer {
  readonly text: string;
  /** Where the next token is looked for. */
  offset = 0;

  constructor(text: string) {
    this.text = text;
  }

  next(): Token {
    this.#skipSpace();
    const { text, offset } = this;
    if (offset >= text.length) return { type: 'end', text: 'the end of the metadata', value: 0n, offset, end: offset };
    const character = text[offset] ?? '';
    if (character === '"' || (character === 'L' && text[offset + 1] === '"')) return this.#readQuoted('"', 'string');
    if (character === "'" || (character === 'L' && text[offset + 1] === "'")) return this.#readQuoted("'", 'character');
    const word = this.#match(WORD);
    if (word !== undefined) return this.#token(TSDL_KEYWORDS.has(word) ? 'keyword' : 'identifier', word);
    const number = this.#match(NUMBER);
    if (number !== undefined) return this.#readInteger(number);
    const punctuator = this.#match(PUNCTUATOR);
    if (punctuator !== undefined) return this.#token('punctuator', punctuator);
    throw tsdlError(text, offset, `The metadata holds a character that TSDL does not know: ${JSON.stringify(character)}.`);
  }

  #token(type: Token['type'], text: string, value = 0n): Token {
    const offset = this.offset;
    this.offset = offset + text.length;
    return { type, text, value, offset, end: this.offset };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    return pattern.exec(this.text)?.[0];
  }

  #skipSpace(): void {
    for (;;) {
      this.offset += this.#match(SPACE_OR_LINE_COMMENT)?.length ?? 0;
      if (!this.text.startsWith('/*', this.offset)) return;
      const end = this.text.indexOf('*/', this.offset + 2);
      if (end < 0) throw tsdlError(this.text, this.offset, 'A comment of the metadata has no end.');
      this.offset = end + 2;
    }
  }

  #readInteger(digits: string): Token {
    const { text, offset } = this;
    if (digits.length > MAX_NUMBER_LENGTH) throw tsdlError(text, offset, 'An integer of the metadata has too many digits.');
    const isOctal = digits.length > 1 && digits.startsWith('0') && !/^0[xX]/.test(digits);
    if (isOctal && /[89]/.test(digits)) throw tsdlError(text, offset, 'An octal integer of the metadata has a digit that is not octal.');
    const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
    if (value > MAX_UINT64) throw tsdlError(text, offset, 'An integer of the metadata does not fit 64 bits.');
    this.offset += digits.length;
    const suffix = this.#match(NUMBER_SUFFIX) ?? '';
    this.offset += suffix.length;
    if (this.#match(WORD) !== undefined) throw tsdlError(text, offset, 'An integer of the metadata runs into a word.');
    return { type: 'integer', text: digits, value, offset, end: this.offset };
  }

  /** A string or character constant. A NUL that is escaped ends its value, as babeltrace2 has it. */
  #readQuoted(quote: '"' | "'", type: 'string' | 'character'): Token {
    const { text, offset: start } = this;
    let at = start + (text[start] === 'L' ? 2 : 1);
    let value = '';
    let isBytes = false;
    for (;;) {
      const character = text[at];
      if (character === undefined || character === '\n') throw tsdlError(text, start, `A ${type} of the metadata has no end.`);
      if (character === '\0') throw tsdlError(text, at, `A ${type} of the metadata holds a NUL.`);
      if (at - start > MAX_STRING_LENGTH) throw tsdlError(text, start, `A ${type} of the metadata is too long.`);
      if (character === quote) break;
      if (character !== '\\') {
        value += character;
        at++;
        continue;
      }
      const escape = this.#readEscape(at);
      isBytes ||= escape.byte >= 0x80;
      value += escape.byte >= 0x80 ? `\uf800${String.fromCharCode(0xf800 + escape.byte)}` : escape.text;
      at += escape.length;
    }
    this.offset = at + 1;
    const nul = value.indexOf('\0');
    if (nul >= 0) value = value.slice(0, nul);
    return { type, text: isBytes ? joinEscapedBytes(value) : value, value: 0n, offset: start, end: this.offset };
  }

  #readEscape(at: number): { readonly text: string; readonly byte: number; readonly length: number } {
    const next = this.text[at + 1] ?? '';
    const simple = Object.hasOwn(SIMPLE_ESCAPES, next) ? SIMPLE_ESCAPES[next] : undefined;
    if (simple !== undefined) return { text: simple, byte: 0, length: 2 };
    // Up to three digits in both bases, as babeltrace2 reads them; more belong to the text.
    const digits = /^(?:[xX]([0-9a-fA-F]{1,3})|([0-7]{1,3}))/.exec(this.text.slice(at + 1, at + 5));
    if (digits === null) throw tsdlError(this.text, at, 'A string of the metadata has an escape that does not exist.');
    const byte = (digits[1] === undefined ? Number.parseInt(digits[2] ?? '0', 8) : Number.parseInt(digits[1], 16)) & 0xff;
    return { text: String.fromCharCode(byte), byte, length: 1 + digits[0].length };
  }
}

/** Escapes above 0x7f are bytes of UTF-8: puts those that were marked with U+F800 in place and decodes all. */
function joinEscapedBytes(marked: string): string {
  const bytes: number[] = [];
  marked.split('\uf800').forEach((part, index) => {
    if (index > 0) bytes.push(part.charCodeAt(0) - 0xf800);
    for (const byte of encodeUtf8(index === 0 ? part : part.slice(1))) bytes.push(byte);
  });
  return decodeUtf8(Uint8Array.from(bytes));
}
