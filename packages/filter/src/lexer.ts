// SPDX-License-Identifier: MIT
// Filter text -> tokens, after lttng-tools' filter-lexer.lpp: C's literals, identifiers with `$`,
// strings in double or single quotes, C's comments.

import { InputError } from '@lockstep/base';

export type Token =
  | { readonly type: 'integer'; readonly value: bigint; readonly position: number }
  | { readonly type: 'float'; readonly value: number; readonly position: number }
  | { readonly type: 'string'; readonly pattern: string; readonly position: number }
  | { readonly type: 'identifier'; readonly name: string; readonly position: number }
  | { readonly type: 'operator'; readonly text: string; readonly position: number }
  | { readonly type: 'end'; readonly position: number };

const SPACE_OR_COMMENT = /(?:\s+|\/\/[^\n]*|\/\*[^]*?\*\/)+/y;
const FLOAT =
  /(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+|(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)[fFlL]?(?![\w.])/y;
const INTEGER = /(0[xX][0-9a-fA-F]+|\d+)(?:[uU](?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU]?)?(?![\w.])/y;
const IDENTIFIER = /\$?[A-Za-z_]\w*/y;
const OPERATOR = /<<|>>|<=|>=|==|!=|&&|\|\||->|[-+!~&^|<>()[\].:*/%]/y;
const STRING = /"((?:[^"\\\n]|\\[*\\])*)"|'((?:[^'\\\n]|\\[*\\])*)'/y;

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

export function tokenizeFilter(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    return pattern.exec(text);
  };
  for (;;) {
    position += take(SPACE_OR_COMMENT)?.[0].length ?? 0;
    if (position >= text.length) break;
    const token = takeToken(text, position, take);
    tokens.push(token.token);
    position += token.length;
  }
  tokens.push({ type: 'end', position });
  return tokens;
}

function takeToken(
  text: string,
  position: number,
  take: (pattern: RegExp) => RegExpExecArray | null,
): { readonly token: Token; readonly length: number } {
  let match = take(FLOAT);
  if (match !== null)
    return { token: { type: 'float', value: parseFloatLiteral(match[0]), position }, length: match[0].length };
  match = take(INTEGER);
  if (match !== null)
    return {
      token: { type: 'integer', value: parseIntegerLiteral(text, match[1] ?? '', position), position },
      length: match[0].length,
    };
  match = take(IDENTIFIER);
  if (match !== null) return { token: { type: 'identifier', name: match[0], position }, length: match[0].length };
  match = take(STRING);
  if (match !== null)
    return { token: { type: 'string', pattern: match[1] ?? match[2] ?? '', position }, length: match[0].length };
  const character = text.charAt(position);
  if (character === '"' || character === "'") return failString(text, position, character);
  if (text.startsWith('/*', position)) throw filterError('The comment has no end', text, position);
  match = take(OPERATOR);
  if (match !== null) return { token: { type: 'operator', text: match[0], position }, length: match[0].length };
  if (/\d/.test(character)) throw filterError('The number is malformed', text, position);
  throw filterError(`The filter has an unexpected character ${JSON.stringify(character)}`, text, position);
}

/** Like LTTng, no escape but `\*` and `\\`: a pattern that means something else to LTTng is refused. */
function failString(text: string, position: number, quote: string): never {
  for (let index = position + 1; index < text.length && text.charAt(index) !== '\n'; index++) {
    const character = text.charAt(index);
    if (character === quote) break;
    if (character !== '\\') continue;
    if (!/[*\\]/.test(text.charAt(index + 1))) {
      throw filterError('A string of a filter has no escape sequences but \\* and \\\\', text, index);
    }
    index++;
  }
  throw filterError('The string has no closing quote', text, position);
}

function parseIntegerLiteral(text: string, digits: string, position: number): bigint {
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits))
    throw filterError('A number that begins with 0 is octal and has no digit 8 or 9', text, position);
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value > MAX_UINT64) throw filterError('The number does not fit into 64 bits', text, position);
  return BigInt.asIntN(64, value);
}

function parseFloatLiteral(literal: string): number {
  const isHex = /^0[xX]/.test(literal);
  if (!isHex) return Number(literal.replace(/[fFlL]$/, ''));
  const [mantissa = '', exponent = '0'] = literal
    .replace(/[fFlL]$/, '')
    .slice(2)
    .split(/[pP]/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  // Exact for up to 53 bits of mantissa; a power of two loses nothing.
  return Number(BigInt(`0x0${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
}

export function filterError(sentence: string, text: string, position: number): InputError {
  return new InputError(sentence, { filter: text, position: position + 1 });
}
