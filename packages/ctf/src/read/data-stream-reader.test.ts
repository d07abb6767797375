// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError, type Nanoseconds } from '@lockstep/base';
import type { DataStream, DiscardedItems, EventRecord, Trace } from '../model/event-record.ts';
import type { DataStreamClass, TraceClass } from '../model/trace-class.ts';
import { integer, struct, TEST_CLOCK } from '../testing/arbitrary-trace.ts';
import { createDataStreamReader, isEventRecord, type StreamItem } from './data-stream-reader.ts';
import { memoryMedium } from './medium.ts';
import { mergeEventRecords } from './merge.ts';
import type { DecoderKind } from './trace-decoder.ts';

/** Packets: sizes in bytes, times and counters; records: 8-bit id, 8-bit time, 8-bit value. */
function traceClassOf(options: { stampBits?: number; uuid?: string; id?: bigint } = {}): TraceClass {
  const dataStreamClass: DataStreamClass = {
    id: options.id ?? 0n,
    packetContext: struct([
      ['packet_size', integer(16, { roles: ['packet-total-length'] })],
      ['content_size', integer(16, { roles: ['packet-content-length'] })],
      ['timestamp_begin', integer(32, { roles: ['default-clock-timestamp'], clock: 'test' })],
      ['timestamp_end', integer(32, { roles: ['packet-end-default-clock-timestamp'], clock: 'test' })],
      ['events_discarded', integer(8, { roles: ['discarded-event-record-counter-snapshot'] })],
      ['packet_seq_num', integer(8, { roles: ['packet-sequence-number'] })],
    ]),
    eventRecordHeader: struct([
      ['id', integer(8, { roles: ['event-record-class-id'] })],
      ['timestamp', integer(options.stampBits ?? 8, { roles: ['default-clock-timestamp'], clock: 'test' })],
    ]),
    defaultClock: TEST_CLOCK,
    eventRecordClasses: new Map([
      [0n, { id: 0n, name: 'tick', payload: struct([['value', integer(8)]]) }],
      [1n, { id: 1n, name: 'text', payload: struct([['text', { type: 'null-terminated-string' }]]) }],
    ]),
  };
  return {
    ...(options.uuid === undefined ? {} : { uuid: options.uuid }),
    byteOrder: 'little-endian',
    environment: new Map(),
    clockClasses: [TEST_CLOCK],
    dataStreamClasses: new Map([[dataStreamClass.id, dataStreamClass]]),
  };
}

interface PacketParts {
  readonly begin?: number;
  readonly end?: number;
  readonly discarded?: number;
  readonly sequence?: number;
  readonly padding?: number;
  readonly records: readonly number[];
}

function packet({ begin = 0, end = begin, discarded = 0, sequence = 0, padding = 0, records }: PacketParts): number[] {
  const content = 14 + records.length;
  const u16 = (value: number): number[] => [value & 255, value >> 8];
  const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
  const padded = new Array<number>(padding).fill(0xa5);
  return [
    ...u16((content + padding) * 8),
    ...u16(content * 8),
    ...u32(begin),
    ...u32(end),
    discarded,
    sequence,
    ...records,
    ...padded,
  ];
}

function streamOf(traceClass: TraceClass, name = 'stream', traceName = 'test', id?: bigint): DataStream {
  const trace: Trace = { name: traceName, traceClass, dataStreams: [] };
  return { name, trace, dataStreamClass: [...traceClass.dataStreamClasses.values()][0]!, id };
}

function readAll(
  bytes: readonly number[],
  traceClass = traceClassOf(),
  decoder: DecoderKind = 'generated',
): { items: StreamItem[]; error: CtfError | undefined } {
  const reader = createDataStreamReader({
    dataStream: streamOf(traceClass),
    medium: memoryMedium(Uint8Array.from(bytes)),
    decoder,
  });
  const items: StreamItem[] = [];
  try {
    for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item);
  } catch (error) {
    if (!(error instanceof CtfError)) throw error;
    return { items, error };
  }
  return { items, error: undefined };
}

function records(items: readonly StreamItem[]): EventRecord[] {
  return items.filter(isEventRecord);
}

function losses(items: readonly StreamItem[]): DiscardedItems[] {
  return items.filter((item): item is DiscardedItems => !isEventRecord(item));
}

const ORIGIN = 1_700_000_000_000_000_005n;

test('extends a short timestamp from the last known time and follows its wrap', () => {
  const { items } = readAll(packet({ begin: 0x1f0, records: [0, 0xf5, 1, 0, 0x02, 2, 0, 0x02, 3, 0, 0x01, 4] }));
  assert.deepEqual(
    records(items).map((record) => record.clockSnapshot),
    [0x1f5n, 0x202n, 0x202n, 0x301n],
  );
  assert.equal(records(items)[0]?.timeNs, ORIGIN + 0x1f5n);
});

test('carries a 32-bit timestamp into the upper half', () => {
  const wide = traceClassOf({ stampBits: 32 });
  const { items } = readAll(
    packet({ begin: 0xffff_fff0, records: [0, 0xf8, 255, 255, 255, 1, 0, 3, 0, 0, 0, 2] }),
    wide,
  );
  assert.deepEqual(
    records(items).map((record) => record.clockSnapshot),
    [0xffff_fff8n, 0x1_0000_0003n],
  );
});

test('the end of a packet does not move the clock of its records', () => {
  const { items } = readAll(packet({ begin: 10, end: 250, records: [0, 12, 1] }));
  assert.equal(records(items)[0]?.clockSnapshot, 12n);
});

test('tells discarded event records and packets with count and range between two packets', () => {
  const { items } = readAll([
    ...packet({ begin: 10, end: 20, discarded: 2, sequence: 3, records: [0, 11, 1] }),
    ...packet({ begin: 30, end: 40, discarded: 7, sequence: 6, records: [0, 31, 1] }),
  ]);
  const expected = [
    { type: 'discarded-event-records', count: undefined, begin: 10n, end: 20n },
    { type: 'discarded-event-records', count: 5n, begin: 20n, end: 40n },
    { type: 'discarded-packets', count: 2n, begin: 20n, end: 30n },
  ];
  assert.deepEqual(
    losses(items).map(({ type, count, beginNs, endNs }) => ({
      type,
      count,
      begin: beginNs! - ORIGIN,
      end: endNs! - ORIGIN,
    })),
    expected,
  );
  assert.equal(records(items).length, 2);
});

test('skips the padding of a packet', () => {
  const { items, error } = readAll([...packet({ padding: 9, records: [0, 1, 1] }), ...packet({ records: [0, 2, 2] })]);
  assert.equal(error, undefined);
  assert.deepEqual(
    records(items).map((record) => record.payload),
    [{ value: 1 }, { value: 2 }],
  );
});

test('delivers what was before a damaged place and names stream, packet and offset', () => {
  const good = packet({ records: [0, 1, 1] });
  const { items, error } = readAll([...good, ...packet({ records: [0, 1, 1, 1, 2, 65] })]);
  assert.equal(records(items).length, 2);
  assert.equal(error?.sentence, 'A string has no end within the content of its packet.');
  assert.equal(error.pairs['packet'], 1);
  assert.equal(error.pairs['stream'], 'stream');
  assert.equal(error.pairs['offset'], good.length + 14 + 3 + 2 + 1);
});

test('refuses a truncated packet after the records that are whole', () => {
  const bytes = packet({ records: [0, 1, 1, 0, 2, 2] });
  for (let size = 1; size < bytes.length; size++) {
    const { items, error } = readAll(bytes.slice(0, size));
    assert.ok(error instanceof CtfError, `no error at ${size} bytes`);
    assert.equal(records(items).length, Math.max(0, Math.floor((size - 14) / 3)), `at ${size} bytes`);
  }
});

test('refuses an id without a class', () => {
  assert.match(readAll(packet({ records: [9, 1, 1] })).error?.message ?? '', /No event record class has the id 9/);
});

test('refuses an event record that takes no bits instead of looping', () => {
  const traceClass: TraceClass = {
    byteOrder: 'little-endian',
    environment: new Map(),
    clockClasses: [],
    dataStreamClasses: new Map([
      [0n, { id: 0n, eventRecordClasses: new Map([[0n, { id: 0n, name: 'nothing', payload: struct([]) }]]) }],
    ]),
  };
  for (const decoder of ['generated', 'interpreted'] as const) {
    assert.match(readAll([1, 2, 3], traceClass, decoder).error?.message ?? '', /takes no bits/);
  }
});

test('a length in an option that was not taken is 0, not that of an earlier record', () => {
  const header = struct([
    ['kind', integer(8)],
    [
      'v',
      {
        type: 'variant',
        selectorFieldLocation: { path: ['kind'] },
        options: [
          { name: 'long', fieldClass: struct([['size', integer(8)]]), selectorFieldRanges: [[0, 0]] },
          { name: 'short', fieldClass: struct([['mark', integer(8)]]), selectorFieldRanges: [[1, 1]] },
        ],
      },
    ],
  ]);
  const payload = struct([
    [
      'bytes',
      {
        type: 'dynamic-length-array',
        elementFieldClass: integer(8),
        lengthFieldLocation: { origin: 'event-record-header', path: ['v', 'long', 'size'] },
      },
    ],
    ['last', integer(8)],
  ]);
  const traceClass: TraceClass = {
    byteOrder: 'little-endian',
    environment: new Map(),
    clockClasses: [],
    dataStreamClasses: new Map([
      [0n, { id: 0n, eventRecordHeader: header, eventRecordClasses: new Map([[0n, { id: 0n, name: 'e', payload }]]) }],
    ]),
  };
  for (const decoder of ['generated', 'interpreted'] as const) {
    const { items, error } = readAll([0, 2, 10, 11, 12, 1, 9, 13], traceClass, decoder);
    assert.equal(error, undefined);
    assert.deepEqual(
      records(items).map((record) => record.payload),
      [
        { bytes: [10, 11], last: 12 },
        { bytes: [], last: 13 },
      ],
    );
  }
});

test('merges streams by time; equal times by data stream class and id', () => {
  const readers = (
    [
      [1n, 5n, [0, 10, 1, 0, 30, 2]],
      [1n, 4n, [0, 10, 3, 0, 20, 4]],
      [0n, 9n, [0, 10, 5, 0, 30, 6]],
    ] as const
  ).map(([classId, id, bytes]) => {
    const dataStream = streamOf(traceClassOf({ id: classId }), `s${id}`, 'test', id);
    return createDataStreamReader({ dataStream, medium: memoryMedium(Uint8Array.from(packet({ records: bytes }))) });
  });
  const merged = [...mergeEventRecords(readers)].filter(isEventRecord);
  assert.deepEqual(
    merged.map((record) => record.payload?.['value']),
    [5, 3, 1, 4, 6, 2],
  );
});

test('leaves out what is before begin and after end, both inclusive', () => {
  const bytes = Uint8Array.from([
    ...packet({ begin: 1, end: 9, records: [0, 1, 1, 0, 9, 2] }),
    ...packet({ begin: 10, end: 30, records: [0, 10, 3, 0, 20, 4, 0, 30, 5] }),
  ]);
  const begin = (ORIGIN + 9n) as Nanoseconds;
  const end = (ORIGIN + 20n) as Nanoseconds;
  const reader = createDataStreamReader({ dataStream: streamOf(traceClassOf()), medium: memoryMedium(bytes), begin });
  const merged = [...mergeEventRecords([reader], { begin, end })].filter(isEventRecord);
  assert.deepEqual(
    merged.map((record) => record.payload?.['value']),
    [2, 3, 4],
  );
});

test('ten thousand mutated streams give event records or a CtfError, in bounded steps', () => {
  const good = [
    ...packet({ begin: 1, end: 9, records: [0, 1, 1, 1, 9, 65, 66, 0, 0, 9, 2] }),
    ...packet({ begin: 10, end: 30, sequence: 1, padding: 4, records: [0, 10, 3, 1, 20, 0, 0, 30, 5] }),
  ];
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.nat({ max: good.length }),
      (changes, cut) => {
        const bytes = good.slice(0, good.length - (cut > good.length / 2 ? cut : 0));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const { items, error } = readAll(bytes);
        // No record is smaller than 3 bytes.
        assert.ok(records(items).length <= good.length / 3);
        if (error !== undefined) refused++;
      },
    ),
    { numRuns: 10_000, seed: 11 },
  );
  assert.ok(refused > 1000, `only ${refused} were refused`);
});
