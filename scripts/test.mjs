// SPDX-License-Identifier: MIT
// npm test: install, build, lint, layers, then every test. `--all` adds the long ones, with
// `--only-long` nothing but the files that have some. Arguments that are left name test files or
// folders of packages to run alone: `npm test -- ring-buffer`.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const args = process.argv.slice(2);
const isLong = args.includes('--all');
const isOnlyLong = args.includes('--only-long');
const wanted = args.filter((arg) => !arg.startsWith('--'));

if (wanted.length === 0 && !isOnlyLong) {
  check('layers.mjs');
  check('lint.mjs');
}

const files = [];
for (const name of readdirSync(join(root, 'packages'))) collect(join(root, 'packages', name, 'dist', 'src'));
for (const folder of ['test', 'examples']) collect(join(root, folder));
const chosen = files.filter(
  (file) =>
    (wanted.length === 0 || wanted.some((word) => file.includes(word))) &&
    (!isOnlyLong || readFileSync(file, 'utf8').includes('LOCKSTEP_TEST_LONG')),
);
if (chosen.length === 0) {
  console.error(`No test file has ${wanted.join(' or ')} in its path.`);
  process.exit(1);
}
const result = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=2',
    `--test-reporter=${join(root, 'scripts/test-reporter.mjs')}`,
    '--test-reporter-destination=stdout',
    ...chosen,
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...(isLong ? { LOCKSTEP_TEST_LONG: '1' } : {}) } },
);
process.exit(result.status ?? 1);

function check(script) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', script)], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function collect(folder) {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') collect(path);
    } else if (/\.test\.(js|mjs)$/.test(entry.name)) files.push(path);
  }
}
