// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitingCalls } from './waiting-calls.ts';

interface Call {
  readonly order: number;
  readonly name: string;
}

const always = (): boolean => true;

test('the last one before a moment is found among those that still wait, and no further back than asked', () => {
  const calls = new WaitingCalls<Call>();
  for (const [index, name] of ['a', 'b', 'a', 'c', 'd'].entries()) calls.add({ order: 10 * index, name });
  const find = (time: number, name: string, maxSteps = 4): number =>
    calls.findBefore(time, 0, maxSteps, (call) => call.name === name);
  assert.equal(find(25, 'a'), 2);
  assert.equal(find(19, 'a'), 0);
  assert.equal(find(35, 'd'), -1);
  assert.equal(
    calls.findBefore(35, 5, 4, (call) => call.name === 'd'),
    4,
  );
  assert.equal(find(45, 'b', 3), -1);
  assert.equal(calls.take(2).order, 20);
  assert.equal(find(25, 'a'), 0);
  // What was taken is no step.
  assert.equal(find(45, 'b', 3), 1);
  assert.equal(calls.after(15)?.order, 30);
  assert.equal(calls.count, 4);
});

test('takes in any order, drops and additions leave the same as in a plain list', () => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const calls = new WaitingCalls<Call>();
  let plain: Call[] = [];
  let order = 0;
  for (let round = 0; round < 20_000; round++) {
    for (let add = random(4); add > 0; add--) {
      const call = { order: (order += random(3)), name: String(order % 5) };
      calls.add(call);
      plain.push(call);
    }
    const time = order - random(20);
    const expected = plain.findLast((call) => call.order <= time);
    const found = calls.findBefore(time, 0, 1, always);
    // A search gives up behind many gaps; what it tells is right.
    if (found >= 0) {
      assert.equal(calls.at(found), expected);
      assert.equal(calls.take(found), expected);
      plain = plain.filter((call) => call !== expected);
    }
    assert.equal(calls.first, plain[0]);
    if (random(100) === 0) {
      const count = random(20);
      assert.deepEqual(calls.drop(count), plain.splice(0, count));
    }
    assert.equal(calls.count, plain.length);
  }
  assert.ok(order > 20_000 && plain.length > 0);
  assert.deepEqual(calls.drop(Infinity), plain);
});

test('one that nobody takes does not hold up those behind it', () => {
  const calls = new WaitingCalls<Call>();
  for (let order = 0; order < 10_000; order++) calls.add({ order, name: String(order) });
  for (let order = 1; order < 10_000; order++) {
    const found = calls.findBefore(order, 0, 4, (call) => call.order === order);
    assert.equal(calls.take(found).order, order);
  }
  assert.equal(calls.count, 1);
  assert.equal(calls.first?.order, 0);
});
