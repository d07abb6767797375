// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@lockstep/base';
import fc from 'fast-check';
import { openRingReader, tryAttachWriter, type RingReader } from './index.ts';
import * as layout from './layout.ts';
import { parsePacket, writeRecord } from './testing/record-client.ts';
import { makeTestRing, startTestWriters, takeAll, writeValues } from './testing/test-ring.ts';

test('no two words of the layout overlap, and the tables begin after the last word', () => {
  const shared = Object.entries(layout).filter(
    ([name, word]) => name.endsWith('_WORD') && (word as number) < layout.WRITERS_WORD,
  );
  assert.equal(shared.length, 19);
  assert.equal(new Set(shared.map(([, word]) => word)).size, shared.length);
  const own = [
    layout.COMMITTED,
    layout.LIMIT,
    layout.CLOCK_HIGH,
    layout.RESERVED,
    layout.DEPTH,
    layout.ACTIVE,
    layout.OWNER_STATE,
    layout.OWNER_PID,
    layout.OWNER_TID,
    layout.OWNER_NAMESPACE,
    layout.DISCARDED_FULL,
    layout.DISCARDED_TOO_BIG,
    layout.DISCARDED_WRAPPED,
    layout.TRUNCATED_STRINGS,
    layout.BAD_ARGUMENTS,
    layout.OVERWRITTEN,
  ];
  assert.equal(new Set(own).size, own.length);
  for (const word of own) assert.ok(word >= 0 && word < layout.WRITER_BLOCK_WORDS);
  // What a record stores into lies on a cache line of its own.
  assert.ok(layout.ACTIVE < 16 && layout.OWNER_STATE >= 16 && layout.WRITERS_WORD % 32 === 0);
  assert.equal(layout.writerWord(1), layout.writerWord(0) + layout.WRITER_BLOCK_WORDS);
  assert.equal(layout.slotsWord(3), layout.writerWord(3));
  assert.equal(layout.ownersWord(3, 4), layout.slotsWord(3) + 4);
  assert.equal(layout.physicalWord(3, 4, 0), layout.ownersWord(3, 4) + 4);
  const largest = { mode: 'discard', subBufferSizeBytes: 4096, subBufferCount: 1023, writerCount: 255 } as const;
  assert.equal(layout.ringHeaderSizeBytes(largest) % 4096, 0);
  assert.ok(layout.ringHeaderSizeBytes(largest) >= layout.physicalWord(255, 1023, 1024) * 4);
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
  const ring = makeTestRing('discard');
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
  const ring = makeTestRing('discard');
  const results = writeValues(ring, 0, 20);
  assert.equal(results.filter((isRecorded) => isRecorded).length, 12);
  assert.equal(ring.reader.counters().discardedFull, 8);
  assert.equal(takeAll(ring.reader).length, 3);
  writeValues(ring, 100, 1);
  assert.deepEqual(takeAll(ring.reader), [{ writerIndex: 0, sequence: 3, discarded: 8, values: [9, 10, 11] }]);
});

test('overwrite mode keeps the newest records', () => {
  const ring = makeTestRing('overwrite');
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
  const ring = makeTestRing('overwrite');
  writeValues(ring, 0, 4);
  const held = ring.reader.getNextSubBuffer();
  assert(held !== undefined);
  writeValues(ring, 4, 100);
  assert.deepEqual(parsePacket(held).values, [0, 1, 2]);
  ring.reader.putNextSubBuffer();
  const next = takeAll(ring.reader);
  assert.deepEqual(next[0]?.values, [93, 94, 95]);
  assert.equal(next.length, 3);
});

test('a record larger than a sub-buffer is discarded and counted', () => {
  const ring = makeTestRing('discard');
  assert.equal(writeRecord(ring.writer, 1, 1024), false);
  assert.equal(writeRecord(ring.writer, 2, 1020), true);
  assert.equal(ring.reader.counters().discardedTooBig, 1);
});

for (const mode of ['discard', 'overwrite'] as const) {
  test(`${mode}: a consumer that died with a sub-buffer in its hands finds it again`, () => {
    const ring = makeTestRing(mode);
    writeValues(ring, 0, 7);
    assert.deepEqual(parsePacket(ring.reader.getNextSubBuffer()!).values, [0, 1, 2]);
    const heir = openRingReader(ring.memory);
    assert.deepEqual(
      takeAll(heir).flatMap((packet) => packet.values),
      [0, 1, 2, 3, 4, 5],
    );
    assert.deepEqual(takeAll(openRingReader(ring.memory)), []);
  });

  test(`${mode}: what is committed in the active sub-buffer can be taken`, () => {
    const ring = makeTestRing(mode);
    assert.deepEqual(ring.reader.takeActive(), []);
    writeValues(ring, 0, 4);
    // Bytes of a record that is not committed.
    ring.writer.words.fill(
      -1,
      ring.writer.words[layout.COMMITTED_WORD]! >> 2,
      (ring.writer.words[layout.COMMITTED_WORD]! >> 2) + 4,
    );
    assert.deepEqual(
      ring.reader.takeActive().flatMap((packet) => parsePacket(packet).values),
      [3],
    );
  });

  test(`${mode}: another thread takes a released buffer and the sequence goes on`, () => {
    const ring = makeTestRing(mode);
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
    const ring = makeTestRing(mode);
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
          const ring = makeTestRing(mode, 3);
          const values: number[] = [];
          let recordedCount = 0;
          steps.forEach((step, value) => {
            if (writeRecord(ring.writer, value, step.words * 2)) recordedCount++;
            for (let count = 0; count < step.takes; count++) {
              const packet = ring.reader.getNextSubBuffer();
              if (packet === undefined) break;
              values.push(...parsePacket(packet).values);
              ring.reader.putNextSubBuffer();
            }
          });
          for (const packet of takeAll(ring.reader)) values.push(...packet.values);
          for (const active of ring.reader.takeActive()) values.push(...parsePacket(active).values);
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
  const pristine = {
    discard: makeTestRing('discard'),
    overwrite: makeTestRing('overwrite'),
    'several, discard': makeTestRing('discard', 4, 3),
    'several, overwrite': makeTestRing('overwrite', 4, 3),
  };
  for (const ring of Object.values(pristine)) writeValues(ring, 0, 11);
  const headerWords = layout.physicalWord(3, 4, 5);
  const interesting = [0, 1, -1, 2, 3, 5, 0x7fff_ffff, -0x8000_0000, 4096, 0x1_0000];
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(pristine) as (keyof typeof pristine)[])),
      fc.array(
        fc.record({ word: fc.nat(headerWords - 1), value: fc.oneof(fc.integer(), fc.constantFrom(...interesting)) }),
        { minLength: 1, maxLength: 4 },
      ),
      (mode, mutations) => {
        const memory = new SharedArrayBuffer(pristine[mode].memory.byteLength);
        const words = new Int32Array(memory);
        words.set(new Int32Array(pristine[mode].memory).subarray(0, 2048));
        for (const { word, value } of mutations) words[word] = value;
        for (const use of [
          drain,
          (reader: RingReader) => reader.snapshot(),
          (reader: RingReader) => reader.snapshot({ order: 'newest-first' }),
          (reader: RingReader) => reader.takeActive(),
          lookAround,
          (reader: RingReader) => reader.moveConsumer(reader.snapshotPositions().produced),
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
    const packet = reader.getNextSubBuffer();
    if (packet === undefined) return;
    assert.equal(packet.bytes.length, 4096);
    assert.ok(packet.contentSizeBytes <= 4096);
    reader.putNextSubBuffer();
  }
  assert.fail('a damaged buffer has no end');
}

function lookAround(reader: RingReader): void {
  const { consumed, produced } = reader.snapshotPositions();
  for (let position = consumed; position < Math.min(produced, consumed + 50); position++) {
    const packet = reader.getSubBuffer(position);
    if (typeof packet === 'object') assert.ok(packet.contentSizeBytes <= packet.bytes.length);
    reader.putSubBuffer();
  }
}

test('memory that is no ring buffer is refused', () => {
  assert.throws(() => openRingReader(new ArrayBuffer(100)), ProtocolError);
  assert.throws(() => openRingReader(new ArrayBuffer(100_000)), ProtocolError);
  const { memory } = makeTestRing('discard');
  assert.throws(() => openRingReader(memory.slice(0, memory.byteLength - 1)), ProtocolError);
});

test('snapshots taken while a writer runs at full speed hold whole records only, contiguous up to the snapshot', async () => {
  const writer = startTestWriters('overwrite', 1);
  const reader = openRingReader(writer.memory);
  await writer.started();
  let packetCount = 0;
  const snapshotCount = process.env['LOCKSTEP_TEST_LONG'] === '1' ? 5000 : 300;
  for (let count = 0; count < snapshotCount; count++) {
    const sentBefore = writer.sentCount();
    const { packets } = reader.snapshot();
    packetCount += packets.length;
    const values = packets.flatMap((packet) => parsePacket(packet).values);
    values.forEach((value, index) =>
      assert.ok(index === 0 || value === values[index - 1]! + 1, `hole before ${value}`),
    );
    if (values.length > 0) assert.ok(values.at(-1)! >= sentBefore - 1, 'the newest records are missing');
  }
  await writer.stop();
  assert.ok(packetCount > snapshotCount, `only ${packetCount} packets in ${snapshotCount} snapshots`);
});

test('a consumer beside a writer at full speed in overwrite mode sees whole packets with rising numbers', async () => {
  const writer = startTestWriters('overwrite', 1);
  const reader = openRingReader(writer.memory);
  let last = -1;
  let packetCount = 0;
  while (packetCount < 2000) {
    const packet = reader.getNextSubBuffer();
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
    reader.putNextSubBuffer();
  }
  await writer.stop();
});

test('with a consumer that is stopped and goes on, recorded + discarded = sent in discard mode', async () => {
  const writer = startTestWriters('discard', 1);
  const reader = openRingReader(writer.memory);
  let recordedCount = 0;
  const take = (): void => {
    for (const packet of takeAll(reader)) recordedCount += packet.values.length;
  };
  for (let count = 0; count < 20 || reader.counters().discarded === 0; count++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    take();
  }
  const [result] = await writer.stop();
  take();
  const { discarded } = reader.counters();
  assert.equal(recordedCount + discarded, result?.sentCount);
});
