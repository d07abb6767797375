// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nativeOrSkip, scratchDirectory } from './testing/scratch.ts';

const READER = fileURLToPath(new URL('./testing/hostile-reader.js', import.meta.url));

/** Runs the reader over a file of four pages, each of whose words is 7. */
function runReader(t: TestContext, way: string): { signal: string | null; result: Record<string, unknown> } {
  const path = join(scratchDirectory(t), 'ring');
  writeFileSync(path, Buffer.from(new Int32Array(4096).fill(7).buffer));
  const child = spawnSync(process.execPath, [READER, way, path], { encoding: 'utf8' });
  return {
    signal: child.signal,
    result: child.stdout === '' ? {} : (JSON.parse(child.stdout) as Record<string, unknown>),
  };
}

test('a guarded mapping reads zeros from pages that another process took away, and counts them', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  const { signal, result } = runReader(t, 'guarded');
  assert.equal(signal, null);
  assert.deepEqual(result, { before: [7, 7], after: [7, 0, 0], faultCount: 2, lastFaultCount: 2, lengthAfterUnmap: 0 });
});

test('a guarded mapping survives stores too, which reach the pages that are left and nothing else', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  const { signal, result } = runReader(t, 'write');
  assert.equal(signal, null);
  assert.deepEqual(result, { sum: 12, after: [8, 6], faultCount: 1 });
});

test('without the guard the same access ends the process, so the test above proves something', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  assert.equal(runReader(t, 'unguarded').signal, 'SIGBUS');
});

test('tryCopy says false for pages that are gone, again and again, and still copies those that are there', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  const { signal, result } = runReader(t, 'copy');
  assert.equal(signal, null);
  assert.deepEqual(result, {
    isCopiedBefore: true,
    isCopiedAcross: false,
    isCopiedAgain: false,
    isFirstPageCopied: true,
    faultCount: 0,
  });
});

test('tryCopy refuses ranges that do not fit', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const source = new ArrayBuffer(16);
  const target = new Uint8Array(8);
  const refused: readonly (readonly [number, number, number])[] = [
    [-1, 0, 4],
    [0, -1, 4],
    [0, 0, -1],
    [13, 0, 4],
    [0, 5, 4],
    [0, 0, 9],
    [Number.MAX_SAFE_INTEGER, 0, 4],
    [0, Number.MAX_SAFE_INTEGER, 4],
    [0, 0, Number.MAX_SAFE_INTEGER],
    [Number.NaN, 17, 1],
  ];
  for (const [sourceOffset, targetOffset, size] of refused) {
    assert.equal(
      native.tryCopy(source, sourceOffset, target, targetOffset, size),
      false,
      `${sourceOffset} ${targetOffset} ${size}`,
    );
  }
  new Uint8Array(source).set([1, 2, 3, 4], 12);
  assert.equal(native.tryCopy(source, 12, target, 4, 4), true);
  assert.deepEqual([...target], [0, 0, 0, 0, 1, 2, 3, 4]);
});
