// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemError } from '@lockstep/base';
import { nativeOrSkip, scratchDirectory } from './testing/scratch.ts';

const DOOR = new URL('./index.js', import.meta.url).href;

test('a futex wait sees a changed word at once, and otherwise its time pass', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const memory = new ArrayBuffer(16);
  assert.equal(native.futexWait(memory, 4, 1, 10_000), 'changed');
  assert.equal(native.futexWait(memory, 4, 0, 1), 'timed-out');
  assert.equal(native.futexWake(memory, 4, 1), 0);
  for (const offset of [-4, 2, 16, 1e12]) assert.throws(() => native.futexWait(memory, offset, 0, 1), SystemError);
});

test('a futex wait without blocking sees what one that blocks does', async (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const memory = new ArrayBuffer(16);
  assert.equal(await native.futexWaitAsync(memory, 4, 1, 10_000), 'changed');
  assert.equal(await native.futexWaitAsync(memory, 4, 0, 1), 'timed-out');
  const waits = [1, 2, 3].map(() => native.futexWaitAsync(memory, 4, 0, Infinity));
  for (let woken = 0; woken < waits.length; await sleep(1)) woken += native.futexWake(memory, 4, 1);
  assert.deepEqual(await Promise.all(waits), ['woken', 'woken', 'woken']);
  for (const offset of [-4, 2, 16, 1e12])
    await assert.rejects(native.futexWaitAsync(memory, offset, 0, 1), SystemError);
});

test('a thread that ends while it waits for ever takes the sleeper with it', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const source = `
    import { Worker, isMainThread } from 'node:worker_threads';
    import { loadNative } from '${DOOR}';
    if (isMainThread) {
      for (let turn = 0; turn < 3; turn++) {
        const worker = new Worker(process.argv[1]);
        await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
      }
      void loadNative().futexWaitAsync(new ArrayBuffer(4), 0, 0, Infinity);
      console.log('ended');
      process.exit();
    }
    const { parentPort } = await import('node:worker_threads');
    void loadNative().futexWaitAsync(new ArrayBuffer(4), 0, 0, Infinity);
    parentPort.postMessage(1);`;
  const path = join(scratchDirectory(t), 'program.mjs');
  writeFileSync(path, source);
  const { stdout, status, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.deepEqual({ stdout, status }, { stdout: 'ended\n', status: 0 });
});

test('a waiter in another process is woken through the mapped file', async (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const path = join(scratchDirectory(t), 'doorbell');
  const { buffer } = native.mapFile(path, { access: 'read-write', createSizeBytes: 4096 });
  const source = `
    import { loadNative } from '${DOOR}';
    const native = loadNative();
    const { buffer } = native.mapFile(${JSON.stringify(path)}, { access: 'read-write' });
    new Int32Array(buffer)[1] = 1;
    console.log(native.futexWait(buffer, 0, 0, 20_000));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => child.on('close', resolve));
  // Rings until somebody was asleep: the child says that it is about to wait, not that it waits.
  let wokenCount = 0;
  while (wokenCount === 0 && child.exitCode === null) {
    await sleep(2);
    wokenCount = native.futexWake(buffer, 0, 1);
  }
  await ended;
  assert.equal(output, 'woken\n');
});

test('poll tells which descriptors are ready', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const path = join(scratchDirectory(t), 'file');
  const fd = openSync(path, 'w+');
  t.after(() => closeSync(fd));
  writeSync(fd, 'x');
  assert.deepEqual(native.poll([], 0), []);
  assert.deepEqual(native.poll([-1, fd], 0), [1]);
});
