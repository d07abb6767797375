// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntervalLog } from './interval-log.ts';
import { BLOCKED, PREEMPTED, RUNNING, UNKNOWN } from './thread-state.ts';

function states(log: IntervalLog, begin: number, end: number): [number, number][] {
  const slice = log.slice(begin, end);
  return [...slice.begins].map((time, index) => [time, slice.states[index] as number]);
}

test('a slice begins with the interval that covers its begin', () => {
  const log = new IntervalLog(0, RUNNING);
  log.append(10, PREEMPTED, 7, 0);
  log.append(20, RUNNING, 0, 0);
  assert.deepEqual(states(log, 5, 15), [
    [5, RUNNING],
    [10, PREEMPTED],
  ]);
  assert.deepEqual(states(log, 10, 20), [[10, PREEMPTED]]);
  assert.deepEqual(states(log, 25, 30), [[25, RUNNING]]);
});

test('time before the log is unknown', () => {
  const log = new IntervalLog(10, RUNNING);
  assert.deepEqual(states(log, 5, 15), [
    [5, UNKNOWN],
    [10, RUNNING],
  ]);
});

test('forgetting keeps the interval that covers the time', () => {
  const log = new IntervalLog(0, RUNNING);
  log.append(10, BLOCKED, 0, 0);
  log.append(20, RUNNING, 0, 0);
  log.forgetBefore(15);
  assert.equal(log.length, 2);
  assert.deepEqual(states(log, 15, 30), [
    [15, BLOCKED],
    [20, RUNNING],
  ]);
  log.forgetBefore(20);
  assert.equal(log.length, 1);
});

test('the same state twice is one interval, and of two at one moment the later stands', () => {
  const log = new IntervalLog(0, RUNNING);
  log.append(5, RUNNING, 0, 0);
  assert.equal(log.length, 1);
  log.append(9, BLOCKED, 0, 0);
  log.append(9, PREEMPTED, 3, 0);
  assert.deepEqual(states(log, 0, 20), [
    [0, RUNNING],
    [9, PREEMPTED],
  ]);
});

test('a log that is full forgets its oldest half, and that time is unknown', () => {
  const log = new IntervalLog(0, RUNNING, 256);
  for (let time = 1; time < 300; time += 1) log.append(time, time % 2 === 0 ? RUNNING : BLOCKED, 0, 0);
  assert.ok(log.length <= 256);
  const [first] = states(log, 0, 300);
  assert.deepEqual(first, [0, UNKNOWN]);
});
