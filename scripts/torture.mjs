// SPDX-License-Identifier: MIT
// npm run torture [-- --minutes N] [--seed S]: rounds of writers and readers in threads and processes
// over ring buffers of random shapes, stopped and killed at random, every record checked. Prints a line
// a round and a report; exits with 1 when anything was wrong.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
prepare();
const { torture } = await import('../test/torture/torture.mjs');
const isShm = statSync('/dev/shm', { throwIfNoEntry: false })?.isDirectory() === true;
const directory = mkdtempSync(join(isShm ? '/dev/shm' : tmpdir(), 'lockstep-torture-'));
try {
  const report = await torture({
    directory,
    minutes: Number(values.minutes),
    seed: Number(values.seed),
    say: console.log,
  });
  console.log(report.text);
  process.exitCode = report.problems.length === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
