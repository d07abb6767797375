// SPDX-License-Identifier: MIT
// Several consumer threads share the programs of a recording: all that was recorded comes, and a delivery
// wakes the one thread whose program it is.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScene, root, waitUntil } from './lockstep.mjs';

/** Four processes, which record what they are told to by a signal, deliver it and say so. */
const PROGRAM = `
import { fork } from 'node:child_process';
import { int32, string, tracepoint } from '${join(root, 'packages/tracer/dist/src/index.js')}';
const made = tracepoint('demo:made', { number: int32, text: string });
if (process.argv[2] === undefined) for (let child = 0; child < 3; child++) fork(process.argv[1], ['child']);
let count = 0;
process.on('SIGUSR2', () => {
  // A sub-buffer's worth: the next one begins, and this one is delivered.
  const text = 'x'.repeat(1000);
  for (let number = 0; number < 300; number++) made(number, text);
  process.stdout.write('pid ' + process.pid + ' made ' + ++count + ';');
});
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 2 ** 30);
process.stdout.write('pid ' + process.pid + ' made 0;');
`;

test('of several consumer threads a delivery wakes the one whose program it is, and all of them bring what was recorded', async (t) => {
  const scene = createScene(t);
  const program = join(scene.directory, 'program.mjs');
  writeFileSync(program, PROGRAM);
  const options = ['--no-kernel', '--consumers', '3', '-u', 'demo:*', '-o', scene.trace];
  const recording = scene.start(['record', ...options, '--', process.execPath, program]);
  t.after(() => recording.child.kill('SIGKILL'));
  const pids = () => [...recording.output.stdout.matchAll(/pid (\d+) made 0;/g)].map(([, pid]) => Number(pid));
  await waitUntil(() => pids().length === 4, 'four programs');
  t.after(() => pids().forEach((pid) => isAlive(pid) && process.kill(pid, 'SIGKILL')));
  const say = async (pid, count) => {
    process.kill(pid, 'SIGUSR2');
    await waitUntil(() => recording.output.stdout.includes(`pid ${pid} made ${count};`), `a recording of ${pid}`);
  };
  // While programs are young the command itself consumes.
  for (const pid of pids()) await say(pid, 1);
  await waitUntil(() => bellsWithWaiters(scene.shm).length === 3, 'three threads asleep');

  const before = deliveries(scene.shm);
  await say(pids()[0], 2);
  const after = deliveries(scene.shm);
  const rung = after.flatMap((count, bell) => (count === before[bell] ? [] : [bell]));
  assert.deepEqual(rung, [pids()[0] % 3], 'the bells of the others are silent');

  for (const pid of pids().slice(1)) process.kill(pid, 'SIGTERM');
  process.kill(pids()[0], 'SIGTERM');
  const { stderr } = await recording.ended;
  assert.match(stderr, /4 programs/);
  assert.equal(scene.run(['view', '--count', scene.trace]).stdout, `${5 * 300}\n`);
});

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Words of bell k: DELIVERIES, then WAITERS. */
function bells(shm) {
  const session = readdirSync(shm)[0];
  const words = new Int32Array(new Uint8Array(readFileSync(join(shm, session, 'doorbell'))).buffer);
  return [0, 96, 128].map((at) => ({ deliveries: words[at], waiters: words[at + 1] }));
}

const deliveries = (shm) => bells(shm).map((bell) => bell.deliveries);
const bellsWithWaiters = (shm) => bells(shm).filter(({ waiters }) => waiters === 1);
