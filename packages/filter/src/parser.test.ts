// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertUnreachable, InputError } from '@lockstep/base';
import fc from 'fast-check';
import { describeField, type FilterNode } from './ast.ts';
import { parseFilter } from './parser.ts';

/** The tree with all its parentheses. */
function show(node: FilterNode): string {
  switch (node.type) {
    case 'integer':
    case 'float':
      return String(node.value);
    case 'string':
      return JSON.stringify(node.pattern);
    case 'field':
      return describeField(node);
    case 'unary':
      return `${node.operator}${show(node.operand)}`;
    case 'binary':
      return `(${show(node.left)} ${node.operator} ${show(node.right)})`;
    default:
      return assertUnreachable(node);
  }
}

test('precedence is LTTng’s and every operator associates to the left', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a || b && c == d < e | f ^ g & h << i', '(a || (b && (c == (d < (e | (f ^ (g & (h << i))))))))'],
    ['a << b & c ^ d | e < f == g && h || i', '((((((((a << b) & c) ^ d) | e) < f) == g) && h) || i)'],
    ['a << b << c', '((a << b) << c)'],
    ['a == b != c', '((a == b) != c)'],
    ['a < b <= c', '((a < b) <= c)'],
    ['a || b || c', '((a || b) || c)'],
    ['!~-+a & b', '(!~-+a & b)'],
    ['!(a & b)', '!(a & b)'],
    ['a.b.c[3].d == $ctx.vpid', '(a.b.c[3].d == $ctx.vpid)'],
    ['$app.provider:type == "x"', '($app.provider:type == "x")'],
    ['/* one */ a // two\n == 1', '(a == 1)'],
  ];
  for (const [text, tree] of cases) assert.equal(show(parseFilter(text).root), tree, text);
});

test('literals are C’s', () => {
  const value = (text: string): unknown => {
    const { root } = parseFilter(`a == ${text}`);
    return root.type === 'binary' && 'value' in root.right ? root.right.value : undefined;
  };
  assert.equal(value('10'), 10n);
  assert.equal(value('010'), 8n);
  assert.equal(value('0xFf'), 255n);
  assert.equal(value('10ull'), 10n);
  assert.equal(value('10LLU'), 10n);
  assert.equal(value('18446744073709551615'), -1n);
  assert.equal(value('1.5'), 1.5);
  assert.equal(value('.5f'), 0.5);
  assert.equal(value('5.'), 5);
  assert.equal(value('1e3'), 1000);
  assert.equal(value('0x1.8p3'), 12);
  assert.equal(value('0x.8p1'), 1);
});

test('what is malformed is refused in one sentence with its place', () => {
  const cases: readonly (readonly [string, RegExp, number])[] = [
    ['', /ends too early/, 1],
    ['a ==', /ends too early/, 5],
    ['(a == 1', /ends too early where "\)" is needed/, 8],
    ['a == 1)', /unexpected: "\)"/, 7],
    ['a b', /unexpected: "b"/, 3],
    ['a + 1 == 2', /no arithmetic: "\+"/, 3],
    ['a == 1 - 1', /no arithmetic/, 8],
    ['a % 2', /no arithmetic/, 3],
    ['a->b == 1', /no "->"/, 2],
    ['a[-1] == 1', /index must be/, 3],
    ['a[b] == 1', /index must be/, 3],
    ['a = 1', /unexpected character "="/, 3],
    ['a == "x', /no closing quote/, 6],
    ['a == "x\\n"', /no escape sequences/, 8],
    ['a == "\\""', /no escape sequences/, 7],
    ['a == 1 /* x', /comment has no end/, 8],
    ['a == 08', /octal/, 6],
    ['a == 0x', /number is malformed/, 6],
    ['a == 12abc', /number is malformed/, 6],
    ['a == 18446744073709551616', /64 bits/, 6],
    ['$foo.x == 1', /no scope \$foo/, 1],
    ['$ctx == 1', /"\."/, 6],
    ['$ctx.perf:cpu:cycles == 1', /perf counters/, 10],
    ['$app.provider == 1', /":"/, 15],
    ['"a*" == "b*"', /Two patterns/, 6],
    ['"a" == 1', /compared with a number/, 5],
    ['a && "x"', /no condition/, 3],
    ['"x"', /no condition/, 1],
    ['1.5', /no condition/, 1],
    ['!"x"', /not possible with a string/, 1],
    ['a < "x"', /== and != only/, 3],
    ['a & 1.5', /fraction/, 3],
    ['~1.5', /fraction/, 1],
    ['a == "x" == "y"', /compared with a number/, 10],
  ];
  for (const [text, sentence, position] of cases) {
    assert.throws(
      () => parseFilter(text),
      (error) => error instanceof InputError && sentence.test(error.sentence) && error.pairs['position'] === position,
      text,
    );
  }
});

test('deep nesting is refused, not a stack overflow', () => {
  for (const text of [
    '('.repeat(100_000),
    '!'.repeat(60_000),
    `${'('.repeat(2000)}1${')'.repeat(2000)}`,
    `1${' || 1'.repeat(2000)}`,
    'x'.repeat(70_000),
  ]) {
    assert.throws(() => parseFilter(text), InputError);
  }
  parseFilter(`${'('.repeat(1000)}1${')'.repeat(1000)}`);
});

test('no text makes the parser do anything but parse or refuse', () => {
  const piece = fc.constantFrom(
    'a',
    '1',
    '"x*"',
    '(',
    ')',
    '&&',
    '==',
    '.',
    '[',
    ']',
    '$ctx',
    ':',
    '-',
    '~',
    '<<',
    '0x',
    '\\',
    "'",
    '1.5',
    '/*',
    ' ',
    '\n',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => {
        try {
          parseFilter(text);
        } catch (error) {
          assert.ok(error instanceof InputError, String(error));
        }
      },
    ),
    { numRuns: 3000 },
  );
});
