// SPDX-License-Identifier: MIT
// What the tests of native/ share: the addon or the reason to skip, and a directory on a memory file
// system that is gone when the test ends.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadNative, nativeMissingReason, type Native } from '../index.ts';

/** The addon; without it the test is skipped with the reason and this returns undefined. */
export function nativeOrSkip(t: TestContext): Native | undefined {
  const native = loadNative();
  if (native === undefined) t.skip(nativeMissingReason() ?? 'no native addon');
  return native;
}

export function scratchDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-native-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
