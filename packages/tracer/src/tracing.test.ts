// SPDX-License-Identifier: MIT
// The promises of the tracer, each with programs of their own: what was committed is never lost, losses
// are counted, snapshots are whole, changes reach blocked loops and workers.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@lockstep/native';
import { SESSION_VARIABLE, type ChannelPlan } from '@lockstep/protocol';
import { CALLED, STARTED, STOP, TAKEN, textOf, WORKER_CALLED } from './testing/progress.ts';
import {
  CHANNEL,
  openRings,
  planOf,
  readClasses,
  startTestSession,
  takePackets,
  walkRecords,
  type OpenedRing,
  type TestSession,
} from './testing/test-session.ts';

const program = fileURLToPath(new URL('./testing/traced-program.js', import.meta.url));
const isLong = process.env['LOCKSTEP_TEST_LONG'] === '1';
const native = loadNative();
const skip = native === undefined ? 'needs the native addon' : false;

/** A session that ends with its test, however that ends. */
function openSession(t: TestContext, ...parameters: Parameters<typeof startTestSession>): TestSession {
  const session = startTestSession(...parameters);
  t.after(() => session.close());
  return session;
}

interface Called {
  readonly id: number;
  readonly timestamp: bigint;
}

function payloadEnd(_classId: number, bytes: DataView, offset: number): number {
  let end = offset + 16;
  while (bytes.getUint8(end) !== 0) end++;
  return end + 1;
}

/** The records of a packet, each checked to be whole. */
function readCalled(packet: Uint8Array): Called[] {
  const records: Called[] = [];
  for (const { payload, bytes, timestamp } of walkRecords(packet, payloadEnd)) {
    const id = bytes.getInt32(payload, true);
    const text = Buffer.from(packet.subarray(payload + 16, payloadEnd(0, bytes, payload) - 1)).toString('utf8');
    assert.equal(bytes.getFloat64(payload + 8, true), id / 2, `record ${id} is torn`);
    assert.equal(text, textOf(id), `record ${id} is torn`);
    records.push({ id, timestamp });
  }
  return records;
}

function readAll(processDirectory: string, channel = 'channel0'): Called[] {
  return openRings(processDirectory)
    .filter(({ name }) => name.startsWith(`${channel}_`))
    .flatMap(({ reader }) => takePackets(reader).flatMap(readCalled));
}

function environment(session: TestSession, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, [SESSION_VARIABLE]: session.directory, ...extra };
}

function runProgram(
  session: TestSession,
  parameters: readonly string[],
  options: { readonly execArgv?: readonly string[]; readonly extra?: NodeJS.ProcessEnv } = {},
): { stdout: string; stderr: string } {
  const result = spawnSync(process.execPath, [...(options.execArgv ?? []), program, ...parameters], {
    encoding: 'utf8',
    env: environment(session, options.extra),
  });
  assert.equal(result.status, 0, result.stderr);
  return result;
}

interface Running {
  readonly child: ChildProcess;
  readonly words: Int32Array;
  /** Its ring buffers; waits for the first `count`. */
  rings(count: number): Promise<OpenedRing[]>;
  end(signal: NodeJS.Signals | undefined): Promise<void>;
}

async function startProgram(
  t: TestContext,
  session: TestSession,
  mode: string,
  ...parameters: string[]
): Promise<Running> {
  assert(native !== undefined);
  const path = join(session.directory, `progress-${Math.random()}`);
  const words = new Int32Array(native.mapFile(path, { access: 'read-write', createSizeBytes: 4096 }).buffer);
  const child = spawn(process.execPath, [program, mode, path, ...parameters], {
    env: environment(session),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  await until(() => words[STARTED] === 1);
  return {
    child,
    words,
    async rings(count) {
      let opened: OpenedRing[] = [];
      await until(() => {
        const [directory] = session.processDirectories();
        if (directory === undefined || !existsSync(join(directory, 'shared'))) return false;
        opened = openRings(directory);
        return opened.length >= count;
      });
      return opened;
    },
    async end(signal) {
      words[STOP] = 1;
      if (signal !== undefined) child.kill(signal);
      await exited;
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('a tracepoint that nothing wants creates nothing', { skip }, (t) => {
  for (const plan of [
    planOf([]),
    planOf([{ pattern: 'other:*' }]),
    planOf([{ logLevel: { atLeast: 5 } }]),
    planOf([{ exclusions: ['test:*'] }]),
  ]) {
    const session = openSession(t, plan);
    assert.equal(runProgram(session, ['off']).stdout, 'false');
    assert.deepEqual(session.processDirectories(), []);
  }
});

test('every call is recorded in order, with a clock that does not go back', { skip }, (t) => {
  const session = openSession(t, planOf([{ logLevel: { atLeast: 6 } }]));
  runProgram(session, ['send', '2000']);
  const [directory = ''] = session.processDirectories();
  const records = readAll(directory);
  assert.deepEqual(
    records.map(({ id }) => id),
    Array.from({ length: 2000 }, (_, id) => id),
  );
  assert.ok(records.every(({ timestamp }, index) => index === 0 || timestamp >= records[index - 1]!.timestamp));
  assert.deepEqual(
    readClasses(directory).map(({ id, name, logLevel }) => [id, name, logLevel]),
    [[0, 'test:called', 6]],
  );
  const description = JSON.parse(readFileSync(join(directory, 'process.json'), 'utf8')) as { vpid: number };
  assert.ok(directory.includes(`p-${description.vpid}-`));
  assert.deepEqual(readdirSync(directory).sort(), ['channel0_0.ring', 'classes', 'process.json', 'shared']);
});

test('where code generation is forbidden the closure twin records', { skip }, (t) => {
  const session = openSession(t, planOf([{}]));
  runProgram(session, ['send', '1000'], { execArgv: ['--disallow-code-generation-from-strings'] });
  assert.equal(readAll(session.processDirectories()[0] ?? '').length, 1000);
});

test('two channels that match record once each, and filters are applied before', { skip }, (t) => {
  const other: ChannelPlan = { ...CHANNEL, name: 'other', id: 1 };
  const session = openSession(
    t,
    planOf(
      [
        {},
        { pattern: 'test:*' },
        { channel: 'other', filter: 'id < 10 && text != "te"' },
        { channel: 'other', filter: 'half == 20.0' },
      ],
      [CHANNEL, other],
    ),
  );
  runProgram(session, ['send', '100']);
  const [directory = ''] = session.processDirectories();
  assert.equal(readAll(directory).length, 100);
  assert.deepEqual(
    readAll(directory, 'other').map(({ id }) => id),
    [0, 1, 3, 4, 5, 6, 7, 8, 9, 40],
  );
});

test('a forked program has its own directory, workers have their own buffers and hand them on', { skip }, (t) => {
  const session = openSession(t, planOf([{}]));
  runProgram(session, ['fork']);
  assert.deepEqual(
    session.processDirectories().map((directory) => readAll(directory).length),
    [10, 10],
  );

  const workers = openSession(t, planOf([{}]));
  runProgram(workers, ['workers', '4']);
  const [directory = ''] = workers.processDirectories();
  assert.equal(readAll(directory).length, 40);
  assert.ok(readdirSync(directory).filter((name) => name.endsWith('.ring')).length <= 2);
  assert.equal(readClasses(directory).length, 1);
});

test('with nobody reading, recorded + discarded = sent', { skip }, (t) => {
  const session = openSession(t, planOf([{}], [{ ...CHANNEL, subBufferSizeBytes: 4096, subBufferCount: 4 }]));
  runProgram(session, ['send', '100000']);
  const [ring] = openRings(session.processDirectories()[0] ?? '');
  assert(ring !== undefined);
  const recorded = takePackets(ring.reader).flatMap(readCalled);
  const { discarded } = ring.reader.counters();
  assert.ok(discarded > 0 && recorded.length > 0);
  assert.equal(recorded.length + discarded, 100_000);
});

test(
  'kill -9 at any moment: every event whose call had returned is recovered, in order, none torn',
  { skip },
  async (t) => {
    const runCount = isLong ? 200 : 50;
    let total = 0;
    const runOnce = async (): Promise<void> => {
      const session = openSession(t, planOf([{}], [{ ...CHANNEL, subBufferCount: 32 }]));
      const running = await startProgram(t, session, 'count', '20000');
      const [ring] = await running.rings(1);
      assert(ring !== undefined);
      const ids: number[] = [];
      const end = performance.now() + Math.random() * 25;
      while (performance.now() < end) {
        // One a turn: on a quiet machine the program fills as fast as this takes, so "until empty" never ends.
        const packet = ring.reader.getNextSubBuffer();
        if (packet !== undefined) {
          for (const { id } of readCalled(packet.bytes.slice(0, packet.contentSizeBytes))) ids.push(id);
          ring.reader.putNextSubBuffer();
          running.words[TAKEN] = ids.length;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      running.child.kill('SIGKILL');
      await once(running.child, 'exit');
      for (const packet of takePackets(ring.reader)) for (const { id } of readCalled(packet)) ids.push(id);
      const returned = running.words[CALLED]!;
      assert.equal(ring.reader.counters().discarded, 0);
      // The last call may have committed without having returned.
      assert.ok(
        ids.length === returned || ids.length === returned + 1,
        `${ids.length} recovered, ${returned} returned`,
      );
      assert.ok(
        ids.every((id, index) => id === index),
        'out of order',
      );
      total += ids.length;
      session.close();
    };
    // Two at a time: starting a program is most of it.
    for (let run = 0; run < runCount; run += 2) await Promise.all([runOnce(), runOnce()]);
    assert.ok(total > runCount * 500, `only ${total} events in ${runCount} runs`);
  },
);

test(
  'snapshots of a program that overwrites at full speed hold whole records only, contiguous up to the snapshot',
  { skip },
  async (t) => {
    const session = openSession(t, planOf([{}], [{ ...CHANNEL, mode: 'overwrite' }]));
    const running = await startProgram(t, session, 'count', '2147483647');
    const [ring] = await running.rings(1);
    assert(ring !== undefined);
    await until(() => running.words[CALLED]! > 50_000);
    let packetCount = 0;
    const snapshotCount = isLong ? 500 : 80;
    for (let count = 0; count < snapshotCount; count++) {
      const returned = running.words[CALLED]!;
      const { packets } = ring.reader.snapshot();
      packetCount += packets.length;
      const ids = packets
        .flatMap((packet) => readCalled(packet.bytes.subarray(0, packet.contentSizeBytes)))
        .map(({ id }) => id);
      ids.forEach((id, index) => assert.ok(index === 0 || id === ids[index - 1]! + 1, `hole before ${id}`));
      if (ids.length > 0) assert.ok(ids.at(-1)! >= returned - 1, 'the newest are missing');
    }
    assert.ok(packetCount > snapshotCount);
    await running.end(undefined);
  },
);

test('enabling and disabling reaches a program whose event loop is blocked, and its workers', { skip }, async (t) => {
  const session = openSession(t, planOf([]));
  const channels = [{ ...CHANNEL, mode: 'overwrite' } as const];
  const running = await startProgram(t, session, 'blocked');
  assert.deepEqual(session.processDirectories(), []);

  const newest = (rings: readonly OpenedRing[]): number[] =>
    rings.map(({ reader }) => {
      const last = reader.snapshot().packets.at(-1);
      return last === undefined ? -1 : (readCalled(last.bytes.subarray(0, last.contentSizeBytes)).at(-1)?.id ?? -1);
    });
  const passCalls = async (): Promise<void> => {
    const main = running.words[CALLED]!;
    const worker = running.words[WORKER_CALLED]!;
    await until(() => running.words[CALLED]! > main + 1000 && running.words[WORKER_CALLED]! > worker + 1000);
  };

  for (let round = 0; round < 3; round++) {
    session.publish(planOf([{}], channels));
    const rings = await running.rings(2);
    await passCalls();
    const first = newest(rings);
    await passCalls();
    newest(rings).forEach((id, index) =>
      assert.ok(id > first[index]!, `round ${round}: ring ${index} stands still at ${id}`),
    );

    session.publish(planOf([], channels), round === 1 ? 'inactive' : 'active');
    await passCalls();
    const last = newest(rings);
    await passCalls();
    assert.deepEqual(newest(rings), last);
  }
  await running.end(undefined);
});

test('without the native addon events are drained to a file of packets', { skip }, (t) => {
  const session = openSession(t, planOf([{}]), { clockKind: 'mono' });
  const { stderr } = runProgram(session, ['send', '5000'], { extra: { LOCKSTEP_NO_NATIVE: '1' } });
  assert.match(stderr, /without the native addon/);
  const [directory = ''] = session.processDirectories();
  const bytes = readFileSync(join(directory, 'channel0_0.packets'));
  const ids: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = Number(bytes.readBigUInt64LE(at + 56)) / 8;
    const content = Number(bytes.readBigUInt64LE(at + 48)) / 8;
    for (const { id } of readCalled(Uint8Array.from(bytes.subarray(at, at + content)))) ids.push(id);
    at += size;
  }
  assert.deepEqual(
    ids,
    Array.from({ length: 5000 }, (_, id) => id),
  );
});

test('a session of another version, or none, is no error of the program', { skip }, (t) => {
  const session = openSession(t, planOf([{}]));
  for (const directory of ['/nowhere', join(session.directory, 'control')]) {
    assert.equal(runProgram(session, ['off'], { extra: { [SESSION_VARIABLE]: directory } }).stdout, 'false');
  }
});
