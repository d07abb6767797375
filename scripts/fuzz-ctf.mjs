// SPDX-License-Identifier: MIT
// A million damaged inputs to the reader of traces, metadata and packets, and a hundred thousand damaged live sessions,
// for a nightly run: node scripts/fuzz-ctf.mjs [COUNT].
// The seed is the day's, so that each night tries others; a failure names what repeats it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const seed = process.env['LOCKSTEP_SEED'] ?? String(Math.floor(Date.now() / 86_400_000));
console.log(`LOCKSTEP_SEED=${seed}`);
const count = Number(process.argv[2] ?? 1_000_000);
// A live session is some twenty messages and takes as long as ten damaged packets.
const runs = [
  ['read/hostile.test.js', count],
  ['node/live-hostile.test.js', Math.ceil(count / 10)],
];
for (const [file, mutations] of runs) {
  const { status } = spawnSync(
    process.execPath,
    ['--max-old-space-size=160', '--test', join(root, 'packages/ctf/dist/src', file)],
    { stdio: 'inherit', env: { ...process.env, LOCKSTEP_MUTATIONS: String(mutations), LOCKSTEP_SEED: seed } },
  );
  if (status !== 0) process.exit(status ?? 1);
}
