// SPDX-License-Identifier: MIT

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryMemory, FIRST_MENDABLE, HISTORY_CAPACITY, type ExitMender } from './entry-memory.ts';

const NUMBER = 7;

/** A memory, and what it writes again: byte of the exit and its first argument. */
function open() {
  const mended: [number, number][] = [];
  const mender: ExitMender = {
    packet: 0,
    mend: (_kind, _packet, byte, args, at) => mended.push([byte, args[at] as number]),
  };
  const memory = new EntryMemory(mender);
  return {
    mended,
    enter: (tid: number, time: number, argument: number) =>
      memory.remember(Int32Array.of(0, tid, 0, 0, argument, 0), 0, 2, NUMBER, time, 0),
    leave: (tid: number, time: number) => {
      const at = memory.recall(tid, NUMBER, time, 0, FIRST_MENDABLE, time);
      return at < 0 ? undefined : memory.words[at];
    },
  };
}

test('a call that lasts while others fill the ring many times is still known at its exit', () => {
  const { enter, leave } = open();
  enter(1, 10, 111);
  for (let time = 20; time < 20 + 4 * HISTORY_CAPACITY; time += 2) {
    enter(2, time, time);
    assert.equal(leave(2, time + 1), time);
  }
  assert.equal(leave(1, 1_000_000), 111);
  assert.equal(leave(1, 1_000_001), undefined, 'its second exit has no entry');
});

test('an entry and an exit that come late are paired, and the exit that had the wrong entry is mended', () => {
  const { enter, leave, mended } = open();
  enter(1, 10, 111);
  assert.equal(leave(1, 40), 111, 'there and back looks like one call');
  assert.equal(leave(1, 20), 111);
  assert.deepEqual(mended, [[40, 0]]);
  enter(1, 30, 333);
  assert.deepEqual(mended[1], [40, 333]);
});

test('whatever is older than what the ring has taken back is left alone', () => {
  const { enter, leave, mended } = open();
  enter(1, 1000, 111);
  for (let time = 2000; time < 2000 + 2 * HISTORY_CAPACITY; time++) enter(2, time, 0);
  assert.equal(leave(1, 500), undefined);
  enter(1, 400, 400);
  assert.equal(leave(1, 1500), 111);
  assert.deepEqual(mended, []);
});

test('thousands of late events of one thread each find their place', () => {
  const { enter, leave } = open();
  for (let time = 10_000; time < 14_000; time += 2) {
    enter(1, time, time);
    leave(1, time + 1);
  }
  for (let time = 1000; time < 5000; time += 2) {
    enter(1, time, time);
    assert.equal(leave(1, time + 1), time);
  }
});
