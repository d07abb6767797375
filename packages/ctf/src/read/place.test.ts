// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { implies, meet, PACKET_BEGIN, stepBytes, UNKNOWN_PLACE, type Place } from './place.ts';

const at = (modulus: number, rest: number, bit: number | undefined = 0): Place => ({
  pending: 0,
  bit,
  modulus,
  rest,
  checked: 0,
});

test('where two ways meet only what holds on both is known', () => {
  assert.deepEqual(meet(at(8, 1), at(8, 5)), at(4, 1));
  assert.deepEqual(meet(at(8, 1), at(8, 2)), at(1, 0));
  assert.deepEqual(meet(at(8, 6), at(4, 2)), at(4, 2));
  assert.equal(meet(at(8, 0, 3), at(8, 0, 0)).bit, undefined);
});

test('code for less knowledge is right with more, not the other way round', () => {
  assert.equal(implies(at(8, 4), at(4, 0)), true);
  assert.equal(implies(at(4, 0), at(8, 4)), false);
  assert.equal(implies({ ...at(8, 4), bit: undefined }, at(4, 0)), false);
  assert.equal(implies(at(8, 4, 2), UNKNOWN_PLACE), true);
});

test('a step of known size keeps the remainder', () => {
  assert.equal(stepBytes(stepBytes(PACKET_BEGIN, 4095), 3).rest, 2);
});
