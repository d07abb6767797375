// SPDX-License-Identifier: MIT
// Interop: babeltrace2 must read, without a warning, the metadata and the packets that we write.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TraceClass } from '../model/trace-class.ts';
import {
  everyKindOfField,
  eventRecordClass,
  type FieldWriter,
  samplePacket,
  sampleTraceClass,
  SAMPLE_UUID,
} from '../testing/sample-trace.ts';
import {
  encodeIndexEntry,
  encodeIndexHeader,
  signedInteger,
  structure,
  writeEventRecordClass,
  writeMetadata,
} from '../write.ts';

const hasBabeltrace = spawnSync('babeltrace2', ['--version']).status === 0;
const SKIP = hasBabeltrace ? false : 'babeltrace2 is not installed';

/** Runs babeltrace2 over a directory made of `files`; fails on any warning. */
function readWithBabeltrace(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: readonly string[] = [],
): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-ctf-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  const run = spawnSync('babeltrace2', [...options, directory], { encoding: 'utf8' });
  assert.equal(run.stderr, '');
  assert.equal(run.status, 0);
  return run.stdout;
}

function writeRecords(writer: FieldWriter): void {
  // Compact event header, then a record in the extended one with a full clock.
  writer.align(8);
  writer.integer(16, 1).integer(32, 1001);
  writeEveryKind(writer, -5);
  writer.align(8);
  writer.integer(16, 0xffff).align(8);
  writer.integer(32, 70_000).integer(64, 1_000_000_000_000n).integer(32, 42);
}

function writeEveryKind(writer: FieldWriter, int: number): void {
  writer.align(8);
  writer.integer(32, int).integer(8, 1).integer(64, 0xdeadn).float64(9.5).string('A-17').integer(8, 2);
  writer.integer(32, 3).integer(16, 1).integer(16, 2).integer(16, 3);
  writer.integer(8, -1).integer(8, 7);
  for (const character of 'node\0\0\0\0') writer.integer(8, character.charCodeAt(0));
  writer.integer(16, 10).integer(16, -20);
}

const EVENTS = [
  eventRecordClass(1, 'shop:"order"', everyKindOfField(), 6),
  eventRecordClass(70_000, 'shop:late', structure({ value: signedInteger(32) })),
  eventRecordClass(2, 'shop:empty', structure({})),
];

test('babeltrace2 reads a program trace with every kind of field, in both event headers', { skip: SKIP }, (t) => {
  const traceClass = sampleTraceClass('program', EVENTS);
  const packet = samplePacket('program', [1000n, 1_000_000_000_000n], writeRecords);
  const output = readWithBabeltrace(t, { metadata: writeMetadata(traceClass), channel0_3: packet }, [
    '--clock-seconds',
  ]);
  assert.equal(
    output,
    '[1700000000.000000502] (+?.?????????) box shop:"order": { cpu_id = 1, vpid = 77, vtid = 78, tid = 9078, discarded = { full = 0, wrapped = 0, too_big = 0 } }, ' +
      '{ int = -5, flag = 1, address = 0xDEAD, total = 9.5, sku = "A-17", color = ( "dark blue" : container = 2 ), ' +
      '_sizes_length = 3, sizes = [ [0] = 1, [1] = 2, [2] = 3 ], _hidden = [ [0] = -1, [1] = 7 ], comm = "node", ' +
      'point = { x = 10, y = -20 } }\n' +
      '[1700000500.000000002] (+499.999999500) box shop:late: { cpu_id = 1, vpid = 77, vtid = 78, tid = 9078, discarded = { full = 0, wrapped = 0, too_big = 0 } }, { value = 42 }\n',
  );
});

test('babeltrace2 reads a kernel trace with its tid context and an index', { skip: SKIP }, (t) => {
  const traceClass = sampleTraceClass('kernel', [
    eventRecordClass(3, 'sched_waking', structure({ prio: signedInteger(32) })),
  ]);
  const packet = samplePacket('kernel', [1000n, 2000n], (writer) => {
    writer.integer(16, 3).integer(32, 1500).integer(32, 4711).integer(32, 120);
  });
  const index = new Uint8Array(16 + 72);
  index.set(encodeIndexHeader());
  encodeIndexEntry(
    {
      offsetBytes: 0n,
      packetSizeBits: 4096n * 8n,
      contentSizeBits: 104n * 8n,
      timestampBegin: 1000n,
      timestampEnd: 2000n,
      discardedEventRecordCount: 0n,
      streamId: 0n,
      streamInstanceId: 3n,
      sequenceNumber: 0n,
    },
    index,
    16,
  );
  const output = readWithBabeltrace(
    t,
    { 'kernel/metadata': writeMetadata(traceClass), 'kernel/k_1': packet, 'kernel/index/k_1.idx': index },
    ['--clock-seconds'],
  );
  assert.equal(
    output,
    '[1700000000.000000752] (+?.?????????) box sched_waking: { cpu_id = 1 }, { tid = 4711 }, { prio = 120 }\n',
  );
});

test('babeltrace2 merges two traces of one recording by their common clock', { skip: SKIP }, (t) => {
  const program = sampleTraceClass('program', EVENTS);
  const kernel: TraceClass = {
    ...sampleTraceClass('kernel', [eventRecordClass(3, 'sched_waking', structure({ prio: signedInteger(32) }))]),
    uuid: SAMPLE_UUID.replace('2a', '2b'),
  };
  const packet = samplePacket('kernel', [1000n, 2000n], (writer) => {
    writer.integer(16, 3).integer(32, 1500).integer(32, 4711).integer(32, 120);
  });
  packet[4] = 0x2b;
  const output = readWithBabeltrace(t, {
    'ust/pid/x/metadata': writeMetadata(program),
    'ust/pid/x/channel0_3': samplePacket('program', [1000n, 1_000_000_000_000n], writeRecords),
    'kernel/metadata': writeMetadata(kernel),
    'kernel/k_1': packet,
  });
  assert.deepEqual(output.match(/shop:\w+|shop:"order"|sched_waking/g), ['shop:"order"', 'sched_waking', 'shop:late']);
});

test('babeltrace2 accepts metadata that event record classes were appended to', { skip: SKIP }, (t) => {
  const before = sampleTraceClass('program', []);
  const dataStreamClass = before.dataStreamClasses.get(0n);
  assert.ok(dataStreamClass);
  let metadata = writeMetadata(before);
  for (const event of EVENTS) metadata += `\n${writeEventRecordClass(before, dataStreamClass, event)}`;
  const packet = samplePacket('program', [1000n, 1_000_000_000_000n], writeRecords);
  assert.equal(readWithBabeltrace(t, { metadata, channel0_3: packet }).split('\n').length, 3);
});
