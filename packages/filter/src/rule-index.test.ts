// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, escapeGlob, isGlob } from './glob.ts';
import { isInLogLevelRange } from './log-level.ts';
import { createRuleIndex, type MatchableRule } from './rule-index.ts';

test('a star is any text, anywhere, and an escaped one a star', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['abc', ['abc'], ['', 'ab', 'abcd', 'ABC']],
    ['a*', ['a', 'abc', 'a*'], ['', 'ba']],
    ['*a', ['a', 'bca'], ['ab', '']],
    ['*', ['', 'x'], []],
    ['**', ['', 'x'], []],
    ['a*b*c', ['abc', 'a1b2c', 'abbc', 'abcbc'], ['ac', 'acb', 'abcd']],
    ['a*bc*c', ['abcc', 'abcxc'], ['abc', 'ac']],
    ['a*a', ['aa', 'aba'], ['a']],
    ['*ab*ab*', ['abab', 'xabyabz'], ['ab', 'aab']],
    ['a\\*b', ['a*b'], ['ab', 'axb']],
    ['a\\\\*', ['a\\', 'a\\b'], ['a*', 'ab']],
    ['a\\,b', ['a,b'], ['a\\,b']],
    ['a\\', ['a\\'], ['a']],
    ['', [''], ['a']],
    ['a.b', ['a.b'], ['axb']],
  ];
  for (const [pattern, matching, others] of cases) {
    const isMatch = compileGlob(pattern);
    for (const name of matching) assert.ok(isMatch(name), `${pattern} matches ${name}`);
    for (const name of others) assert.ok(!isMatch(name), `${pattern} does not match ${name}`);
  }
  assert.equal(isGlob('a\\*'), false);
  assert.equal(isGlob('a*'), true);
});

const name = fc
  .array(fc.constantFrom('a', 'b', ':', '*', '\\'), { maxLength: 6 })
  .map((characters) => characters.join(''));

test('a glob is the regular expression that it stands for', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(undefined), name), { maxLength: 5 }), name, (parts, text) => {
      const pattern = parts.map((part) => (part === undefined ? '*' : escapeGlob(part))).join('');
      const expression = parts.map((part) => (part === undefined ? '.*' : part.replace(/[\\*]/g, '\\$&'))).join('');
      assert.equal(compileGlob(pattern)(text), new RegExp(`^(?:${expression})$`, 's').test(text), pattern);
    }),
    { numRuns: 2000 },
  );
});

const rule: fc.Arbitrary<MatchableRule> = fc.record(
  {
    pattern: fc.oneof(
      name,
      name.map((text) => `${text}*`),
      name.map((text) => `*${text}`),
    ),
    exclusions: fc.array(name, { maxLength: 2 }),
    logLevel: fc.oneof(fc.record({ atLeast: fc.nat(14) }), fc.record({ only: fc.nat(14) })),
  },
  { requiredKeys: ['pattern'] },
);

test('the index finds the same rules as trying each, in the same order', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 30 }),
      fc.array(fc.tuple(name, fc.nat(14)), { maxLength: 20 }),
      (rules, questions) => {
        const index = createRuleIndex(rules);
        for (const [text, logLevel] of questions) {
          const expected = rules.filter(
            ({ pattern, exclusions = [], logLevel: range }) =>
              compileGlob(pattern)(text) &&
              isInLogLevelRange(logLevel, range) &&
              !exclusions.some((exclusion) => compileGlob(exclusion)(text)),
          );
          assert.deepEqual(index.match(text, logLevel), expected);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('a log level range takes the more severe, which have smaller numbers', () => {
  const rules = [{ pattern: 'x', logLevel: { atLeast: 6 } }, { pattern: 'x', logLevel: { only: 6 } }, { pattern: 'x' }];
  const index = createRuleIndex(rules);
  assert.deepEqual(index.match('x', 5), [rules[0], rules[2]]);
  assert.deepEqual(index.match('x', 6), rules);
  assert.deepEqual(index.match('x', 7), [rules[2]]);
  assert.deepEqual(index.match('y', 7), []);
});
