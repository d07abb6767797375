// SPDX-License-Identifier: MIT

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channel, createTestSession } from '../testing/test-session.ts';
import { TracedProgram } from '../testing/traced-program.ts';
import { joinReports } from './report.ts';

test('a consumer goes on where another one was released, and both reports make one', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const first = session.openConsumer();
  buffer.writeMany(600);
  assert.equal(first.poll(), 2);
  const earlier = first.release();
  buffer.writeMany(10_000);
  const report = joinReports(earlier, session.openConsumer().finish());
  assert.equal(report.programs.length, 1);
  const [program] = report.programs;
  const { records, discarded } = session.count();
  assert.equal(program?.recordCount, records);
  assert.equal(program?.discardedCount, discarded);
  assert.equal(records + discarded, 10_600);
  assert.ok(discarded > 0);
  assert.deepEqual(program?.problems, []);
});

test('a program that wrote nothing after the hand-over is told once', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const first = session.openConsumer();
  buffer.writeMany(50);
  buffer.flush();
  first.poll();
  const earlier = first.release();
  const report = joinReports(earlier, session.openConsumer().finish());
  assert.deepEqual(
    report.programs.map(({ recordCount, path }) => [recordCount, path]),
    [[50, earlier.programs[0]?.path]],
  );
});

test('a released consumer that had taken nothing leaves everything to the next', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const first = session.openConsumer();
  assert.equal(first.poll(), 0);
  const earlier = first.release();
  buffer.writeMany(50);
  const report = joinReports(earlier, session.openConsumer().finish());
  assert.equal(report.programs.length, 1);
  assert.equal(report.programs[0]?.recordCount, 50);
  assert.deepEqual(session.count(), { records: 50, discarded: 0 });
});
