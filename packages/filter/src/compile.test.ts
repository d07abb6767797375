// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkFilter } from './check.ts';
import { compileToJavaScript } from './compile.ts';
import { interpretFilter, type FilterValues } from './interpret.ts';
import { parseFilter } from './parser.ts';
import { filterText, randomEvent, SCOPES } from './testing/arbitrary-filter.ts';

const BASE = {
  i8: 0,
  u8: 0,
  i32: 0,
  u32: 0,
  u40: 0,
  i64: 0n,
  u64: 0n,
  f32: 0,
  f64: 0,
  text: '',
  other: '',
  list: [1, 2, 3],
  point: { x: 1, name: 'p' },
};

/** What all three evaluators say; they must agree. */
function evaluate(
  text: string,
  values: FilterValues = {},
  context: FilterValues = { vpid: 7, '$app.shop:user': 'eve' },
): boolean {
  const filter = parseFilter(text);
  const payload = { ...BASE, ...values };
  const interpreted = interpretFilter(checkFilter(filter, SCOPES), payload, context);
  assert.equal(compileToJavaScript(filter, SCOPES).evaluate(payload, context), interpreted, text);
  const positional = [...SCOPES.payload.keys()].map((name) => (payload as FilterValues)[name]);
  assert.equal(compileToJavaScript(filter, SCOPES, 'positional').evaluate(context, ...positional), interpreted, text);
  return interpreted;
}

test('generated code and interpreter agree on random filters and events, fit or not', () => {
  let trueCount = 0;
  let runCount = 0;
  fc.assert(
    fc.property(filterText, fc.array(randomEvent, { minLength: 3, maxLength: 3 }), (text, events) => {
      for (const { payload, context } of events) {
        runCount++;
        if (evaluate(text, payload, context)) trueCount++;
      }
    }),
    { numRuns: 3000 },
  );
  // Both answers occur, or the property says nothing.
  assert.ok(trueCount > runCount / 20 && trueCount < (runCount * 19) / 20, `${trueCount} of ${runCount}`);
});

test('bitwise operators bind tighter than comparisons, unlike in C', () => {
  assert.equal(evaluate('u8 & 1 == 1', { u8: 3 }), true);
  assert.equal(evaluate('u8 & 6 == 4 | 2', { u8: 6 }), true);
  assert.equal(evaluate('1 | 2 ^ 2 & 3 << 1 == 1 | (2 ^ (2 & (3 << 1)))'), true);
  assert.equal(evaluate('2 < 1 == 0'), true);
  assert.equal(evaluate('0 && 0 || 1'), true);
  assert.equal(evaluate('1 || 0 && 0'), true);
  assert.equal(evaluate('1 == 1 == 1'), true);
  assert.equal(evaluate('3 > 2 > 1'), false);
  assert.equal(evaluate('!0 == 1'), true);
  assert.equal(evaluate('-1 < 0'), true);
});

test('integers are int64: wide unsigned fields and literals are what their bits mean signed', () => {
  assert.equal(evaluate('u64 < 0', { u64: 2n ** 64n - 1n }), true);
  assert.equal(evaluate('u64 == -1', { u64: 2n ** 64n - 1n }), true);
  assert.equal(evaluate('u64 == 0xffffffffffffffff', { u64: 2n ** 64n - 1n }), true);
  assert.equal(evaluate('u32 == 4294967295', { u32: -1 }), true);
  assert.equal(evaluate('i32 == 0xffffffff', { i32: -1 }), false);
  assert.equal(evaluate('i64 == 9007199254740993', { i64: 9_007_199_254_740_993n }), true);
  assert.equal(evaluate('i64 == 9007199254740993', { i64: 9_007_199_254_740_992n }), false);
  assert.equal(evaluate('-0x8000000000000000 < 0'), true);
  assert.equal(evaluate('~u32 == -4294967296', { u32: 0xffff_ffff }), true);
  assert.equal(evaluate('i8 >> 1 > 0', { i8: -1 }), true);
  assert.equal(evaluate('i8 & 0x80000000', { i8: -1 }), true);
  assert.equal(evaluate('(i32 | u32) == -1', { i32: -1, u32: 0x8000_0000 }), true);
  assert.equal(evaluate('(u32 ^ i32) < 0', { i32: -1, u32: 0x8000_0000 }), true);
  assert.equal(evaluate('(i32 & u32) == 0x80000001', { i32: -1, u32: 0x8000_0001 }), true);
  assert.equal(evaluate('u32 << 32 == 0xffffffff00000000', { u32: 0xffff_ffff }), true);
});

test('a shift by less than 0 or more than 63 makes the whole filter false, where it is evaluated', () => {
  assert.equal(evaluate('!(1 << 64)'), false);
  assert.equal(evaluate('(1 << 64) || 1'), false);
  assert.equal(evaluate('!(u8 >> i8)', { i8: -1 }), false);
  assert.equal(evaluate('1 || (1 << 64)'), true);
  assert.equal(evaluate('!(0 && (1 << 64))'), true);
  assert.equal(evaluate('1 << 63 < 0'), true);
});

test('an index past the end and an unfit value make the whole filter false', () => {
  assert.equal(evaluate('list[2] == 3'), true);
  assert.equal(evaluate('!(list[3] == 3)'), false);
  assert.equal(evaluate('list[3] == 3 || 1'), false);
  assert.equal(evaluate('!(i32 == 3)', { i32: 'three' }), false);
  assert.equal(evaluate('!(text == "x")', { text: undefined }), false);
});

test('a missing field or a type that does not fit makes the filter false for the event class, and says why', () => {
  const mismatches: readonly (readonly [string, RegExp])[] = [
    ['nothing == 1', /no field nothing/],
    ['1 || nothing', /no field nothing/],
    ['point.y == 1', /no field point\.y/],
    ['i32[0] == 1', /no field i32\[0\]/],
    ['$ctx.nothing == 1', /no field \$ctx\.nothing/],
    ['$app.shop:nothing == "x"', /no field \$app\.shop:nothing/],
    ['point == 1', /no single value/],
    ['text == 1', /compared with a number/],
    ['i32 == "x"', /compared with a number/],
    ['text < other', /not possible with a string/],
    ['f64 & 1', /not possible with a fraction/],
    ['~f64', /not possible with a fraction/],
    ['text && 1', /not possible with a string/],
    ['f64', /is a float and no condition/],
    ['text', /is a string and no condition/],
    ['!text', /not possible with a string/],
  ];
  for (const [text, reason] of mismatches) {
    assert.match(compileToJavaScript(parseFilter(text), SCOPES).mismatch ?? '', reason, text);
    assert.equal(evaluate(text), false);
  }
  assert.equal(evaluate('$ctx.vpid == 7 && $app.shop:user == "e*"'), true);
});

test('fractions compare with integers, and as conditions lose what is below 1', () => {
  assert.equal(evaluate('f64 > 1', { f64: 1.5 }), true);
  assert.equal(evaluate('i64 == 9007199254740992.0', { i64: 2n ** 53n + 1n }), true);
  assert.equal(evaluate('f32 == 0.1', { f32: 0.1 }), false);
  assert.equal(evaluate('0.5 && 1'), false);
  assert.equal(evaluate('f64 && 1', { f64: -1.5 }), true);
  assert.equal(evaluate('!0.5'), false);
  assert.equal(evaluate('!f64', { f64: 0 }), true);
  assert.equal(evaluate('f64 == f64', { f64: Number.NaN }), false);
});

test('literals are globs on either side, fields never are', () => {
  assert.equal(evaluate('text == "/tmp/*.log"', { text: '/tmp/a/b.log' }), true);
  assert.equal(evaluate('"*b*" != text', { text: 'abc' }), false);
  assert.equal(evaluate("text == 'a\\*c'", { text: 'a*c' }), true);
  assert.equal(evaluate("text == 'a\\*c'", { text: 'abc' }), false);
  assert.equal(evaluate('text == other', { text: 'abc', other: 'a*' }), false);
  assert.equal(evaluate('"a" == "a"'), true);
  assert.equal(evaluate('text == ""', { text: '' }), true);
  assert.equal(evaluate('text == "*"', { text: '' }), true);
});

test('a getter that throws makes the filter false and reaches nobody', () => {
  const filter = compileToJavaScript(parseFilter('point.x == 1'), SCOPES);
  const point = {
    get x(): number {
      throw new Error('of the caller');
    },
  };
  assert.equal(filter.evaluate({ ...BASE, point }), false);
});

test('no name or text of a filter becomes code', () => {
  const hostile = '"];globalThis.broken=1;["';
  const scopes = {
    payload: new Map([
      [hostile, { type: 'string' as const }],
      ['s', { type: 'string' as const }],
    ]),
  };
  const source = compileToJavaScript(parseFilter(`s == '");globalThis.broken=1;("*'`), scopes).source;
  assert.ok(source.includes(JSON.stringify('");globalThis.broken=1;("')));
  for (const layout of ['object', 'positional'] as const) {
    const filter = parseFilter(`s == '\u2028*"'`);
    if (layout === 'object') assert.equal(compileToJavaScript(filter, scopes).evaluate({ s: '\u2028"' }), true);
    else assert.equal(compileToJavaScript(filter, scopes, layout).evaluate(undefined, 'x', '\u2028"'), true);
  }
  assert.equal('broken' in globalThis, false);
});

test('the generated code for small integers is plain number arithmetic', () => {
  const { source } = compileToJavaScript(parseFilter('u8 & 4 && i32 > 100'), SCOPES, 'positional');
  assert.equal(
    source,
    [
      'let v0 = f1;',
      "if (typeof v0 === 'bigint') v0 = Number(BigInt.asUintN(8, v0));",
      "else if (typeof v0 !== 'number' && typeof v0 !== 'boolean') return false;",
      'let v1 = ((v0 << 24 >>> 24) & 4) !== 0;',
      'if (v1) {',
      'let v2 = f2;',
      "if (typeof v2 === 'bigint') v2 = Number(BigInt.asIntN(32, v2));",
      "else if (typeof v2 !== 'number' && typeof v2 !== 'boolean') return false;",
      'v1 = ((v2 | 0) > 100);',
      '}',
      'return v1;',
      '',
    ].join('\n'),
  );
});
