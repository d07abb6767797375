// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { closeSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemError } from '@lockstep/base';
import { nativeOrSkip, scratchDirectory } from './testing/scratch.ts';
import { CONSUMED, startWaitingThreads } from './testing/wake-up.ts';
import { DELIVERIES } from './testing/wake-up-worker.ts';

const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

test('a one-shot descriptor is told once, and again after it was armed if it is still readable', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const fd = native.openEvent();
  const set = native.openWaitSet([-1, fd], 'one-shot');
  t.after(() => [set, fd].forEach((open) => closeSync(open)));
  assert.deepEqual(native.waitForSet(set, 0), []);
  writeSync(fd, ONE);
  assert.deepEqual(native.waitForSet(set, 1000), [1]);
  assert.deepEqual(native.waitForSet(set, 0), []);
  native.rearmInSet(set, fd, 1);
  assert.deepEqual(native.waitForSet(set, 1000), [1]);
  readSync(fd, new Uint8Array(8), 0, 8, null);
  native.rearmInSet(set, fd, 1);
  assert.deepEqual(native.waitForSet(set, 0), []);
  assert.throws(() => native.openWaitSet([1_000_000], 'exclusive'), SystemError);
  assert.throws(() => native.waitForSet(-1, 0), SystemError);
});

test('a delivery on a futex wakes one of three threads, each in its turn, and none is lost', async (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const waiting = { way: 'futex', fds: [], stopFd: -1, setFd: -1 } as const;
  const threads = await startWaitingThreads(native, join(scratchDirectory(t), 'board'), 3, waiting);
  let wokenCount = 0;
  for (let delivery = 1; delivery <= 30; delivery++) {
    Atomics.add(threads.board, DELIVERIES, 1);
    wokenCount += native.futexWake(threads.memory, DELIVERIES * 4, 1);
    while (Atomics.load(threads.board, CONSUMED) < delivery) await sleep(1);
    await threads.settle();
  }
  const wakeUps = threads.wakeUps();
  await threads.stop();
  assert.equal(
    wakeUps.reduce((sum, count) => sum + count, 0),
    wokenCount,
  );
  assert.ok(wokenCount <= 30);
  // The kernel wakes who waits longest.
  assert.ok(
    wakeUps.every((count) => count > 0),
    `one never had its turn: ${wakeUps.join()}`,
  );
});

test('of three threads on one one-shot set, what arrives wakes one', async (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const fd = native.openEvent();
  const stopFd = native.openEvent();
  const setFd = native.openWaitSet([fd, stopFd], 'one-shot');
  const waiting = { way: 'one-shot', fds: [fd], stopFd, setFd } as const;
  const threads = await startWaitingThreads(native, join(scratchDirectory(t), 'board'), 3, waiting);
  for (let delivery = 1; delivery <= 30; delivery++) {
    writeSync(fd, ONE);
    while (Atomics.load(threads.board, CONSUMED) < delivery) await sleep(1);
    await threads.settle();
  }
  const wakeUps = threads.wakeUps().reduce((sum, count) => sum + count, 0);
  await threads.stop();
  for (const open of [setFd, fd, stopFd]) closeSync(open);
  assert.equal(wakeUps, 30);
});
