// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import { parseRule, type RuleDomain } from './rule.ts';

test('a rule is a kind, a pattern, a log level and a filter, each but the pattern optional', () => {
  const cases: readonly (readonly [string, RuleDomain, object])[] = [
    ['sched_*', 'kernel', { kind: 'tracepoint', pattern: 'sched_*' }],
    ['sched:sched_switch', 'kernel', { kind: 'tracepoint', pattern: 'sched:sched_switch' }],
    ['syscall:*', 'kernel', { kind: 'syscall', pattern: '*' }],
    ['kprobe:do_sys_open+0x10', 'kernel', { kind: 'kprobe', pattern: 'do_sys_open+0x10' }],
    ['uprobe:/usr/lib/x@1.so:f', 'kernel', { kind: 'uprobe', pattern: '/usr/lib/x@1.so:f' }],
    ['sdt:/usr/bin/x:provider:name', 'kernel', { kind: 'sdt', pattern: '/usr/bin/x:provider:name' }],
    ['function:vfs_*', 'kernel', { kind: 'function', pattern: 'vfs_*' }],
    ['graph:vfs_*', 'kernel', { kind: 'graph', pattern: 'vfs_*' }],
    ['kretprobe:f', 'kernel', { kind: 'kretprobe', pattern: 'f' }],
    ['shop:*', 'user', { kind: 'tracepoint', pattern: 'shop:*' }],
    ['tracepoint:function:enter', 'user', { kind: 'tracepoint', pattern: 'function:enter' }],
    ['shop:*@info..', 'user', { kind: 'tracepoint', pattern: 'shop:*', logLevel: { atLeast: 6 } }],
    ['shop:*@WARNING', 'user', { kind: 'tracepoint', pattern: 'shop:*', logLevel: { only: 4 } }],
    ['shop:*@TRACE_DEBUG_LINE', 'user', { kind: 'tracepoint', pattern: 'shop:*', logLevel: { only: 13 } }],
    ['shop:*@3..', 'user', { kind: 'tracepoint', pattern: 'shop:*', logLevel: { atLeast: 3 } }],
    ['shop:*@..', 'user', { kind: 'tracepoint', pattern: 'shop:*' }],
    ['a\\,b', 'user', { kind: 'tracepoint', pattern: 'a\\,b' }],
  ];
  for (const [text, domain, expected] of cases)
    assert.deepEqual(parseRule(text, domain), { domain, text, ...expected });
});

test('a filter follows "if", and keeps its text', () => {
  const texts = ['x if a == 1', ' x  if  a == 1 ', 'x if\na == 1'];
  for (const text of texts) {
    const rule = parseRule(text, 'user');
    assert.equal(rule.pattern, 'x');
    assert.equal(rule.filter?.text, 'a == 1');
  }
  assert.equal(parseRule('x if (a == 1)', 'kernel').filter?.text, '(a == 1)');
  assert.equal(parseRule('x if(a == 1)', 'kernel').filter?.text, '(a == 1)');
  assert.equal(parseRule('if if if == 1', 'kernel').filter?.text, 'if == 1');
});

test('what is malformed is refused with a sentence that says what to do', () => {
  const cases: readonly (readonly [string, RuleDomain, RegExp])[] = [
    ['', 'kernel', /is empty/],
    ['  ', 'user', /is empty/],
    ['syscall:', 'kernel', /no pattern/],
    ['@info', 'user', /no pattern/],
    ['sycall:x:y', 'kernel', /no kind of event rule "sycall"; the kinds are tracepoint, syscall, kprobe/],
    ['syscall:openat', 'user', /kernel rules \(-k\).*"tracepoint:syscall:openat"/],
    ['shop:*@loud', 'user', /no log level "loud"; the levels are emergency/],
    ['shop:*@', 'user', /no log level ""/],
    ['shop:*@15', 'user', /no log level "15"/],
    ['sched_*@info', 'kernel', /no log level; leave out/],
    ['a,b', 'kernel', /one pattern/],
    ['a b', 'user', /something else than "if FILTER"/],
    ['a where x == 1', 'user', /something else than "if FILTER"/],
    ['a if', 'user', /filter is missing/],
    ['a if x ==', 'user', /ends too early/],
    ['a if x == "y', 'user', /no closing quote/],
    ['"a"', 'user', /quote/],
  ];
  for (const [text, domain, sentence] of cases) {
    assert.throws(
      () => parseRule(text, domain),
      (error) => error instanceof InputError && sentence.test(error.sentence),
      text,
    );
  }
});
