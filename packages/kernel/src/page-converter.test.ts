// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { interpretPlan } from './conversion-code.ts';
import type { ConversionPlan } from './event-class.ts';
import { CopierTable, PageConverter } from './page-converter.ts';
import { discarded, event, rawPage, text, timeExtend, timeStamp, u32, u64 } from './testing/raw-page.ts';

const RET = 7;
const NAMED = 9;
/** { int64 ret } and { char comm[16]; string name; int32 value; u16 sequence }. */
const PLANS: readonly ConversionPlan[] = [
  { id: RET, sizeBytes: 16, alignment: 8, steps: [{ kind: 'integer', from: 8, sizeBytes: 8 }] },
  {
    id: NAMED,
    sizeBytes: 36,
    alignment: 4,
    steps: [
      { kind: 'bytes', from: 8, sizeBytes: 16, elementSizeBytes: 1 },
      { kind: 'string', from: 24, isRelative: false },
      { kind: 'integer', from: 28, sizeBytes: 4 },
      { kind: 'sequence', from: 32, isRelative: true, elementSizeBytes: 2 },
    ],
  },
];

interface Record {
  readonly id: number;
  readonly time: bigint;
  readonly tid: number;
  readonly payload: readonly number[];
}
interface Packet {
  readonly records: readonly Record[];
  readonly begin: bigint;
  readonly end: bigint;
  readonly discarded: bigint;
}

/** Reads a packet back by the layout alone; payloads end where the next record begins. */
function readPacket(bytes: Uint8Array, contentSize: number, begin: bigint): Record[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const records: Record[] = [];
  let high = begin >> 32n;
  let at = 88;
  const ids = new Map<number, number>([[RET, 12]]);
  while (at < contentSize) {
    let id = view.getUint16(at, true);
    let body = at + 8;
    let low = BigInt(view.getUint32(at + 4, true));
    if (id === 0xffff) {
      id = view.getUint32(at + 8, true);
      low = BigInt(view.getUint32(at + 16, true));
      high = BigInt(view.getUint32(at + 20, true));
      body = at + 24;
    }
    const payload = body + (ids.has(id) ? 8 : 4);
    let end = payload + 8;
    if (id === NAMED) {
      end = payload + 16;
      while (bytes[end] !== 0) end++;
      end = ((end + 1 + 3) & -4) + 4;
      end += 4 + 2 * view.getUint32(end, true);
    }
    records.push({
      id,
      time: (high << 32n) | low,
      tid: view.getInt32(body, true),
      payload: [...bytes.subarray(payload, end)],
    });
    at = (end + 7) & -8;
  }
  return records;
}

function convert(
  pages: readonly Uint8Array[],
  makeCopier?: typeof interpretPlan,
): { readonly packets: Packet[]; readonly converter: PageConverter } {
  const packets: Packet[] = [];
  const converter = new PageConverter(new CopierTable(PLANS, { makeCopier }), 0n, (packet) =>
    packets.push({
      records: readPacket(packet.bytes.slice(), packet.contentSizeBytes, packet.timestampBegin),
      begin: packet.timestampBegin,
      end: packet.timestampEnd,
      discarded: packet.discardedCount,
    }),
  );
  for (const page of pages) {
    const copy = page.slice();
    converter.convertPage(new Int32Array(copy.buffer, 0, copy.length >> 2), copy, 0, copy.length);
  }
  converter.flush();
  return { packets, converter };
}

const ret = (delta: number, value: bigint, tid = 5): readonly number[] => event(delta, RET, tid, u64(value));

test('converts records with their times, and packets begin and end with them', () => {
  const { packets } = convert([rawPage([ret(0, 1n), ret(10, -2n, 6)]), rawPage([ret(5, 3n)], { time: 2000n })]);
  assert.equal(packets.length, 1);
  assert.deepEqual(
    packets[0]?.records.map(({ id, time, tid }) => [id, time, tid]),
    [
      [RET, 1000n, 5],
      [RET, 1010n, 6],
      [RET, 2005n, 5],
    ],
  );
  assert.deepEqual(packets[0]?.records[1]?.payload, u64(-2n & 0xffff_ffff_ffff_ffffn));
  assert.deepEqual([packets[0]?.begin, packets[0]?.end, packets[0]?.discarded], [1000n, 2005n, 0n]);
});

test('time extends, absolute times and discarded records count, and a changed high half is written in full', () => {
  const page = rawPage([
    ret(1, 1n),
    timeExtend(0x1_2345_6789n),
    ret(2, 2n),
    discarded(3, 12),
    ret(4, 3n),
    timeStamp(0x5_0000_0000n),
    ret(0, 4n),
  ]);
  const { packets } = convert([page]);
  assert.deepEqual(
    packets[0]?.records.map(({ time }) => time),
    [1001n, 1001n + 0x1_2345_678bn, 1001n + 0x1_2345_6792n, 0x5_0000_0000n],
  );
});

test('the low half of the clock wraps within a page', () => {
  const { packets } = convert([rawPage([ret(0, 1n), ret(10, 2n), ret(1, 3n)], { time: 0x3_ffff_fffan })]);
  assert.deepEqual(
    packets[0]?.records.map(({ time }) => time),
    [0x3_ffff_fffan, 0x4_0000_0004n, 0x4_0000_0005n],
  );
});

test('lost events end the packet and are counted in the next one, as one when their number is unknown', () => {
  const { packets, converter } = convert([
    rawPage([ret(0, 1n)]),
    rawPage([ret(0, 2n)], { time: 2000n, lost: 41n }),
    rawPage([ret(0, 3n)], { time: 3000n, lost: 'unknown' }),
  ]);
  assert.deepEqual(
    packets.map(({ discarded }) => discarded),
    [0n, 41n, 42n],
  );
  assert.equal(converter.losses.unknownLossCount, 1);
});

test('strings and sequences are found by their locations and cut to the record', () => {
  // At 36: "abc\0" and, relative to 36, two 16-bit elements behind it.
  const fields = [
    ...text('comm', 16),
    ...u32((4 << 16) | 36),
    ...u32(77),
    ...u32((4 << 16) | 4),
    ...text('abc', 4),
    1,
    0,
    2,
    0,
  ];
  const { packets } = convert([rawPage([event(0, NAMED, 3, fields)])]);
  assert.deepEqual(packets[0]?.records[0]?.payload, [
    ...text('comm', 16),
    ...text('abc', 4),
    ...u32(77),
    ...u32(2),
    1,
    0,
    2,
    0,
  ]);
  const hostile = [...text('comm', 16), ...u32((0xffff << 16) | 0xfff0), ...u32(77), ...u32((0xffff << 16) | 0)];
  const cut = convert([rawPage([event(0, NAMED, 3, hostile)])]);
  assert.deepEqual(cut.packets[0]?.records[0]?.payload.slice(0, 21), [...text('comm', 16), 0, 0, 0, 0, 77]);
});

test('records of unknown events and records that are too short are counted, the others go on', () => {
  const { packets, converter } = convert([rawPage([event(0, 3, 1, u64(1n)), event(0, RET, 1, u32(1)), ret(1, 5n)])]);
  assert.equal(converter.losses.strayRecordCount, 2);
  assert.deepEqual([packets[0]?.records.length, packets[0]?.discarded], [1, 2n]);
});

test('a clock that goes back does not make the stream go back', () => {
  const { packets } = convert([rawPage([ret(0, 1n)], { time: 5000n }), rawPage([ret(7, 2n)], { time: 100n })]);
  assert.deepEqual(
    packets[0]?.records.map(({ time }) => time),
    [5000n, 5007n],
  );
});

test('a page that claims more than it holds is counted and left out', () => {
  const page = rawPage([ret(0, 1n)]);
  new DataView(page.buffer).setInt32(8, 5000, true);
  const { packets, converter } = convert([page]);
  assert.deepEqual([packets.length, converter.losses.damagedPageCount], [0, 1]);
});

test('a full packet is handed on and the next one goes on', () => {
  const page = rawPage(Array.from({ length: 200 }, (_, index) => ret(1, BigInt(index))));
  const { packets } = convert(
    Array.from({ length: 300 }, (_, index) =>
      new Uint8Array(rawPage([], {}).length).map((_zero, at) => page[at] ?? 0).fill(index & 0xff, 1, 2),
    ),
  );
  assert.ok(packets.length > 1);
  assert.equal(
    packets.reduce((sum, packet) => sum + packet.records.length, 0),
    60_000,
  );
});

test('all truncations of a page, and any bytes, end without an exception', () => {
  const fields = [
    ...text('comm', 16),
    ...u32((4 << 16) | 36),
    ...u32(77),
    ...u32((4 << 16) | 4),
    ...text('abc', 4),
    1,
    0,
    2,
    0,
  ];
  const page = rawPage([ret(0, 1n), timeExtend(99n), event(0, NAMED, 3, fields), discarded(3, 12), ret(1, 2n)], {
    sizeBytes: 256,
  });
  for (let size = 4; size <= page.length; size += 4) convert([page.slice(0, size)]);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), (bytes) => {
      // Bytes 11 of the commit word keep most pages within bounds, so that records are met.
      bytes[9] = 0;
      bytes[10] = 0;
      convert([bytes]);
    }),
    { numRuns: 300 },
  );
});

const paddedWith =
  (byte: number): typeof interpretPlan =>
  (plan, environment) => {
    const copier = interpretPlan(plan, environment);
    return (source, sourceBytes, s, sizeBytes, target, targetBytes, d) => {
      targetBytes.fill(byte, (d << 2) + 12, (d << 2) + 512);
      return copier(source, sourceBytes, s, sizeBytes, target, targetBytes, d);
    };
  };

test('generated copiers and the plain twin give the same fields', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('integer' as const),
      from: fc.integer({ min: 0, max: 24 }),
      sizeBytes: fc.constantFrom(1, 2, 4, 8),
    }),
    fc.record({
      kind: fc.constant('bytes' as const),
      from: fc.integer({ min: 0, max: 16 }),
      sizeBytes: fc.constantFrom(4, 6, 8, 16),
      elementSizeBytes: fc.constantFrom(1, 2),
    }),
    fc.record({
      kind: fc.constant('string' as const),
      from: fc.integer({ min: 2, max: 8 }).map((n) => n * 4),
      isRelative: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('sequence' as const),
      from: fc.integer({ min: 2, max: 8 }).map((n) => n * 4),
      isRelative: fc.boolean(),
      elementSizeBytes: fc.constantFrom(1, 2, 4, 8),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), fc.uint8Array({ minLength: 64, maxLength: 64 }), (steps, fields) => {
      const alignment = Math.max(
        1,
        ...steps.map((s) =>
          s.kind === 'integer'
            ? s.sizeBytes
            : s.kind === 'string'
              ? 1
              : s.kind === 'bytes'
                ? s.elementSizeBytes
                : Math.max(4, s.elementSizeBytes),
        ),
      );
      const plan: ConversionPlan = { id: 1, sizeBytes: 40, alignment, steps };
      const pages = [rawPage([event(0, 1, 2, [...fields])])];
      const read = (makeCopier: typeof interpretPlan | undefined): number[][] => {
        const packets: number[][] = [];
        const converter = new PageConverter(new CopierTable([plan], { makeCopier }), 0n, (packet) =>
          packets.push([...packet.bytes.subarray(88, packet.contentSizeBytes)]),
        );
        for (const page of pages) converter.convertPage(new Int32Array(page.buffer), page, 0, page.length);
        converter.flush();
        return packets;
      };
      // Padding has any bytes: those that the twin leaves as it found them.
      const [generated, zeros, ones] = [read(undefined), read(paddedWith(0)), read(paddedWith(0xff))];
      const fieldsOf = (packets: number[][]): unknown =>
        packets.map((packet, at) =>
          packet.map((byte, index) => (zeros[at]?.[index] === ones[at]?.[index] ? byte : -1)),
        );
      assert.deepEqual(fieldsOf(generated), fieldsOf(zeros));
    }),
    { numRuns: 300 },
  );
});
