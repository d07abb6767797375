// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Addon } from './addon.ts';
import { loadNative, nativeMissingReason } from './index.ts';
import { nativeOrSkip, scratchDirectory } from './testing/scratch.ts';

const DOOR = new URL('./index.js', import.meta.url).href;
const ADDON = fileURLToPath(new URL('../lockstep.node', import.meta.url));

function runProgram(source: string, environment: NodeJS.ProcessEnv): string {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return child.stdout + child.stderr;
}

test('the addon or a reason is there, never both', () => {
  assert.equal(loadNative() === undefined, nativeMissingReason() !== undefined);
  assert.equal(loadNative(), loadNative());
});

test('LOCKSTEP_NO_NATIVE=1 gives the fallback and says so in one sentence', () => {
  const source = `import { loadNative, nativeMissingReason } from '${DOOR}'; console.log(loadNative(), nativeMissingReason());`;
  assert.equal(
    runProgram(source, { LOCKSTEP_NO_NATIVE: '1' }),
    'undefined The native addon is switched off by LOCKSTEP_NO_NATIVE=1.\n',
  );
});

test('--no-addons is a reason, not an error', () => {
  const source = `import { loadNative, nativeMissingReason } from '${DOOR}'; console.log(loadNative(), nativeMissingReason());`;
  assert.match(
    runProgram(source, { NODE_OPTIONS: '--no-addons' }),
    /^undefined The native addon cannot be loaded: .*\.\n$/,
  );
});

test('each thread has its own slot, and its end leaves the others alone', async (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const source = `
    import { parentPort } from 'node:worker_threads';
    const { loadNative } = await import('${DOOR}');
    const native = loadNative();
    for (let i = 0; i < 1e5; i++) native.readMonotonic();
    native.slot[15] = native.gettid();
    parentPort.postMessage({ tid: native.gettid(), word: native.slot[15] });`;
  native.slot[15] = 42;
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
      return new Promise<{ tid: number; word: number }>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    }),
  );
  assert.equal(new Set(answers.map(({ tid }) => tid)).size, 4);
  for (const { tid, word } of answers) assert.equal(word, tid);
  assert.equal(native.slot[15], 42);
  native.readMonotonic();
});

test('several copies of the addon live in one process, each with its own slot', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  const directory = scratchDirectory(t);
  const addons = ['a.node', 'b.node'].map((name) => {
    const path = join(directory, name);
    copyFileSync(ADDON, path);
    const module: { exports: object } = { exports: {} };
    process.dlopen(module, path);
    return module.exports as Addon;
  });
  addons.forEach((addon, index) => (addon.slot[15] = index));
  addons.forEach((addon, index) => {
    addon.readMonotonic();
    assert.equal(addon.slot[15], index);
    assert.notEqual(addon.slot[0], 0);
  });
});

test('the program itself and its libraries are told with their build ids', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const objects = native.sharedObjects();
  const own = objects.find(({ path }) => path.endsWith('lockstep.node'));
  assert.ok(own !== undefined);
  assert.ok(objects.some(({ path }) => path.includes('node')));
  const line = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .find((candidate) => candidate.endsWith(own.path));
  assert.equal(own.baseAddress, BigInt(`0x${(line ?? '').split('-')[0] ?? ''}`));
  for (const { buildId, sizeBytes } of objects) {
    assert.match(buildId ?? '00', /^([0-9a-f]{2})+$/);
    assert.ok(sizeBytes > 0n);
  }
});
