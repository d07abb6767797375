// SPDX-License-Identifier: MIT

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseMetadata } from '@lockstep/ctf';
import type { ClockClass } from '@lockstep/ctf/write';
import { rewriteClockClass } from './refine-clock.ts';
import { channel, createTestSession } from './testing/test-session.ts';
import { TracedProgram } from './testing/traced-program.ts';

const refined: ClockClass = {
  name: 'test',
  uuid: '11111111-2222-4333-8444-000000000000',
  description: 'costs $1 and "quotes"; };',
  frequency: 999_999_937n,
  precision: 17n,
  offsetSeconds: 1_700_000_000n,
  offsetCycles: 5n,
  absolute: true,
};

test('the refined clock class takes the place of the first one, and nothing else changes', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  buffer.writeMany(300);
  const path = session.openConsumer().finish().programs[0]?.path ?? '';
  const file = join(session.traceDirectory, path, 'metadata');
  const before = parseMetadata(readFileSync(file, 'utf8'));
  mkdirSync(join(session.traceDirectory, '.lockstep'), { recursive: true });
  rewriteClockClass(session.traceDirectory, path, refined);
  const after = parseMetadata(readFileSync(file, 'utf8'));
  assert.deepEqual(after.clockClasses, [refined]);
  assert.deepEqual(after.environment, before.environment);
  assert.deepEqual(
    [...after.dataStreamClasses.values()].map((stream) => [...stream.eventRecordClasses.keys()]),
    [...before.dataStreamClasses.values()].map((stream) => [...stream.eventRecordClasses.keys()]),
  );
  assert.equal(session.count().records, 300);
});
