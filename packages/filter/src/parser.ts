// SPDX-License-Identifier: MIT
// Tokens -> tree, by a Pratt parser with LTTng's precedence, which is not C's: bitwise operators bind
// tighter than comparisons, so `a & 1 == 1` means `(a & 1) == 1`.
//
//   tightest   - + ! ~ (unary)
//              << >>
//              &
//              ^
//              |
//              < <= > >=
//              == !=
//              &&
//   loosest    ||
//
// What no field's type is needed for is checked here too: LTTng refuses it when a rule is made.

import { assertUnreachable, InputError } from '@lockstep/base';
import type { BinaryNode, FieldNode, Filter, FilterNode, UnaryOperator } from './ast.ts';
import { checkLiterals } from './check-literals.ts';
import { filterError, tokenizeFilter, type Token } from './lexer.ts';

/** lttng-tools 2.16 (filter-visitor-ir-check-binary-op-nesting.cpp and others). */
const MAX_NESTING_DEPTH = 1024;
/** LTTng's bytecode is at most 65 536 bytes; a filter that is longer as text cannot fit. */
const MAX_TEXT_LENGTH = 65_536;

const BINDING_POWERS: ReadonlyMap<string, number> = new Map([
  ['||', 1],
  ['&&', 2],
  ['==', 3],
  ['!=', 3],
  ['<', 4],
  ['<=', 4],
  ['>', 4],
  ['>=', 4],
  ['|', 5],
  ['^', 6],
  ['&', 7],
  ['<<', 8],
  ['>>', 8],
]);
const UNARY_OPERATORS: ReadonlySet<string> = new Set(['-', '+', '!', '~']);
const ARITHMETIC_OPERATORS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);

/** Parses a filter expression. Throws InputError with the place. */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_TEXT_LENGTH)
    throw new InputError('The filter is too long', { length: text.length, limit: MAX_TEXT_LENGTH });
  const parser = new FilterParser(text);
  const filter = { text, root: parser.parseAll() };
  checkLiterals(filter);
  return filter;
}

class FilterParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenizeFilter(text);
  }

  parseAll(): FilterNode {
    const node = this.#parseExpression(0);
    const rest = this.#next();
    if (rest.type !== 'end') throw this.#unexpected(rest);
    return node;
  }

  #parseExpression(minimumPower: number): FilterNode {
    if (++this.#depth > MAX_NESTING_DEPTH)
      throw filterError('The filter is nested too deeply', this.#text, this.#peek().position);
    let left = this.#parseUnary();
    // Operators of one chain nest to the left, and so count as deep as they are many.
    let chainLength = 0;
    for (;;) {
      const token = this.#peek();
      if (token.type !== 'operator') break;
      if (ARITHMETIC_OPERATORS.has(token.text))
        throw filterError(`Filters have no arithmetic: "${token.text}" is not possible`, this.#text, token.position);
      const power = BINDING_POWERS.get(token.text);
      if (power === undefined || power <= minimumPower) break;
      if (this.#depth + ++chainLength > MAX_NESTING_DEPTH)
        throw filterError('The filter is nested too deeply', this.#text, token.position);
      this.#index++;
      const right = this.#parseExpression(power);
      left = { type: 'binary', operator: token.text as BinaryNode['operator'], left, right, position: token.position };
    }
    this.#depth--;
    return left;
  }

  #parseUnary(): FilterNode {
    const token = this.#peek();
    if (token.type !== 'operator' || !UNARY_OPERATORS.has(token.text)) return this.#parsePrimary();
    this.#index++;
    if (++this.#depth > MAX_NESTING_DEPTH)
      throw filterError('The filter is nested too deeply', this.#text, token.position);
    const operand = this.#parseUnary();
    this.#depth--;
    return { type: 'unary', operator: token.text as UnaryOperator, operand, position: token.position };
  }

  #parsePrimary(): FilterNode {
    const token = this.#next();
    switch (token.type) {
      case 'integer':
      case 'float':
      case 'string':
        return token;
      case 'identifier':
        return this.#parseField(token.name, token.position);
      case 'operator': {
        if (token.text !== '(') throw this.#unexpected(token);
        const node = this.#parseExpression(0);
        this.#expect(')');
        return node;
      }
      case 'end':
        throw this.#unexpected(token);
      default:
        return assertUnreachable(token);
    }
  }

  #parseField(first: string, position: number): FieldNode {
    let scope: FieldNode['scope'] = 'payload';
    let name = first;
    if (first.startsWith('$')) {
      if (first !== '$ctx' && first !== '$app')
        throw filterError(`There is no scope ${first}; there are $ctx and $app`, this.#text, position);
      scope = first === '$ctx' ? 'context' : 'application';
      this.#expect('.');
      name = this.#expectName();
      if (scope === 'application') {
        this.#expect(':');
        name += `:${this.#expectName()}`;
      }
    }
    return { type: 'field', scope, name, path: this.#parsePath(), position };
  }

  #parsePath(): (string | number)[] {
    const path: (string | number)[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.type !== 'operator') return path;
      if (token.text === '->')
        throw filterError('Filters have no "->"; a member is written with a dot', this.#text, token.position);
      if (token.text === ':')
        throw filterError(
          'A ":" is possible only in $app.PROVIDER:TYPE; perf counters cannot be filtered on',
          this.#text,
          token.position,
        );
      if (token.text === '.') {
        this.#index++;
        path.push(this.#expectName());
      } else if (token.text === '[') {
        this.#index++;
        const index = this.#next();
        if (index.type !== 'integer' || index.value < 0n || index.value > 0xffff_ffffn) {
          throw filterError('An index must be a number that is not negative', this.#text, index.position);
        }
        path.push(Number(index.value));
        this.#expect(']');
      } else {
        return path;
      }
    }
  }

  #expectName(): string {
    const token = this.#next();
    if (token.type !== 'identifier' || token.name.startsWith('$')) throw this.#unexpected(token, 'a name');
    return token.name;
  }

  #expect(text: string): void {
    const token = this.#next();
    if (token.type !== 'operator' || token.text !== text) throw this.#unexpected(token, `"${text}"`);
  }

  #peek(): Token {
    const token = this.#tokens[this.#index];
    if (token === undefined) throw new Error('read past the end token');
    return token;
  }

  #next(): Token {
    const token = this.#peek();
    // The end stays where it is, so that reading past it says the same again.
    if (token.type !== 'end') this.#index++;
    return token;
  }

  #unexpected(token: Token, wanted?: string): InputError {
    const instead = wanted === undefined ? '' : ` where ${wanted} is needed`;
    if (token.type === 'end') return filterError(`The filter ends too early${instead}`, this.#text, token.position);
    return filterError(
      `The filter has something unexpected${instead}: "${describeToken(token)}"`,
      this.#text,
      token.position,
    );
  }
}

function describeToken(token: Token): string {
  switch (token.type) {
    case 'operator':
      return token.text;
    case 'identifier':
      return token.name;
    case 'string':
      return token.pattern;
    case 'integer':
    case 'float':
      return String(token.value);
    case 'end':
      return '';
    default:
      return assertUnreachable(token);
  }
}
