// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileToKernelFilter, type KernelFieldResolver } from './kernel-filter.ts';
import { parseFilter } from './parser.ts';

/** Fields of sched_switch, and a few of other sizes. */
const resolve: KernelFieldResolver = (scope, name) => {
  if (scope === 'context')
    return name === 'tid' ? { name: 'common_pid', type: { type: 'integer', bits: 32, isSigned: true } } : undefined;
  const integers: Readonly<Record<string, readonly [bits: number, isSigned: boolean]>> = {
    prev_pid: [32, true],
    prev_prio: [32, true],
    next_prio: [32, true],
    u8: [8, false],
    u64: [64, false],
  };
  const integer = integers[name];
  if (integer !== undefined) return { name, type: { type: 'integer', bits: integer[0], isSigned: integer[1] } };
  return name === 'prev_comm' ? { name, type: { type: 'string' } } : undefined;
};
const compile = (text: string): string | undefined => compileToKernelFilter(parseFilter(text), resolve);

test('what the kernel can say is said in its words', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['prev_pid == 5', 'prev_pid == 5'],
    ['5 < prev_pid', 'prev_pid > 5'],
    ['prev_prio >= -3', 'prev_prio >= -3'],
    ['prev_pid', 'prev_pid != 0'],
    ['!prev_pid', '!(prev_pid != 0)'],
    ['prev_comm == "node"', 'prev_comm == "node"'],
    ['prev_comm != "no*e"', '!(prev_comm ~ "no*e")'],
    ['prev_comm == "*"', 'prev_comm ~ "*"'],
    ['prev_comm == "a\\*"', 'prev_comm == "a*"'],
    ["prev_comm == 'a\"b'", "prev_comm == 'a\"b'"],
    ['prev_pid & 4', 'prev_pid & 4'],
    ['(prev_pid & 4) == 0', '!(prev_pid & 4)'],
    ['0 != (4 & prev_pid)', 'prev_pid & 4'],
    ['$ctx.tid == 7', 'common_pid == 7'],
    [
      'prev_pid == 1 || prev_pid == 2 && !(prev_prio < 100)',
      '(prev_pid == 1) || ((prev_pid == 2) && (!(prev_prio < 100)))',
    ],
    ['u64 == 5', 'u64 == 5'],
  ];
  for (const [text, expected] of cases) assert.equal(compile(text), expected, text);
});

test('what would mean something else is left to the converter', () => {
  const cases = [
    'prev_pid == next_prio',
    'prev_pid == 1.5',
    'prev_pid << 1 == 4',
    'prev_pid | 1',
    '~prev_pid == 0',
    '(prev_pid & 4) == 4',
    'prev_pid == 0x100000000',
    'u8 == 256',
    'u8 > -1',
    'u64 < 5',
    'u64 == -1',
    'prev_comm == "a?*"',
    'prev_comm == "[*"',
    'prev_comm == "!a*"',
    'prev_comm == ""',
    'prev_comm == "ä"',
    `prev_comm == "${'x'.repeat(300)}"`,
    'prev_comm == 5',
    'prev_pid == "x"',
    'nothing == 1',
    '$ctx.vpid == 1',
    '1 == 1',
    'a.b == 1',
    'prev_pid == 1 && nothing == 1',
    'prev_pid & -1',
  ];
  for (const text of cases) assert.equal(compile(text), undefined, text);
});

test('the kernel takes every filter made for it', (t) => {
  const tracefs = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((path) => existsSync(`${path}/instances`));
  if (tracefs === undefined) return t.skip('tracefs is not mounted or not accessible');
  const instance = `${tracefs}/instances/lockstep-filter-test-${process.pid}`;
  try {
    mkdirSync(instance);
  } catch {
    return t.skip('no permission to make a tracefs instance');
  }
  try {
    const file = `${instance}/events/sched/sched_switch/filter`;
    const texts = [
      'prev_pid == 5 && prev_comm == "no*e"',
      '!(prev_pid & 4) || prev_prio >= -3',
      '$ctx.tid == 7',
      'prev_comm != "a*"',
      "prev_comm == 'a\"b'",
    ];
    for (const text of texts) {
      const filter = compile(text);
      assert.ok(filter !== undefined);
      writeFileSync(file, filter);
      assert.equal(readFileSync(file, 'utf8').trim(), filter);
    }
  } finally {
    rmdirSync(instance);
  }
});
