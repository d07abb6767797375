// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { nativeOrSkip } from './testing/scratch.ts';

const DOOR = new URL('./index.js', import.meta.url).href;

test('prepare and check alternate around each poll, until the watch is closed', async (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const calls: string[] = [];
  const watch = native.watchLoop(
    () => calls.push('prepare'),
    () => calls.push('check'),
  );
  for (let round = 0; round < 5; round++) await sleep(1);
  watch.close();
  watch.close();
  const count = calls.length;
  assert.ok(count >= 4);
  calls
    .slice(calls.indexOf('prepare'))
    .forEach((name, index) => assert.equal(name, index % 2 === 0 ? 'prepare' : 'check'));
  await sleep(1);
  assert.equal(calls.length, count);
});

test('what an observer throws does not reach the program, and no microtask runs inside it', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  // A microtask that the prepare callback queues would run at its end if there were a checkpoint,
  // that is before the check callback of the same iteration. In a program of its own: the test
  // runner's output is JavaScript between the two.
  const source = `
    import { loadNative } from '${DOOR}';
    let hasRun = false;
    let count = 0;
    const seenByCheck = [];
    const watch = loadNative().watchLoop(
      () => { hasRun = false; queueMicrotask(() => (hasRun = true)); if (++count % 2 === 0) throw new Error('of the observer'); },
      () => seenByCheck.push(hasRun),
    );
    let turns = 0;
    const timer = setInterval(() => {
      if (++turns < 6) return;
      clearInterval(timer);
      watch.close();
      console.log(count > 2, seenByCheck.includes(true));
    }, 1);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(child.stderr, '');
  assert.equal(child.stdout, 'true false\n');
});

test('observing keeps no program alive, closed or not', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  const source = `
    import { loadNative } from '${DOOR}';
    loadNative().watchLoop(() => {}, () => {});
    setTimeout(() => console.log('done'), 5);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(child.status, 0, child.stderr);
  assert.equal(child.stdout, 'done\n');
});

test('a worker that is observed can be terminated', async (t) => {
  if (nativeOrSkip(t) === undefined) return;
  const source = `
    import { parentPort } from 'node:worker_threads';
    const { loadNative } = await import('${DOOR}');
    let count = 0;
    loadNative().watchLoop(() => { if (++count === 3) parentPort.postMessage(count); }, () => {});
    setInterval(() => {}, 1);`;
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    await new Promise((resolve) => worker.once('message', resolve));
    assert.equal(await worker.terminate(), 1);
  }
});
