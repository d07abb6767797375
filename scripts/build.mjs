// SPDX-License-Identifier: MIT
// Builds everything: TypeScript by `tsc -b`, the native addon by the C compiler when its sources are
// newer than it, then the bundles of libraries, of the preloaded tracer and of the command. Needs node and
// node_modules; without a C compiler it says so in one sentence and goes on. Exit status: tsc's, the
// compiler's or the bundler's failure.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nativeDirectory = join(root, 'packages/native');
const addonPath = join(nativeDirectory, 'dist/lockstep.node');

/** Runs a command with its output shown; resolves to its exit status, or undefined when there is no such command. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => (error.code === 'ENOENT' ? resolve(undefined) : reject(error)));
    child.on('close', (status) => resolve(status ?? 1));
  });
}

function buildTypeScript() {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  if (!existsSync(compiler)) {
    console.error('build: TypeScript is not installed; run `npm install` first.');
    return 1;
  }
  return run(process.execPath, [compiler, '-b', ...process.argv.slice(2)]);
}

async function buildAddon() {
  if (process.platform !== 'linux') {
    console.error(`build: the native addon exists for Linux only; on ${process.platform} Lockstep works without it.`);
    return 0;
  }
  const sourceDirectory = join(nativeDirectory, 'src');
  const files = readdirSync(sourceDirectory).filter((name) => /\.[ch]$/.test(name));
  const newest = Math.max(
    ...[...files.map((name) => join(sourceDirectory, name)), fileURLToPath(import.meta.url)].map(
      (path) => statSync(path).mtimeMs,
    ),
  );
  if (existsSync(addonPath) && statSync(addonPath).mtimeMs >= newest) return 0;

  const headers = join(root, 'node_modules/node-api-headers/include');
  if (!existsSync(headers)) {
    console.error('build: node-api-headers is not installed; run `npm install` first.');
    return 1;
  }
  mkdirSync(dirname(addonPath), { recursive: true });
  // Compiled beside and renamed, so that a process that has the old one loaded keeps it whole.
  const temporaryPath = `${addonPath}.${process.pid}.tmp`;
  const sources = files.filter((name) => name.endsWith('.c')).map((name) => join(sourceDirectory, name));
  const flags = [
    '-std=gnu11',
    '-O2',
    '-g',
    '-fPIC',
    '-shared',
    '-fvisibility=hidden',
    '-ftls-model=initial-exec',
    '-Wall',
    '-Wextra',
    '-pthread',
  ];
  const compilers = process.env.CC === undefined ? ['cc', 'gcc', 'clang'] : [process.env.CC];
  for (const compiler of compilers) {
    const status = await run(compiler, [...flags, `-I${headers}`, ...sources, '-o', temporaryPath]);
    if (status === undefined) continue;
    if (status === 0) renameSync(temporaryPath, addonPath);
    else console.error(`build: ${compiler} could not compile the native addon.`);
    return status;
  }
  console.error(
    `build: no C compiler found (${compilers.join(', ')}), so the native addon is missing: no TSC clock and no crash recovery; ` +
      'install one (Debian: `apt-get install gcc libc6-dev`) and build again.',
  );
  return 0;
}

/** Doors of libraries, the tracer's preload and the command, each in few files: what Node resolves costs start-up. */
async function bundle() {
  const statuses = ['bundle-doors.mjs', 'bundle-preload.mjs', 'bundle-command.mjs'].map((name) =>
    run(process.execPath, [join(root, 'scripts', name)]),
  );
  const failed = (await Promise.all(statuses)).find((status) => status !== 0);
  if (failed === undefined) keepCompiledCode();
  return failed ?? 0;
}

/** Compiled code of the bundles, from a recording made with them. Without it they work, later by some 10 ms. */
function keepCompiledCode() {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-build-'));
  const preload = join(root, 'packages/tracer/dist/preload-main.cjs');
  // The program of this recording is the preloaded tracer itself.
  const program = [
    '/usr/bin/env',
    '-u',
    'NODE_OPTIONS',
    process.execPath,
    join(root, 'scripts/warm-preload.mjs'),
    preload,
  ];
  const trace = join(directory, 'trace');
  const runs = [
    ['record.cjs', 'record', '--as-root', '--no-kernel', '-o', trace, '--', ...program],
    ['main.cjs', 'view', trace],
  ];
  const isKept = runs.every(([name, ...args]) => {
    const words = [join(root, 'scripts/warm-command.mjs'), join(root, 'packages/cli/dist', name), ...args];
    // The last trace stays the user's.
    const env = { ...process.env, XDG_STATE_HOME: directory };
    return spawnSync(process.execPath, words, { env, stdio: 'ignore' }).status === 0;
  });
  rmSync(directory, { recursive: true, force: true });
  if (!isKept) console.error('build: no compiled code is kept beside the bundles; Lockstep starts a little later.');
}

const statuses = await Promise.all([buildTypeScript(), buildAddon()]);
const failed = statuses.find((status) => status !== 0);
process.exitCode = failed ?? (await bundle());
