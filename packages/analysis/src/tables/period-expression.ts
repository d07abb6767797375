// SPDX-License-Identifier: MIT
// The expressions that begin and end periods, in the language of lttng-analyses:
//
//   expression := or; or := and ('||' and)*; and := not ('&&' not)*; not := '!' not | '(' or ')' | comparison
//   comparison := operand ('==' '!=' '<' '<=' '>' '>=' '=*') operand      =* is a glob
//   operand    := number | "string" | ['$parent.'] ['$begin.'] '$evt.' ['$SCOPE.'] (field | '$name')
//   SCOPE      := pkt_header | pkt_ctx | header | stream_ctx | ctx | payload
//
// Without a scope a field is looked for in the payload, then in the event's own context, the stream's
// context, the event's header, the packet's context. A comparison with a field that is not there, or of two kinds, is false.

import { InputError } from '@lockstep/base';
import type { EventRecord, FieldValue, StructureValue } from '@lockstep/ctf';
import { compileGlob } from '@lockstep/filter';

/** The event that is looked at, the one that began the period, and the one that began its parent. */
export interface PeriodEvents {
  readonly event: EventRecord;
  readonly begin: EventRecord | undefined;
  readonly parentBegin: EventRecord | undefined;
}
export type PeriodExpression = (events: PeriodEvents) => boolean;

type Value = string | number | bigint | undefined;
type Operand = (events: PeriodEvents) => Value;

const SCOPES: Readonly<Record<string, (record: EventRecord) => StructureValue | undefined>> = {
  pkt_header: (record) => record.packet.header,
  pkt_ctx: (record) => record.packet.context,
  header: (record) => record.header,
  stream_ctx: (record) => record.commonContext,
  ctx: (record) => record.specificContext,
  payload: (record) => record.payload,
};
const SEARCHED = ['payload', 'ctx', 'stream_ctx', 'header', 'pkt_ctx'] as const;
const TOKEN =
  /\s*(?:(&&|\|\||==|!=|<=|>=|=\*|[<>!().,:=])|("(?:[^"\\]|\\.)*")|([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(\$?[A-Za-z_][A-Za-z0-9_]*))/y;
const MAX_NESTING = 100;

interface Token {
  readonly text: string;
  readonly kind: 'sign' | 'string' | 'number' | 'word' | 'end';
  readonly at: number;
}

/** Reads a text from the left; for whole definitions of periods too. */
export class PeriodTokens {
  readonly text: string;
  #at = 0;
  #token: Token;

  constructor(text: string) {
    this.text = text;
    this.#token = this.#scan();
  }

  get kind(): Token['kind'] {
    return this.#token.kind;
  }
  peek(): string {
    return this.#token.text;
  }
  take(): string {
    const { text } = this.#token;
    this.#token = this.#scan();
    return text;
  }
  tryTake(text: string): boolean {
    if (this.#token.kind === 'string' || this.#token.text !== text) return false;
    this.take();
    return true;
  }
  expect(text: string): void {
    if (!this.tryTake(text)) this.fail(`"${text}" is expected here`);
  }
  fail(sentence: string): never {
    throw new InputError(`The period cannot be read: ${sentence}`, { period: this.text, position: this.#token.at });
  }

  #scan(): Token {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.text);
    if (match === null) {
      const rest = this.text.slice(this.#at).trimStart();
      const at = this.text.length - rest.length;
      if (rest !== '')
        throw new InputError('The period cannot be read: nothing begins like this', {
          period: this.text,
          position: at,
        });
      return { text: '', kind: 'end', at };
    }
    const [whole, sign, string, number, word = ''] = match;
    this.#at += whole.length;
    const text = sign ?? string ?? number ?? word;
    const kind =
      sign !== undefined ? 'sign' : string !== undefined ? 'string' : number !== undefined ? 'number' : 'word';
    return { text, kind, at: this.#at - text.length };
  }
}

export function parseExpression(tokens: PeriodTokens, depth = 0): PeriodExpression {
  if (depth > MAX_NESTING) tokens.fail('it is nested too deeply');
  let left = parseAnd(tokens, depth);
  while (tokens.tryTake('||')) {
    const [one, other] = [left, parseAnd(tokens, depth)];
    left = (events) => one(events) || other(events);
  }
  return left;
}

function parseAnd(tokens: PeriodTokens, depth: number): PeriodExpression {
  let left = parseNot(tokens, depth);
  while (tokens.tryTake('&&')) {
    const [one, other] = [left, parseNot(tokens, depth)];
    left = (events) => one(events) && other(events);
  }
  return left;
}

function parseNot(tokens: PeriodTokens, depth: number): PeriodExpression {
  if (depth > MAX_NESTING) tokens.fail('it is nested too deeply');
  if (tokens.tryTake('!')) {
    const operand = parseNot(tokens, depth + 1);
    return (events) => !operand(events);
  }
  if (tokens.tryTake('(')) {
    const inner = parseExpression(tokens, depth + 1);
    tokens.expect(')');
    return inner;
  }
  return parseComparison(tokens);
}

function parseComparison(tokens: PeriodTokens): PeriodExpression {
  const left = parseOperand(tokens);
  const operator = tokens.peek();
  if (operator === '=*') {
    tokens.take();
    if (tokens.kind !== 'string') tokens.fail('=* takes a pattern in quotes');
    const matches = compileGlob(unquote(tokens.take()));
    return (events) => {
      const value = left(events);
      return typeof value === 'string' && matches(value);
    };
  }
  const compare = COMPARISONS[operator];
  if (tokens.kind !== 'sign' || compare === undefined) tokens.fail('a comparison is expected here');
  tokens.take();
  const right = parseOperand(tokens);
  return (events) => {
    const [one, other] = [left(events), right(events)];
    if (one === undefined || other === undefined || (typeof one === 'string') !== (typeof other === 'string'))
      return false;
    return compare(one, other);
  };
}

const COMPARISONS: Readonly<
  Record<string, (one: string | number | bigint, other: string | number | bigint) => boolean>
> = {
  // A bigint and a number of one value are equal under ==.
  // oxlint-disable-next-line eqeqeq -- see above
  '==': (one, other) => one == other,
  // oxlint-disable-next-line eqeqeq -- see above
  '!=': (one, other) => one != other,
  '<': (one, other) => one < other,
  '<=': (one, other) => one <= other,
  '>': (one, other) => one > other,
  '>=': (one, other) => one >= other,
};

/** Also what a capture is. */
export function parseOperand(tokens: PeriodTokens): Operand {
  if (tokens.kind === 'number') {
    const value = Number(tokens.take());
    return () => value;
  }
  if (tokens.kind === 'string') {
    const value = unquote(tokens.take());
    return () => value;
  }
  return parseField(tokens);
}

function parseField(tokens: PeriodTokens): Operand {
  const isParent = takePrefix(tokens, '$parent');
  const isBegin = takePrefix(tokens, '$begin');
  if (!takePrefix(tokens, '$evt')) tokens.fail('a number, a string in quotes or $evt.FIELD is expected here');
  const record = ({ event, begin, parentBegin }: PeriodEvents): EventRecord | undefined =>
    isParent ? parentBegin : isBegin ? begin : event;
  let word = tokens.kind === 'word' ? tokens.take() : tokens.fail('the name of a field is expected here');
  if (word === '$name') return (events) => record(events)?.eventRecordClass.name;
  let scopes: readonly string[] = SEARCHED;
  if (word.startsWith('$')) {
    const scope = word.slice(1);
    if (!Object.hasOwn(SCOPES, scope))
      tokens.fail(`there is no scope ${word}; scopes are $${Object.keys(SCOPES).join(', $')}`);
    tokens.expect('.');
    scopes = [scope];
    word = tokens.kind === 'word' ? tokens.take() : tokens.fail('the name of a field is expected here');
  }
  const name = word;
  return (events) => {
    const of = record(events);
    if (of === undefined) return undefined;
    for (const scope of scopes) {
      const value = SCOPES[scope]?.(of)?.[name];
      if (value !== undefined) return plain(value);
    }
    return undefined;
  };
}

function takePrefix(tokens: PeriodTokens, word: string): boolean {
  if (tokens.peek() !== word) return false;
  tokens.take();
  tokens.expect('.');
  return true;
}

function plain(value: FieldValue): Value {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  return typeof value === 'boolean' ? Number(value) : undefined;
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, '$1');
}
