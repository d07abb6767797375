// SPDX-License-Identifier: MIT
// Columns by several threads against columns by one.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CtfError, InputError } from '@lockstep/base';
import type { DataStreamClass, TraceClass } from '../model/trace-class.ts';
import { valueAt, type ColumnBatch } from '../read/columns.ts';
import { TEST_CLOCK } from '../testing/arbitrary-trace.ts';
import { nullTerminatedString, programPacketClasses, structure, unsignedInteger } from '../write.ts';
import { readColumnsParallel, type ParallelColumnOptions } from './read-columns-parallel.ts';
import { readColumns, type ColumnOptions } from './read-columns.ts';
import { openTraceDirectory } from './trace-set.ts';
import { TraceWriter } from './trace-writer.ts';

/** So small that a trace of a test is many ranges. */
const LIMITS = { leastBytes: 0, rangeBytes: 20_000 };
/** Else this thread would be done before others have started. */
const BY_OTHERS = { ...LIMITS, isIdleHere: true };
const COUNT = 6000;

const packetClasses = programPacketClasses('test');
const pair = { id: 0n, name: 'pair', payload: structure({ n: unsignedInteger(64), text: nullTerminatedString() }) };
const other = { id: 1n, name: 'other', payload: structure({ text: nullTerminatedString() }) };

function writeTrace(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-columns-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'trace');
  const dataStreamClass: DataStreamClass = {
    id: 0n,
    packetContext: packetClasses.packetContext,
    eventRecordHeader: packetClasses.eventRecordHeader,
    defaultClock: TEST_CLOCK,
    eventRecordClasses: new Map([
      [0n, pair],
      [1n, other],
    ]),
  };
  const traceClass: TraceClass = {
    uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
    byteOrder: 'little-endian',
    environment: new Map(),
    packetHeader: packetClasses.packetHeader,
    clockClasses: [TEST_CLOCK],
    dataStreamClasses: new Map([[0n, dataStreamClass]]),
  };
  const writer = TraceWriter.create(path, traceClass);
  for (const [id, name] of ['a', 'b'].entries()) {
    const stream = writer.dataStream(name, dataStreamClass, { id: BigInt(id), packetSizeBytes: 1024 });
    for (let i = 0; i < COUNT; i++) {
      const text = 'é'.repeat(i % 9) + 'x'.repeat(i % 23);
      const payload = i % 3 === 0 ? { text } : { n: 2n ** 60n + BigInt(i), text };
      stream.write({ eventRecordClass: i % 3 === 0 ? other : pair, clockSnapshot: BigInt(i * 10), payload });
    }
  }
  writer.close();
  return path;
}

const WANTED: ColumnOptions = {
  event: 'pair',
  columns: [
    { path: ['n'], exact: true },
    { path: ['text'], isLazy: true },
  ],
  withClock: true,
};

function rowsOf({ dataStream, eventRecordClass, rowCount, columns, clock }: ColumnBatch): string[] {
  return Array.from({ length: rowCount }, (_, i) =>
    [dataStream.name, eventRecordClass.name, clock?.[i], ...columns.map((column) => valueAt(column, i))].join(' '),
  );
}

async function outcome(
  batches: Iterable<ColumnBatch> | AsyncIterable<ColumnBatch>,
): Promise<{ rows: string[]; error: unknown }> {
  const rows: string[] = [];
  try {
    for await (const batch of batches) rows.push(...rowsOf(batch));
  } catch (error) {
    return { rows, error };
  }
  return { rows, error: undefined };
}

test('several threads read the rows that one reads, in order where that is asked for', async (t) => {
  const traceSet = openTraceDirectory(writeTrace(t));
  t.after(() => traceSet.close());
  for (const range of [{}, { begin: 1_700_000_000_000_020_005n, end: 1_700_000_000_000_040_000n }]) {
    const options = { ...WANTED, ...range } as ParallelColumnOptions;
    const expected = await outcome(readColumns(traceSet, options));
    assert.equal(expected.error, undefined);
    if (!('begin' in range)) assert.equal(expected.rows.length, (COUNT / 3) * 4);
    const ordered = await outcome(
      readColumnsParallel(traceSet, { ...options, threads: 3, isOrdered: true }, BY_OTHERS),
    );
    assert.deepEqual(ordered, expected);
    const shared = await outcome(readColumnsParallel(traceSet, { ...options, threads: 3, isOrdered: true }, LIMITS));
    assert.deepEqual(shared, expected);
    const unordered = await outcome(readColumnsParallel(traceSet, { ...options, threads: 3 }, BY_OTHERS));
    assert.deepEqual({ ...unordered, rows: unordered.rows.sort() }, { ...expected, rows: expected.rows.sort() });
  }
});

test('a damaged packet is told after the rows before it, whoever reads it', async (t) => {
  const path = writeTrace(t);
  const file = join(
    path,
    readdirSync(path).find((name) => name !== 'metadata' && name !== 'index' && !name.startsWith('.'))!,
  );
  const bytes = readFileSync(file);
  // In the middle of a packet's records, far from the first range.
  bytes.fill(0xff, 1024 * 40 + 500, 1024 * 40 + 800);
  writeFileSync(file, bytes);
  const traceSet = openTraceDirectory(path);
  t.after(() => traceSet.close());
  const expected = await outcome(readColumns(traceSet, WANTED));
  assert.ok(expected.error instanceof CtfError);
  const ordered = await outcome(readColumnsParallel(traceSet, { ...WANTED, threads: 3, isOrdered: true }, BY_OTHERS));
  assert.deepEqual(ordered.rows, expected.rows);
  assert.deepEqual(String(ordered.error), String(expected.error));
  const unordered = await outcome(readColumnsParallel(traceSet, { ...WANTED, threads: 3 }, BY_OTHERS));
  assert.deepEqual(String(unordered.error), String(expected.error));
  const found = new Set(unordered.rows);
  assert.ok(expected.rows.every((row) => found.has(row)));
});

test('who stops early, or asks for what is not there, leaves no thread behind', async (t) => {
  const traceSet = openTraceDirectory(writeTrace(t));
  t.after(() => traceSet.close());
  for await (const batch of readColumnsParallel(traceSet, { ...WANTED, threads: 2 }, LIMITS)) {
    assert.ok(batch.rowCount > 0);
    break;
  }
  const wrong = { ...WANTED, columns: [{ path: ['nothing'] }], threads: 2 };
  const { error } = await outcome(readColumnsParallel(traceSet, wrong, LIMITS));
  assert.ok(error instanceof InputError);
});
