// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { joinUint64 } from '@lockstep/base';
import type { Native } from './native.ts';
import { nativeOrSkip } from './testing/scratch.ts';

function quad(native: Native, word: number): bigint {
  return joinUint64(native.slot[word] ?? 0, native.slot[word + 1] ?? 0);
}

function cpuCount(): number {
  return readFileSync('/proc/cpuinfo', 'utf8').split('\nprocessor').length;
}

test('readMonotonic lies between two readings of the same clock by Node', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  for (let round = 0; round < 1000; round++) {
    const before = process.hrtime.bigint();
    native.readMonotonic();
    const between = quad(native, 0);
    assert.ok(before <= between && between <= process.hrtime.bigint());
  }
});

test('the TSC never goes back, whichever function reads it', (t) => {
  const native = nativeOrSkip(t);
  if (native?.readTsc === undefined) return t.skip('this CPU has no TSC');
  let last = 0n;
  for (let round = 0; round < 100_000; round++) {
    if (round % 2 === 0 || native.readTscAndCpu === undefined) native.readTsc();
    else native.readTscAndCpu();
    const now = quad(native, 0);
    assert.ok(now >= last);
    last = now;
  }
});

test('the CPU number is one of the CPU that the thread is bound to', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const allowed = /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[1];
  assert.ok(allowed !== undefined);
  for (const read of [native.readTscAndCpu, native.readMonotonicAndCpu]) {
    if (read === undefined) continue;
    native.slot[2] = -1;
    read();
    assert.ok((native.slot[2] ?? -1) >= 0 && (native.slot[2] ?? -1) < cpuCount());
  }
});

test('a pair holds both clocks and the wall clock of one moment', (t) => {
  const native = nativeOrSkip(t);
  if (native?.readPair === undefined || native.readTsc === undefined) return t.skip('this CPU has no TSC');
  native.readTsc();
  const tscBefore = quad(native, 0);
  const nsBefore = process.hrtime.bigint();
  native.readPair();
  assert.ok(nsBefore <= quad(native, 4) && quad(native, 4) <= process.hrtime.bigint());
  native.readTsc();
  assert.ok(tscBefore < quad(native, 6) && quad(native, 6) < quad(native, 0));
  const width = native.slot[3] ?? 0;
  assert.ok(width > 0 && BigInt(width) < quad(native, 0) - tscBefore);
  // The wall clock may be set at any moment, but not by an hour within this test.
  const wallMs = Number(quad(native, 8) / 1_000_000n);
  assert.ok(Math.abs(wallMs - Date.now()) < 3_600_000);
});

test('clockNs reads the five clocks', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const before = process.hrtime.bigint();
  const monotonic = native.clockNs('monotonic');
  assert.ok(before <= monotonic && monotonic <= process.hrtime.bigint());
  assert.ok(native.clockNs('boottime') >= monotonic);
  assert.ok(native.clockNs('thread-cpu') <= native.clockNs('process-cpu'));
  assert.ok(native.clockNs('realtime') > 1_600_000_000n * 1_000_000_000n);
});
