// SPDX-License-Identifier: MIT
// Every order in which writers and a reader of a ring buffer can go, by the code that is shipped; and
// deliberate bugs, each of which must be found. See docs/ring-buffer-proofs.md.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exploreAll, walkRandomly } from './explore.mjs';
import { loadShipped } from './load-shipped.mjs';
import { tracerRecordBytes } from './record-formats.mjs';
import { ringWorlds, SMALL_SUB_BUFFERS } from './ring-world.mjs';

const isLong = process.env.LOCKSTEP_TEST_LONG === '1';
/** Three records go round two sub-buffers. */
const SMALL = {
  writerCount: 1,
  subBufferCount: 2,
  recordsPerSubBuffer: 1,
  recordCount: 3,
  pollCount: 2,
  order: 'sc',
};
/** Two records share a sub-buffer. */
const SHARING = { ...SMALL, recordsPerSubBuffer: 2 };
/** In the tests that everybody waits for, a thread that could go on is interrupted at most so often. */
const bounded = (short, long) => ({ maxPreemptions: isLong ? long : short });

const shipped = loadShipped(SMALL_SUB_BUFFERS);

function explore(context, shape, code = shipped) {
  const found = exploreAll(ringWorlds(code, shape));
  const bound = shape.maxPreemptions === undefined ? 'every order' : `at most ${shape.maxPreemptions} interruptions`;
  context.diagnostic(`${found.stateCount} states, ${found.stepCount} steps, ${found.endCount} ends; ${bound}`);
  assert.equal(found.violation, undefined, failure(found.violation));
  assert.ok(found.isComplete);
}

function failure(violation) {
  return violation === undefined ? '' : `${violation.message}\n${violation.path.slice(-60).join('\n')}`;
}

for (const mode of ['discard', 'overwrite']) {
  test(`${mode}: in every order of writer and reader each record is consumed once, or counted`, (context) => {
    explore(context, { ...SHARING, mode, ...bounded(3) });
    explore(context, { ...SMALL, mode, ...bounded(2, 4) });
  });

  test(`${mode}: the same of two writers on one buffer`, (context) => {
    const recordCount = isLong ? 3 : 2;
    explore(context, { ...SMALL, mode, recordCount, writerCount: 2, ...bounded(1, 2) });
  });

  test(`${mode}: the reader may die at each step, and its heir loses nothing`, (context) => {
    explore(context, { ...SMALL, mode, mayReaderDie: true, ...bounded(1, 2) });
  });

  test(`${mode}: a writer may die at each step, and the next one goes on with its buffer`, (context) => {
    const shape = { ...SMALL, mode, mayWriterDie: true, hasNextWriter: true };
    explore(context, { ...shape, recordCount: 2, pollCount: isLong ? 2 : 1, maxPreemptions: 1 });
    if (!isLong && mode === 'overwrite') return;
    explore(context, { ...shape, writerCount: 2, recordCount: 1, pollCount: 1, maxPreemptions: 1 });
  });

  test(`${mode}: with stores that become visible late, as on x86-64, it is the same`, (context) => {
    explore(context, { ...SMALL, mode, order: 'tso', ...bounded(1, 2) });
  });

  test(`${mode}: a snapshot in the middle of everything holds whole packets without a hole`, (context) => {
    explore(context, { ...SMALL, mode, isSnapshot: true, pollCount: 1, ...bounded(2, 3) });
  });
}

test('random walks through larger shapes find nothing either', (context) => {
  const walkCount = isLong ? 4000 : 100;
  let stepCount = 0;
  for (const mode of ['discard', 'overwrite']) {
    for (const order of ['sc', 'tso']) {
      for (const writerCount of [1, 3]) {
        const shape = { mode, order, writerCount, subBufferCount: 4, recordsPerSubBuffer: 2 };
        const counts = { recordCount: 20, pollCount: 30, hasNextWriter: true, mayWriterDie: true, mayReaderDie: true };
        const found = walkRandomly(ringWorlds(shipped, { ...shape, ...counts }), { seed: 1, walkCount });
        stepCount += found.stepCount;
        assert.equal(found.violation, undefined, failure(found.violation));
      }
    }
  }
  context.diagnostic(`${walkCount * 8} walks, ${stepCount} steps`);
});

test('where stores may overtake others the plain commit would tear records, and the ordered one does not', (context) => {
  const shape = { ...SHARING, mode: 'overwrite', order: 'weak', isSnapshot: true, pollCount: 1, ...bounded(1, 2) };
  const plain = exploreAll(ringWorlds(shipped, shape));
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
    const found = exploreAll(ringWorlds(broken, { ...SMALL, maxPreemptions: 3, ...shape }));
    assert.deepEqual(broken.unused(), []);
    assert.match(found.violation?.message ?? 'nothing was found', message);
    context.diagnostic(`${found.violation.message}, after ${found.stateCount} states`);
  });
}
