// SPDX-License-Identifier: MIT
// Type-aware lint and format check. `--fix` writes.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const isFixing = process.argv.includes('--fix');
const bin = (name) => join(root, 'node_modules/.bin', name);
const steps = [
  [bin('oxfmt'), [...(isFixing ? [] : ['--check']), '.']],
  [
    bin('oxlint'),
    [
      '--type-aware',
      '--deny-warnings',
      '--quiet',
      ...(isFixing ? ['--fix'] : []),
      'packages',
      'scripts',
      'examples',
      'test',
    ],
  ],
];
let isClean = true;
for (const [command, args] of steps) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) isClean = false;
}
if (!isClean) {
  console.error('Run `npm run lint -- --fix` and mend what is left.');
  process.exit(1);
}
