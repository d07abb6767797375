// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findOwner } from './owner.ts';
import { safeName } from './session-directory.ts';
import { createTraceDirectory, findRecorder, markOwner, unmarkOwner } from './trace-directory.ts';

function makeRoot(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-trace-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}
const owner = findOwner({});

test('makes a trace directory with its parents, and takes an empty one', (t) => {
  const path = join(makeRoot(t), 'a/b/c');
  assert.equal(createTraceDirectory(path, owner), path);
  assert.equal(createTraceDirectory(path, owner), path);
});

test('refuses a directory with anything in it, a file, and a place below a file', (t) => {
  const root = makeRoot(t);
  writeFileSync(join(root, 'file'), 'data');
  assert.throws(() => createTraceDirectory(root, owner), { name: 'InputError' });
  assert.throws(() => createTraceDirectory(join(root, 'file'), owner), /a part of the path is a file/);
  assert.throws(() => createTraceDirectory(join(root, 'file', 'trace'), owner), /a part of the path is a file/);
  assert.deepEqual(readdirSync(root), ['file']);
});

test('knows who records into a trace while they live', (t) => {
  const trace = join(makeRoot(t), 'trace');
  mkdirSync(trace);
  markOwner(trace);
  assert.equal(findRecorder(trace), process.pid);
  writeFileSync(join(trace, '.lockstep/owner.json'), JSON.stringify({ pid: process.pid, start: 1 }));
  assert.equal(findRecorder(trace), undefined);
  unmarkOwner(trace);
  assert.ok(!existsSync(join(trace, '.lockstep')));
});

test('names from users become one harmless path part', () => {
  assert.equal(safeName('../../etc/passwd'), '_.._etc_passwd');
  assert.equal(safeName('..'), 'session');
  assert.equal(safeName('node server'), 'node_server');
  assert.equal(safeName('-rf'), 'rf');
});

test('under sudo the recording belongs to who typed it, unless root is asked for', () => {
  const environment = { SUDO_UID: '1234', SUDO_GID: '1235', SUDO_USER: 'somebody' };
  const isRoot = process.getuid?.() === 0;
  assert.equal(findOwner(environment).uid, isRoot ? 1234 : process.getuid?.());
  assert.equal(findOwner(environment, true).isInvokedBySudo, false);
  assert.equal(findOwner({ SUDO_UID: '1; rm', SUDO_GID: '1' }).isInvokedBySudo, false);
});
