// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadNative, nativeMissingReason } from '../../packages/native/dist/src/index.js';
import { torture } from './torture.mjs';

/** Everybody's long tests fit into 15 minutes with these. */
const LONG_MINUTES = 5;

test('no record is torn, lost uncounted, doubled or reordered, whoever is stopped or killed', async (t) => {
  if (loadNative() === undefined) {
    t.skip(nativeMissingReason());
    return;
  }
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-torture-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const minutes = process.env.LOCKSTEP_TEST_LONG === '1' ? LONG_MINUTES : 0.05;
  const lines = [];
  const report = await torture({ directory, minutes, seed: 7, say: (line) => lines.push(line) });
  t.diagnostic(report.text);
  assert.deepEqual(report.problems, [], lines.filter((line) => line.includes('PROBLEM')).join('\n'));
  assert.ok(report.consumed > 0);
});
