// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRandom } from './explore.mjs';
import { attackReaders } from './hostile-owner.mjs';
import { loadShipped } from './load-shipped.mjs';
import { SMALL_SUB_BUFFERS } from './ring-world.mjs';

test('a reader whose memory changes under it ends with a typed error or a packet, inside of the memory', (context) => {
  const mutationCount = process.env.LOCKSTEP_TEST_LONG === '1' ? 1_000_000 : 100_000;
  const outcome = attackReaders(loadShipped(SMALL_SUB_BUFFERS), makeRandom(11), mutationCount);
  context.diagnostic(JSON.stringify(outcome));
  assert.ok(outcome.packets > 0 && outcome.errors > 0);
});

test('the attack finds a reader that trusts a size', () => {
  const trusting = loadShipped([
    ...SMALL_SUB_BUFFERS,
    {
      file: '/ring-words.js',
      from: 'if (size <= 0 || size > this.header.subBufferSizeBytes)',
      to: 'if (false)',
    },
  ]);
  assert.throws(() => attackReaders(trusting, makeRandom(11), 100_000), /outside of the memory/);
});
