// SPDX-License-Identifier: MIT
// A real process that is stopped inside of a record: what it had committed comes without it, and what it
// records when it goes on comes once.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadNative, nativeMissingReason } from '@lockstep/native';
import { createTestSession } from '../testing/test-session.ts';

const PROGRAM = fileURLToPath(new URL('../testing/stopping-program.js', import.meta.url));
const skip = loadNative() === undefined ? nativeMissingReason() : false;

function start(t: TestContext, sessionDirectory: string, before: number, after: number): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, sessionDirectory, `${before}`, `${after}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

function isStopped(pid: number): boolean {
  return /^State:\s*T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}

test(
  'what a program had committed when it was stopped inside of a record is in the trace, told, and in it once',
  { skip },
  async (t) => {
    const session = createTestSession(t);
    const child = start(t, session.sessionDirectory, 7, 5);
    await until(() => isStopped(child.pid ?? 0));
    const consumer = session.openConsumer();
    await until(() => consumer.poll() >= 0 && consumer.report().programs[0]?.stalledThreadCount === 1);
    assert.equal(session.count().records, 7);

    child.kill('SIGCONT');
    await once(child.stdout!, 'data');
    const report = consumer.finish().programs[0];
    assert.equal(report?.recordCount, 13);
    assert.equal(report.packetCount, 2);
    assert.deepEqual(session.count(), { records: 13, discarded: 0 });
    assert.deepEqual(report.problems, []);
  },
);

test(
  'the rest of a sub-buffer in which a thread stood still becomes a packet, and numbers go on without a hole',
  { skip },
  async (t) => {
    const session = createTestSession(t);
    // Some sub-buffers' worth before it and after it.
    const child = start(t, session.sessionDirectory, 300, 600);
    await until(() => isStopped(child.pid ?? 0));
    const consumer = session.openConsumer();
    await until(() => consumer.poll() >= 0 && consumer.report().programs[0]?.stalledThreadCount === 1);
    assert.equal(session.count().records, 300);

    // Another consumer goes on, as after a kill of the first one.
    consumer.release();
    const heir = session.openConsumer();
    child.kill('SIGCONT');
    await once(child.stdout!, 'data');
    const report = heir.finish().programs[0];
    assert.deepEqual(report?.problems, []);
    assert.deepEqual(session.count(), { records: 901, discarded: 0 });
    assert.deepEqual(
      session.sequenceNumbers(),
      Array.from(session.sequenceNumbers(), (_, index) => BigInt(index)),
    );
  },
);

test(
  'a program that is killed while it is stopped loses what it had not committed, and nothing else',
  { skip },
  async (t) => {
    const session = createTestSession(t);
    const child = start(t, session.sessionDirectory, 7, 5);
    await until(() => isStopped(child.pid ?? 0));
    const consumer = session.openConsumer();
    await until(() => consumer.poll() >= 0 && consumer.report().programs[0]?.stalledThreadCount === 1);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    assert.equal(consumer.finish().programs[0]?.recordCount, 7);
    assert.deepEqual(session.count(), { records: 7, discarded: 0 });
  },
);
