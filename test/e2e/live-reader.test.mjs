// SPDX-License-Identifier: MIT
// Who reads along gets what a program recorded when the program's event loop goes to sleep, by no timer.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScene, root, waitUntil } from './lockstep.mjs';

const IS_READ_LIVE_OFFSET = 44;

const PROGRAM = `
import { createServer } from 'node:net';
import { int32, tracepoint } from '${join(root, 'packages/tracer/dist/src/index.js')}';
const made = tracepoint('demo:made', { number: int32 });
let number = 0;
process.on('SIGUSR2', () => {
  made(++number);
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  process.stdout.write('made ' + number + ', ' + timers + ' timers;');
});
process.on('SIGTERM', () => process.exit(0));
createServer().listen(0, () => process.stdout.write('pid ' + process.pid + ';'));
`;

for (const rule of ['demo:*', '*']) {
  test(`a live reader sees what was recorded once the loop sleeps; nobody else makes it so (-u '${rule}')`, async (t) => {
    const scene = createScene(t);
    const program = join(scene.directory, 'program.mjs');
    writeFileSync(program, PROGRAM);
    const recording = scene.start([
      'record',
      '--no-kernel',
      '-u',
      rule,
      '-o',
      scene.trace,
      '--',
      process.execPath,
      program,
    ]);
    t.after(() => recording.child.kill('SIGKILL'));
    const signalled = async (number) => {
      process.kill(pid, 'SIGUSR2');
      await waitUntil(() => recording.output.stdout.includes(`made ${number},`), `record ${number}`);
    };
    await waitUntil(() => /pid \d+;/.test(recording.output.stdout), 'the program');
    const pid = Number(/pid (\d+);/.exec(recording.output.stdout)[1]);
    await signalled(1);
    // Node's own events may fill one on a slow machine.
    if (rule !== '*') assert.equal(streamBytes(scene.trace), 0, 'a sub-buffer that is not full stays');

    const reader = scene.start(['view', '--follow', '--json', scene.trace]);
    t.after(() => reader.child.kill('SIGKILL'));
    await waitUntil(() => isReadLive(scene.shm), 'the session to notice the reader');
    await signalled(2);
    await waitUntil(() => reader.output.stdout.includes('"number":2'), 'the record in the reader');
    assert.match(reader.output.stdout, /"number":1[^0-9]/);
    assert.match(recording.output.stdout, /made 2, 0 timers/);

    // One that is killed takes nothing back itself.
    reader.child.kill('SIGKILL');
    await reader.ended;
    await waitUntil(() => !isReadLive(scene.shm), 'the session to notice that nobody reads any more');
    await signalled(3);
    process.kill(pid, 'SIGTERM');
    await recording.ended;
    const { stdout } = scene.run(['view', '--json', scene.trace]);
    assert.deepEqual(
      [...stdout.matchAll(/"number":(\d+)/g)].map(([, number]) => number),
      ['1', '2', '3'],
    );
  });
}

function isReadLive(shm) {
  return readdirSync(shm).some(
    (name) => readFileSync(join(shm, name, 'control')).readInt32LE(IS_READ_LIVE_OFFSET) === 1,
  );
}

function streamBytes(trace) {
  return readdirSync(trace, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^channel\w*_\d+$/.test(entry.name))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
