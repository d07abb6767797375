// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ProtocolError } from '@lockstep/base';
import fc from 'fast-check';
import {
  createRing,
  openRingReader,
  ringSizeBytes,
  tryAttachWriter,
  type RingGeometry,
  type RingReader,
  type RingWriter,
} from './index.ts';
import * as layout from './layout.ts';
import { makeClient, parsePacket, writeRecord, type TestClient } from './testing/record-client.ts';

const OWNER = { pid: 1, tid: 1 };

interface Ring {
  readonly memory: SharedArrayBuffer;
  readonly client: TestClient;
  readonly writer: RingWriter;
  readonly reader: RingReader;
}

function makeRing(mode: 'discard' | 'overwrite', subBufferCount = 4): Ring {
  const geometry: RingGeometry = { mode, subBufferSizeBytes: 4096, subBufferCount };
  const memory = new SharedArrayBuffer(ringSizeBytes(geometry));
  createRing(memory, geometry, { channelId: 0, bufferNumber: 7 });
  const client = makeClient(memory);
  const writer = tryAttachWriter(memory, OWNER, client);
  assert(writer !== undefined);
  return { memory, client, writer, reader: openRingReader(memory) };
}

/** Records of 1024 bytes fill a sub-buffer of 4096 with three: its header takes a part. */
function writeValues(ring: Ring, from: number, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => writeRecord(ring.writer, from + index, 256));
}

function takeAll(reader: RingReader): { sequence: number; discarded: number; values: number[] }[] {
  const packets = [];
  for (let packet = reader.tryGetSubBuffer(); packet !== undefined; packet = reader.tryGetSubBuffer()) {
    packets.push(parsePacket(packet));
    reader.putSubBuffer();
  }
  return packets;
}

test('no two words of the layout overlap, and the tables begin after the last word', () => {
  const words = Object.entries(layout).filter(([name]) => name.endsWith('_WORD'));
  assert.equal(new Set(words.map(([, word]) => word)).size, words.length);
  for (const [name, word] of words) assert.ok((word as number) <= layout.SLOTS_WORD, name);
  assert.equal(layout.physicalWord(4, 0), layout.SLOTS_WORD + 4);
  assert.equal(layout.ringHeaderSizeBytes(layout.MAX_SUB_BUFFER_COUNT) % 4096, 0);
});

test('a slot word keeps its three parts apart', () => {
  fc.assert(
    fc.property(fc.nat(0x7fff_ffff), fc.nat(1023), fc.nat(2), (sequence, physicalIndex, state) => {
      const word = layout.packSlot(sequence, physicalIndex, state);
      assert.equal(layout.slotPhysicalIndex(word), physicalIndex);
      assert.equal(layout.slotState(word), state);
      assert.ok(layout.isSlotOf(word, sequence));
      assert.ok(!layout.isSlotOf(word, sequence + 1));
    }),
  );
});

test('the consuming reader gets every record in order', () => {
  const ring = makeRing('discard');
  const values: number[] = [];
  for (let round = 0; round < 20; round++) {
    writeValues(ring, round * 5, 5);
    for (const packet of takeAll(ring.reader)) values.push(...packet.values);
  }
  ring.writer.release();
  for (const packet of takeAll(ring.reader)) values.push(...packet.values);
  assert.deepEqual(
    values,
    Array.from({ length: 100 }, (_, index) => index),
  );
  assert.ok(ring.reader.isReleased);
});

test('discard mode discards and counts when all sub-buffers are unread, and the packet says so', () => {
  const ring = makeRing('discard');
  const results = writeValues(ring, 0, 20);
  assert.equal(results.filter((isRecorded) => isRecorded).length, 12);
  assert.equal(ring.reader.counters().discardedFull, 8);
  assert.equal(takeAll(ring.reader).length, 3);
  writeValues(ring, 100, 1);
  assert.deepEqual(takeAll(ring.reader), [{ sequence: 3, discarded: 8, values: [9, 10, 11] }]);
});

test('overwrite mode keeps the newest records', () => {
  const ring = makeRing('overwrite');
  assert.ok(writeValues(ring, 0, 100).every((isRecorded) => isRecorded));
  const snapshot = ring.reader.snapshot();
  const values = snapshot.packets.flatMap((packet) => parsePacket(packet).values);
  assert.deepEqual(
    values,
    Array.from({ length: 10 }, (_, index) => 90 + index),
  );
  assert.deepEqual(
    snapshot.packets.map((packet) => packet.isActive),
    [false, false, false, true],
  );
  assert.equal(snapshot.goneCount, 0);
});

test('a consuming reader in overwrite mode keeps what it holds while the writer goes round', () => {
  const ring = makeRing('overwrite');
  writeValues(ring, 0, 4);
  const held = ring.reader.tryGetSubBuffer();
  assert(held !== undefined);
  writeValues(ring, 4, 100);
  assert.deepEqual(parsePacket(held).values, [0, 1, 2]);
  ring.reader.putSubBuffer();
  const next = takeAll(ring.reader);
  assert.deepEqual(next[0]?.values, [93, 94, 95]);
  assert.equal(next.length, 3);
});

test('a record larger than a sub-buffer is discarded and counted', () => {
  const ring = makeRing('discard');
  assert.equal(writeRecord(ring.writer, 1, 1024), false);
  assert.equal(writeRecord(ring.writer, 2, 1020), true);
  assert.equal(ring.reader.counters().discardedTooBig, 1);
});

for (const mode of ['discard', 'overwrite'] as const) {
  test(`${mode}: a consumer that died with a sub-buffer in its hands finds it again`, () => {
    const ring = makeRing(mode);
    writeValues(ring, 0, 7);
    assert.deepEqual(parsePacket(ring.reader.tryGetSubBuffer()!).values, [0, 1, 2]);
    const heir = openRingReader(ring.memory);
    assert.deepEqual(
      takeAll(heir).flatMap((packet) => packet.values),
      [0, 1, 2, 3, 4, 5],
    );
    assert.deepEqual(takeAll(openRingReader(ring.memory)), []);
  });

  test(`${mode}: what is committed in the active sub-buffer can be taken`, () => {
    const ring = makeRing(mode);
    assert.equal(ring.reader.takeActive(), undefined);
    writeValues(ring, 0, 4);
    // Bytes of a record that is not committed.
    ring.writer.words.fill(
      -1,
      ring.writer.words[layout.COMMITTED_WORD]! >> 2,
      (ring.writer.words[layout.COMMITTED_WORD]! >> 2) + 4,
    );
    assert.deepEqual(parsePacket(ring.reader.takeActive()!).values, [3]);
  });

  test(`${mode}: another thread takes a released buffer and the sequence goes on`, () => {
    const ring = makeRing(mode);
    writeValues(ring, 0, 4);
    assert.equal(tryAttachWriter(ring.memory, { pid: 1, tid: 2 }, ring.client), undefined);
    ring.writer.release();
    assert.equal(ring.writer.reserveSlow(8), -1);
    const writer = tryAttachWriter(ring.memory, { pid: 1, tid: 2 }, ring.client);
    assert(writer !== undefined);
    writeRecord(writer, 4, 4);
    writer.release();
    const packets = takeAll(ring.reader);
    assert.deepEqual(
      packets.map((packet) => packet.sequence),
      [0, 1, 2],
    );
    assert.deepEqual(
      packets.flatMap((packet) => packet.values),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(ring.reader.owner, { pid: 1, tid: 2 });
  });

  test(`${mode}: a buffer whose owner died is taken over with all that was committed`, () => {
    const ring = makeRing(mode);
    writeValues(ring, 0, 4);
    const writer = tryAttachWriter(ring.memory, { pid: 1, tid: 2 }, ring.client, (owner) => owner.tid === 1);
    assert(writer !== undefined);
    assert.deepEqual(
      takeAll(ring.reader).flatMap((packet) => packet.values),
      [0, 1, 2, 3],
    );
  });

  test(`${mode}: recorded + discarded = sent, whatever the consumer does and wherever it stops`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ words: fc.integer({ min: 1, max: 600 }), takes: fc.nat(3) }), { maxLength: 120 }),
        (steps) => {
          const ring = makeRing(mode, 3);
          const values: number[] = [];
          let recordedCount = 0;
          steps.forEach((step, value) => {
            if (writeRecord(ring.writer, value, step.words * 2)) recordedCount++;
            for (let count = 0; count < step.takes; count++) {
              const packet = ring.reader.tryGetSubBuffer();
              if (packet === undefined) break;
              values.push(...parsePacket(packet).values);
              ring.reader.putSubBuffer();
            }
          });
          for (const packet of takeAll(ring.reader)) values.push(...packet.values);
          const active = ring.reader.takeActive();
          if (active !== undefined) values.push(...parsePacket(active).values);
          assert.equal(recordedCount + ring.reader.counters().discarded, steps.length);
          if (mode === 'discard') assert.equal(values.length, recordedCount);
          assert.ok(values.every((value, index) => index === 0 || value > values[index - 1]!));
        },
      ),
      { numRuns: 200 },
    );
  });
}

test('readers of mutated memory give packets or ProtocolError, in bounded time', () => {
  const runCount = process.env['LOCKSTEP_TEST_LONG'] === '1' ? 200_000 : 10_000;
  const pristine = { discard: makeRing('discard'), overwrite: makeRing('overwrite') };
  for (const ring of Object.values(pristine)) writeValues(ring, 0, 11);
  const headerWords = layout.physicalWord(4, 5);
  const interesting = [0, 1, -1, 2, 3, 5, 0x7fff_ffff, -0x8000_0000, 4096, 0x1_0000];
  fc.assert(
    fc.property(
      fc.constantFrom('discard', 'overwrite'),
      fc.array(
        fc.record({ word: fc.nat(headerWords - 1), value: fc.oneof(fc.integer(), fc.constantFrom(...interesting)) }),
        { minLength: 1, maxLength: 4 },
      ),
      (mode, mutations) => {
        const memory = new SharedArrayBuffer(pristine[mode as 'discard'].memory.byteLength);
        const words = new Int32Array(memory);
        words.set(new Int32Array(pristine[mode as 'discard'].memory).subarray(0, 2048));
        for (const { word, value } of mutations) words[word] = value;
        for (const use of [
          drain,
          (reader: RingReader) => reader.snapshot(),
          (reader: RingReader) => reader.takeActive(),
        ]) {
          try {
            use(openRingReader(memory));
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        }
      },
    ),
    { numRuns: runCount },
  );
});

function drain(reader: RingReader): void {
  for (let count = 0; count < 50; count++) {
    const packet = reader.tryGetSubBuffer();
    if (packet === undefined) return;
    assert.equal(packet.bytes.length, 4096);
    assert.ok(packet.contentSizeBytes <= 4096);
    reader.putSubBuffer();
  }
  assert.fail('a damaged buffer has no end');
}

test('memory that is no ring buffer is refused', () => {
  assert.throws(() => openRingReader(new ArrayBuffer(100)), ProtocolError);
  assert.throws(() => openRingReader(new ArrayBuffer(100_000)), ProtocolError);
  const { memory } = makeRing('discard');
  assert.throws(() => openRingReader(memory.slice(0, memory.byteLength - 1)), ProtocolError);
});

const WRITER_PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  (async () => {
    const { tryAttachWriter } = await import(workerData.ring);
    const { makeClient, writeRecord } = await import(workerData.client);
    const writer = tryAttachWriter(workerData.memory, { pid: 1, tid: 3 }, makeClient(workerData.memory));
    const flags = new Int32Array(workerData.flags);
    let value = 0;
    while (Atomics.load(flags, 0) === 0) {
      for (let count = 0; count < 100; count++) writeRecord(writer, value++, 2 + (value % 50) * 2);
      Atomics.store(flags, 1, value);
    }
    writer.release();
    Atomics.store(flags, 2, 1);
    Atomics.notify(flags, 2);
  })();
`;

function startWriter(memory: SharedArrayBuffer): {
  readonly flags: Int32Array;
  readonly worker: Worker;
  stop(): number;
} {
  const flags = new Int32Array(new SharedArrayBuffer(16));
  const worker = new Worker(WRITER_PROGRAM, {
    eval: true,
    workerData: {
      memory,
      flags: flags.buffer,
      ring: new URL('./index.js', import.meta.url).href,
      client: new URL('./testing/record-client.js', import.meta.url).href,
    },
  });
  return {
    flags,
    worker,
    stop() {
      Atomics.store(flags, 0, 1);
      Atomics.wait(flags, 2, 0);
      return Atomics.load(flags, 1);
    },
  };
}

function makeSharedRing(mode: 'discard' | 'overwrite'): SharedArrayBuffer {
  const geometry: RingGeometry = { mode, subBufferSizeBytes: 65_536, subBufferCount: 8 };
  const memory = new SharedArrayBuffer(ringSizeBytes(geometry));
  createRing(memory, geometry, { channelId: 0, bufferNumber: 0 });
  return memory;
}

test('snapshots taken while a writer runs at full speed hold whole records only, contiguous up to the snapshot', async () => {
  const memory = makeSharedRing('overwrite');
  const writer = startWriter(memory);
  const reader = openRingReader(memory);
  while (Atomics.load(writer.flags, 1) < 10_000) await new Promise((resolve) => setTimeout(resolve, 1));
  let packetCount = 0;
  const snapshotCount = process.env['LOCKSTEP_TEST_LONG'] === '1' ? 5000 : 300;
  for (let count = 0; count < snapshotCount; count++) {
    const sentBefore = Atomics.load(writer.flags, 1);
    const { packets } = reader.snapshot();
    packetCount += packets.length;
    const values = packets.flatMap((packet) => parsePacket(packet).values);
    values.forEach((value, index) =>
      assert.ok(index === 0 || value === values[index - 1]! + 1, `hole before ${value}`),
    );
    if (values.length > 0) assert.ok(values.at(-1)! >= sentBefore - 1, 'the newest records are missing');
  }
  writer.stop();
  await writer.worker.terminate();
  assert.ok(packetCount > snapshotCount, `only ${packetCount} packets in ${snapshotCount} snapshots`);
});

test('a consumer beside a writer at full speed in overwrite mode sees whole packets with rising numbers', async () => {
  const memory = makeSharedRing('overwrite');
  const writer = startWriter(memory);
  const reader = openRingReader(memory);
  let last = -1;
  let packetCount = 0;
  while (packetCount < 2000) {
    const packet = reader.tryGetSubBuffer();
    if (packet === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    const { values, sequence } = parsePacket(packet);
    assert.equal(sequence, packet.sequenceNumber);
    assert.ok(sequence > last);
    values.forEach((value, index) => assert.ok(index === 0 || value === values[index - 1]! + 1));
    last = sequence;
    packetCount++;
    reader.putSubBuffer();
  }
  writer.stop();
  await writer.worker.terminate();
});

test('with a consumer that is stopped and goes on, recorded + discarded = sent in discard mode', async () => {
  const memory = makeSharedRing('discard');
  const writer = startWriter(memory);
  const reader = openRingReader(memory);
  let recordedCount = 0;
  const take = (): void => {
    for (const packet of takeAll(reader)) recordedCount += packet.values.length;
  };
  for (let count = 0; count < 20 || reader.counters().discarded === 0; count++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    take();
  }
  const sentCount = writer.stop();
  take();
  await writer.worker.terminate();
  const { discarded } = reader.counters();
  assert.equal(recordedCount + discarded, sentCount);
});
