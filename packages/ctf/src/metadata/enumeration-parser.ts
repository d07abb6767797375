// SPDX-License-Identifier: MIT
// `{ label = value, label = lower ... upper, label, … }` (section 4.1.8) -> an integer type with mappings.

import type { TokenCursor } from './token-cursor.ts';
import type { TsdlInteger, TsdlType } from './tsdl-type.ts';

type Ranges = [lower: bigint, upper: bigint][];

export function parseEnumeration(cursor: TokenCursor, container: TsdlType): TsdlInteger {
  const { offset } = cursor.token;
  if (container.kind !== 'integer') throw cursor.error('The type of an enumeration must be an integer.');
  const [lowest, highest] = container.isSigned
    ? [-(1n << BigInt(container.length - 1)), (1n << BigInt(container.length - 1)) - 1n]
    : [0n, (1n << BigInt(container.length)) - 1n];
  cursor.take('{', 'before the labels');
  const mappings = new Map<string, Ranges>();
  let next = 0n;
  while (!cursor.is('}')) {
    const { token } = cursor;
    if (token.type !== 'identifier' && token.type !== 'keyword' && token.type !== 'string')
      throw cursor.expected('a label or "}"');
    const label = cursor.advance().text;
    let lower = next;
    let upper = next;
    if (cursor.tryTake('=')) {
      lower = cursor.takeInteger('the value of a label');
      upper = cursor.tryTake('...') ? cursor.takeInteger('the end of a range') : lower;
    }
    if (lower > upper) throw cursor.error(`The range of the label "${label}" ends before it begins.`, token.offset);
    if (lower < lowest || upper > highest)
      throw cursor.error(`The value of the label "${label}" does not fit the enumeration's type.`, token.offset);
    const ranges = mappings.get(label);
    if (ranges === undefined) mappings.set(label, [[lower, upper]]);
    else ranges.push([lower, upper]);
    next = upper + 1n;
    if (!cursor.tryTake(',')) break;
  }
  cursor.take('}', 'or "," after a label');
  if (mappings.size === 0) throw cursor.error('An enumeration needs at least one label.', offset);
  return { ...container, mappings };
}
