// SPDX-License-Identifier: MIT
// JSON text -> a tree whose values know where they stand, so that what metadata says wrongly can be
// shown. Integers are exact: those beyond 53 bits are bigints. Depth is bounded; a name that occurs
// twice in an object is refused.

import type { CtfError } from '@lockstep/base';
import { tsdlError } from './tsdl-error.ts';

export type JsonNode =
  | { readonly kind: 'object'; readonly offset: number; readonly members: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly offset: number; readonly elements: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly offset: number; readonly value: string }
  | { readonly kind: 'integer'; readonly offset: number; readonly value: number | bigint }
  | { readonly kind: 'real'; readonly offset: number; readonly value: number }
  | { readonly kind: 'boolean'; readonly offset: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly offset: number };

export type JsonObjectNode = Extract<JsonNode, { kind: 'object' }>;

/** Field classes nest two or three objects a level. */
const DEEPEST_NESTING = 256;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** Digits: more are an attack on the conversion, whose time is quadratic. */
const LONGEST_INTEGER = 400;
// oxlint-disable-next-line no-control-regex -- control characters are what JSON forbids in strings
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Parses the one value that stands in `text` between `begin` and `end`. */
export function parseJson(text: string, begin: number, end: number): JsonNode {
  return new JsonParser(text, begin, end).parse();
}

class JsonParser {
  readonly #text: string;
  readonly #end: number;
  #at: number;

  constructor(text: string, begin: number, end: number) {
    this.#text = text;
    this.#at = begin;
    this.#end = end;
  }

  parse(): JsonNode {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#end) throw this.#expected('the end of the fragment');
    return value;
  }

  #expected(what: string): CtfError {
    const found = this.#at >= this.#end ? 'the fragment ends' : `"${this.#text[this.#at] ?? ''}" stands`;
    return tsdlError(this.#text, Math.min(this.#at, this.#end), `Expected ${what}, but here ${found}.`);
  }

  #skipSpace(): void {
    for (; this.#at < this.#end; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
    }
  }

  /** Steps over a character if it comes next. */
  #tryTake(character: string): boolean {
    this.#skipSpace();
    if (this.#at >= this.#end || this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #value(depth: number): JsonNode {
    this.#skipSpace();
    const offset = this.#at;
    const first = offset < this.#end ? this.#text[offset] : undefined;
    if (depth > DEEPEST_NESTING)
      throw tsdlError(this.#text, offset, `The metadata nests more than ${DEEPEST_NESTING} levels deep.`);
    switch (first) {
      case '{':
        return this.#object(offset, depth);
      case '[':
        return this.#array(offset, depth);
      case '"':
        return { kind: 'string', offset, value: this.#string() };
      case 't':
        return this.#word('true', { kind: 'boolean', offset, value: true });
      case 'f':
        return this.#word('false', { kind: 'boolean', offset, value: false });
      case 'n':
        return this.#word('null', { kind: 'null', offset });
      default:
        return this.#number(offset);
    }
  }

  #word(word: string, node: JsonNode): JsonNode {
    if (!this.#text.startsWith(word, this.#at) || this.#at + word.length > this.#end)
      throw this.#expected('a JSON value');
    this.#at += word.length;
    return node;
  }

  #number(offset: number): JsonNode {
    NUMBER.lastIndex = offset;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined || offset + text.length > this.#end) throw this.#expected('a JSON value');
    this.#at = offset + text.length;
    const value = Number(text);
    if (/[.eE]/.test(text)) return { kind: 'real', offset, value };
    if (text.length > LONGEST_INTEGER) throw tsdlError(this.#text, offset, 'An integer has too many digits.');
    return { kind: 'integer', offset, value: Number.isSafeInteger(value) ? value : BigInt(text) };
  }

  #string(): string {
    this.#at++;
    let value = '';
    for (;;) {
      PLAIN_TEXT.lastIndex = this.#at;
      const plain = PLAIN_TEXT.exec(this.#text)?.[0] ?? '';
      value += plain;
      this.#at += plain.length;
      const next = this.#at < this.#end ? this.#text[this.#at] : undefined;
      if (next === '"') {
        this.#at++;
        return value;
      }
      if (next !== '\\') throw this.#expected('the end of a string');
      value += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain !== undefined) {
      this.#at += 2;
      return plain;
    }
    const digits = /^u[0-9a-fA-F]{4}/.exec(this.#text.slice(this.#at + 1, this.#at + 6));
    if (digits === null) throw this.#expected('an escape sequence of JSON');
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(digits[0].slice(1), 16));
  }

  #array(offset: number, depth: number): JsonNode {
    this.#at++;
    const elements: JsonNode[] = [];
    if (this.#tryTake(']')) return { kind: 'array', offset, elements };
    for (;;) {
      elements.push(this.#value(depth + 1));
      if (this.#tryTake(']')) return { kind: 'array', offset, elements };
      if (!this.#tryTake(',')) throw this.#expected('"," or "]"');
    }
  }

  #object(offset: number, depth: number): JsonNode {
    this.#at++;
    const members = new Map<string, JsonNode>();
    if (this.#tryTake('}')) return { kind: 'object', offset, members };
    for (;;) {
      this.#skipSpace();
      const at = this.#at;
      if (this.#text[at] !== '"' || at >= this.#end) throw this.#expected('a name in quotes');
      const name = this.#string();
      if (members.has(name)) throw tsdlError(this.#text, at, `The property "${name}" occurs twice.`);
      if (!this.#tryTake(':')) throw this.#expected(`":" after "${name}"`);
      members.set(name, this.#value(depth + 1));
      if (this.#tryTake('}')) return { kind: 'object', offset, members };
      if (!this.#tryTake(',')) throw this.#expected('"," or "}"');
    }
  }
}
