// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { InputError } from '@lockstep/base';
import { loadNative, nativeMissingReason } from '@lockstep/native';
import {
  createChannel,
  currentThread,
  isThreadAlive,
  openChannel,
  PacketRecords,
  type ChannelOptions,
  type ChannelReader,
  type RecordWriter,
  type RingClock,
} from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-channel-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const skip = loadNative() === undefined ? nativeMissingReason() : false;

const OPTIONS: ChannelOptions = {
  allocation: 'one',
  writers: 'several',
  mode: 'discard',
  backing: { type: 'shared' },
  wakeUp: 'writer',
  isCrashConsistent: true,
  timestampBits: 32,
  subBufferSizeBytes: 4096,
  subBufferCount: 4,
};

function write(writer: RecordWriter, value: number, sizeBytes = 1000): boolean {
  const offset = writer.begin(sizeBytes);
  if (offset < 0) return false;
  writer.words[offset >> 2] = value;
  writer.end();
  return true;
}

function valuesOf(reader: ChannelReader): number[] {
  return Array.from(reader.records(), ({ payload }) =>
    new DataView(payload.buffer, payload.byteOffset).getInt32(0, true),
  );
}

test('a record made within another is committed with it, never torn', () => {
  const channel = createChannel({ ...OPTIONS, writers: 'one' });
  const writer = channel.tryAttach()!;
  const reader = channel.openReader();
  const committed = (): number =>
    reader.buffers[0]!.takeActive().reduce((sum, { bytes, contentSizeBytes }) => {
      const records = new PacketRecords(bytes, contentSizeBytes);
      let count = 0;
      while (records.next()) count++;
      return sum + count;
    }, 0);
  const outer = writer.begin(8);
  write(writer, 2, 8);
  assert.equal(committed(), 0, 'the inner record must not commit the outer one');
  const third = writer.begin(8);
  writer.words[third >> 2] = 3;
  writer.end();
  writer.words[outer >> 2] = 1;
  writer.end();
  assert.equal(committed(), 3);
  writer.release();
  assert.deepEqual(valuesOf(reader), [1, 2, 3]);
});

test('a nested record that would need another sub-buffer is counted as wrapped', () => {
  const channel = createChannel({ ...OPTIONS, writers: 'one' });
  const writer = channel.tryAttach()!;
  const offset = writer.begin(2000);
  writer.words[offset >> 2] = 1;
  assert.equal(write(writer, 2, 3000), false);
  writer.flush();
  writer.end();
  writer.release();
  assert.deepEqual(valuesOf(channel.openReader()), [1]);
  assert.equal(channel.counters()[0]!.discardedWrapped, 1);
});

test('a cancelled record is passed over, what was made within it is not', () => {
  const channel = createChannel(OPTIONS);
  const writer = channel.tryAttach()!;
  const offset = writer.begin(16);
  write(writer, 7, 8);
  writer.cancel(offset);
  writer.release();
  assert.deepEqual(valuesOf(channel.openReader()), [7]);
});

test('sizes that are no size are refused and counted', () => {
  const channel = createChannel(OPTIONS);
  const writer = channel.tryAttach()!;
  for (const size of [-1, Number.NaN, 5000, 2 ** 31, Infinity]) assert.equal(writer.begin(size), -1);
  assert.equal(channel.counters()[0]!.discardedTooBig, 5);
  assert.ok(write(writer, 1, 0));
});

test('a record of 32 bits tells the whole time, also when the high half changes', () => {
  for (const timestampBits of [32, 64] as const) {
    const channel = createChannel({ ...OPTIONS, timestampBits });
    const slot = new Int32Array(4);
    let time = 0n;
    const read = (): void => {
      slot[0] = Number(BigInt.asIntN(32, time));
      slot[1] = Number(BigInt.asIntN(32, time >> 32n));
    };
    const clock: RingClock = { slot, read, readWithCpu: read, hasCpu: false };
    const writer = channel.tryAttach({ clock })!;
    const times = [5n, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0x7_8000_0000n, 0x1234_5678_9abc_def0n];
    for (time of times) write(writer, 0, 8);
    writer.release();
    assert.deepEqual(
      Array.from(channel.openReader().records(), (record) => record.time),
      times,
    );
  }
});

const BLOCKED_WRITER = `const { workerData } = require('node:worker_threads');
  import(workerData.url).then(({ openChannel }) => {
    const writer = openChannel(workerData.handle).tryAttach();
    for (let value = 0; value < 500; value++) {
      const offset = writer.begin(1000);
      if (offset < 0) throw new Error('discarded ' + value);
      writer.words[offset >> 2] = value;
      writer.end();
    }
    writer.release();
  });`;

for (const [writerCount, subBufferCount] of [
  [1, 4],
  [3, 2],
] as const) {
  test(`blocking mode: ${writerCount} writers wait for the reader of ${subBufferCount} sub-buffers and lose nothing`, async () => {
    const channel = createChannel({ ...OPTIONS, writerCount, subBufferCount, blockingTimeoutMs: 20_000 });
    const workerData = { handle: channel.handle, url: new URL('./index.js', import.meta.url).href };
    const workers = Array.from({ length: writerCount }, () => new Worker(BLOCKED_WRITER, { eval: true, workerData }));
    const ended = Promise.all(
      workers.map((worker) => new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))),
    );
    const end = new AbortController();
    void ended.then(() => end.abort()).catch(() => end.abort());
    const reader = channel.openReader();
    const values: number[] = [];
    while (!end.signal.aborted) {
      values.push(...valuesOf(reader));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await ended;
    values.push(...valuesOf(reader));
    const expected = Array.from({ length: 500 }, (_, index) => Array<number>(writerCount).fill(index)).flat();
    assert.deepEqual(
      values.toSorted((a, b) => a - b),
      expected,
    );
    assert.equal(channel.counters()[0]!.discarded, 0);
  });
}

test('blocking mode discards when its time is over', () => {
  const impatient = createChannel({ ...OPTIONS, blockingTimeoutMs: 1 });
  const writer = impatient.tryAttach()!;
  let recordedCount = 0;
  while (write(writer, recordedCount, 1000)) recordedCount++;
  assert.equal(recordedCount, 16);
  assert.equal(impatient.counters()[0]!.discardedFull, 1);
});

test('the losses of a writer stand in its packets, by cause', () => {
  const channel = createChannel(OPTIONS);
  const writer = channel.tryAttach()!;
  for (let value = 0; value < 19; value++) write(writer, value);
  write(writer, 99, 5000);
  const reader = channel.openReader();
  for (let count = 0; count < 3; count++) {
    reader.tryGet();
    reader.put();
  }
  writer.release();
  const packet = reader.tryGet()!;
  const words = new DataView(packet.bytes.buffer, packet.bytes.byteOffset);
  assert.deepEqual([words.getUint32(32, true), words.getUint32(36, true), words.getUint32(40, true)], [3, 1, 0]);
});

test('a writer that stalls inside of a record is found, and what it committed is handed out; the rest follows', () => {
  const channel = createChannel(OPTIONS);
  const writer = channel.tryAttach()!;
  const reader = channel.openReader();
  write(writer, 1, 8);
  writer.begin(8);
  let nowMs = 0;
  const watchdog = channel.watchWriters(0, reader, 100, undefined, () => nowMs);
  assert.deepEqual(watchdog.check(), { dead: [], stalled: [] });
  nowMs = 99;
  assert.deepEqual(watchdog.check(), { dead: [], stalled: [] });
  nowMs = 100;
  const [stalled] = watchdog.check().stalled;
  assert.equal(stalled?.owner.pid, process.pid);
  const records = new PacketRecords(stalled.packet!.bytes, stalled.packet!.contentSizeBytes);
  assert.ok(records.next() && !records.next());
  assert.equal(watchdog.check().stalled[0]?.packet, undefined, 'handed out once');
  writer.end();
  assert.deepEqual(watchdog.check(), { dead: [], stalled: [] });
  writer.release();
  assert.equal(valuesOf(reader).length, 2);
});

for (const backing of [{ type: 'file', directory, name: 'killed' }, { type: 'memory-file' }] as const) {
  test(
    `${backing.type}: another process writes, is killed inside of a record, and loses nothing that it ended`,
    { skip },
    async () => {
      const channel = createChannel({ ...OPTIONS, backing });
      const program = join(directory, 'writer.mjs');
      writeFileSync(
        program,
        `const { openChannel } = await import(process.argv[2]);
       const writer = openChannel(JSON.parse(process.argv[3])).tryAttach();
       for (let value = 0; value < 5; value++) {
         const offset = writer.begin(1000);
         writer.words[offset >> 2] = value;
         writer.end();
       }
       writer.begin(8);
       process.send('written');
       setInterval(() => {}, 1000);`,
      );
      const child = fork(program, [new URL('./index.js', import.meta.url).href, JSON.stringify(channel.handle)]);
      await new Promise((resolve) => child.once('message', resolve));
      const reader = openChannel(channel.handle).openReader();
      const watchdog = channel.watchWriters(0, reader, 1e9);
      assert.deepEqual(watchdog.check(), { dead: [], stalled: [] });
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      assert.deepEqual(
        watchdog.check().dead.map(({ pid }) => pid),
        [child.pid],
      );
      assert.deepEqual(valuesOf(reader), [0, 1, 2, 3, 4]);
      channel.close();
      if (backing.type === 'file') assert.ok(existsSync(join(directory, 'killed_0.ring')));
    },
  );
}

test('the place of a writer that this machine may know by other numbers is never taken', { skip }, () => {
  const own = currentThread();
  assert.ok(isThreadAlive(own));
  assert.ok(!isThreadAlive({ ...own, tid: 2 ** 22 + 1 }));
  assert.ok(isThreadAlive({ ...own, tid: 2 ** 22 + 1, pidNamespace: 12_345 }));
  const channel = createChannel({ ...OPTIONS, writerCount: 1 });
  channel.tryAttach({ owner: { pid: 2 ** 22 + 1, tid: 2 ** 22 + 1, pidNamespace: 12_345 } });
  assert.equal(channel.tryAttach(), undefined);
  const other = createChannel({ ...OPTIONS, writerCount: 1 });
  write(other.tryAttach({ owner: { ...own, tid: 2 ** 22 + 1 } })!, 5);
  assert.notEqual(other.tryAttach(), undefined);
  assert.deepEqual(valuesOf(other.openReader()), [5]);
});

test('records are given out once, also those that were taken before their sub-buffer was delivered', () => {
  const channel = createChannel(OPTIONS);
  const writer = channel.tryAttach()!;
  const reader = channel.openReader();
  const values: number[] = [];
  for (let value = 0; value < 30; value++) {
    write(writer, value, 300);
    if (value % 4 === 0) values.push(...valuesOf(reader));
    if (value % 10 === 0) writer.flush();
  }
  writer.release();
  values.push(...valuesOf(reader));
  assert.deepEqual(
    values,
    Array.from({ length: 30 }, (_, index) => index),
  );
});

test('a reader that waits is woken by a delivery, and not before', async () => {
  const channel = createChannel({ ...OPTIONS, allocation: 'per-thread', writers: 'one', bufferCount: 2 });
  const first = channel.tryAttach()!;
  const second = channel.tryAttach()!;
  const reader = channel.openReader();
  assert.equal(reader.tryGet(), undefined);
  write(first, 1);
  assert.equal(reader.wait(1), false);
  write(second, 1);
  second.flush();
  assert.equal(reader.wait(10_000), true);
  assert.equal(reader.tryGet()?.bufferIndex, 1);
  reader.put();
  first.flush();
  assert.equal(Array.from(reader.records({ before: 2n ** 63n })).length, 1);
  assert.equal(reader.wait(1), false, 'what was read before does not end a wait');
  assert.equal(await reader.waitAsync(1), false);
  second.flush();
  write(second, 2);
  second.flush();
  assert.equal(await reader.waitAsync(10_000), true);
});

for (const type of ['shared', 'memory-file'] as const) {
  test(
    `a reader with an event loop sleeps until a delivery in another thread wakes it (${type})`,
    { skip },
    async () => {
      const channel = createChannel({ ...OPTIONS, backing: { type } });
      const reader = channel.openReader();
      assert.equal(reader.tryGet(), undefined);
      const door = new URL('./index.js', import.meta.url).href;
      const worker = new Worker(
        `import(${JSON.stringify(door)}).then(({ openChannel }) => {
        const { parentPort, workerData } = require('node:worker_threads');
        const writer = openChannel(workerData).tryAttach();
        writer.write(new Uint8Array(8));
        parentPort.once('message', () => writer.release());
        parentPort.postMessage('attached');
      });`,
        { eval: true, workerData: channel.handle },
      );
      await once(worker, 'message');
      const timersBefore = countTimers();
      const waiting = reader.waitAsync(60_000);
      if (type === 'memory-file') assert.equal(countTimers(), timersBefore, 'nothing looks now and then');
      worker.postMessage('go on');
      assert.equal(await waiting, true);
      assert.equal(reader.tryGet()?.bufferIndex, 0);
      reader.put();
      await worker.terminate();
      channel.close();
    },
  );
}

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('what a caller without a compiler gets wrong is told in a sentence', () => {
  const wrong =
    (more: object): (() => unknown) =>
    () =>
      createChannel({ ...OPTIONS, ...more } as never);
  assert.throws(wrong({ mode: 'drop' }), /mode is one of discard, overwrite \[mode="drop"\]/);
  assert.throws(wrong({ allocation: undefined }), /allocation is one of/);
  assert.throws(wrong({ backing: undefined }), /backing is \{type: …\}/);
  assert.throws(wrong({ backing: { type: 'disk' } }), /one of file, memory-file, shared, given/);
  assert.throws(() => createChannel({} as never), InputError);
  assert.throws(() => openChannel({} as never), /pass channel.handle on/);
  const writer = createChannel(OPTIONS).tryAttach()!;
  assert.throws(() => writer.write('text' as never), /TextEncoder/);
  assert.equal(writer.write(new Uint8Array(4)), true);
});
