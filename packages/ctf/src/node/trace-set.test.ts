// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { CtfError, InputError } from '@lockstep/base';
import { isEventRecord } from '../read/data-stream-reader.ts';
import { FilePool } from './file-pool.ts';
import { countEventRecords } from './count-records.ts';
import { readEventRecords } from './read-traces.ts';
import { openTraceDirectory } from './trace-set.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-traces-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const METADATA = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
trace { major = 1; minor = 8; byte_order = le; };
event { name = tick; fields := struct { uint8_t value; }; };
`;

function makeTrace(name: string, streams: Readonly<Record<string, readonly number[]>>): void {
  mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, name, 'metadata'), METADATA);
  for (const [stream, bytes] of Object.entries(streams))
    writeFileSync(join(directory, name, stream), Uint8Array.from(bytes));
}

test('finds every trace below a directory, but not what lies in .lockstep', () => {
  makeTrace('two/kernel', { a: [1] });
  makeTrace('two/ust/pid/x', { a: [2], b: [3] });
  makeTrace('two/.lockstep/kernel', { a: [4] });
  const traceSet = openTraceDirectory(join(directory, 'two'));
  assert.deepEqual(
    traceSet.traces.map((trace) => trace.name),
    ['kernel', 'ust/pid/x'],
  );
  assert.deepEqual(
    traceSet.traces.map((trace) => trace.dataStreams.map((stream) => stream.name)),
    [['a'], ['a', 'b']],
  );
  const values = [...readEventRecords(traceSet)].map((item) => isEventRecord(item) && item.payload?.['value']);
  assert.deepEqual(
    values.toSorted((a, b) => Number(a) - Number(b)),
    [1, 2, 3],
  );
  assert.equal(countEventRecords(traceSet).records, 3n);
  traceSet.close();
});

test('says in one sentence that a directory holds no trace', () => {
  mkdirSync(join(directory, 'none'));
  assert.throws(
    () => openTraceDirectory(join(directory, 'none')),
    (error) => error instanceof InputError && /holds no CTF trace: it is empty/.test(error.message),
  );
  assert.throws(() => openTraceDirectory(join(directory, 'absent')), InputError);
  assert.throws(() => openTraceDirectory(join(directory, 'two/kernel/metadata')), InputError);
});

test('says whose metadata is wrong when a directory holds several traces', () => {
  makeTrace('wrong/good', { a: [1] });
  makeTrace('wrong/bad', { a: [1] });
  writeFileSync(join(directory, 'wrong/bad/metadata'), '/* CTF 1.8 */\nenv { a = 1; a = 2; };\n');
  assert.throws(
    () => openTraceDirectory(join(directory, 'wrong')),
    (error) => error instanceof CtfError && error.pairs['path'] === join(directory, 'wrong/bad/metadata'),
  );
});

test('reads more streams than files may be open', () => {
  const streams: Record<string, readonly number[]> = {};
  for (let index = 0; index < 20; index++) streams[`s${index}`] = [index];
  makeTrace('many', streams);
  const pool = new FilePool(3);
  const target = new Uint8Array(1);
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 20; index++) {
      assert.equal(pool.read(join(directory, 'many', `s${index}`), 0, target), 1);
      assert.equal(target[0], index);
      assert.ok(pool.openCount <= 3);
    }
  }
  pool.close();
  assert.equal(countEventRecords(openTraceDirectory(join(directory, 'many'))).records, 20n);
});

// Published cases of CTF 1.8 streams that a reader must accept or refuse.
const cases = process.env['LOCKSTEP_CTF_CASES'] ?? resolve('../shared/data/ctf-1.8-cases');

/** Event records of the accepted cases, counted by hand from their bytes; LTTng's by its own viewer. */
const EXPECTED_COUNTS: Readonly<Record<string, bigint>> = {
  '2-packets': 2n,
  '2-packets-no-content-size': 2n,
  '2-packets-no-packet-size': 2n,
  'empty-stream': 0n,
  'empty-stream-no-header': 0n,
  'empty-struct': 1n,
  'in-bound-alignment-2-bit-empty-struct': 0n,
  'in-bound-empty-struct': 0n,
  'in-bound-variant-selected-element': 1n,
  'sequence-with-empty-struct': 1n,
  'single-string-event-repeated': 7809n,
  'variant-missing-enum-mappings': 1n,
  'variant-missing-fields': 1n,
};

function caseNames(kind: 'pass' | 'fail'): string[] {
  try {
    return readdirSync(join(cases, 'stream', kind));
  } catch {
    return [];
  }
}

test('accepts the published streams that are right', (t) => {
  const names = caseNames('pass');
  if (names.length === 0) {
    t.skip('the published cases are not there; LOCKSTEP_CTF_CASES names their directory');
    return;
  }
  for (const name of names) {
    const traceSet = openTraceDirectory(join(cases, 'stream/pass', name));
    const generated = [...readEventRecords(traceSet)].filter(isEventRecord).length;
    const interpreted = [...readEventRecords(traceSet, { decoder: 'interpreted' })].filter(isEventRecord).length;
    const { records } = countEventRecords(traceSet);
    traceSet.close();
    assert.equal(BigInt(generated), records, name);
    assert.equal(interpreted, generated, name);
    const expected = EXPECTED_COUNTS[name];
    if (expected !== undefined) assert.equal(records, expected, name);
  }
});

test('refuses the published streams that are wrong, each with a CtfError', (t) => {
  const names = caseNames('fail');
  if (names.length === 0) {
    t.skip('the published cases are not there; LOCKSTEP_CTF_CASES names their directory');
    return;
  }
  for (const name of names) {
    for (const decoder of ['generated', 'interpreted'] as const) {
      const path = join(cases, 'stream/fail', name);
      assert.throws(() => [...readEventRecords(openTraceDirectory(path), { decoder })], CtfError, `${name} ${decoder}`);
      assert.throws(
        () => countEventRecords(openTraceDirectory(path), { decoder }),
        CtfError,
        `${name} ${decoder} count`,
      );
    }
  }
});
