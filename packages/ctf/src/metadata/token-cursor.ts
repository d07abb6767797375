// SPDX-License-Identifier: MIT
// The token at hand and what a recursive-descent parser does with it: look, take, demand; constant
// values and attribute assignments, which all blocks of TSDL share.

import type { CtfError } from '@lockstep/base';
import { tsdlError } from './tsdl-error.ts';
import { TsdlLexer, type Token } from './tsdl-lexer.ts';
import { isUuidText } from './uuid.ts';

/** Far above a page, and far below where bit offsets stop being exact. */
const MAX_ALIGNMENT_BITS = 1n << 30n;
/** Characters; LTTng's longest integer has 110. */
const LONGEST_REPEATED_TEXT = 200;

/** Right-hand side of `attribute = value`. */
export type AttributeValue =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'string'; readonly text: string }
  /** Bare words joined by dots: `true`, `le`, `clock.monotonic.value`. */
  | { readonly kind: 'words'; readonly text: string };

export interface Attribute {
  readonly name: string;
  readonly value: AttributeValue;
  readonly offset: number;
}

export class TokenCursor {
  readonly #lexer: TsdlLexer;
  /** Types that have been parsed, by keyword and text. */
  readonly knownTypes = new Map<string, unknown>();
  token: Token;

  constructor(text: string) {
    this.#lexer = new TsdlLexer(text);
    this.token = this.#lexer.next();
  }

  advance(): Token {
    const taken = this.token;
    this.token = this.#lexer.next();
    return taken;
  }

  /**
   * The text from `{` at the token to the next `}`, as long as it is short and plain: the same text
   * means the same type wherever it stands, and metadata repeats few of them thousands of times.
   */
  tryBracedText(): string | undefined {
    if (!this.is('{')) return undefined;
    const { text } = this.#lexer;
    const { offset } = this.token;
    const end = text.indexOf('}', offset);
    if (end < 0 || end - offset > LONGEST_REPEATED_TEXT) return undefined;
    const braced = text.slice(offset, end + 1);
    return /["'/\\]/.test(braced) ? undefined : braced;
  }

  /** Steps over what `tryBracedText` returned. */
  skipBracedText(braced: string): void {
    this.#lexer.seek(this.token.offset + braced.length);
    this.advance();
  }

  /** True if the token is this punctuator or keyword. */
  is(text: string): boolean {
    return this.token.text === text && (this.token.type === 'punctuator' || this.token.type === 'keyword');
  }

  tryTake(text: string): boolean {
    if (!this.is(text)) return false;
    this.advance();
    return true;
  }

  take(text: string, where: string): Token {
    if (!this.is(text)) throw this.expected(`"${text}" ${where}`);
    return this.advance();
  }

  takeIdentifier(what: string): Token {
    if (this.token.type === 'identifier') return this.advance();
    if (this.token.type === 'keyword') throw this.error(`The reserved word "${this.token.text}" cannot be ${what}.`);
    throw this.expected(what);
  }

  error(sentence: string, offset = this.token.offset): CtfError {
    return tsdlError(this.#lexer.text, offset, sentence);
  }

  expected(what: string): CtfError {
    const { type, text } = this.token;
    const found = type === 'end' ? text : type === 'string' ? 'a string' : `"${text.slice(0, 40)}"`;
    return this.error(`Expected ${what}, found ${found}.`);
  }

  /** An integer with an optional sign. */
  takeInteger(what: string): bigint {
    const isNegative = this.is('-');
    if (isNegative || this.is('+')) this.advance();
    if (this.token.type !== 'integer') throw this.expected(what);
    const { value } = this.advance();
    return isNegative ? -value : value;
  }

  /** Words joined by dots; keywords are allowed, since paths begin with them. */
  takePath(what: string): readonly string[] {
    const path: string[] = [];
    do {
      if (this.token.type !== 'identifier' && this.token.type !== 'keyword') throw this.expected(what);
      path.push(this.advance().text);
    } while (this.tryTake('.'));
    return path;
  }

  /** `name` of a following `name = …` or `name := …`, its words taken; undefined and nothing taken if none follows. */
  tryTakeAssignmentName(): Token | undefined {
    const start = this.token;
    if (start.type !== 'identifier' && start.type !== 'keyword') return undefined;
    let name = this.advance().text;
    while (this.is('.')) {
      this.advance();
      if (this.token.type !== 'identifier' && this.token.type !== 'keyword') break;
      name += `.${this.advance().text}`;
    }
    if (this.is('=') || this.is(':=')) return { ...start, text: name };
    this.#lexer.offset = start.end;
    this.token = start;
    return undefined;
  }

  takeValue(name: string): AttributeValue {
    const { type } = this.token;
    if (type === 'string' || type === 'character') return { kind: 'string', text: this.advance().text };
    if (type === 'integer' || this.is('-') || this.is('+'))
      return { kind: 'integer', value: this.takeInteger(`the value of "${name}"`) };
    return { kind: 'words', text: this.takePath(`the value of "${name}"`).join('.') };
  }

  /** `{ name = value; … }` of an integer, floating-point number or string type; by name, each at most once. */
  takeAttributes(): ReadonlyMap<string, Attribute> {
    const attributes = new Map<string, Attribute>();
    this.take('{', 'before the attributes');
    while (!this.tryTake('}')) {
      const name = this.tryTakeAssignmentName();
      if (name === undefined) throw this.expected('an attribute, "name = value;", or "}"');
      this.take('=', `after "${name.text}"`);
      this.putAttribute(attributes, { name: name.text, value: this.takeValue(name.text), offset: name.offset });
      this.take(';', `after the value of "${name.text}"`);
    }
    return attributes;
  }

  putAttribute(attributes: Map<string, Attribute>, attribute: Attribute): void {
    if (attributes.has(attribute.name))
      throw this.error(`The attribute "${attribute.name}" is given twice.`, attribute.offset);
    attributes.set(attribute.name, attribute);
  }

  checkAlignment(value: bigint, offset: number): void {
    if (value < 1n || value > MAX_ALIGNMENT_BITS || (value & (value - 1n)) !== 0n) {
      throw this.error('An alignment must be a power of two of bits, at most 2^30.', offset);
    }
  }

  // Readers of one attribute's value; each refuses a value of another kind.

  integerOf(attribute: Attribute): bigint {
    if (attribute.value.kind === 'integer') return attribute.value.value;
    throw this.error(`The attribute "${attribute.name}" must be an integer.`, attribute.offset);
  }

  unsignedOf(attribute: Attribute): bigint {
    const value = this.integerOf(attribute);
    if (value < 0n) throw this.error(`The attribute "${attribute.name}" must not be negative.`, attribute.offset);
    return value;
  }

  booleanOf(attribute: Attribute): boolean {
    const { value } = attribute;
    if (value.kind === 'integer' && (value.value === 0n || value.value === 1n)) return value.value === 1n;
    if (value.kind === 'words' && /^(?:true|TRUE)$/.test(value.text)) return true;
    if (value.kind === 'words' && /^(?:false|FALSE)$/.test(value.text)) return false;
    throw this.error(`The attribute "${attribute.name}" must be true or false.`, attribute.offset);
  }

  wordOf(attribute: Attribute, choices: string): string {
    if (attribute.value.kind === 'words') return attribute.value.text;
    if (attribute.value.kind === 'integer') return String(attribute.value.value);
    throw this.error(`The attribute "${attribute.name}" must be ${choices}, without quotes.`, attribute.offset);
  }

  /** Text of a string or of bare words. */
  textOf(attribute: Attribute): string {
    if (attribute.value.kind !== 'integer') return attribute.value.text;
    throw this.error(`The attribute "${attribute.name}" must be a string.`, attribute.offset);
  }

  uuidOf(attribute: Attribute): string {
    const text = this.textOf(attribute);
    if (!isUuidText(text))
      throw this.error('A uuid must be 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.', attribute.offset);
    return text.toLowerCase();
  }
}
