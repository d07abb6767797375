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

const NUMBER = /0[xX][0-9a-fA-F]+|[0-9]+/y;
const NUMBER_SUFFIX = /(?:[uU](?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU]?)?/y;

// Kinds of ASCII characters; anything else is OTHER.
const OTHER = 0;
const SPACE = 1;
const LETTER = 2;
const DIGIT = 3;
const PUNCTUATOR = 4;
const KINDS = new Uint8Array(128);
for (const character of ' \t\r\n\v\f') KINDS[character.charCodeAt(0)] = SPACE;
for (const character of '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
  KINDS[character.charCodeAt(0)] = LETTER;
for (const character of '0123456789') KINDS[character.charCodeAt(0)] = DIGIT;
for (const character of '[](){}.*+-<>:;=,') KINDS[character.charCodeAt(0)] = PUNCTUATOR;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "'": "'",
  '"': '"',
  '?': '?',
  '\\': '\\',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
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

  /** Goes on at `offset`. */
  seek(offset: number): void {
    this.offset = offset;
  }

  next(): Token {
    this.#skipSpace();
    const { text, offset } = this;
    if (offset >= text.length) return { type: 'end', text: 'the end of the metadata', value: 0n, offset, end: offset };
    switch (this.#kindAt(offset)) {
      case LETTER: {
        const next = text[offset + 1];
        if (text[offset] === 'L' && (next === '"' || next === "'")) return this.#readQuoted(offset + 1);
        const end = this.#endOfWord(offset);
        const word = text.slice(offset, end);
        return this.#token(TSDL_KEYWORDS.has(word) ? 'keyword' : 'identifier', word);
      }
      case DIGIT:
        return this.#readInteger(this.#match(NUMBER));
      case PUNCTUATOR:
        return this.#token('punctuator', this.#punctuatorAt(offset));
      default: {
        const character = text[offset] ?? '';
        if (character === '"' || character === "'") return this.#readQuoted(offset);
        throw tsdlError(
          text,
          offset,
          `The metadata holds a character that TSDL does not know: ${JSON.stringify(character)}.`,
        );
      }
    }
  }

  #kindAt(offset: number): number {
    return KINDS[this.text.charCodeAt(offset)] ?? OTHER;
  }

  #endOfWord(offset: number): number {
    let end = offset;
    for (let kind = LETTER; kind === LETTER || kind === DIGIT; kind = this.#kindAt(end)) end++;
    return end;
  }

  #punctuatorAt(offset: number): string {
    const { text } = this;
    const first = text[offset] ?? '';
    if (first === ':' && text[offset + 1] === '=') return ':=';
    if (first === '-' && text[offset + 1] === '>') return '->';
    return first === '.' && text.startsWith('...', offset) ? '...' : first;
  }

  #token(type: Token['type'], text: string): Token {
    const offset = this.offset;
    this.offset = offset + text.length;
    return { type, text, value: 0n, offset, end: this.offset };
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    return pattern.exec(this.text)?.[0] ?? '';
  }

  #skipSpace(): void {
    const { text } = this;
    for (;;) {
      while (this.#kindAt(this.offset) === SPACE) this.offset++;
      if (text[this.offset] !== '/') return;
      const isLineComment = text[this.offset + 1] === '/';
      if (!isLineComment && text[this.offset + 1] !== '*') return;
      const end = isLineComment ? text.indexOf('\n', this.offset) : text.indexOf('*/', this.offset + 2);
      if (end < 0 && !isLineComment) throw tsdlError(text, this.offset, 'A comment of the metadata has no end.');
      this.offset = end < 0 ? text.length : end + (isLineComment ? 1 : 2);
    }
  }

  #readInteger(digits: string): Token {
    const { text, offset } = this;
    if (digits.length > MAX_NUMBER_LENGTH)
      throw tsdlError(text, offset, 'An integer of the metadata has too many digits.');
    const isOctal = digits.length > 1 && digits.startsWith('0') && !/^0[xX]/.test(digits);
    if (isOctal && /[89]/.test(digits))
      throw tsdlError(text, offset, 'An octal integer of the metadata has a digit that is not octal.');
    const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
    if (value > MAX_UINT64) throw tsdlError(text, offset, 'An integer of the metadata does not fit 64 bits.');
    this.offset += digits.length;
    if (this.#kindAt(this.offset) === LETTER) this.offset += this.#match(NUMBER_SUFFIX).length;
    const kind = this.#kindAt(this.offset);
    if (kind === LETTER || kind === DIGIT)
      throw tsdlError(text, offset, 'An integer of the metadata runs into a word.');
    return { type: 'integer', text: digits, value, offset, end: this.offset };
  }

  /** A string or character constant. A NUL that is escaped ends its value, as babeltrace2 has it. */
  #readQuoted(quoteOffset: number): Token {
    const { text, offset: start } = this;
    const quote = text[quoteOffset];
    const type = quote === '"' ? 'string' : 'character';
    let at = quoteOffset + 1;
    let value = '';
    let isBytes = false;
    for (;;) {
      const character = text[at];
      if (character === undefined || character === '\n')
        throw tsdlError(text, start, `A ${type} of the metadata has no end.`);
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
    const byte =
      (digits[1] === undefined ? Number.parseInt(digits[2] ?? '0', 8) : Number.parseInt(digits[1], 16)) & 0xff;
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
