// SPDX-License-Identifier: MIT
// Round trips: what is read is written and read again. Random values come from reading random bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError } from '@lockstep/base';
import type { DataStream, EventRecord, Trace } from '../model/event-record.ts';
import type { StructureFieldClass } from '../model/field-class.ts';
import type { DataStreamClass, TraceClass } from '../model/trace-class.ts';
import { createDataStreamReader, isEventRecord, type StreamItem } from '../read/data-stream-reader.ts';
import { memoryMedium } from '../read/medium.ts';
import { arbitraryBytes, arbitraryTraceClass, TEST_CLOCK } from '../testing/arbitrary-trace.ts';
import {
  dynamicLengthArray,
  dynamicLengthString,
  kernelPacketClasses,
  nullTerminatedString,
  programPacketClasses,
  signedInteger,
  structure,
  unsignedInteger,
} from '../write.ts';
import { DataStreamWriter, type DataStreamWriterOptions } from './data-stream-writer.ts';
import type { IndexEntry } from './data-stream-index.ts';

function read(traceClass: TraceClass, bytes: Uint8Array): { items: StreamItem[]; error: unknown } {
  const trace: Trace = { name: '', traceClass, dataStreams: [] };
  const dataStreamClass = [...traceClass.dataStreamClasses.values()][0]!;
  const dataStream: DataStream = { name: 's', trace, dataStreamClass, id: undefined };
  const reader = createDataStreamReader({ dataStream, medium: memoryMedium(bytes) });
  const items: StreamItem[] = [];
  try {
    for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item);
  } catch (error) {
    assert.ok(error instanceof CtfError);
    return { items, error };
  }
  return { items, error: undefined };
}

function readRecords(traceClass: TraceClass, bytes: Uint8Array): EventRecord[] {
  return read(traceClass, bytes).items.filter(isEventRecord);
}

function writeAll(
  options: Omit<DataStreamWriterOptions, 'write'>,
  work: (writer: DataStreamWriter) => void,
): { bytes: Uint8Array; entries: IndexEntry[] } {
  const packets: Uint8Array[] = [];
  const entries: IndexEntry[] = [];
  const writer = new DataStreamWriter({
    ...options,
    write: (packet, entry) => {
      packets.push(packet.slice());
      entries.push(entry);
    },
  });
  work(writer);
  writer.endPacket();
  return { bytes: Buffer.concat(packets), entries };
}

/** The same class with packets that say how long they are. */
function withSizes(traceClass: TraceClass): TraceClass {
  const sizes = structure({
    content: unsignedInteger(64, { roles: ['packet-content-length'], alignment: 8 }),
    total: unsignedInteger(64, { roles: ['packet-total-length'], alignment: 8 }),
  });
  const classes = [...traceClass.dataStreamClasses].map(([id, dsc]): [bigint, DataStreamClass] => {
    const context: StructureFieldClass = dsc.packetContext ?? structure({});
    const memberClasses = [...context.memberClasses, ...sizes.memberClasses];
    return [id, { ...dsc, packetContext: { ...context, memberClasses } }];
  });
  return { ...traceClass, dataStreamClasses: new Map(classes) };
}

const plain = (record: EventRecord): unknown => ({
  name: record.eventRecordClass.name,
  clock: record.clockSnapshot,
  parts: [record.header, record.commonContext, record.specificContext, record.payload],
});

test('random records of random classes come back as they were written', () => {
  let recordCount = 0;
  fc.assert(
    fc.property(arbitraryTraceClass, fc.array(arbitraryBytes, { minLength: 3, maxLength: 3 }), (original, streams) => {
      const traceClass = withSizes(original);
      const dataStreamClass = [...traceClass.dataStreamClasses.values()][0]!;
      for (const stream of streams) {
        const records = readRecords(original, stream);
        // Text that was no text came out longer than it went in.
        if (records.length === 0 || JSON.stringify(records.map(plain), bigints).includes('\ufffd')) continue;
        const { bytes } = writeAll({ traceClass, dataStreamClass, packetSizeBytes: Infinity }, (writer) => {
          writer.beginPacket({ context: records[0]!.packet.context });
          for (const record of records) writer.write(record);
        });
        const { items, error } = read(traceClass, bytes);
        // Fields of both byte orders may meet where the sizes were put in.
        if (error instanceof CtfError && /byte order/.test(error.message)) continue;
        assert.equal(error, undefined);
        assert.deepEqual(items.filter(isEventRecord).map(plain), records.map(plain));
        recordCount += records.length;
      }
    }),
    { numRuns: 300, seed: 20_261_125, includeErrorInReport: true },
  );
  assert.ok(recordCount > 500, `only ${recordCount} event records were compared`);
});

function bigints(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function classOf(
  packet: ReturnType<typeof kernelPacketClasses>,
  payload: StructureFieldClass,
): [TraceClass, DataStreamClass] {
  const classes = [1n, 40n, 70_000n].map((id) => ({ id, name: `e${id}`, payload }));
  const dataStreamClass: DataStreamClass = {
    id: 0n,
    packetContext: packet.packetContext,
    eventRecordHeader: packet.eventRecordHeader,
    ...(packet.commonContext === undefined ? {} : { commonContext: packet.commonContext }),
    defaultClock: TEST_CLOCK,
    eventRecordClasses: new Map(classes.map((erc) => [erc.id, erc])),
  };
  const traceClass: TraceClass = {
    uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
    byteOrder: 'little-endian',
    environment: new Map(),
    packetHeader: packet.packetHeader,
    clockClasses: [TEST_CLOCK],
    dataStreamClasses: new Map([[0n, dataStreamClass]]),
  };
  return [traceClass, dataStreamClass];
}

const PAYLOAD = structure({
  value: signedInteger(32),
  text_length: unsignedInteger(8),
  text: dynamicLengthString({ path: ['text_length'] }),
  list_length: unsignedInteger(16),
  list: dynamicLengthArray(unsignedInteger(8), { path: ['list_length'] }),
  name: nullTerminatedString(),
});

test('finds the short or the long header, begins packets where the clock needs one, and measures lengths itself', () => {
  const [traceClass, dataStreamClass] = classOf(kernelPacketClasses('test'), PAYLOAD);
  const times = [10n, 20n, 2n ** 40n, 2n ** 40n + 5n, 2n ** 63n];
  const { bytes, entries } = writeAll({ traceClass, dataStreamClass, packet: { context: { cpu_id: 3 } } }, (writer) => {
    for (const [index, clockSnapshot] of times.entries()) {
      const eventRecordClass = [...dataStreamClass.eventRecordClasses.values()][index % 3]!;
      const payload = { value: -index, text: 'größe', list: [1, 2, 3].slice(index % 3), name: `n${index}` };
      writer.write({ eventRecordClass, clockSnapshot, commonContext: { tid: 7 }, payload });
    }
    writer.discardEventRecords(4n);
  });
  const records = readRecords(traceClass, bytes);
  assert.deepEqual(
    records.map((record) => record.clockSnapshot),
    times,
  );
  assert.deepEqual(records[1]!.payload, {
    value: -1,
    text_length: 7,
    text: 'größe',
    list_length: 2,
    list: [2, 3],
    name: 'n1',
  });
  assert.equal(records[0]!.packet.context!['cpu_id'], 3);
  assert.equal(entries.at(-1)!.discardedEventRecordCount, 4n);
  assert.equal(
    entries.reduce((sum, entry) => sum + entry.packetSizeBits, 0n),
    BigInt(bytes.length * 8),
  );
});

test('tells losses, splits packets by size, and continues a stream where it stood', () => {
  const [traceClass, dataStreamClass] = classOf(programPacketClasses('test'), structure({ value: signedInteger(32) }));
  const eventRecordClass = dataStreamClass.eventRecordClasses.get(1n)!;
  const first = writeAll({ traceClass, dataStreamClass, packetSizeBytes: 400 }, (writer) => {
    for (let time = 0n; time < 100n; time++)
      writer.write({ eventRecordClass, clockSnapshot: time, payload: { value: 1 } });
    writer.discardEventRecords(3n);
    writer.discardPackets(2n);
    writer.write({ eventRecordClass, clockSnapshot: 200n, payload: { value: 2 } });
  });
  const last = first.entries.at(-1)!;
  const start = {
    offsetBytes: BigInt(first.bytes.length),
    sequenceNumber: last.sequenceNumber! + 1n,
    discardedEventRecordCount: last.discardedEventRecordCount,
  };
  const second = writeAll({ traceClass, dataStreamClass, start }, (writer) => {
    writer.write({ eventRecordClass, clockSnapshot: 300n, payload: { value: 3 } });
  });
  const { items } = read(traceClass, Buffer.concat([first.bytes, second.bytes]));
  assert.equal(items.filter(isEventRecord).length, 102);
  assert.deepEqual(
    items.flatMap((item) => (isEventRecord(item) ? [] : [[item.type, item.count]])),
    [
      ['discarded-event-records', 3n],
      ['discarded-packets', 2n],
    ],
  );
  assert.equal(second.entries[0]!.offsetBytes, BigInt(first.bytes.length));
});

test('refuses values that do not fit, names their field, and goes on', () => {
  const [traceClass, dataStreamClass] = classOf(programPacketClasses('test'), PAYLOAD);
  const eventRecordClass = dataStreamClass.eventRecordClasses.get(1n)!;
  const good = { value: 1, text: 'a', list: [], name: '' };
  const { bytes } = writeAll({ traceClass, dataStreamClass }, (writer) => {
    const write = (payload: object): void =>
      writer.write({ eventRecordClass, clockSnapshot: 5n, payload: payload as typeof good });
    write(good);
    for (const wrong of [
      { ...good, value: 2 ** 31 },
      { ...good, value: 0.5 },
      { ...good, value: 'x' },
      { ...good, list: [1, 256] },
      { ...good, list_length: 3 },
      { value: 1, list: [], name: '' },
    ])
      assert.throws(
        () => write(wrong),
        (error) => error instanceof CtfError && /field="0:1:payload/.test(error.message),
      );
    write(good);
  });
  assert.equal(readRecords(traceClass, bytes).length, 2);
});
