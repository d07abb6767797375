// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  dynamicLengthArray,
  nullTerminatedString,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  sequenceMembers,
  staticLengthArray,
  structure,
  unsignedInteger,
  variant,
} from '@lockstep/ctf/write';
import { compilePayloadSizes } from './payload-sizes.ts';
import { walkRecords } from './record-walk.ts';

const HEADER = PROGRAM_PACKET_HEADER_SIZE_BYTES;

/** A packet with one compact record of class 1 at time `low`, and that payload. */
function packet(low: number, payload: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(HEADER + 8 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(HEADER, 1, true);
  view.setUint32(HEADER + 4, low, true);
  bytes.set(payload, HEADER + 8);
  return bytes;
}

const payloads = {
  'two integers': [structure({ a: unsignedInteger(8), b: unsignedInteger(32) }), [1, 0, 0, 0, 2, 0, 0, 0]],
  'a string, then an aligned integer': [
    structure({ text: nullTerminatedString(), value: unsignedInteger(32) }),
    [0x68, 0x69, 0, 0, 9, 0, 0, 0],
  ],
  'a sequence of 16-bit integers': [
    structure([...sequenceMembers('list', unsignedInteger(16))]),
    [2, 0, 0, 0, 1, 0, 2, 0],
  ],
  'an empty sequence': [structure([...sequenceMembers('list', unsignedInteger(16))]), [0, 0, 0, 0]],
  'an array of strings': [
    structure({ words: staticLengthArray(nullTerminatedString(), 3) }),
    [0x61, 0, 0, 0x62, 0x63, 0],
  ],
  'a sequence of structures': [
    structure([...sequenceMembers('points', structure({ x: unsignedInteger(8), y: unsignedInteger(32) }))]),
    [2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0],
  ],
  nothing: [structure({}), []],
} as const;

for (const [name, [fieldClass, payload]] of Object.entries(payloads)) {
  test(`finds the end of ${name}, and refuses every truncation`, () => {
    const classes = new Map([[1, compilePayloadSizes(fieldClass)]]);
    const bytes = packet(5, payload);
    const whole = walkRecords(bytes, bytes.length, classes, 0n, 10n);
    assert.deepEqual(
      [whole.recordCount, whole.endBytes, whole.lastTimestamp, whole.problem],
      [1, bytes.length, 5n, undefined],
    );
    for (let cut = HEADER + 1; cut < bytes.length; cut++) {
      const { recordCount, problem } = walkRecords(bytes, cut, classes, 0n, 10n);
      assert.ok(recordCount === 0 && problem !== undefined, `cut at ${cut}`);
    }
  });
}

test('refuses records out of order, later than their packet, and of unknown classes', () => {
  const classes = new Map([[1, compilePayloadSizes(structure({}))]]);
  const problemOf = (low: number, begin: bigint, end: bigint, known = classes): string | undefined =>
    walkRecords(packet(low, []), HEADER + 8, known, begin, end).problem;
  assert.equal(problemOf(5, 5n, 5n), undefined);
  assert.match(problemOf(4, 5n, 9n) ?? '', /backward/);
  assert.match(problemOf(10, 5n, 9n) ?? '', /later than its packet/);
  assert.match(problemOf(5, 5n, 9n, new Map()) ?? '', /no event record class/);
});

test('any bytes are walked to an end within the content, without an exception', () => {
  const classes = new Map(
    Object.values(payloads).map(([fieldClass], index) => [index, compilePayloadSizes(fieldClass)]),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), (tail) => {
      const bytes = new Uint8Array(HEADER + tail.length);
      bytes.set(tail, HEADER);
      const { endBytes } = walkRecords(bytes, bytes.length, classes, 0n, 0xffff_ffff_ffff_ffffn);
      assert.ok(endBytes >= HEADER && endBytes <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});

test('what programs cannot record is a ProtocolError', () => {
  const selector = { path: ['tag'] };
  const hostile = [
    structure({ bits: unsignedInteger(3, { alignment: 1 }) }),
    structure({ list: dynamicLengthArray(unsignedInteger(8), { path: ['nowhere'] }) }),
    structure({ tag: unsignedInteger(8), choice: variant(selector, []) }),
  ];
  for (const payload of hostile) assert.throws(() => compilePayloadSizes(payload), { name: 'ProtocolError' });
});
