// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import fs, {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { spawnSync } from 'node:child_process';
import { decodeIndex, PROGRAM_PACKET_HEADER_SIZE_BYTES, readDiscardedByCause } from '@lockstep/ctf/write';
import {
  COMMITTED_WORD,
  DISCARDED_FULL_WORD,
  DISCARDED_TOO_BIG_WORD,
  DISCARDED_WRAPPED_WORD,
  openRingReader,
} from '@lockstep/ring-buffer';
import { channel, createTestSession } from '../testing/test-session.ts';
import { TracedProgram } from '../testing/traced-program.ts';

const other = '99999999-2222-4333-8444-555555555555';

test('moves delivered packets and, at the end, the committed part of the active one', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const consumer = session.openConsumer();
  buffer.writeMany(600);
  assert.equal(consumer.poll(), 2);
  const report = consumer.finish();
  assert.equal(report.programs[0]?.recordCount, 600);
  assert.deepEqual(session.count(), { records: 600, discarded: 0 });
  assert.deepEqual(readdirSync(session.sessionDirectory), []);
});

test('every record is in the trace or in its discarded counter when the consumer stands still', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const consumer = session.openConsumer();
  buffer.writeMany(10_000);
  consumer.poll();
  buffer.writeMany(10_000);
  const report = consumer.finish();
  assert.ok(buffer.discardedCount > 0);
  const { records, discarded } = session.count();
  assert.equal(records + discarded, 20_000);
  assert.equal(discarded, buffer.discardedCount);
  assert.equal(report.programs[0]?.discardedCount, buffer.discardedCount);
  assert.deepEqual(report.programs[0]?.discardedCauses, { full: buffer.discardedCount, tooBig: 0, wrapped: 0 });
});

test('records discarded after the last packet are counted by a closing packet', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const consumer = session.openConsumer();
  while (buffer.write(1));
  buffer.flush();
  consumer.poll();
  // All is delivered and taken; now the buffer is full again, and what comes on top is lost.
  while (buffer.write(2));
  buffer.flush();
  const { buffer: memory } = buffer.mapping;
  const consumedBefore = buffer.discardedCount;
  consumer.poll();
  new Int32Array(memory)[DISCARDED_FULL_WORD] = consumedBefore + 100;
  const report = consumer.finish();
  assert.equal(report.programs[0]?.discardedCount, consumedBefore + 100);
  assert.deepEqual(session.count(), { records: buffer.recordedCount, discarded: consumedBefore + 100 });
});

test('packets tell losses by cause, cumulative, over a killed consumer and in the closing packet', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const words = new Int32Array(buffer.mapping.buffer);
  const killed = session.openConsumer();
  buffer.writeMany(10_000);
  words[DISCARDED_TOO_BIG_WORD] = 3;
  killed.poll();
  buffer.writeMany(10_000);
  killed.poll();
  const heir = session.openConsumer();
  heir.poll();
  // After the last packet.
  words[DISCARDED_WRAPPED_WORD] = 2;
  buffer.flush();
  heir.poll();
  words[DISCARDED_WRAPPED_WORD] = 5;
  const report = heir.finish();
  const causes = readPacketCauses(session.traceDirectory);
  for (const [index, { full, wrapped, tooBig, sum }] of causes.entries()) {
    assert.equal(full + wrapped + tooBig, sum);
    const before = causes[index - 1] ?? { full: 0n, wrapped: 0n, tooBig: 0n };
    assert.ok(full >= before.full && wrapped >= before.wrapped && tooBig >= before.tooBig);
  }
  assert.ok(buffer.discardedCount > 0);
  const expected = { full: BigInt(buffer.discardedCount), wrapped: 5n, tooBig: 3n };
  assert.deepEqual(causes.at(-1), { ...expected, sum: expected.full + 8n });
  assert.deepEqual(report.programs[0]?.discardedCauses, { full: buffer.discardedCount, wrapped: 5, tooBig: 3 });
  assert.equal(session.count().discarded, buffer.discardedCount + 8);
  if (spawnSync('babeltrace2', ['--version']).status !== 0) return;
  const details = spawnSync('babeltrace2', ['--component=sink.text.details', session.traceDirectory], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  assert.equal(details.stderr, '');
  assert.match(details.stdout, /\bwrapped: 5\n/);
});

test('a class that appears while recording is in the metadata before its first packet', (t) => {
  const session = createTestSession(t);
  const program = new TracedProgram(session.sessionDirectory);
  const buffer = program.openBuffer(channel, 0);
  const consumer = session.openConsumer();
  buffer.writeMany(300);
  consumer.poll();
  assert.equal(session.count().records, consumer.report().programs[0]?.recordCount);
  program.addClass(7, 'test:later');
  for (let value = 0; value < 400; value++) buffer.write(value, 7);
  consumer.poll();
  assert.equal(session.count().records, consumer.report().programs[0]?.recordCount);
  consumer.finish();
  assert.equal(session.count().records, 700);
});

test('a recovery that finds no room leaves what was written before readable', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  buffer.writeMany(300);
  session.openConsumer().poll();
  const { records } = session.count();
  assert.ok(records > 0);
  const full = t.mock.method(fs, 'writeSync', () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
  });
  syncBuiltinESMExports();
  const report = session.openConsumer().finish();
  full.mock.restore();
  syncBuiltinESMExports();
  assert.match(report.outputError ?? '', /no space is left/);
  assert.equal(session.count().records, records);
});

test('babeltrace2 reads the trace without a warning', (t) => {
  if (spawnSync('babeltrace2', ['--version']).error !== undefined) {
    t.skip('babeltrace2 is not installed (Debian: apt-get install babeltrace2)');
    return;
  }
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const consumer = session.openConsumer();
  buffer.writeMany(500);
  consumer.finish();
  const { stdout, stderr, status } = spawnSync('babeltrace2', [session.traceDirectory], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.equal(stdout.trimEnd().split('\n').length, 500);
});

const attacks: Readonly<Record<string, (path: string, buffer: ReturnType<TracedProgram['openBuffer']>) => void>> = {
  'shrinks its buffer': (path) => truncateSync(path, 4096),
  'empties its buffer': (path) => truncateSync(path, 0),
  'unlinks its buffer': (path) => rmSync(path),
  'scribbles over its header': (_path, buffer) => new Uint8Array(buffer.mapping.buffer, 0, 2048).fill(0xa5),
  'scribbles over its packets': (_path, buffer) => new Uint8Array(buffer.mapping.buffer, 4096).fill(0xa5),
  'claims endless strings': (_path, buffer) =>
    new Uint8Array(buffer.mapping.buffer, 4096 + PROGRAM_PACKET_HEADER_SIZE_BYTES).fill(0xff),
};

for (const [name, attack] of Object.entries(attacks)) {
  test(`a program that ${name} spoils its own stream and no other`, (t) => {
    const session = createTestSession(t);
    const hostile = new TracedProgram(session.sessionDirectory, { uuid: other, start: 1e13 });
    const bad = hostile.openBuffer(channel, 0);
    const alsoGood = hostile.openBuffer(channel, 1);
    const good = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
    const consumer = session.openConsumer();
    for (const buffer of [bad, alsoGood, good]) buffer.writeMany(100);
    consumer.poll();
    attack(bad.path, bad);
    for (const buffer of [alsoGood, good]) buffer.writeMany(500);
    consumer.poll();
    const report = consumer.finish();
    const recordCount = report.programs.reduce((sum, program) => sum + program.recordCount, 0);
    assert.ok(recordCount >= 1200, `${recordCount} records`);
    const { records } = session.count();
    assert.equal(records, recordCount);
    if (name.startsWith('scribbles')) {
      const { problems, damagedPacketCount } = report.programs.find(({ path }) => path.includes('program')) ?? {
        problems: [],
        damagedPacketCount: 0,
      };
      assert.ok(
        report.programs.some((program) => program.problems.length > 0 || program.damagedPacketCount > 0),
        `${problems.join()} ${damagedPacketCount}`,
      );
    }
  });
}

test('a class file that lies ends that program and no other', (t) => {
  const session = createTestSession(t);
  const hostile = new TracedProgram(session.sessionDirectory, { uuid: other, start: 1e13 });
  const bad = hostile.openBuffer(channel, 0);
  appendFileSync(join(hostile.directory, 'classes'), '{"id":0,"name":"test:value","payload":1}\n');
  const good = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const consumer = session.openConsumer();
  bad.writeMany(300);
  good.writeMany(300);
  consumer.poll();
  const report = consumer.finish();
  assert.equal(
    session.count().records,
    report.programs.reduce((sum, program) => sum + program.recordCount, 0),
  );
  assert.ok(report.programs.some(({ recordCount }) => recordCount === 300));
  assert.ok(report.programs.some(({ problems }) => problems.length > 0));
});

test('a program whose description is nonsense is said and left out', (t) => {
  const session = createTestSession(t);
  const hostile = new TracedProgram(session.sessionDirectory, { uuid: other, start: 1e13 });
  writeFileSync(join(hostile.directory, 'process.json'), '{"version":2,"vpid":"../../etc"}');
  const good = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  good.writeMany(10);
  const report = session.openConsumer().finish();
  assert.equal(report.programs.length, 2);
  assert.match(report.programs.flatMap(({ problems }) => problems).join(), /has no pid/);
  assert.equal(session.count().records, 10);
});

test('takes over what a dead process committed and deletes its directory', (t) => {
  const session = createTestSession(t);
  const dead = spawnSync('true').pid;
  const program = new TracedProgram(session.sessionDirectory, { vpid: dead, start: 1 });
  program.openBuffer(channel, 0).writeMany(50);
  const consumer = session.openConsumer();
  assert.ok(consumer.poll() > 0);
  assert.ok(!existsSync(program.directory));
  assert.deepEqual(session.count(), { records: 50, discarded: 0 });
  consumer.finish();
});

test('a thread that died in a living process is found, and what it had committed delivered', (t) => {
  const session = createTestSession(t);
  const deadTid = spawnSync('true').pid;
  const program = new TracedProgram(session.sessionDirectory);
  const dead = program.openBuffer(channel, 0, deadTid);
  const deadBeforeItsFirstRecord = program.openBuffer(channel, 1, deadTid);
  const alive = program.openBuffer(channel, 2);
  dead.writeMany(50);
  deadBeforeItsFirstRecord.write(1);
  // As if it had died in the switch, with the sub-buffer claimed.
  new Int32Array(deadBeforeItsFirstRecord.mapping.buffer)[COMMITTED_WORD] = 0;
  alive.writeMany(50);
  const consumer = session.openConsumer();
  assert.equal(consumer.poll(), 2);
  assert.equal(session.count().records, 50);
  const isFree = (memory: ArrayBuffer): boolean => openRingReader(memory).isReleased;
  assert.deepEqual(
    [dead, deadBeforeItsFirstRecord, alive].map(({ mapping }) => isFree(mapping.buffer)),
    [true, true, false],
  );
  const report = consumer.finish();
  assert.deepEqual(report.programs[0]?.problems, []);
  assert.deepEqual(session.count(), { records: 100, discarded: 0 });
});

test('a second consumer goes on where a killed one ended, without loss and without repeating', (t) => {
  const session = createTestSession(t);
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(channel, 0);
  const killed = session.openConsumer();
  buffer.writeMany(600);
  killed.poll();
  buffer.writeMany(100);
  // What a kill in the middle of a write leaves behind.
  const [trace = ''] = readdirSync(join(session.traceDirectory, 'ust/pid'));
  appendFileSync(join(session.traceDirectory, 'ust/pid', trace, 'channel0_0'), new Uint8Array(100));
  const report = session.openConsumer().finish();
  assert.equal(session.count().records, 700);
  assert.equal(report.programs[0]?.problems.length, 0);
});

test('a flight recorder keeps the newest records and nothing before the end', (t) => {
  const session = createTestSession(t);
  const overwrite = { ...channel, mode: 'overwrite' } as const;
  const buffer = new TracedProgram(session.sessionDirectory).openBuffer(overwrite, 0);
  const consumer = session.openConsumer({ channels: [overwrite], isSnapshot: true });
  buffer.writeMany(5000);
  assert.equal(consumer.poll(), 0);
  const report = consumer.finish();
  const { recordCount = 0 } = report.programs[0] ?? {};
  assert.ok(recordCount > 500 && recordCount < 1500, `${recordCount}`);
  assert.equal(session.count().records, recordCount);
});

type PacketCauses = ReturnType<typeof readDiscardedByCause> & { readonly sum: bigint };

/** What each packet of the only stream says. */
function readPacketCauses(traceDirectory: string): readonly PacketCauses[] {
  const [program = ''] = readdirSync(join(traceDirectory, 'ust/pid'));
  const directory = join(traceDirectory, 'ust/pid', program);
  const bytes = readFileSync(join(directory, 'channel0_0'));
  const index = readFileSync(join(directory, 'index/channel0_0.idx'));
  return decodeIndex(index, 'channel0_0').map(({ offsetBytes, discardedEventRecordCount }) => ({
    ...readDiscardedByCause(bytes.subarray(Number(offsetBytes))),
    sum: discardedEventRecordCount,
  }));
}
