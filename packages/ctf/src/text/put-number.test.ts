// SPDX-License-Identifier: MIT
// The printers into bytes against those into strings, which are tested against C's own output.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatReal } from './format-number.ts';
import { putHexWords, putInt32, putInteger, putNineDigits, putReal, putUint32, putWords } from './put-number.ts';

const bytes = new Uint8Array(64);
const view = new DataView(bytes.buffer);

function textOf(put: (view: DataView, o: number) => number): string {
  return Buffer.from(bytes.buffer, 0, put(view, 0)).toString('latin1');
}

test('prints integers of 32, 53 and 64 bits as String does', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(2000), fc.nat(0xffffffff), fc.constantFrom(0, 999, 1000, 1e6, 1e9, 2 ** 32 - 1)),
      (value) =>
        assert.equal(
          textOf((v, o) => putUint32(v, o, value)),
          String(value),
        ),
    ),
  );
  fc.assert(
    fc.property(fc.integer(), (value) =>
      assert.equal(
        textOf((v, o) => putInt32(v, o, value)),
        String(value),
      ),
    ),
  );
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) =>
      assert.equal(
        textOf((v, o) => putInteger(v, o, value)),
        String(value),
      ),
    ),
  );
  const wide = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(0n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  );
  fc.assert(
    fc.property(wide, (value) => {
      const [high, low] = [Number(value >> 32n), Number(value & 0xffffffffn)];
      assert.equal(
        textOf((v, o) => putWords(v, o, high, low, false)),
        String(value),
      );
      assert.equal(
        textOf((v, o) => putWords(v, o, high, low, true)),
        String(BigInt.asIntN(64, value)),
      );
      assert.equal(
        textOf((v, o) => putHexWords(v, o, high, low)),
        value.toString(16).toUpperCase(),
      );
    }),
  );
  assert.equal(
    textOf((v, o) => putNineDigits(v, o, 1_002_003)),
    '001002003',
  );
});

test('prints floating-point numbers as %g does, exact halves and powers of ten included', () => {
  const halves = fc
    .tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: -8, max: 25 }), fc.constantFrom(0, 1, -1))
    .map(([digits, exponent, step]) => step + Number(`${digits}.5e${exponent}`));
  const powers = fc
    .tuple(fc.integer({ min: -30, max: 40 }), fc.constantFrom(1, 0.9999995, 1.0000005, 0.99999949))
    .map(([exponent, factor]) => Number(`1e${exponent}`) * factor);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double(),
        fc.float(),
        halves,
        powers,
        fc.integer().map((i) => i / 2),
      ),
      (value) =>
        assert.equal(
          textOf((v, o) => putReal(v, o, value)),
          formatReal(value),
        ),
    ),
    { numRuns: 20_000 },
  );
});
