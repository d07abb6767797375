// SPDX-License-Identifier: MIT

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { basename } from 'node:path';
import { isoTime, procname } from './process-directory.ts';

test('times are written as Date writes them, leap days and centuries included', () => {
  for (const text of ['1970-01-01', '2000-02-29', '2024-02-29', '2100-02-28', '2100-03-01', '2026-12-31'])
    assert.equal(isoTime(Date.parse(text)), new Date(text).toISOString());
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 250_000_000_000_000 }), (ms) => {
      assert.equal(isoTime(ms), new Date(ms).toISOString());
    }),
  );
});

test("a program has its thread's name, but not the one that newer Nodes give all of them", (t) => {
  if (process.platform !== 'linux') {
    t.skip('threads have names on Linux');
    return;
  }
  const { title } = process;
  t.after(() => (process.title = title));
  for (const [name, expected] of [
    ['shop', 'shop'],
    ['MainThread', basename(process.execPath)],
    ['node-MainThread', basename(process.execPath)],
  ] as const) {
    process.title = name;
    assert.equal(procname(), expected);
  }
});

test('fractions of a millisecond are cut off', () => {
  assert.equal(isoTime(1.9), '1970-01-01T00:00:00.001Z');
});
