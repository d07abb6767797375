// SPDX-License-Identifier: MIT
// Lazy records say what the others say, however late they are asked.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError, InputError } from '@lockstep/base';
import type { DataStream, EventRecord, FieldValue, LazyEventRecord, StructureValue } from '../model/event-record.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { arbitraryBytes, arbitraryTraceClass, integer, struct, TEST_CLOCK } from '../testing/arbitrary-trace.ts';
import { createDataStreamReader, isEventRecord, type DataStreamReaderOptions } from './data-stream-reader.ts';
import { plainValue } from './lazy-values.ts';
import { memoryMedium } from './medium.ts';
import { EventRecordMerge } from './merge.ts';

function streamOf(traceClass: TraceClass): DataStream {
  const dataStreamClass = [...traceClass.dataStreamClasses.values()][0]!;
  return { name: 's', trace: { name: '', traceClass, dataStreams: [] }, dataStreamClass, id: undefined };
}

/** All records at once, and the error that ended them. */
function readAll(
  dataStream: DataStream,
  bytes: Uint8Array,
  options: Partial<DataStreamReaderOptions>,
): { readonly records: EventRecord[]; readonly error: string | undefined } {
  const records: EventRecord[] = [];
  // The smallest windows: those of the first records are gone long before the last.
  const reader = createDataStreamReader({ dataStream, medium: memoryMedium(bytes), windowBytes: 256, ...options });
  try {
    for (let item = reader.next(); item !== undefined; item = reader.next())
      if (isEventRecord(item)) records.push(item);
  } catch (error) {
    if (!(error instanceof CtfError)) throw error;
    return { records, error: error.sentence };
  }
  return { records, error: undefined };
}

function valuesOf({
  eventRecordClass,
  clockSnapshot,
  timeNs,
  commonContext,
  specificContext,
  payload,
}: EventRecord): unknown {
  return [
    eventRecordClass.name,
    clockSnapshot,
    timeNs,
    ...[commonContext, specificContext, payload].map((scope) => plainValue(scope)),
  ];
}

/** Bigints as numbers; bit arrays and maps stay bigints, too. */
function rounded(value: FieldValue): FieldValue {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return (value as readonly FieldValue[]).map(rounded);
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value as StructureValue).map(([name, member]) => [name, rounded(member)]));
}

test('lazy records of random classes and bytes are those of the eager reader, asked when all have been read', () => {
  let compared = 0;
  fc.assert(
    fc.property(arbitraryTraceClass, arbitraryBytes, (traceClass, bytes) => {
      const dataStream = streamOf(traceClass);
      const eager = readAll(dataStream, bytes, {});
      for (const decoder of ['generated', 'interpreted'] as const) {
        const lazy = readAll(dataStream, bytes, { lazy: true, decoder });
        assert.equal(lazy.error, eager.error);
        assert.deepEqual(lazy.records.map(valuesOf), eager.records.map(valuesOf));
        for (const record of lazy.records as LazyEventRecord[])
          assert.equal(BigInt(record.timeSeconds!) * 1_000_000_000n + BigInt(record.timeNanoseconds!), record.timeNs);
      }
      compared += eager.records.length;
    }),
    { numRuns: 150, seed: 5, endOnFailure: true, includeErrorInReport: true },
  );
  assert.ok(compared > 500, `only ${compared} records were compared`);
});

test('wide integers as numbers are those of the bigints, rounded', () => {
  fc.assert(
    fc.property(arbitraryTraceClass, arbitraryBytes, fc.boolean(), (traceClass, bytes, lazy) => {
      const dataStream = streamOf(traceClass);
      const eager = readAll(dataStream, bytes, {});
      const payloads = eager.records.map(({ payload, commonContext }) => [rounded(commonContext), rounded(payload)]);
      for (const decoder of ['generated', 'interpreted'] as const) {
        const { records, error } = readAll(dataStream, bytes, { wideIntegers: 'number', decoder, lazy });
        assert.equal(error, eager.error);
        assert.deepEqual(
          records.map(({ payload, commonContext }) => [
            rounded(plainValue(commonContext)),
            rounded(plainValue(payload)),
          ]),
          payloads,
        );
      }
    }),
    { numRuns: 100, seed: 6, endOnFailure: true, includeErrorInReport: true },
  );
});

const names = ['__proto__', 'constructor', 'toJSON', 'a"]; throw 1; //'];
const traceClass: TraceClass = {
  byteOrder: 'little-endian',
  environment: new Map(),
  clockClasses: [TEST_CLOCK],
  dataStreamClasses: new Map([
    [
      0n,
      {
        id: 0n,
        eventRecordClasses: new Map([
          [
            0n,
            {
              id: 0n,
              name: 'e',
              payload: struct([
                ['n', integer(8)],
                ['big', integer(64, { type: 'fixed-length-signed-integer' })],
                ['s', { type: 'null-terminated-string' }],
                ...names.map((name) => [name, { type: 'null-terminated-string' }] as const),
              ]),
            },
          ],
        ]),
      },
    ],
  ]),
};

test('members of any name are read by it; JSON and inspect show all of them', () => {
  const text = names.map((name) => `<${name}>\0`).join('');
  const bytes = Buffer.concat([Buffer.from([7, ...Array<number>(8).fill(0xff)]), Buffer.from(`text\0${text}`)]);
  const { records } = readAll(streamOf(traceClass), bytes, { lazy: true });
  const payload = records[0]!.payload!;
  assert.deepEqual([payload['n'], payload['big'], payload['s']], [7, -1n, 'text']);
  for (const name of names) assert.equal(payload[name], `<${name}>`);
  assert.deepEqual(Object.keys(plainValue(payload) as object), ['n', 'big', 's', ...names]);
  assert.match(inspect(payload), /s: 'text'/);
  for (const lazy of [true, false])
    assert.equal(
      readAll(streamOf(traceClass), bytes, { wideIntegers: 'number', lazy }).records[0]!.payload!['big'],
      -1,
    );
  const plain = struct([['s', { type: 'null-terminated-string' }]]);
  const dsc = {
    ...traceClass.dataStreamClasses.get(0n)!,
    eventRecordClasses: new Map([[0n, { id: 0n, name: 'e', payload: plain }]]),
  };
  const only = readAll(streamOf({ ...traceClass, dataStreamClasses: new Map([[0n, dsc]]) }), Buffer.from('t\0'), {
    lazy: true,
  });
  assert.equal(JSON.stringify(only.records[0]!.payload), '{"s":"t"}');
});

test('lazy readers are not merged with others', () => {
  const reader = (lazy: boolean): ReturnType<typeof createDataStreamReader> =>
    createDataStreamReader({ dataStream: streamOf(traceClass), medium: memoryMedium(new Uint8Array(0)), lazy });
  assert.throws(() => new EventRecordMerge([reader(true), reader(false)]), InputError);
});
