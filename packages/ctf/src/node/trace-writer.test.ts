// SPDX-License-Identifier: MIT
// Traces that are written here, read here and by babeltrace2.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { InputError } from '@lockstep/base';
import type { StructureValue, Trace } from '../model/event-record.ts';
import type { StructureFieldClass } from '../model/field-class.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { createDataStreamReader, isEventRecord } from '../read/data-stream-reader.ts';
import { memoryMedium } from '../read/medium.ts';
import { arbitraryTraceClass } from '../testing/arbitrary-trace-class.ts';
import { arbitraryBytes, TEST_CLOCK } from '../testing/arbitrary-trace.ts';
import { programPacketClasses, signedInteger, structure, unsignedInteger } from '../write.ts';
import { readEventRecords, readText } from './read-traces.ts';
import { openTraceDirectory } from './trace-set.ts';
import { TraceWriter } from './trace-writer.ts';

const hasBabeltrace = spawnSync('babeltrace2', ['--version']).status === 0;

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-writer-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Values that random bytes mean as a class's payload and specific context. */
function randomValues(traceClass: TraceClass, erc: EventRecordClass, bytes: Uint8Array): StructureValue[][] {
  const dataStreamClass: DataStreamClass = {
    id: 0n,
    packetContext: structure({ cpu_id: unsignedInteger(32) }),
    eventRecordClasses: new Map([[0n, { ...erc, id: 0n }]]),
  };
  const { packetHeader: _, ...rest } = traceClass;
  const plain: TraceClass = { ...rest, dataStreamClasses: new Map([[0n, dataStreamClass]]) };
  const trace: Trace = { name: '', traceClass: plain, dataStreams: [] };
  const reader = createDataStreamReader({
    dataStream: { name: '', trace, dataStreamClass, id: undefined },
    medium: memoryMedium(Buffer.concat([Buffer.from([2, 0, 0, 0]), bytes])),
  });
  const values: StructureValue[][] = [];
  try {
    for (let item = reader.next(); item !== undefined && values.length < 5; item = reader.next())
      if (isEventRecord(item)) values.push([item.specificContext ?? {}, item.payload ?? {}]);
  } catch {
    // What was read until then is enough.
  }
  return values;
}

/** Whole texts; but lines with an empty string print as babeltrace2's memory has it (docs/text-output.md). */
function compareLines(ours: Uint8Array, theirs: Uint8Array): number {
  const [own, other] = [ours, theirs].map((text) => Buffer.from(text).toString('latin1').split('\n')) as [
    string[],
    string[],
  ];
  assert.equal(own.length, other.length);
  const isComparable = (_line: string, index: number): boolean => !own[index]!.includes('""');
  assert.deepEqual(own.filter(isComparable), other.filter(isComparable));
  return own.filter(isComparable).length - 1;
}

/** Without sequences and variants in an event's own context: babeltrace2 2.0.4 aborts on them (an assertion). */
function withPlainContexts(traceClass: TraceClass): TraceClass {
  const plain = (fieldClass: StructureFieldClass): StructureFieldClass => ({
    ...fieldClass,
    memberClasses: fieldClass.memberClasses.filter(
      (member) => !/dynamic-length|"variant"/.test(JSON.stringify(member, bigints)),
    ),
  });
  const classes = [...traceClass.dataStreamClasses].map(([id, dsc]): [bigint, DataStreamClass] => {
    const events = [...dsc.eventRecordClasses].map(([eventId, erc]): [bigint, EventRecordClass] => [
      eventId,
      {
        ...erc,
        ...(erc.specificContext === undefined ? {} : { specificContext: plain(erc.specificContext) }),
      },
    ]);
    return [id, { ...dsc, eventRecordClasses: new Map(events) }];
  });
  return { ...traceClass, dataStreamClasses: new Map(classes) };
}

const bigints = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

test('random traces of random classes read as they were written, and babeltrace2 prints the same', (t) => {
  const directory = temporary(t);
  let [index, recordCount, comparedCount] = [0, 0, 0];
  fc.assert(
    fc.property(arbitraryTraceClass, arbitraryBytes, fc.boolean(), (original, bytes, isPlain) => {
      const traceClass = isPlain ? withPlainContexts(original) : original;
      const path = join(directory, `t${index++}`);
      const writer = TraceWriter.create(path, traceClass);
      const written: unknown[] = [];
      let time = 1000n;
      for (const dataStreamClass of traceClass.dataStreamClasses.values()) {
        const stream = writer.dataStream(`s${dataStreamClass.id}`, dataStreamClass, {
          id: 7n,
          packet: { context: { cpu_id: 2 } },
          packetSizeBytes: 500,
        });
        for (const eventRecordClass of dataStreamClass.eventRecordClasses.values()) {
          for (const [specificContext, payload] of randomValues(traceClass, eventRecordClass, bytes)) {
            if (JSON.stringify([specificContext, payload], bigints).includes('\ufffd')) continue;
            const clockSnapshot = (time += 77n);
            stream.write({ eventRecordClass, clockSnapshot, commonContext: { tid: 5 }, specificContext, payload });
            written.push([eventRecordClass.name, clockSnapshot, specificContext, payload]);
          }
        }
      }
      writer.close();
      const traceSet = openTraceDirectory(path);
      const read = [...readEventRecords(traceSet)].filter(isEventRecord);
      assert.deepEqual(
        read.map((item) => [
          item.eventRecordClass.name,
          item.clockSnapshot,
          item.specificContext ?? {},
          item.payload ?? {},
        ]),
        written,
      );
      recordCount += read.length;
      if (hasBabeltrace && isPlain) {
        const ours = Buffer.concat(Array.from(readText(traceSet), (piece) => piece.slice()));
        const theirs = spawnSync('babeltrace2', [path], { maxBuffer: 1 << 28 });
        // It refuses clocks that begin beyond its range.
        assert.notEqual(theirs.signal, 'SIGABRT');
        if (theirs.status === 0) comparedCount += compareLines(ours, theirs.stdout);
      }
      traceSet.close();
      rmSync(path, { recursive: true });
    }),
    { numRuns: 60, seed: 20_261_126, includeErrorInReport: true, endOnFailure: true },
  );
  assert.ok(recordCount > 200, `only ${recordCount} event records were written`);
  if (hasBabeltrace) assert.ok(comparedCount > 20, `only ${comparedCount} lines were compared`);
  else t.diagnostic('babeltrace2 is not installed: its text was not compared');
});

function tickClass(id: bigint): EventRecordClass {
  return { id, name: `tick${id}`, payload: structure({ value: signedInteger(32) }) };
}

function sampleClass(): TraceClass {
  const { packetHeader, packetContext, eventRecordHeader } = programPacketClasses('test');
  return {
    uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
    byteOrder: 'little-endian',
    environment: new Map(),
    packetHeader,
    clockClasses: [TEST_CLOCK],
    dataStreamClasses: new Map([
      [
        0n,
        {
          id: 0n,
          packetContext,
          eventRecordHeader,
          defaultClock: TEST_CLOCK,
          eventRecordClasses: new Map([[1n, tickClass(1n)]]),
        },
      ],
    ]),
  };
}

test('continues a trace with packets, losses and a class that it did not have', (t) => {
  const path = join(temporary(t), 'trace');
  const first = TraceWriter.create(path, sampleClass());
  const write = (writer: TraceWriter, id: bigint, time: bigint): void => {
    const dataStreamClass = writer.traceClass.dataStreamClasses.get(0n)!;
    writer.dataStream('s', dataStreamClass).write({
      eventRecordClass: dataStreamClass.eventRecordClasses.get(id)!,
      clockSnapshot: time,
      payload: { value: Number(time) },
    });
  };
  write(first, 1n, 10n);
  first.close();

  const second = TraceWriter.append(path);
  const dataStreamClass = second.traceClass.dataStreamClasses.get(0n)!;
  write(second, 1n, 20n);
  second.dataStream('s', dataStreamClass).discardPackets(2n);
  second.addEventRecordClass(dataStreamClass, tickClass(2n));
  write(second, 2n, 30n);
  second.close();

  const items = [...readEventRecords(openTraceDirectory(path))];
  assert.deepEqual(
    items.map((item) => (isEventRecord(item) ? [item.eventRecordClass.name, item.payload!['value']] : item.count)),
    [['tick1', 10], ['tick1', 20], 2n, ['tick2', 30]],
  );
  assert.throws(() => TraceWriter.create(path, sampleClass()), InputError);
  assert.throws(() => second.dataStream('../s', dataStreamClass), InputError);
});

test('data streams without given ids are data streams of their own, also when the trace is continued', (t) => {
  const directory = join(temporary(t), 'trace');
  const classes = programPacketClasses(TEST_CLOCK.name);
  const event: EventRecordClass = { id: 0n, name: 'e', payload: structure({ n: signedInteger(32) }) };
  const dataStreamClass: DataStreamClass = {
    id: 0n,
    packetContext: classes.packetContext,
    eventRecordHeader: classes.eventRecordHeader,
    defaultClock: TEST_CLOCK,
    eventRecordClasses: new Map([[0n, event]]),
  };
  const traceClass: TraceClass = {
    uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
    byteOrder: 'little-endian',
    environment: new Map(),
    packetHeader: classes.packetHeader,
    clockClasses: [TEST_CLOCK],
    dataStreamClasses: new Map([[0n, dataStreamClass]]),
  };
  const write = (writer: TraceWriter, name: string, n: number): void =>
    writer
      .dataStream(name, writer.traceClass.dataStreamClasses.get(0n)!)
      .write({ eventRecordClass: event, clockSnapshot: BigInt(n), payload: { n } });
  const first = TraceWriter.create(directory, traceClass);
  write(first, 'b', 1);
  write(first, 'a', 2);
  first.close();
  const second = TraceWriter.append(directory);
  write(second, 'c', 3);
  write(second, 'a', 4);
  second.close();
  const traceSet = openTraceDirectory(directory);
  assert.deepEqual(
    traceSet.traces[0]!.dataStreams.map(({ name, id }) => [name, id]),
    [
      ['a', 1n],
      ['b', 0n],
      ['c', 2n],
    ],
  );
  const order = [...readEventRecords(traceSet)].map((item) => (isEventRecord(item) ? item.timeNs : undefined));
  assert.equal(order.length, 4);
  const lazyOrder = [...readEventRecords(traceSet, { lazy: true })].map((item) =>
    isEventRecord(item) ? item.timeNs : undefined,
  );
  assert.deepEqual(lazyOrder, order);
  traceSet.close();
});
