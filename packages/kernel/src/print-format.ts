// SPDX-License-Identifier: MIT
// The `print fmt:` of a format file -> what it tells of single fields: tables of names for their values
// (`__print_symbolic`, `__print_flags`) and the base they are printed in. It is C, written for printf;
// whatever is not understood is left out, and the event is recorded all the same.

/** Names of the values of a field. Of `flags` several may hold at once. */
export interface ValueTable {
  readonly kind: 'symbolic' | 'flags';
  readonly entries: readonly (readonly [label: string, value: bigint])[];
}

export interface PrintFormat {
  readonly tables: ReadonlyMap<string, ValueTable>;
  readonly bases: ReadonlyMap<string, 8 | 16>;
}

/** Value of an enumerator that the format names; undefined when nobody knows. */
export type NameResolver = (name: string) => bigint | undefined;

const NOTHING: PrintFormat = { tables: new Map(), bases: new Map() };
/** The longest of Linux 6.18 has 13 000 characters. */
const MAX_LENGTH = 200_000;

export function parsePrintFormat(text: string, resolve: NameResolver): PrintFormat {
  if (!text.startsWith('"') || text.length > MAX_LENGTH) return NOTHING;
  const [format = '', ...parameters] = splitList(text, 0).parts;
  const tables = new Map<string, ValueTable>();
  const bases = new Map<string, 8 | 16>();
  const conversions = [...format.matchAll(/%(?:%|[-+ #0]*\*?\d*(?:\.\d+)?[hlLqjzt]*([a-zA-Z]))/g)].filter(
    (match) => match[1] !== undefined,
  );
  parameters.forEach((parameter, index) => {
    findTables(parameter, resolve, tables);
    const letter = conversions[index]?.[1];
    const field = plainField(parameter);
    if (field === undefined) return;
    if (letter === 'x' || letter === 'X' || letter === 'p') bases.set(field, 16);
    if (letter === 'o') bases.set(field, 8);
  });
  return { tables, bases };
}

/** The parts between top-level commas from `begin` to the bracket that closes, or to the end. */
function splitList(text: string, begin: number): { readonly parts: string[]; readonly end: number } {
  const parts: string[] = [];
  let depth = 0;
  let from = begin;
  let at = begin;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      for (at++; at < text.length && text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++;
    } else if (code === 40 || code === 123) depth++;
    else if (code === 41 || code === 125) {
      if (depth === 0) break;
      depth--;
    } else if (code === 44 && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(text.slice(from, at).trim());
  return { parts, end: at + 1 };
}

function findTables(parameter: string, resolve: NameResolver, tables: Map<string, ValueTable>): void {
  const start = /__print_(symbolic|flags)(?:64|_u64)?\(/g;
  for (let match = start.exec(parameter); match !== null; match = start.exec(parameter)) {
    const { parts, end } = splitList(parameter, start.lastIndex);
    const kind = match[1] === 'flags' ? 'flags' : 'symbolic';
    const about = subjectOf(parts[0] ?? '', kind);
    start.lastIndex = end;
    if (about === undefined || tables.has(about.field)) continue;
    const entries = tableOf(parts.slice(kind === 'flags' ? 2 : 1), resolve, about.isBitNumber);
    if (entries.length > 0) tables.set(about.field, { kind: about.isBitNumber ? 'symbolic' : kind, entries });
  }
}

interface Subject {
  readonly field: string;
  /** `1 << REC->field`: the labels are those of a single bit. */
  readonly isBitNumber: boolean;
}

/** Which field a table is about: the field itself, or for flags a part of its bits. */
function subjectOf(expression: string, kind: 'symbolic' | 'flags'): Subject | undefined {
  const field = plainField(expression);
  if (field !== undefined) return { field, isBitNumber: false };
  const text = stripCasts(expression);
  const bit = /^1[uUlL]*\s*<<\s*\(?\s*REC->(\w+)\s*\)?$/.exec(text)?.[1];
  if (bit !== undefined) return { field: bit, isBitNumber: true };
  const masked = kind === 'flags' ? /^\(?\s*REC->(\w+)\s*\)?\s*&[^&]/.exec(text)?.[1] : undefined;
  return masked === undefined ? undefined : { field: masked, isBitNumber: false };
}

/** `REC->x`, whatever parentheses and casts stand around it. */
function plainField(expression: string): string | undefined {
  return /^REC->(\w+)$/.exec(stripCasts(expression))?.[1];
}

const CAST = /^\(\s*(?:const |unsigned |signed |long |short |struct |enum )*\w*\s*\**\s*\)\s*(?=[(\w])/;

function stripCasts(expression: string): string {
  let text = expression.trim();
  for (;;) {
    const cast = CAST.exec(text);
    if (cast !== null) text = text.slice(cast[0].length).trim();
    else if (text.startsWith('(') && splitList(text, 1).end === text.length) text = text.slice(1, -1).trim();
    else return text;
  }
}

/** Formats share tables: those of gfp flags stand in a hundred of them, 7 KB each. */
const knownTables = new Map<string, ValueTable['entries']>();
const MAX_KNOWN_TABLES = 1000;

function tableOf(parts: readonly string[], resolve: NameResolver, isBitNumber: boolean): ValueTable['entries'] {
  const key = `${isBitNumber ? 1 : 0}${parts.join(',')}`;
  const known = knownTables.get(key);
  if (known !== undefined) return known;
  const entries: [string, bigint][] = [];
  for (const part of parts) {
    if (!part.startsWith('{')) continue;
    const [valueText = '', labelText = ''] = splitList(part, 1).parts;
    const label = /^"((?:[^"\\]|\\.)*)"$/.exec(labelText)?.[1]?.replace(/\\(.)/g, '$1');
    const value = label === undefined || label === '' ? undefined : evaluateConstant(valueText, resolve);
    if (label === undefined || value === undefined) continue;
    const stored = isBitNumber ? bitNumber(value) : value;
    if (stored !== undefined) entries.push([label, stored]);
  }
  if (knownTables.size >= MAX_KNOWN_TABLES) knownTables.clear();
  knownTables.set(key, entries);
  return entries;
}

function bitNumber(value: bigint): bigint | undefined {
  return value > 0n && (value & (value - 1n)) === 0n ? BigInt(value.toString(2).length - 1) : undefined;
}

const TOKEN =
  /\s*(?:(0[xX][\da-fA-F]+|\d+)[uUlL]*|'((?:[^'\\]|\\.))'|([A-Za-z_]\w*)|(<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!()<>?:]))/y;
const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

/** Value of a constant expression of C in 64 bits; undefined for what is none. */
export function evaluateConstant(text: string, resolve: NameResolver): bigint | undefined {
  const tokens: (string | bigint)[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) {
      if (text.slice(at).trim() === '') break;
      return undefined;
    }
    at = TOKEN.lastIndex;
    const [, number, character, name, operator] = match;
    if (number !== undefined) tokens.push(/^0\d/.test(number) ? octal(number) : BigInt(number));
    else if (character !== undefined) tokens.push(BigInt(character.charCodeAt(character.length - 1)));
    else tokens.push(name ?? operator ?? '');
  }
  const evaluator = new ConstantEvaluator(tokens, resolve);
  const value = evaluator.expression(0, 0);
  return value === undefined || !evaluator.isAtEnd ? undefined : BigInt.asIntN(64, value);
}

function octal(digits: string): bigint {
  return /^[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : 0n;
}

const MAX_DEPTH = 200;

class ConstantEvaluator {
  readonly #tokens: readonly (string | bigint)[];
  readonly #resolve: NameResolver;
  #at = 0;

  constructor(tokens: readonly (string | bigint)[], resolve: NameResolver) {
    this.#tokens = tokens;
    this.#resolve = resolve;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  expression(minimum: number, depth: number): bigint | undefined {
    if (depth > MAX_DEPTH) return undefined;
    let left = this.#operand(depth);
    while (left !== undefined) {
      const operator = this.#tokens[this.#at];
      const precedence = typeof operator === 'string' ? PRECEDENCE[operator] : undefined;
      if (precedence === undefined || precedence <= minimum) return left;
      this.#at++;
      const right = this.expression(precedence, depth + 1);
      left = right === undefined ? undefined : combine(operator as string, left, right);
    }
    return undefined;
  }

  #operand(depth: number): bigint | undefined {
    const token = this.#tokens[this.#at++];
    if (typeof token === 'bigint') return token;
    switch (token) {
      case '-':
      case '~':
      case '!':
      case '+': {
        const value = depth > MAX_DEPTH ? undefined : this.#operand(depth + 1);
        if (value === undefined) return undefined;
        return token === '-' ? -value : token === '~' ? ~value : token === '+' ? value : value === 0n ? 1n : 0n;
      }
      case '(': {
        if (this.#skipCast()) return this.#operand(depth + 1);
        const value = this.expression(0, depth + 1);
        return this.#tokens[this.#at++] === ')' ? value : undefined;
      }
      case undefined:
        return undefined;
      default:
        return /^\w/.test(token) ? this.#resolve(token) : undefined;
    }
  }

  /** `(type)` before an operand, its opening bracket taken. Names that have a value are no types. */
  #skipCast(): boolean {
    let at = this.#at;
    let wordCount = 0;
    for (; ; at++) {
      const token = this.#tokens[at];
      if (typeof token !== 'string' || !/^(?:[A-Za-z_]\w*|\*)$/.test(token)) break;
      if (token !== '*') wordCount++;
    }
    const next = this.#tokens[at + 1];
    const isOperand = typeof next === 'bigint' || (typeof next === 'string' && /^(?:[A-Za-z_]\w*|[(~-])$/.test(next));
    if (wordCount === 0 || this.#tokens[at] !== ')' || !isOperand) return false;
    // `(A) - 1` is a difference when A is a number.
    const only = this.#tokens[this.#at];
    if (wordCount === 1 && typeof only === 'string' && next === '-' && this.#resolve(only) !== undefined) return false;
    this.#at = at + 1;
    return true;
  }
}

function combine(operator: string, left: bigint, right: bigint): bigint | undefined {
  switch (operator) {
    case '||':
      return left !== 0n || right !== 0n ? 1n : 0n;
    case '&&':
      return left !== 0n && right !== 0n ? 1n : 0n;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '&':
      return left & right;
    case '==':
      return left === right ? 1n : 0n;
    case '!=':
      return left !== right ? 1n : 0n;
    case '<':
      return left < right ? 1n : 0n;
    case '>':
      return left > right ? 1n : 0n;
    case '<=':
      return left <= right ? 1n : 0n;
    case '>=':
      return left >= right ? 1n : 0n;
    case '<<':
      return right < 0n || right > 63n ? undefined : BigInt.asIntN(64, left << right);
    case '>>':
      return right < 0n || right > 63n ? undefined : left >> right;
    case '+':
      return BigInt.asIntN(64, left + right);
    case '-':
      return BigInt.asIntN(64, left - right);
    case '*':
      return BigInt.asIntN(64, left * right);
    case '/':
      return right === 0n ? undefined : left / right;
    case '%':
      return right === 0n ? undefined : left % right;
    default:
      return undefined;
  }
}
