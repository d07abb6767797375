// SPDX-License-Identifier: MIT
// A sound trace, and the same with one thing wrong each time.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InputError, type Nanoseconds } from '@lockstep/base';
import { PACKET_TIMESTAMP_BEGIN_OFFSET, PACKET_TIMESTAMP_END_OFFSET } from '../write.ts';
import { eventRecordClass, sampleTraceClass } from '../testing/sample-trace.ts';
import { signedInteger, structure } from '../write.ts';
import { checkTraces } from './check-traces.ts';
import { measureTraces } from './measure-traces.ts';
import { readEventRecords } from './read-traces.ts';
import { openTraceDirectory } from './trace-set.ts';
import { TraceWriter } from './trace-writer.ts';

const tick = eventRecordClass(1, 'tick', structure({ value: signedInteger(32) }));
const tock = eventRecordClass(2, 'tock', structure({}));

function writeSample(path: string): void {
  const writer = TraceWriter.create(path, sampleTraceClass('kernel', [tick, tock]));
  const dataStreamClass = writer.traceClass.dataStreamClasses.get(0n)!;
  const stream = writer.dataStream('s', dataStreamClass, { packetSizeBytes: 400 });
  for (let time = 1000n; time < 1100n; time += 2n) {
    stream.write({ eventRecordClass: tick, clockSnapshot: time, commonContext: { tid: 1 }, payload: { value: 1 } });
    if (time % 10n === 0n) stream.write({ eventRecordClass: tock, clockSnapshot: time, commonContext: { tid: 1 } });
  }
  stream.discardEventRecords(5n);
  writer.close();
}

test('tells what is wrong with a trace and where, and measures a sound one', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-check-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const sound = join(directory, 'sound');
  writeSample(sound);
  const first = checkTraces(sound);
  assert.deepEqual([first.errors, first.warnings, first.records, first.dataStreams], [0, 1, 60, 1]);
  assert.match(first.problems[0]!.sentence, /discarded while recording/);
  assert.equal(first.problems[0]!.where['count'], 5n);

  const measures = measureTraces(openTraceDirectory(sound));
  assert.deepEqual(
    measures.classes.map(({ name, records }) => [name, records]),
    [
      ['tick', 50],
      ['tock', 10],
    ],
  );
  assert.equal(measures.dataStreams[0]!.discardedEventRecords, 5n);
  assert.equal(measures.endNs! - measures.beginNs!, 49n, '98 cycles at 2 GHz');
  assert.ok(measures.classes[0]!.bytes >= 50 * 14);

  const broken: Readonly<Record<string, readonly [change: (path: string) => void, sentence: RegExp]>> = {
    metadata: [(path) => writeFileSync(join(path, 'metadata'), 'trace {'), /expected|unexpected|CTF/i],
    truncated: [(path) => truncateSync(join(path, 's'), 700), /truncated|reaches beyond|index/],
    magic: [(path) => patch(join(path, 's'), (bytes) => bytes.writeUInt32LE(7, packetOffset(path, 1))), /magic/],
    'begin of a packet': [
      (path) =>
        patch(join(path, 's'), (bytes) =>
          bytes.writeBigUInt64LE(1n, packetOffset(path, 1) + PACKET_TIMESTAMP_BEGIN_OFFSET),
        ),
      /begins before the one before it ends/,
    ],
    'end of a packet': [
      (path) => patch(join(path, 's'), (bytes) => bytes.writeBigUInt64LE(1000n, PACKET_TIMESTAMP_END_OFFSET)),
      /after the end of its packet/,
    ],
    'an index': [
      (path) => patch(join(path, 'index/s.idx'), (bytes) => bytes.writeBigUInt64BE(8n, 16 + 8)),
      /index says another size/,
    ],
    'an emptied stream': [(path) => truncateSync(join(path, 's'), 0), /index names packets that are not there/],
    'a deleted stream': [(path) => rmSync(join(path, 's')), /index names packets that are not there/],
    'an index that is none': [(path) => writeFileSync(join(path, 'index/s.idx'), 'x'), /not a packet index/],
  };
  for (const [name, [change, sentence]] of Object.entries(broken)) {
    const path = join(directory, name.replaceAll(' ', '-'));
    cpSync(sound, path, { recursive: true });
    change(path);
    const report = checkTraces(path);
    assert.ok(report.errors > 0, name);
    assert.match(report.problems.map((problem) => problem.sentence).join('\n'), sentence, name);
  }
  // The end of a packet was read late; no record is at a wrong time.
  const late = join(directory, 'late');
  cpSync(sound, late, { recursive: true });
  rmSync(join(late, 'index'), { recursive: true });
  const begin = readFileSync(join(sound, 's')).readBigUInt64LE(packetOffset(sound, 1) + PACKET_TIMESTAMP_BEGIN_OFFSET);
  patch(join(late, 's'), (bytes) => bytes.writeBigUInt64LE(begin + 1n, PACKET_TIMESTAMP_END_OFFSET));
  const lateReport = checkTraces(late);
  assert.deepEqual([lateReport.errors, lateReport.warnings], [0, 2]);
  assert.match(lateReport.problems[0]!.sentence, /begins before the one before it ends/);
  rmSync(late, { recursive: true });
  // Others beside a broken one are checked all the same.
  const all = checkTraces(directory);
  assert.equal(all.traces, Object.keys(broken).length + 1);
  assert.throws(() => checkTraces(join(directory, 'nothing')), InputError);
});

test('pipes and endless files in place of metadata and indexes are told, and not waited for', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-check-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  if (spawnSync('mkfifo', [join(directory, 'pipe')]).status !== 0) {
    t.skip('mkfifo is missing');
    return;
  }
  const sample = join(directory, 'sample');
  writeSample(sample);
  const index = join(sample, 'index/s.idx');
  renameSync(join(directory, 'pipe'), index);
  assert.match(checkTraces(sample).problems[0]!.sentence, /no regular file/);
  assert.equal([...readEventRecords(openTraceDirectory(sample), { begin: 520n as Nanoseconds })].length > 0, true);
  renameSync(index, join(sample, 'metadata'));
  assert.match(checkTraces(sample).problems[0]!.sentence, /no regular file/);
  rmSync(join(sample, 'metadata'));
  writeFileSync(join(sample, 'metadata'), '');
  truncateSync(join(sample, 'metadata'), 2 ** 32);
  assert.match(checkTraces(sample).problems[0]!.sentence, /too large/);
});

function patch(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

/** Of the packet with a number, by the index. */
function packetOffset(path: string, index: number): number {
  return Number(readFileSync(join(path, 'index/s.idx')).readBigUInt64BE(16 + 72 * index));
}
