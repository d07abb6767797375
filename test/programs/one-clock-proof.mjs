// SPDX-License-Identifier: MIT
// Records test/programs/one-clock.mjs and prints what was found as one line of JSON; for machines without a
// test runner's time. Arguments: turns, then options of record (a clock).

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countInversions } from '../e2e/count-inversions.mjs';

const [turns = '1000', ...options] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url));
const parent = mkdtempSync(join(tmpdir(), 'lockstep-one-clock-'));
const directory = join(parent, 'trace');
const rules = ['-k', 'syscall:read', '-u', 'proof:*', '--no-sampler'];
const program = [process.execPath, join(root, 'test/programs/one-clock.mjs'), turns];
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [
    join(root, 'packages/cli/bin/lockstep.js'),
    'record',
    '--json',
    '-o',
    directory,
    ...options,
    ...rules,
    '--',
    ...program,
  ],
  { encoding: 'utf8' },
);
if (status !== 0) {
  console.log(JSON.stringify({ status, stderr }));
  process.exit(1);
}
const { clock, missing } = JSON.parse(stdout).summary;
console.log(
  JSON.stringify({ clock: clock.kind, reason: clock.reason, sentences: missing, ...countInversions(directory) }),
);
rmSync(parent, { recursive: true, force: true });
