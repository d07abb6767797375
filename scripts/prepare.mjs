// SPDX-License-Identifier: MIT
// Makes a clone ready: dependencies as the lock file says, then the build. Does nothing that is
// already done, so `npm start` and `npm test` call it first and need nothing before them.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Installs and builds; ends the process with a sentence when either fails. */
export function prepare() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Lockstep needs Node 20.19 or newer; this is ${process.version}.`);
    process.exit(1);
  }
  install();
  run(process.execPath, [join(root, 'scripts/build.mjs')], 'The build failed; the lines above say where.');
}

function install() {
  const lockFile = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules/.lockstep-installed');
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing dependencies …');
  // Not `npm ci`: it refuses a lock file that lacks the optional binaries of some other platform.
  run(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    'npm could not install the dependencies; is the registry reachable?',
  );
  writeFileSync(stamp, wanted);
}

function run(command, args, sentence) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(sentence);
    process.exit(result.status ?? 1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare();
