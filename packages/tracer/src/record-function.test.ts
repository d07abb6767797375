// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createRing,
  openRingReader,
  readRingCounters,
  ringSizeBytes,
  tryAttachWriter,
  type RingCounters,
  type RingGeometry,
} from '@lockstep/ring-buffer';
import fc from 'fast-check';
import * as types from './field-types.ts';
import { makePacketClient, PACKET_HEADER_BYTES } from './packet-client.ts';
import type { NamedShape } from './payload-class.ts';
import { tryGenerateRecord } from './record-function.ts';
import { makePlainRecord, type RecordFunction } from './record-plain.ts';
import { generateRecordSource } from './record-source.ts';
import { COMPACT_HEADER_BYTES, makeRecordTarget, makeRingViews, type RecordTarget } from './record-target.ts';
import type { ThreadClock } from './thread-clock.ts';

/** Of a packet's first record, whose header is compact. */
const FIRST_PAYLOAD = PACKET_HEADER_BYTES + COMPACT_HEADER_BYTES;

const GEOMETRY: RingGeometry = { mode: 'overwrite', subBufferSizeBytes: 16_384, subBufferCount: 4 };

/** A clock that counts by itself: `step` cycles a reading. */
function stepClock(start: bigint, step: bigint): ThreadClock {
  const slot = new Int32Array(16);
  let time = start;
  const read = (): void => {
    time += step;
    slot[0] = Number(time & 0xffff_ffffn) | 0;
    slot[1] = Number(time >> 32n) | 0;
  };
  return { slot, read, readWithCpu: read };
}

interface Recorded {
  readonly target: RecordTarget;
  packets(): Uint8Array[];
  counters(): RingCounters;
}

function makeTarget(step = 1n, geometry = GEOMETRY): Recorded {
  const memory = new SharedArrayBuffer(ringSizeBytes(geometry));
  createRing(memory, geometry, { channelId: 0, bufferNumber: 0 });
  const views = makeRingViews(memory);
  const clock = stepClock(0x7000_0000_0000n, step);
  const identity = {
    traceUuid: new Uint8Array(16),
    channelId: 0,
    bufferNumber: 0,
    vpid: 1,
    vtid: 1,
    subBufferSizeBytes: geometry.subBufferSizeBytes,
  };
  const writer = tryAttachWriter(
    memory,
    { pid: 1, tid: 1 },
    makePacketClient(views, clock, identity, { onDeliver: () => {} }),
  );
  assert(writer !== undefined);
  return {
    target: makeRecordTarget(views, writer, clock),
    packets: () =>
      openRingReader(memory)
        .snapshot()
        .packets.map((packet) => packet.bytes.slice(0, packet.contentSizeBytes)),
    counters: () => readRingCounters(views.words),
  };
}

function shapes(fields: Readonly<Record<string, types.AnyFieldType>>): NamedShape[] {
  return Object.entries(fields).map(([name, type]) => ({ name, shape: types.shapeOf(type) }));
}

const SHOP = shapes({ id: types.int32, total: types.float64, sku: types.string, isLate: types.bool, at: types.uint64 });

test('the generated source of a tracepoint is this', () => {
  const source = generateRecordSource({
    name: 'shop:order_placed',
    uniqueNumber: 7,
    classId: 3,
    fields: SHOP,
    isCommitOrdered: false,
  });
  assert.equal(
    source,
    `"use strict";
// shop:order_placed 7
return function record(a0, a1, a2, a3, a4) {
  if (typeof a0 !== 'number') { a0 = 0; bad(); }
  if (typeof a1 !== 'number') { a1 = 0; bad(); }
  if (typeof a2 !== 'string') { a2 = ''; bad(); }
  if (typeof a3 !== 'boolean') { a3 = false; bad(); }
  if (typeof a4 !== 'number' && typeof a4 !== 'bigint') { a4 = 0; bad(); }
  let s = 40 + (a2.length > 1365 ? 4100 : a2.length * 3 + 4);
  let p = (w[64] + 7) & -8;
  if (p + s > w[65]) {
    s = 40 + exact(a2);
    p = room(s);
    if (p < 0) return;
  }
  now();
  if (k[1] !== w[66]) {
    p = grow(p, s, 3);
    if (p < 0) return;
  } else {
    w[p >> 2] = 3;
    w[(p >> 2) + 1] = k[0];
  }
  w[(p >> 2) + 2] = a0;
  d[(p >> 3) + 2] = a1;
  let e = text(a2, p + 24);
  b[e] = a3 ? 1 : 0;
  e += 1;
  e = (e + 7) & -8;
  if (typeof a4 === 'bigint') q[e >> 3] = a4;
  else { w[e >> 2] = a4; w[(e >> 2) + 1] = Math.floor(a4 / 4294967296); }
  e += 8;
  w[64] = e;
};
`,
  );
});

test('a name cannot leave its comment', () => {
  const name = 'a:b\n\u2028\u2029*/ globalThis.broken = 1; //';
  const { target } = makeTarget();
  const record = tryGenerateRecord(target, name, 0, shapes({ id: types.int32 }));
  assert(record !== undefined);
  record(1);
  assert.equal('broken' in globalThis, false);
});

const SCALARS: readonly types.AnyFieldType[] = [
  types.int8,
  types.int16,
  types.int32,
  types.int64,
  types.uint8,
  types.uint16,
  types.uint32,
  types.uint64,
  types.float32,
  types.float64,
  types.bool,
  types.string,
  types.enumeration({ open: 1, closed: 2 }),
  types.enumeration({ small: -1 }, types.int8),
];

const anything = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.constantFrom(
    'open',
    'closed',
    'small',
    'ajar',
    '',
    'a',
    'abc',
    'abcd',
    'a\0b',
    'string-000000001',
    'string-000000002',
    'ü',
    '\ud800',
    'x'.repeat(5000),
  ),
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(undefined, null, {}, [], Symbol.iterator),
);

function recordAll(
  make: (target: RecordTarget) => RecordFunction,
  calls: readonly (readonly unknown[])[],
  step: bigint,
): [Uint8Array[], RingCounters] {
  const recorded = makeTarget(step, { ...GEOMETRY, subBufferSizeBytes: 1024 * 1024 });
  const record = make(recorded.target);
  for (const values of calls) record(...values);
  return [recorded.packets(), recorded.counters()];
}

test('the closure twin records the same bytes as generated code', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...SCALARS), { maxLength: 6 }),
      fc.array(fc.array(anything, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 40 }),
      fc.constantFrom(0, 1, 65_534, 65_535, 100_000),
      fc.constantFrom(1n, 0x4000_0000n, 0x1_0000_0000n),
      (fieldTypes, calls, classId, step) => {
        const fields = shapes(Object.fromEntries(fieldTypes.map((type, index) => [`f${index}`, type])));
        const generated = recordAll((target) => tryGenerateRecord(target, 'a:b', classId, fields)!, calls, step);
        const plain = recordAll((target) => makePlainRecord(target, classId, fields), calls, step);
        // The rings are fresh, so that the padding of both is 0.
        assert.deepEqual(generated[0], plain[0]);
        assert.deepEqual(generated[1], plain[1]);
      },
    ),
    { numRuns: 300 },
  );
});

test('wrong arguments are recorded as nothing and counted', () => {
  for (const make of [
    tryGenerateRecord,
    (target: RecordTarget, _name: string, id: number, fields: readonly NamedShape[]) =>
      makePlainRecord(target, id, fields),
  ]) {
    const recorded = makeTarget();
    const record = make(recorded.target, 'a:b', 0, SHOP);
    assert(record !== undefined);
    record('x', {}, 5, 'yes', 'no');
    assert.equal(recorded.counters().badArguments, 5);
    const [packet] = recorded.packets();
    assert(packet !== undefined);
    const view = new DataView(packet.buffer);
    assert.equal(view.getInt32(FIRST_PAYLOAD, true), 0);
    assert.equal(view.getFloat64(FIRST_PAYLOAD + 8, true), 0);
    assert.deepEqual([...packet.subarray(FIRST_PAYLOAD + 16, FIRST_PAYLOAD + 32)], new Array(16).fill(0));
  }
});

test('arguments that run code, throw or trace while they are read harm nothing', () => {
  const recorded = makeTarget();
  const inner = makePlainRecord(recorded.target, 1, shapes({ at: types.struct({ x: types.int32 }) }));
  const outer = makePlainRecord(recorded.target, 0, shapes({ at: types.struct({ x: types.int32, y: types.int32 }) }));
  outer({
    get x() {
      inner({ x: 5 });
      return 6;
    },
    get y(): number {
      throw new Error('no');
    },
  });
  const [packet] = recorded.packets();
  assert(packet !== undefined);
  const view = new DataView(packet.buffer);
  assert.deepEqual([view.getUint16(PACKET_HEADER_BYTES, true), view.getInt32(FIRST_PAYLOAD, true)], [1, 5]);
  assert.deepEqual(
    [
      view.getUint16(FIRST_PAYLOAD + 8, true),
      view.getInt32(FIRST_PAYLOAD + 16, true),
      view.getInt32(FIRST_PAYLOAD + 20, true),
    ],
    [0, 6, 0],
  );
  assert.equal(recorded.counters().badArguments, 1);
});

test('arrays, sequences and structs are laid out with natural alignment', () => {
  const recorded = makeTarget();
  const fields = shapes({
    flag: types.bool,
    rgb: types.array(types.uint16, 3),
    names: types.sequence(types.string),
    spans: types.sequence(types.struct({ kind: types.uint8, length: types.float64 })),
  });
  makePlainRecord(recorded.target, 0, fields)(true, [1, 2, 3], ['a', 'bc'], [{ kind: 9, length: 1.5 }]);
  const [packet] = recorded.packets();
  assert(packet !== undefined);
  assert.equal(
    Buffer.from(packet.subarray(FIRST_PAYLOAD)).toString('hex'),
    [
      '01',
      '00',
      '0100',
      '0200',
      '0300',
      '02000000',
      '6100',
      '626300',
      '000000',
      '01000000',
      '09',
      '00000000000000',
      '000000000000f83f',
    ].join(''),
  );
});

test('text is cut at 4096 bytes at a character, and counted', () => {
  const recorded = makeTarget();
  const record = tryGenerateRecord(recorded.target, 'a:b', 0, shapes({ text: types.string }));
  assert(record !== undefined);
  record('ü'.repeat(3000));
  record('x'.repeat(4096));
  record(`x${'ü'.repeat(2048)}`);
  assert.equal(recorded.counters().truncatedStrings, 2);
  const [packet] = recorded.packets();
  assert(packet !== undefined);
  assert.equal(packet.indexOf(0, FIRST_PAYLOAD), FIRST_PAYLOAD + 4096);
  const last = Buffer.from(packet.subarray(packet.lastIndexOf(0x78), packet.length - 1)).toString('utf8');
  assert.equal(last, `x${'ü'.repeat(2047)}`);
});

test('the same text in every state of the table of repeated text gives the same bytes', () => {
  const recorded = makeTarget(1n, { ...GEOMETRY, subBufferSizeBytes: 1024 * 1024 });
  const record = tryGenerateRecord(recorded.target, 'a:b', 0, shapes({ text: types.string }));
  assert(record !== undefined);
  const texts = Array.from({ length: 2000 }, (_, index) =>
    index % 7 === 0 ? `ünï-${index % 50}` : `string-${String(index % 90).padStart(9, '0')}`,
  );
  for (const text of texts) record(text);
  const [packet] = recorded.packets();
  assert(packet !== undefined);
  let at = PACKET_HEADER_BYTES;
  for (const text of texts) {
    at = (at + 7) & -8;
    const end = packet.indexOf(0, at + 8);
    assert.equal(Buffer.from(packet.subarray(at + 8, end)).toString('utf8'), text);
    at = end + 1;
  }
  assert.equal(at, packet.length);
});

test('a full sub-buffer is left when the record does not fit, and no byte of the next is touched', () => {
  const recorded = makeTarget(0x1000_0000n, { mode: 'discard', subBufferSizeBytes: 4096, subBufferCount: 2 });
  const record = tryGenerateRecord(recorded.target, 'a:b', 0, SHOP);
  assert(record !== undefined);
  for (let count = 0; count < 1000; count++) record(count, count, 'x'.repeat(count % 30), true, count);
  const packets = recorded.packets();
  const sizes = packets.map((packet) => packet.length);
  assert.ok(
    sizes.every((size) => size <= 4096 && size > 4096 - 150),
    String(sizes),
  );
  assert.ok(recorded.counters().discardedFull > 800);
});
