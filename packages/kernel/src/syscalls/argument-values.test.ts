// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meaningsOf } from './argument-values.ts';

const valueOf = (call: string, argument: string, machine: string, name: string): unknown =>
  meaningsOf(call, argument, machine)?.[name]?.[0]?.[0];

test('flags have the values of the machine', () => {
  assert.equal(valueOf('openat', 'flags', 'x64', 'O_DIRECTORY'), 0x10000n);
  assert.equal(valueOf('openat', 'flags', 'riscv64', 'O_DIRECTORY'), 0x10000n);
  assert.equal(valueOf('openat', 'flags', 'arm64', 'O_DIRECTORY'), 0x4000n);
  assert.equal(valueOf('openat', 'flags', 'arm64', 'O_DIRECT'), 0x10000n);
  assert.equal(valueOf('openat', 'flags', 'ppc64', 'O_DIRECT'), 0x20000n);
  assert.equal(valueOf('openat', 'flags', 'ppc64', 'O_CLOEXEC'), 0x80000n);
  assert.equal(valueOf('mmap', 'flags', 'ppc64', 'MAP_LOCKED'), 0x80n);
  assert.equal(meaningsOf('openat', 'flags', 'mipsel'), undefined);
});

test('no two flags of an argument have one value', () => {
  for (const machine of ['x64', 'arm64', 'ppc64'])
    for (const call of ['openat', 'mmap']) {
      const values = Object.values(meaningsOf(call, 'flags', machine) ?? {}).map((ranges) => ranges[0]?.[0]);
      assert.equal(new Set(values).size, values.length, `${call} ${machine}`);
    }
});
