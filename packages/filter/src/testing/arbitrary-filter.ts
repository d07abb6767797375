// SPDX-License-Identifier: MIT
// Random filters and random events for them, for fast-check: mostly well-typed expressions over all
// kinds of fields, and values that fit, do not fit, or are missing.

import fc from 'fast-check';
import type { FilterFieldType, FilterScopes } from '../field-types.ts';

const int = (bits: number, isSigned: boolean): FilterFieldType => ({ type: 'integer', bits, isSigned });

export const SCOPES: FilterScopes = {
  payload: new Map<string, FilterFieldType>([
    ['i8', int(8, true)],
    ['u8', int(8, false)],
    ['i32', int(32, true)],
    ['u32', int(32, false)],
    ['u40', int(40, false)],
    ['i64', int(64, true)],
    ['u64', int(64, false)],
    ['f32', { type: 'float', bits: 32 }],
    ['f64', { type: 'float', bits: 64 }],
    ['text', { type: 'string' }],
    ['other', { type: 'string' }],
    ['list', { type: 'array', element: int(16, true) }],
    [
      'point',
      {
        type: 'structure',
        members: new Map([
          ['x', int(32, true)],
          ['name', { type: 'string' }],
        ]),
      },
    ],
  ]),
  context: new Map<string, FilterFieldType>([
    ['vpid', int(32, true)],
    ['$app.shop:user', { type: 'string' }],
  ]),
};

const INTEGER_FIELDS = ['i8', 'u8', 'i32', 'u32', 'u40', 'i64', 'u64', 'list[0]', 'list[2]', 'point.x', '$ctx.vpid'];
const TEXT_FIELDS = ['text', 'other', 'point.name', '$app.shop:user'];
const BOUNDARIES = [
  0n,
  1n,
  2n,
  5n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
];
const WIDE_BOUNDARIES = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

const integerText = fc.oneof(
  fc.constantFrom(...BOUNDARIES, ...WIDE_BOUNDARIES).map(String),
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => `0x${value.toString(16)}`),
  fc.integer({ min: 0, max: 100 }).map((value) => `0${value.toString(8)}`),
);
const floatText = fc.constantFrom(
  '0.0',
  '0.5',
  '1.0',
  '1.5e3',
  '4294967296.0',
  '9007199254740993.0',
  '1e30',
  '.25',
  '0x1.8p1',
);
const globText = fc
  .array(fc.constantFrom('a', 'b', '*', '\\*', '\\\\', ''), { maxLength: 5 })
  .map((parts) => `"${parts.join('')}"`);

const trees = fc.letrec<{ condition: string; integer: string; number: string; comparison: string }>((tie) => ({
  integer: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...INTEGER_FIELDS),
    integerText,
    fc.tuple(fc.constantFrom('-', '+', '~', '!'), tie('integer')).map(([operator, inner]) => `${operator}(${inner})`),
    fc
      .tuple(tie('integer'), fc.constantFrom('&', '|', '^'), tie('integer'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc
      .tuple(
        tie('integer'),
        fc.constantFrom('<<', '>>'),
        fc.oneof(fc.constantFrom('0', '1', '7', '20', '21', '31', '32', '63', '64', 'u8'), tie('integer')),
      )
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    tie('comparison').map((inner) => `(${inner})`),
  ),
  number: fc.oneof(
    { maxDepth: 4 },
    tie('integer'),
    fc.constantFrom('f32', 'f64'),
    floatText,
    fc
      .tuple(fc.constantFrom('-', '+', '!'), fc.constantFrom('f32', 'f64', '0.5', '0.0'))
      .map(([operator, inner]) => `${operator}${inner}`),
  ),
  comparison: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(tie('number'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('number'))
      .map((parts) => parts.join(' ')),
    fc
      .tuple(
        fc.constantFrom(...TEXT_FIELDS),
        fc.constantFrom('==', '!='),
        fc.oneof(globText, fc.constantFrom(...TEXT_FIELDS)),
      )
      .map((parts) => parts.join(' ')),
    fc.tuple(globText, fc.constantFrom('==', '!='), fc.constantFrom(...TEXT_FIELDS)).map((parts) => parts.join(' ')),
  ),
  condition: fc.oneof(
    { maxDepth: 4 },
    tie('comparison'),
    tie('integer'),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('number'))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    tie('condition').map((inner) => `!(${inner})`),
  ),
}));
export const filterText: fc.Arbitrary<string> = trees.condition;

const integerValue = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(...BOUNDARIES)
      .chain((value) => fc.constantFrom(Number(value), -Number(value), value, -value)),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(...WIDE_BOUNDARIES).chain((value) => fc.constantFrom(value, -value, Number(value))),
  },
  { weight: 2, arbitrary: fc.bigInt(-(2n ** 65n), 2n ** 65n) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(true, false, undefined, null, 'text', {}, Symbol.iterator) },
);
const textValue = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(fc.constantFrom('a', 'b', '*', '\\'), { maxLength: 4 }).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, 3) },
);
const floatValue = fc.oneof(
  { weight: 6, arbitrary: fc.double() },
  { weight: 3, arbitrary: fc.constantFrom(0, -0, 0.5, -0.5, 1.5, Number.NaN, Infinity, 2 ** 53, 4294967296) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, 5n, '1') },
);

export interface RandomEvent {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
}
export const randomEvent: fc.Arbitrary<RandomEvent> = fc.record({
  payload: fc.record({
    i8: integerValue,
    u8: integerValue,
    i32: integerValue,
    u32: integerValue,
    u40: integerValue,
    i64: integerValue,
    u64: integerValue,
    f32: floatValue,
    f64: floatValue,
    text: textValue,
    other: textValue,
    list: fc.oneof(
      fc.array(integerValue, { maxLength: 4 }),
      fc.constantFrom<unknown>(undefined, null, 7, new Int16Array([1, -2, 3])),
    ),
    point: fc.oneof(fc.record({ x: integerValue, name: textValue }), fc.constantFrom<unknown>(undefined, null, 'x')),
  }),
  context: fc.record({ vpid: integerValue, '$app.shop:user': textValue }),
});
