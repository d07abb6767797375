// SPDX-License-Identifier: MIT

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeDirectory } from './remove-directory.ts';

test('files, links and directories in it are gone, what a link names stays', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-remove-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const kept = join(root, 'kept');
  writeFileSync(kept, '');
  for (const hasDirectory of [false, true]) {
    const path = join(root, 'session');
    mkdirSync(join(path, ...(hasDirectory ? ['inner'] : [])), { recursive: true });
    writeFileSync(join(path, 'file'), 'x');
    symlinkSync(kept, join(path, 'link'));
    removeDirectory(path);
    assert.equal(existsSync(path), false);
  }
  assert.equal(existsSync(kept), true);
  removeDirectory(join(root, 'never there'));
});
