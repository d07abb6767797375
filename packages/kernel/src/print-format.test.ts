// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { kernelEnumerator, parseBtfEnumerators } from './btf-enums.ts';
import { evaluateConstant, parsePrintFormat } from './print-format.ts';

const NAMES: Readonly<Record<string, bigint>> = { ONE: 1n, SHIFT: 4n };
const resolve = (name: string): bigint | undefined => NAMES[name];
const tablesOf = (text: string): Record<string, Record<string, bigint>> =>
  Object.fromEntries(
    [...parsePrintFormat(text, resolve).tables].map(([field, table]) => [field, Object.fromEntries(table.entries)]),
  );

test('symbolic tables are read; entries whose value nobody knows are left out', () => {
  const text =
    '"%s", __print_symbolic(REC->why, { 0, "ZERO" }, { 0x10UL, "SIX,TEEN" }, { NAME, "x" }, { -1, "MI\\"NUS" }, { ONE << SHIFT, "S" })';
  assert.deepEqual(tablesOf(text), { why: { ZERO: 0n, 'SIX,TEEN': 16n, 'MI"NUS': -1n, S: 16n } });
});

test('a table belongs to the field that it is about, through casts and masks of flags, and to no part of one', () => {
  assert.deepEqual(tablesOf('"%s", __print_flags((unsigned long)REC->a, "|", { 1, "A" })'), { a: { A: 1n } });
  assert.deepEqual(
    tablesOf('"%s", REC->a ? __print_flags(REC->a & (3 | 4), "|", { (( gfp_t)(1UL << 2)), "A" }) : "x"'),
    {
      a: { A: 4n },
    },
  );
  assert.deepEqual(tablesOf('"%s", __print_flags((1 << REC->bit), "|", { (1 << 5), "five" })'), { bit: { five: 5n } });
  assert.deepEqual(tablesOf('"%s", __print_symbolic((REC->a >> 3) & 7, { 1, "A" })'), {});
  assert.deepEqual(tablesOf('"%s", __print_symbolic(REC->a & 7, { 1, "A" })'), {});
});

test('the base of a field is that of its conversion', () => {
  const { bases } = parsePrintFormat(
    '"100%% a=%d b=0x%lx c=%#o d=%pS", REC->a, (unsigned long)REC->b, REC->c, (void *)REC->d',
    resolve,
  );
  assert.deepEqual(
    [...bases],
    [
      ['b', 16],
      ['c', 8],
      ['d', 16],
    ],
  );
});

test('constant expressions have the value that C gives them', () => {
  const cases: Readonly<Record<string, bigint | undefined>> = {
    '1 + 2 * 3': 7n,
    '(1UL << 31)': 2147483648n,
    '((( gfp_t)(((((1UL))) << (10))|((((1UL))) << (11)))) & ~(( gfp_t)1024))': 2048n,
    '~0': -1n,
    "'A'": 65n,
    '1 == 1 && 2 > 1': 1n,
    '0x00000001 | 0x10': 17n,
    '010': 8n,
    '(unsigned short)3': 3n,
    '(ONE) - 1': 0n,
    '(struct page *)0': 0n,
    '1 / 0': undefined,
    '1 << 99': undefined,
    '(1': undefined,
    '1 2': undefined,
    UNKNOWN: undefined,
    '': undefined,
  };
  for (const [text, value] of Object.entries(cases)) assert.equal(evaluateConstant(text, resolve), value, text);
});

test('whatever a print format holds, reading it ends without an error', () => {
  const piece = fc.constantFrom(
    '"',
    '(',
    ')',
    '{',
    '}',
    ',',
    'REC->a',
    '__print_flags(',
    '__print_symbolic(',
    '"%s", ',
    '1',
    '<<',
    '\\',
    ' ',
    'X',
    '*',
    '-',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      parsePrintFormat(`"${pieces.join('')}`, resolve);
    }),
    { numRuns: 300 },
  );
  parsePrintFormat(`"%s", __print_symbolic(REC->a, { ${'('.repeat(100_000)}`, resolve);
  assert.equal(evaluateConstant('-'.repeat(10_000), resolve), undefined);
});

test('enumerators come from the type information of the running kernel', (t) => {
  if (!existsSync('/sys/kernel/btf/vmlinux')) return t.skip('This kernel has no BTF.');
  assert.equal(kernelEnumerator('TCP_LISTEN') ?? kernelEnumerator('BPF_TCP_LISTEN'), 10n);
  assert.equal(kernelEnumerator('NO_SUCH_ENUMERATOR'), undefined);
  const bytes = readFileSync('/sys/kernel/btf/vmlinux');
  for (const length of [0, 10, 24, 1000, 100_001]) parseBtfEnumerators(bytes.subarray(0, length));
});
