// SPDX-License-Identifier: MIT
// Every order in which writers and a reader of a ring buffer can go, by the code that is shipped; and
// deliberate bugs, each of which must be found. See docs/ring-buffer-proofs.md.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exploreAll, walkRandomly } from './explore.mjs';
import { loadShipped } from './load-shipped.mjs';
import { tracerRecordBytes } from './record-formats.mjs';
import { RingWorld, SMALL_SUB_BUFFERS } from './ring-world.mjs';
import { SHAPES, SHARING, SMALL } from './shapes.mjs';

const isLong = process.env.LOCKSTEP_TEST_LONG === '1';
const shipped = loadShipped(SMALL_SUB_BUFFERS);

function explore(context, shape, code = shipped) {
  const found = exploreAll(new RingWorld(code, shape));
  context.diagnostic(`${found.stateCount} states, ${found.stepCount} steps, ${found.endCount} ends`);
  assert.equal(found.violation, undefined, failure(found.violation));
  assert.ok(found.isComplete);
}

function failure(violation) {
  return violation === undefined ? '' : `${violation.message}\n${violation.path.slice(-60).join('\n')}`;
}

for (const { name, shape, run } of SHAPES) {
  if (run === 'short' || (isLong && run === 'long'))
    test(`in every order each record is consumed once, or counted: ${name}`, (context) => explore(context, shape));
}

for (const mode of ['discard', 'overwrite']) {
  const shape = { ...SMALL, mode, recordCount: 2, pollCount: 1 };
  test(`${mode}: leaving out orders that nobody can tell apart leaves out no end`, () => {
    const reduced = exploreAll(new RingWorld(shipped, shape));
    const whole = exploreAll(new RingWorld(shipped, shape), { isReduced: false });
    assert.equal(reduced.endCount, whole.endCount);
    assert.ok(reduced.stateCount * 10 < whole.stateCount);
  });
}

test('random walks through larger shapes find nothing either', (context) => {
  const walkCount = isLong ? 500 : 50;
  let stepCount = 0;
  for (const mode of ['discard', 'overwrite']) {
    for (const order of ['sc', 'tso']) {
      for (const writerCount of [1, 3]) {
        const shape = { mode, order, writerCount, subBufferCount: 4, recordsPerSubBuffer: 2 };
        const counts = { recordCount: 20, pollCount: 30, hasNextWriter: true, mayWriterDie: true, mayReaderDie: true };
        const found = walkRandomly(new RingWorld(shipped, { ...shape, ...counts }), { seed: 1, walkCount });
        stepCount += found.stepCount;
        assert.equal(found.violation, undefined, failure(found.violation));
      }
    }
  }
  context.diagnostic(`${walkCount * 8} walks, ${stepCount} steps`);
});

test('where stores may overtake others the plain commit would tear records, and the ordered one does not', (context) => {
  const shape = {
    ...SHARING,
    mode: 'overwrite',
    order: 'weak',
    isSnapshot: true,
    pollCount: 1,
    maxPreemptions: isLong ? 2 : 1,
  };
  const plain = exploreAll(new RingWorld(shipped, shape));
  assert.match(plain.violation?.message ?? 'nothing was found', /^torn/);
  const ordered = loadShipped([
    ...SMALL_SUB_BUFFERS,
    { file: '/writer.js', from: 'needsOrderedCommit = !isStoreOrdered()', to: 'needsOrderedCommit = true' },
  ]);
  explore(context, shape, ordered);
});

/** One of each kind of bug that there is: what the patch breaks, and the scenario that shows it. */
const commit = `w[64] = p + ${tracerRecordBytes(shipped, SHARING)};`;
const BUGS = [
  {
    kind: 'torn',
    name: 'the record function commits before it stores the fields',
    patches: [
      { file: 'generated', from: commit, to: '' },
      { file: 'generated', from: 'now();', to: `now(); ${commit}` },
    ],
    shape: { mode: 'overwrite', isSnapshot: true, recordsPerSubBuffer: 2, pollCount: 1 },
    message: /^torn/,
  },
  {
    kind: 'torn copy',
    name: 'a snapshot does not look at the slot again after its copy',
    patches: [
      {
        file: '/ring-words.js',
        from: 'return Atomics.load(this.words, this.slots + slot) === word;',
        to: 'return true;',
      },
    ],
    shape: { mode: 'overwrite', isSnapshot: true, pollCount: 1 },
    message: /^torn|hole/,
  },
  {
    kind: 'duplicated',
    name: 'an heir does not ask whether what it finds was consumed',
    patches: [
      {
        file: '/reader.js',
        from: 'Atomics.load(this.#words, entry + PHYSICAL_IS_CONSUMED) === 0;',
        to: 'true;',
      },
    ],
    shape: { mode: 'overwrite', mayReaderDie: true },
    message: /^duplicated/,
  },
  {
    kind: 'reordered',
    name: 'the consuming reader takes the newest sub-buffer first',
    patches: [
      {
        file: '/reader.js',
        from: 'this.#delivered.sort((a, b) => b - a);',
        to: 'this.#delivered.sort((a, b) => a - b);',
      },
    ],
    shape: { mode: 'discard' },
    message: /^reordered/,
  },
  {
    kind: 'lost without being counted',
    name: 'a record for which no sub-buffer is free is not counted',
    patches: [
      {
        file: '/writer.js',
        from: 'return count(slot === NONE_UNREAD ? DISCARDED_FULL : DISCARDED_WRAPPED);',
        to: 'return -1;',
      },
    ],
    shape: { mode: 'discard' },
    message: /^lost without being counted/,
  },
  {
    kind: 'owned by two',
    name: 'the reader exchanges a sub-buffer by load and store instead of compare-and-swap',
    patches: [
      {
        file: '/reader.js',
        from: 'if (Atomics.compareExchange(this.#words, this.#ring.slots + slot, word, exchangedWord) !== word)',
        to: 'Atomics.store(this.#words, this.#ring.slots + slot, exchangedWord);\n        if (false)',
      },
    ],
    shape: { mode: 'overwrite' },
    // Seen while both have it, or by what the reader then finds in it.
    message: /^(owned by two|torn: packet \d+ says)|which (the reader holds|another has)/,
  },
  {
    kind: 'lost in a death',
    name: 'a switch forgets where the active sub-buffer ends before it is delivered',
    patches: [
      {
        file: '/writer.js',
        from: 'client.bufferEnd(begin, contentSize, discardedCount(), writerIndex);',
        to: 'Atomics.store(words, block + COMMITTED, 0);\n        client.bufferEnd(begin, contentSize, discardedCount(), writerIndex);',
      },
    ],
    shape: { mode: 'discard', mayWriterDie: true },
    message: /^lost/,
  },
];

for (const { kind, name, patches, shape, message } of BUGS) {
  test(`a deliberate bug is found (${kind}): ${name}`, (context) => {
    const broken = loadShipped([...SMALL_SUB_BUFFERS, ...patches]);
    const found = exploreAll(new RingWorld(broken, { ...SMALL, ...shape }));
    assert.deepEqual(broken.unused(), []);
    assert.match(found.violation?.message ?? 'nothing was found', message);
    context.diagnostic(`${found.violation.message}, after ${found.stateCount} states`);
  });
}
