// SPDX-License-Identifier: MIT
// What a hostile program may write into its class file. That whatever is accepted is written as valid
// metadata, metadata-roundtrip.test.ts shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CtfError } from '@lockstep/base';
import { structureFromJson } from './field-class-json.ts';

const BYTE = { type: 'fixed-length-unsigned-integer', length: 8, byteOrder: 'little-endian', alignment: 8 };
const one = (fieldClass: unknown, name: unknown = 'x') => ({
  type: 'structure',
  memberClasses: [{ name, fieldClass }],
});

function nest(depth: number): unknown {
  let fieldClass: unknown = BYTE;
  for (let level = 0; level < depth; level++) fieldClass = one(fieldClass);
  return fieldClass;
}

test('a structure of ordinary fields is read', () => {
  const enumeration = { ...BYTE, length: 64, alignment: 64, mappings: { all: [['0', '18446744073709551615']] } };
  assert.deepEqual(structureFromJson(one(enumeration)).memberClasses, [
    { name: 'x', fieldClass: { ...enumeration, mappings: { all: [[0n, 18446744073709551615n]] } } },
  ]);
});

test('what is too deep, too large, too long or not a field class is refused in one sentence', () => {
  const cases: Readonly<Record<string, readonly [value: unknown, sentence: RegExp]>> = {
    depth: [nest(20), /nested too deeply/],
    'a deep tower': [nest(5000), /nested too deeply/],
    fields: [
      {
        type: 'structure',
        memberClasses: Array.from({ length: 5000 }, (_, index) => ({ name: `f${index}`, fieldClass: BYTE })),
      },
      /too many fields/,
    ],
    'a list': [{ type: 'structure', memberClasses: Array.from({ length: 70_000 }) }, /list is too long/],
    'a long name': [one(BYTE, 'n'.repeat(257)), /at most 256 characters/],
    'a name of no text': [one(BYTE, 5), /at most 256 characters/],
    'two of one name': [
      {
        type: 'structure',
        memberClasses: [
          { name: 'x', fieldClass: BYTE },
          { name: 'x', fieldClass: BYTE },
        ],
      },
      /same name/,
    ],
    'no bits': [one({ ...BYTE, length: 0 }), /at least one bit/],
    'too many bits': [one({ ...BYTE, length: 65 }), /out of its bounds/],
    'a fraction': [one({ ...BYTE, length: 7.5 }), /out of its bounds/],
    alignment: [one({ ...BYTE, alignment: 12 }), /power of two/],
    'byte order': [one({ ...BYTE, byteOrder: 'pdp' }), /byte order/],
    'a huge array': [one({ type: 'static-length-array', length: 1e12, elementFieldClass: BYTE }), /out of its bounds/],
    'a label out of range': [one({ ...BYTE, mappings: { big: [[256, 256]] } }), /does not fit/],
    'a range backwards': [one({ ...BYTE, mappings: { odd: [[2, 1]] } }), /in order/],
    'a role': [one({ ...BYTE, roles: ['packet-magic-number'] }), /role or a clock/],
    'a clock': [one({ ...BYTE, clock: 'x' }), /role or a clock/],
    'no structure': [BYTE, /must be a structure/],
    'an unknown type': [one({ type: 'blob' }), /not the type of a field class/],
    nothing: [null, /object was expected/],
    'an origin elsewhere': [
      one({ type: 'dynamic-length-string', lengthFieldLocation: { origin: 'env', path: ['a'] } }),
      /one of the six scopes/,
    ],
    'a path to nowhere': [
      one({ type: 'dynamic-length-string', lengthFieldLocation: { path: [null] } }),
      /end with a name/,
    ],
  };
  for (const [name, [value, sentence]] of Object.entries(cases)) {
    assert.throws(() => structureFromJson(value), sentence, name);
    assert.throws(() => structureFromJson(value), CtfError, name);
  }
});
