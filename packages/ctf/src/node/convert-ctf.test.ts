// SPDX-License-Identifier: MIT
// Traces of CTF 2 written as CTF 1.8 and back: the same values, whatever their field classes; babeltrace2 reads them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { CtfError } from '@lockstep/base';
import { toCtf18Class } from '../export/ctf18-class.ts';
import { writeJsonMetadata } from '../metadata/json-metadata-writer.ts';
import type { EventRecord, FieldValue, StructureValue, Trace } from '../model/event-record.ts';
import type { FieldClass, StructureFieldClass, VariantFieldClass } from '../model/field-class.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { createDataStreamReader, isEventRecord } from '../read/data-stream-reader.ts';
import { memoryMedium } from '../read/medium.ts';
import { arbitraryBytes, arbitraryTraceClass, integer, struct, TEST_CLOCK } from '../testing/arbitrary-trace.ts';
import { convertToCtf } from './convert-ctf.ts';
import { readEventRecords } from './read-traces.ts';
import { openTraceDirectory } from './trace-set.ts';
import { TraceWriter } from './trace-writer.ts';

const hasBabeltrace = spawnSync('babeltrace2', ['--version']).status === 0;

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-convert-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** What both versions can say of a value: members by place, integers by value, what is absent as nothing. */
function plain(value: FieldValue): unknown {
  if (value === undefined) return [];
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Uint8Array || Array.isArray(value)) return Array.from(value as FieldValue[], plain);
  if (typeof value === 'object') return Object.values(value as StructureValue).map(plain);
  return String(value);
}

function valuesOf(records: readonly EventRecord[]): unknown[] {
  return records.map((record) => [record.eventRecordClass.id, plain(record.commonContext), plain(record.payload)]);
}

function readAll(directory: string): EventRecord[] {
  const traceSet = openTraceDirectory(directory);
  try {
    return [...readEventRecords(traceSet)].filter(isEventRecord);
  } finally {
    traceSet.close();
  }
}

function convert(from: string, to: string, version: '1.8' | '2'): void {
  const traceSet = openTraceDirectory(from);
  try {
    convertToCtf(traceSet, to, { version });
  } finally {
    traceSet.close();
  }
}

/** Records that random bytes mean. */
function recordsIn(traceClass: TraceClass, bytes: Uint8Array): EventRecord[] {
  const trace: Trace = { name: '', traceClass, dataStreams: [] };
  const dataStreamClass = [...traceClass.dataStreamClasses.values()][0]!;
  const reader = createDataStreamReader({
    dataStream: { name: '', trace, dataStreamClass, id: undefined },
    medium: memoryMedium(bytes),
  });
  const records: EventRecord[] = [];
  try {
    for (let item = reader.next(); item !== undefined && records.length < 20; item = reader.next())
      if (isEventRecord(item)) records.push(item);
  } catch (error) {
    if (!(error instanceof CtfError)) throw error;
  }
  return records;
}

/** Packets that say how long they are: else a record that ends within a byte would be followed by bits of padding. */
function withSizes(traceClass: TraceClass): TraceClass {
  const [dsc] = traceClass.dataStreamClasses.values();
  const { byteOrder } = traceClass;
  const packetContext: StructureFieldClass = {
    ...dsc!.packetContext,
    type: 'structure',
    memberClasses: [
      { name: 'content_size', fieldClass: integer(64, { byteOrder, roles: ['packet-content-length'] }) },
      { name: 'packet_size', fieldClass: integer(64, { byteOrder, roles: ['packet-total-length'] }) },
      ...(dsc!.packetContext?.memberClasses ?? []),
    ],
  };
  return { ...traceClass, dataStreamClasses: new Map([[dsc!.id, { ...dsc!, packetContext }]]) };
}

function write(directory: string, traceClass: TraceClass, records: readonly EventRecord[]): void {
  const writer = TraceWriter.create(directory, traceClass, { writeMetadata: writeJsonMetadata });
  const stream = writer.dataStream('s', [...traceClass.dataStreamClasses.values()][0]!);
  let time = 0n;
  for (const { eventRecordClass, commonContext, specificContext, payload } of records)
    stream.write({ eventRecordClass, clockSnapshot: (time += 10n), commonContext, specificContext, payload });
  writer.close();
}

test('random traces of CTF 2 keep their values as CTF 1.8 and back', (t) => {
  const directory = temporary(t);
  let [index, compared, refused] = [0, 0, 0];
  fc.assert(
    fc.property(arbitraryTraceClass, arbitraryBytes, (traceClass, bytes) => {
      const path = join(directory, String(index++));
      const isText = (record: EventRecord): boolean =>
        !JSON.stringify(plain(record.payload)).includes('\ufffd') &&
        !JSON.stringify(plain(record.commonContext)).includes('\ufffd');
      try {
        write(join(path, 'a'), withSizes(traceClass), recordsIn(traceClass, bytes).filter(isText));
      } catch (error) {
        if (error instanceof CtfError) return;
        throw error;
      }
      const original = valuesOf(readAll(join(path, 'a')));
      try {
        convert(join(path, 'a'), join(path, 'b'), '1.8');
      } catch (error) {
        if (!(error instanceof CtfError)) throw error;
        refused++;
        return;
      }
      assert.deepEqual(valuesOf(readAll(join(path, 'b'))), original);
      convert(join(path, 'b'), join(path, 'c'), '2');
      assert.deepEqual(valuesOf(readAll(join(path, 'c'))), original);
      if (original.length > 0) compared++;
      rmSync(path, { recursive: true });
    }),
    { numRuns: 150, seed: 20_261_125, includeErrorInReport: true, endOnFailure: true },
  );
  assert.ok(compared > 30, `only ${compared} traces were compared, ${refused} were refused`);
});

function sampleClass(): TraceClass {
  const location = (name: string): { readonly path: readonly string[] } => ({ path: [name] });
  const flag: FieldClass = {
    type: 'fixed-length-boolean',
    length: 8,
    byteOrder: 'little-endian',
    alignment: 8,
  };
  const variant: VariantFieldClass = {
    type: 'variant',
    selectorFieldLocation: location('tag'),
    options: [
      { name: 'small', selectorFieldRanges: [[0n, 3n]], fieldClass: integer(8) },
      {
        name: 'not an identifier',
        selectorFieldRanges: [
          [4n, 4n],
          [9n, 300n],
        ],
        fieldClass: { type: 'null-terminated-string' },
      },
    ],
  };
  const payload = struct([
    ['tag', integer(8, { mappings: { small: [[7, 7]], kept: [[0, 9]] } })],
    ['chosen', variant],
    ['flag', flag],
    ['maybe', { type: 'optional', selectorFieldLocation: location('flag'), fieldClass: integer(16) }],
    [
      'by_tag',
      {
        type: 'optional',
        selectorFieldLocation: location('tag'),
        selectorFieldRanges: [[2n, 4n]],
        fieldClass: integer(32),
      },
    ],
  ]);
  return {
    byteOrder: 'little-endian',
    environment: new Map(),
    clockClasses: [TEST_CLOCK],
    dataStreamClasses: new Map([[0n, { id: 0n, eventRecordClasses: new Map([[0n, { id: 0n, name: 'e', payload }]]) }]]),
  };
}

test('selectors become enumerations with a label of each option, optional fields variants, and optional fields again', (t) => {
  const directory = temporary(t);
  const traceClass = sampleClass();
  const eventRecordClass = traceClass.dataStreamClasses.get(0n)!.eventRecordClasses.get(0n)!;
  const writer = TraceWriter.create(join(directory, 'a'), traceClass, { writeMetadata: writeJsonMetadata });
  const stream = writer.dataStream('s', traceClass.dataStreamClasses.get(0n)!);
  const payloads: StructureValue[] = [
    { tag: 1, chosen: 5, flag: true, maybe: 6, by_tag: undefined },
    { tag: 4, chosen: 'text', flag: false, maybe: undefined, by_tag: 70 },
  ];
  for (const payload of payloads) stream.write({ eventRecordClass, payload });
  writer.close();
  convert(join(directory, 'a'), join(directory, 'b'), '1.8');
  convert(join(directory, 'b'), join(directory, 'c'), '2');

  const [first, second] = readAll(join(directory, 'b')).map(({ payload }) => payload);
  assert.deepEqual(first, { tag: 1, chosen: 5, flag: 1, maybe: 6, by_tag: {} });
  assert.deepEqual(second, { tag: 4, chosen: 'text', flag: 0, maybe: {}, by_tag: 70 });
  const members = toCtf18Class(traceClass).dataStreamClasses.get(0n)!.eventRecordClasses.get(0n)!
    .payload!.memberClasses;
  const tag = members[0]!.fieldClass;
  assert.deepEqual('mappings' in tag ? Object.keys(tag.mappings ?? {}) : [], [
    'small',
    'kept',
    'small_2',
    'not_an_identifier',
    'absent',
    'present',
  ]);
  assert.deepEqual(
    readAll(join(directory, 'c')).map(({ payload }) => payload),
    payloads.map((payload) => ({ ...payload, flag: payload['flag'] === true ? 1 : 0 })),
  );
  if (!hasBabeltrace) {
    t.diagnostic('babeltrace2 is not installed: it did not read the converted trace');
    return;
  }
  const { stdout, stderr, status } = spawnSync('babeltrace2', [join(directory, 'b')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /chosen = \{ 5 \}.*maybe = \{ 6 \}.*by_tag = \{ \{ \} \}/);
  assert.match(stdout, /chosen = \{ "text" \}.*maybe = \{ \{ \} \}.*by_tag = \{ 70 \}/);
});
