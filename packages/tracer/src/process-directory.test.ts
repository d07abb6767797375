// SPDX-License-Identifier: MIT

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isoTime } from './process-directory.ts';

test('times are written as Date writes them, leap days and centuries included', () => {
  for (const text of ['1970-01-01', '2000-02-29', '2024-02-29', '2100-02-28', '2100-03-01', '2026-12-31'])
    assert.equal(isoTime(Date.parse(text)), new Date(text).toISOString());
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 250_000_000_000_000 }), (ms) => {
      assert.equal(isoTime(ms), new Date(ms).toISOString());
    }),
  );
});

test('fractions of a millisecond are cut off', () => {
  assert.equal(isoTime(1.9), '1970-01-01T00:00:00.001Z');
});
