// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError, type Nanoseconds } from '@lockstep/base';
import type { DataStream, FieldValue, StructureValue, Trace } from '../model/event-record.ts';
import type { EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { arbitraryBytes, arbitraryTraceClass } from '../testing/arbitrary-trace.ts';
import { ColumnReader, valueAt, type ColumnRequest } from './columns.ts';
import { isText } from './lazy-class.ts';
import { isWideText } from '../model/field-class-traits.ts';
import { createDataStreamReader, isEventRecord } from './data-stream-reader.ts';
import { memoryMedium } from './medium.ts';
import { PacketReader } from './packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from './trace-decoder.ts';

function streamOf(traceClass: TraceClass): DataStream {
  const trace: Trace = { name: 'test', traceClass, dataStreams: [] };
  return { name: 'stream', trace, dataStreamClass: [...traceClass.dataStreamClasses.values()][0]!, id: undefined };
}

function plain(value: FieldValue): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

interface Range {
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
}

/** Through event records: the oracle. */
function throughRecords(
  stream: DataStream,
  bytes: Uint8Array,
  erc: EventRecordClass,
  columns: readonly ColumnRequest[],
  range: Range,
  rows: unknown[],
): void {
  const reader = createDataStreamReader({ dataStream: stream, medium: memoryMedium(bytes) });
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (!isEventRecord(item) || item.eventRecordClass !== erc) continue;
    if (range.begin !== undefined && item.timeNs! < range.begin) continue;
    if (range.end !== undefined && item.timeNs! > range.end) continue;
    const record = item;
    rows.push([
      record.clockSnapshot,
      ...columns.map(({ scope, path, exact }) => {
        const root: StructureValue | undefined =
          scope === 'event-record-common-context' ? record.commonContext : record.payload;
        const value = path.reduce<FieldValue>((at, name) => (at as StructureValue)[name], root);
        return exact === true ? value : plain(value);
      }),
    ]);
  }
}

function throughColumns(
  stream: DataStream,
  bytes: Uint8Array,
  erc: EventRecordClass,
  columns: readonly ColumnRequest[],
  options: Range & { readonly kind: DecoderKind; readonly windowBytes: number },
  rows: unknown[],
): void {
  const decoder = traceDecoderOf(stream.trace.traceClass, options.kind);
  const packets = new PacketReader({
    decoder,
    medium: memoryMedium(bytes),
    streamName: 'x',
    windowBytes: options.windowBytes,
  });
  const reader = new ColumnReader(packets, stream, erc, columns, { ...options, withClock: true });
  for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
    for (let i = 0; i < batch.rowCount; i++)
      rows.push([batch.clock?.[i], ...batch.columns.map((column) => valueAt(column, i))]);
  }
}

/** Rows, and whether the stream was refused after them. */
function outcome(read: (rows: unknown[]) => void): { readonly rows: unknown[]; readonly isRefused: boolean } {
  const rows: unknown[] = [];
  try {
    read(rows);
  } catch (error) {
    assert.ok(error instanceof CtfError, String(error instanceof Error ? error.stack : error));
    return { rows, isRefused: true };
  }
  return { rows, isRefused: false };
}

test('columns hold what event records hold, by generated and by interpreted code, whole and in parts', () => {
  let rowCount = 0;
  fc.assert(
    fc.property(
      arbitraryTraceClass,
      arbitraryBytes,
      fc.boolean(),
      fc.constantFrom(256, 1 << 16),
      fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
      (traceClass, bytes, exact, windowBytes, from) => {
        const stream = streamOf(traceClass);
        const base = 1_700_000_000_000_000_005n;
        const range =
          from === undefined ? {} : { begin: (base + BigInt(from)) as Nanoseconds, end: (base + 100n) as Nanoseconds };
        for (const erc of stream.dataStreamClass.eventRecordClasses.values()) {
          // Text as places where integers are exact: half of the cases.
          const columns: ColumnRequest[] = erc.payload!.memberClasses.map(({ name, fieldClass }) => ({
            path: [name],
            exact,
            isLazy: exact && isText(fieldClass) && !isWideText(fieldClass),
          }));
          columns.push({ scope: 'event-record-common-context', path: ['n'], exact });
          const expected = outcome((rows) => throughRecords(stream, bytes, erc, columns, range, rows));
          rowCount += expected.rows.length;
          for (const kind of ['generated', 'interpreted'] as const) {
            const options = { ...range, kind, windowBytes };
            const found = outcome((rows) => throughColumns(stream, bytes, erc, columns, options, rows));
            assert.deepEqual(widen(found.rows, exact), widen(expected.rows, exact));
            assert.equal(found.isRefused, expected.isRefused);
          }
        }
      },
    ),
    { numRuns: 300, seed: 5 },
  );
  assert.ok(rowCount > 300, `only ${rowCount} rows were compared`);
});

/** Integers are numbers in one way of reading and bigints in another; without `exact` they are rounded in one. */
function widen(value: unknown, exact: boolean): unknown {
  if (Array.isArray(value)) return value.map((element) => widen(element, exact));
  if (!exact) return typeof value === 'bigint' ? Number(value) : value;
  return typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
}
