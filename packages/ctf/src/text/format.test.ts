// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Nanoseconds } from '@lockstep/base';
import { integer } from '../testing/arbitrary-trace.ts';
import { enumerationLabels } from './enumeration-labels.ts';
import { formatInteger, formatReal } from './format-number.ts';
import { quote } from './format-string.ts';
import { formatDelta, TimeFormatter } from './format-time.ts';

test('prints floating point numbers as C does with %g', () => {
  // Left: what Python's '%g' printed for the right.
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['-0', -0],
    ['1.5', 1.5],
    ['1e+100', 1e100],
    ['-1e-07', -1e-7],
    ['1.23457e+08', 123456789],
    ['0.333333', 1 / 3],
    ['100000', 1e5],
    ['1e+06', 1e6],
    ['0.0001', 1e-4],
    ['1e-05', 1e-5],
    ['inf', Infinity],
    ['-inf', -Infinity],
    ['nan', NaN],
    ['4.94066e-324', 5e-324],
    ['1e+06', 999999.5],
    ['999999', 999999],
    ['100000', 100000.5],
    ['100002', 100001.5],
    ['2.3457e+07', 23457050],
    ['9.60862e+07', 96086250],
    ['0.1', 0.1],
    ['123.457', 123.456789],
    ['-12.5', -12.5],
  ];
  for (const [expected, value] of cases) assert.equal(formatReal(value), expected);
});

test("prints integers in their base, negative ones as two's complement rounded to digits", () => {
  const signed = { type: 'fixed-length-signed-integer' } as const;
  assert.equal(formatInteger(-3, integer(32, signed)), '-3');
  assert.equal(formatInteger(-3, integer(32, { ...signed, preferredDisplayBase: 16 })), '0xFFFFFFFD');
  assert.equal(formatInteger(-3n, integer(64, { ...signed, preferredDisplayBase: 16 })), '0xFFFFFFFFFFFFFFFD');
  assert.equal(formatInteger(-1, integer(5, { ...signed, preferredDisplayBase: 16 })), '0xFF');
  assert.equal(formatInteger(-1, integer(8, { ...signed, preferredDisplayBase: 8 })), '0777');
  assert.equal(formatInteger(8, integer(8, { preferredDisplayBase: 8 })), '010');
  assert.equal(formatInteger(5, integer(6, { preferredDisplayBase: 2 })), '0b000101');
});

test('escapes text as C does, also both quotes and the question mark', () => {
  assert.equal(quote('a"b\\c\'d?e'), '"a\\"b\\\\c\\\'d\\?e"');
  assert.equal(quote('tab\tnl\n\x1b\x01\x7f\x07é'), '"tab\\tnl\\n\\e\\x01\\x7f\\aé"');
});

test('finds every label whose ranges hold the value', () => {
  const fc = integer(8, {
    mappings: {
      red: [[0, 0]],
      low: [[0, 5]],
      odd: [
        [1n, 1n],
        [3, 3],
      ],
    },
  });
  assert.deepEqual(enumerationLabels(fc, 0), ['red', 'low']);
  assert.deepEqual(enumerationLabels(fc, 3n), ['low', 'odd']);
  assert.deepEqual(enumerationLabels(fc, 9), []);
});

test('prints times with date, as seconds and before the epoch', () => {
  const time = 1_700_000_000_123_456_789n as Nanoseconds;
  const none = (): void => {};
  assert.equal(new TimeFormatter({ clockGmt: true }, none).format(time), '22:13:20.123456789');
  assert.equal(
    new TimeFormatter({ clockGmt: true, clockDate: true }, none).format(time),
    '2023-11-14 22:13:20.123456789',
  );
  assert.equal(new TimeFormatter({ clockSeconds: true }, none).format(time), '1700000000.123456789');
  assert.equal(new TimeFormatter({ clockSeconds: true }, none).format(-1_000_000_002n as Nanoseconds), '-1.000000002');
  const formatter = new TimeFormatter({ clockGmt: true }, none);
  assert.deepEqual(
    [999_999_999n, 1_000_000_000n, 5n].map((ns) => formatter.format(ns as Nanoseconds)),
    ['00:00:00.999999999', '00:00:01.000000000', '00:00:00.000000005'],
  );
});

test('prints a step back as the unsigned number that babeltrace2 prints', () => {
  assert.equal(formatDelta(1_000_000_001n), '+1.000000001');
  assert.equal(formatDelta(-2n), '+18446744073.709551614');
});
