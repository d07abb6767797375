// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syscallTable } from '../syscalls/syscall-table.ts';
import { makeTable } from './capture-set.ts';
import { ABI_SLOT_COUNT, EXIT_LISTS, LIST_SIZE_BYTES, LISTS, UNKNOWN_SLOT } from './capture-table.ts';

const native = syscallTable('x86-64');
const compat = syscallTable('i386');
const all = { entries: new Set(native.byNumber.keys()), exits: new Set(native.byNumber.keys()) };
const nothing = { entries: new Set<number>(), exits: new Set<number>() };

function tableOf(options: Partial<Parameters<typeof makeTable>[0]>): {
  readonly list: (slot: number, side: 'entry' | 'exit') => string;
  readonly number: (slot: number, side: 'entry' | 'exit') => number;
} {
  const wishes = { ...nothing, wholes: new Set<number>(), compat: new Set<number>(), isUnknownWanted: false };
  const bytes = makeTable({ ...wishes, isFiltered: true, ...options }).toBytes();
  const number = (slot: number, side: 'entry' | 'exit'): number =>
    bytes.readUInt16LE((side === 'exit' ? EXIT_LISTS : 0) + 2 * slot);
  const list = (slot: number, side: 'entry' | 'exit'): string => {
    const at = LISTS + number(slot, side) * LIST_SIZE_BYTES;
    return bytes
      .subarray(at, at + LIST_SIZE_BYTES)
      .toString('hex')
      .replace(/(.{16})/g, '$1 ')
      .replace(/(?: 0000000000000000)* $/, '');
  };
  return { list, number };
}

const numberOf = (name: string): number => native.byName.get(name)?.number ?? assert.fail(name);

test('a list says what is read, and what again at the exit', () => {
  const { list } = tableOf(all);
  //                                       flags, late, end, retried | argument, kind, length kind, its argument, element, most
  assert.equal(list(numberOf('openat'), 'entry'), '0000010100000000 0101000001000004');
  assert.equal(list(numberOf('openat'), 'exit'), '0001010000000000 0101000001000004');
  assert.equal(list(numberOf('execve'), 'entry'), '0000020000000000 0001000001000004 0102000001008000');
  // 128 bytes at most, as many as the third argument says.
  assert.equal(list(numberOf('connect'), 'entry'), '0000010000000000 0103010201008000');
  assert.equal(list(numberOf('pipe2'), 'exit'), '0000010000000000 0003000001000800');
});

test('calls that need the same share a list; those that need none have none', () => {
  const { number } = tableOf(all);
  assert.equal(number(numberOf('unlink'), 'entry'), number(numberOf('rmdir'), 'entry'));
  assert.notEqual(number(numberOf('unlink'), 'entry'), number(numberOf('openat'), 'entry'));
  for (const side of ['entry', 'exit'] as const) assert.equal(number(numberOf('close'), side), 0);
  const { number: without } = tableOf(nothing);
  assert.equal(without(numberOf('openat'), 'entry'), 0);
});

test('what the kernel has no events for stands for itself, also where nothing is captured', () => {
  const { list, number } = tableOf({ wholes: new Set([numberOf('close')]), isUnknownWanted: true });
  const bare = '0800000000000000';
  assert.equal(list(numberOf('close'), 'entry'), bare);
  for (const slot of [UNKNOWN_SLOT, UNKNOWN_SLOT + 1, ABI_SLOT_COUNT - 1])
    for (const side of ['entry', 'exit'] as const) assert.equal(list(slot, side), bare);
  assert.equal(number(numberOf('read'), 'entry'), 0);
});

test('all system calls that are known fit, of both widths, at once', () => {
  const { number } = tableOf({ ...all, wholes: all.entries, compat: new Set(compat.byNumber.keys()) });
  for (const call of native.byNumber.values()) assert.notEqual(number(call.number, 'entry'), 0, call.name);
  for (const call of compat.byNumber.values())
    if (call.number < ABI_SLOT_COUNT) assert.notEqual(number(ABI_SLOT_COUNT + call.number, 'exit'), 0, call.name);
});
