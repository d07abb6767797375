// SPDX-License-Identifier: MIT
// The examples run as their first lines say, with nobody recording: what a reader tries first works.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 60_000;
/** Of this file alone: others may run the examples at the same time. */
const directory = mkdtempSync(join(tmpdir(), 'lockstep-examples-test-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function run(path, ...args) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const env = { ...process.env, TMPDIR: directory };
  return spawnSync(process.execPath, [file, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS, env });
}

test('hello-tracepoint runs untraced', () => {
  const { status, stdout, stderr } = run('hello-tracepoint/main.js');
  assert.equal(stderr, '');
  assert.match(stdout, /^10 times hello/);
  assert.equal(status, 0);
});

test('the shop serves its own load on all routes, ends by itself and cleans up', () => {
  const { status, stdout, stderr } = run('http-server/main.js', '--duration', '1200');
  assert.equal(stderr, '');
  const [, answered, failed] = /(\d+) requests answered, (\d+) failed/.exec(stdout) ?? [];
  assert.ok(Number(answered) > 20, stdout);
  assert.equal(failed, '0');
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(directory), []);
});

test('the shop refuses a duration that is no number in one sentence', () => {
  const { status, stderr } = run('http-server/main.js', '--duration', 'soon');
  assert.equal(stderr, '--duration wants a number of milliseconds from 100 on.\n');
  assert.equal(status, 1);
});
