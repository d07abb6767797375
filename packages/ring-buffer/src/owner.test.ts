// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryAttachWriter } from './index.ts';
import { OWNER_LIVE, OWNER_STATE, OWNER_TAKING, writerWord } from './layout.ts';
import { makeTestRing } from './testing/test-ring.ts';

test('a block that somebody is taking is not judged by its former owner', () => {
  const ring = makeTestRing('discard');
  ring.writer.release();
  const words = new Int32Array(ring.memory);
  // Another thread has won it and not yet written down who it is: the words still name one that ended.
  words[writerWord(0) + OWNER_STATE] = OWNER_TAKING;
  assert.equal(
    tryAttachWriter(ring.memory, { pid: 1, tid: 9 }, ring.client, () => true),
    undefined,
  );
  assert.equal(ring.reader.isReleased, false);
});

test('who finds a dead owner does not take the block from one that took it meanwhile', () => {
  const ring = makeTestRing('discard');
  const words = new Int32Array(ring.memory);
  const late = tryAttachWriter(ring.memory, { pid: 1, tid: 9 }, ring.client, () => {
    // Between the look and the taking.
    const first = tryAttachWriter(ring.memory, { pid: 1, tid: 5 }, ring.client, () => true);
    assert.ok(first !== undefined);
    return true;
  });
  assert.equal(late, undefined);
  assert.equal(words[writerWord(0) + OWNER_STATE], OWNER_LIVE);
  assert.deepEqual(ring.reader.owner, { pid: 1, tid: 5 });
});
