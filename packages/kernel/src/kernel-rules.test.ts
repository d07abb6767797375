// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import { matchKernelRules, type AvailableEvent } from './kernel-rules.ts';
import { lttngName } from './lttng-names.ts';

const AVAILABLE: readonly AvailableEvent[] = [
  ['sched', 'sched_switch'],
  ['sched', 'sched_waking'],
  ['irq', 'softirq_entry'],
  ['exceptions', 'page_fault_user'],
  ['syscalls', 'sys_enter_openat'],
  ['syscalls', 'sys_exit_openat'],
  ['syscalls', 'sys_enter_newfstat'],
  ['raw_syscalls', 'sys_enter'],
].map(([system = '', name = '']) => ({ system, name, lttngName: lttngName(system, name).name }));

const match = (...rules: string[]): string[] => matchKernelRules(rules, AVAILABLE).map((event) => event.lttngName);

test('tracepoints are found by the name of LTTng, of the kernel, and by system:name', () => {
  assert.deepEqual(match('irq_softirq_*'), ['irq_softirq_entry']);
  assert.deepEqual(match('softirq_entry'), ['irq_softirq_entry']);
  assert.deepEqual(match('exceptions:*'), ['x86_exceptions_page_fault_user']);
  assert.deepEqual(match('sched_*', 'sched_switch'), ['sched_switch', 'sched_waking']);
});

test('a star means tracepoints, system calls have their own kind', () => {
  assert.deepEqual(match('*'), ['sched_switch', 'sched_waking', 'irq_softirq_entry', 'x86_exceptions_page_fault_user']);
  assert.deepEqual(match('syscall:*'), ['syscall_entry_openat', 'syscall_exit_openat', 'syscall_entry_newfstat']);
  assert.deepEqual(match('syscall:openat'), ['syscall_entry_openat', 'syscall_exit_openat']);
  // By the name in unistd.h too.
  assert.deepEqual(match('syscall:fstat'), ['syscall_entry_newfstat']);
  assert.deepEqual(match('syscall_entry_*'), ['syscall_entry_openat', 'syscall_entry_newfstat']);
});

test('an unknown name is refused with what is close to it', () => {
  assert.throws(
    () => match('sched_swich'),
    (error) => error instanceof InputError && error.message.includes('sched_switch'),
  );
  assert.throws(
    () => match('syscall:opnat'),
    (error) => error instanceof InputError && error.message.includes('syscall:openat'),
  );
  assert.throws(() => match('nothing_of_the_kind'), InputError);
});

test('kinds that cannot be recorded yet are refused as such', () => {
  for (const rule of ['kprobe:do_exit', 'uprobe:/bin/sh:main', 'function:vfs_*']) {
    assert.throws(
      () => match(rule),
      (error) => error instanceof InputError && error.message.includes('cannot record'),
    );
  }
});
