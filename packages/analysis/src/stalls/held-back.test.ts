// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntervalSlice } from '../kernel/interval-log.ts';
import { PREEMPTED, RUNNING, WOKEN } from '../kernel/thread-state.ts';
import { tellHeldBack } from './held-back.ts';

const MS = 1e6;
const OTHER = 771;

/** Rows of begin in ms, state, tid of who had the CPU. */
function slice(...rows: readonly (readonly [number, number, number])[]): IntervalSlice {
  return {
    begins: Float64Array.from(rows, ([begin]) => begin * MS),
    states: Uint8Array.from(rows, ([, state]) => state),
    refs: Int32Array.from(rows, ([, , ref]) => ref),
    calls: new Int32Array(rows.length),
  };
}

const refsOf = ({ refs }: IntervalSlice): number[] => [...refs];

test('a stay in which the CPU idled is held back from its begin to its end', () => {
  const told = tellHeldBack(
    slice([0, RUNNING, 0], [20, PREEMPTED, OTHER], [50, PREEMPTED, 0], [90, PREEMPTED, OTHER], [100, RUNNING, 0]),
    120 * MS,
    [],
  );
  assert.deepEqual(refsOf(told), [0, 0, 0, 0, 0]);
});

test('a stay in which another thread always had the CPU is that thread’s', () => {
  const before = slice([0, RUNNING, 0], [20, PREEMPTED, OTHER], [60, RUNNING, 0]);
  assert.equal(tellHeldBack(before, 100 * MS, []), before);
});

test('a woken thread that waits for an idle CPU is held back only when its group says that it was throttled', () => {
  const before = slice([0, RUNNING, 0], [20, WOKEN, 0], [60, RUNNING, 0]);
  assert.equal(tellHeldBack(before, 100 * MS, []), before);
  const throttled = tellHeldBack(before, 100 * MS, [{ begin: 0, end: 90 * MS, throttledNs: 40 * MS }]);
  assert.deepEqual([...throttled.states], [RUNNING, PREEMPTED, RUNNING]);
});

test('throttling that the group counted is given to the longest stays of that time', () => {
  const before = slice(
    [0, RUNNING, 0],
    [10, PREEMPTED, OTHER],
    [14, RUNNING, 0],
    [20, WOKEN, OTHER],
    [100, RUNNING, 0],
    [120, PREEMPTED, OTHER],
    [200, RUNNING, 0],
  );
  const told = tellHeldBack(before, 220 * MS, [{ begin: 0, end: 110 * MS, throttledNs: 79 * MS }]);
  assert.deepEqual(refsOf(told), [0, OTHER, 0, 0, 0, OTHER, 0]);
});
