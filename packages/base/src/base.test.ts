// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  alignUp,
  CtfError,
  decodeUtf8,
  encodeUtf8,
  encodeUtf8Into,
  InputError,
  isPowerOfTwo,
  joinUint64,
  LockstepError,
  SystemError,
} from './index.ts';

test('aligns up to the next multiple, beyond 32 bits too', () => {
  assert.equal(alignUp(0, 8), 0);
  assert.equal(alignUp(1, 8), 8);
  assert.equal(alignUp(8, 8), 8);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), fc.integer({ min: 0, max: 12 }), (value, shift) => {
      const alignment = 2 ** shift;
      const aligned = alignUp(value, alignment);
      return aligned >= value && aligned - value < alignment && aligned % alignment === 0;
    }),
  );
});

test('knows powers of two', () => {
  assert.deepEqual([1, 2, 4096, 2 ** 40].map(isPowerOfTwo), [true, true, true, true]);
  assert.deepEqual([0, -2, 3, 1.5, Number.NaN, Infinity].map(isPowerOfTwo), [false, false, false, false, false, false]);
});

test('joins the halves that typed arrays hold as signed words', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const words = new Int32Array(new BigUint64Array([value]).buffer);
      return joinUint64(words[0] ?? 0, words[1] ?? 0) === value;
    }),
  );
});

test('an error is one sentence, then its pairs, and undefined ones are left out', () => {
  const error = new CtfError('The packet is cut short', { stream: 'a "b"', offset: 12n, size: undefined });
  assert.equal(error.message, 'The packet is cut short [stream="a \\"b\\"" offset=12]');
  assert.equal(error.sentence, 'The packet is cut short');
  assert.equal(error.name, 'CtfError');
  assert.ok(error instanceof LockstepError);
  assert.equal(new InputError('No such event').message, 'No such event');
});

test('a system error names errno, call and path', () => {
  const error = new SystemError('The directory cannot be made', 'EACCES', 'mkdir', '/x');
  assert.match(error.message, /errno="EACCES" syscall="mkdir" path="\/x"/);
  assert.equal(error.code, 'EACCES');
});

test('text survives UTF-8, from shared memory too', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => decodeUtf8(encodeUtf8(text)) === text));
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  const { written } = encodeUtf8Into('äb', shared);
  assert.equal(decodeUtf8(shared.subarray(0, written)), 'äb');
});
