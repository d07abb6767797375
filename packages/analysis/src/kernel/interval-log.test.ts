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

test('a log full of short intervals on a CPU keeps the sum of each sort, and where the thread left the CPU', () => {
  const log = new IntervalLog(0, RUNNING, 1024);
  // 10 us of JavaScript, 5 us of a page fault, again and again; after each ms 1 ms preempted.
  let time = 0;
  for (let round = 0; round < 60; round += 1) {
    for (let i = 0; i < 66; i += 1) {
      log.append(time, RUNNING, 0, 0);
      log.append(time + 10_000, RUNNING, 0, 9);
      time += 15_000;
    }
    log.append(time, PREEMPTED, 7, 0);
    time += 1_000_000;
  }
  const slice = log.slice(0, time);
  const sums = new Map<string, number>();
  for (let i = 0; i < slice.begins.length; i += 1) {
    const key = `${slice.states[i]} ${slice.calls[i]}`;
    const end = slice.begins[i + 1] ?? time;
    assert.ok(end >= (slice.begins[i] as number), 'in order');
    sums.set(key, (sums.get(key) ?? 0) + end - (slice.begins[i] as number));
  }
  assert.deepEqual(
    sums,
    new Map([
      [`${RUNNING} 0`, 60 * 66 * 10_000],
      [`${RUNNING} 9`, 60 * 66 * 5_000],
      [`${PREEMPTED} 0`, 60 * 1_000_000],
    ]),
  );
  assert.ok(log.length <= 1024);
});
