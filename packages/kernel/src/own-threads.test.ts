// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { listThreads, watchThreads, yieldNoMore, yieldToOthers } from './own-threads.ts';

const SKIP = process.platform === 'linux' ? false : 'Threads are told by /proc, which only Linux has.';

test(
  'the thread of a worker is known when its constructor returns, and yields until it is told not to',
  { skip: SKIP },
  async (t) => {
    const { made: worker, tids } = watchThreads(
      () => new Worker('require("node:worker_threads").parentPort.once("message", () => {})', { eval: true }),
    );
    const exit = once(worker, 'exit');
    assert.ok(tids.length > 0);
    assert.ok(tids.every((tid) => tid !== process.pid && listThreads().includes(tid)));
    yieldToOthers(tids);
    for (const tid of tids) assert.ok(getPriority(tid) >= 10);
    yieldNoMore(tids);
    if (process.getuid?.() === 0) for (const tid of tids) assert.equal(getPriority(tid), getPriority());
    else t.diagnostic('Only root may take a thread back to where it was.');
    worker.postMessage('end');
    await exit;
    // A thread that is gone is no error.
    yieldToOthers(tids);
  },
);
