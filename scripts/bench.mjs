// SPDX-License-Identifier: MIT
// npm run bench [-- WORD…]: every bench, or those whose path holds one of the words, one after the
// other so that they do not disturb each other.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const words = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const benches = [];
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name, 'dist/bench');
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) continue;
  for (const file of readdirSync(folder)) if (file.endsWith('.bench.js')) benches.push(join(folder, file));
}
let status = 0;
for (const file of benches) {
  if (words.length > 0 && !words.some((word) => file.includes(word))) continue;
  console.log(`\n== ${relative(root, file)}`);
  const result = spawnSync(process.execPath, [file], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) status = 1;
}
process.exit(status);
