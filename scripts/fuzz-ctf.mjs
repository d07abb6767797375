// SPDX-License-Identifier: MIT
// A million damaged inputs to the reader of traces, for a nightly run: node scripts/fuzz-ctf.mjs [COUNT].
// The seed is the day's, so that each night tries others; a failure names what repeats it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const seed = process.env['LOCKSTEP_SEED'] ?? String(Math.floor(Date.now() / 86_400_000));
console.log(`LOCKSTEP_SEED=${seed}`);
const { status } = spawnSync(
  process.execPath,
  ['--max-old-space-size=160', '--test', join(root, 'packages/ctf/dist/src/read/hostile.test.js')],
  {
    stdio: 'inherit',
    env: { ...process.env, LOCKSTEP_MUTATIONS: process.argv[2] ?? '1000000', LOCKSTEP_SEED: seed },
  },
);
process.exit(status ?? 1);
