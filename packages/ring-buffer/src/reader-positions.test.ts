// SPDX-License-Identifier: MIT
// The reader that looks without moving on: LTTng's list of 2011 names the flight recorder whose writer
// laps a reader that never moves its consumer as not proven.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError, ProtocolError } from '@lockstep/base';
import fc from 'fast-check';
import { openRingReader, type RingReader } from './index.ts';
import { parsePacket } from './testing/record-client.ts';
import { makeTestRing, startTestWriters, takeAll, writeValues } from './testing/test-ring.ts';

/** Values of every sub-buffer of [consumed, produced) that is whole; the consumer does not move. */
function lookAtAll(reader: RingReader): { readonly position: number; readonly values: number[] }[] {
  const { consumed, produced } = reader.snapshotPositions();
  const found = [];
  for (let position = consumed; position < produced; position++) {
    const packet = reader.getSubBuffer(position);
    if (typeof packet !== 'object') continue;
    const { sequence, values } = parsePacket(packet);
    assert.equal(sequence, position);
    found.push({ position, values });
    reader.putSubBuffer();
  }
  return found;
}

test('overwrite: sub-buffers that were looked at are still there for the next look and for the consumer', () => {
  const ring = makeTestRing('overwrite');
  writeValues(ring, 0, 12);
  const first = lookAtAll(ring.reader);
  assert.deepEqual(
    first.map(({ values }) => values),
    [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ],
  );
  assert.deepEqual(lookAtAll(ring.reader), first);
  assert.deepEqual(
    takeAll(ring.reader).flatMap((packet) => packet.values),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
});

test('overwrite: what a reader holds stays whole while the writer laps it, and is gone when it is put back', () => {
  const ring = makeTestRing('overwrite');
  writeValues(ring, 0, 7);
  const held = ring.reader.getSubBuffer(1);
  assert(typeof held === 'object');
  writeValues(ring, 7, 200);
  assert.deepEqual(parsePacket(held).values, [3, 4, 5]);
  ring.reader.putSubBuffer();
  assert.equal(ring.reader.getSubBuffer(1), 'gone');
  const { consumed, produced } = ring.reader.snapshotPositions();
  assert.equal(produced - consumed, 4);
  assert.equal(lookAtAll(ring.reader).length, 3);
});

test('overwrite, the case of 2011: a reader that never moves gets whole sub-buffers or `gone` while the writer laps it', async () => {
  const long = process.env['LOCKSTEP_TEST_LONG'] === '1';
  const writers = startTestWriters('overwrite', 1);
  const reader = openRingReader(writers.memory);
  await writers.started();
  let last = { consumed: 0, produced: 0 };
  let wholeCount = 0;
  let goneCount = 0;
  for (let round = 0; round < (long ? 20_000 : 500); round++) {
    const positions = reader.snapshotPositions();
    assert.ok(positions.consumed >= last.consumed && positions.produced >= last.produced, 'a position went back');
    last = positions;
    let newest = -1;
    for (let position = positions.consumed; position < positions.produced; position++) {
      const packet = reader.getSubBuffer(position);
      if (packet === 'gone') goneCount++;
      if (typeof packet !== 'object') continue;
      const { sequence, values } = parsePacket(packet);
      assert.equal(sequence, position);
      values.forEach((value, index) => assert.ok(index === 0 || value === values[index - 1]! + 1));
      assert.ok(values[0]! > newest, 'content older than the one before');
      newest = values.at(-1)!;
      wholeCount++;
      reader.putSubBuffer();
    }
    assert.ok(reader.getSubBuffer(0) === 'gone' || positions.consumed === 0, 'a position that was lapped came back');
    reader.putSubBuffer();
  }
  await writers.stop();
  assert.ok(wholeCount > 500, `${wholeCount} whole`);
  assert.ok(last.produced > 100, `the writer never came round: ${last.produced}`);
  assert.ok(goneCount >= 0);
  assert.equal(reader.counters().discarded, 0);
});

test('discard: looking moves nothing: the buffer stays full and losses are counted until moveConsumer', () => {
  const ring = makeTestRing('discard');
  writeValues(ring, 0, 15);
  assert.deepEqual(ring.reader.snapshotPositions(), { consumed: 0, produced: 4 });
  assert.equal(ring.reader.counters().discardedFull, 3);
  for (let round = 0; round < 3; round++) assert.equal(lookAtAll(ring.reader).length, 3);
  assert.equal(ring.reader.getSubBuffer(3), 'busy');
  assert.equal(ring.reader.getSubBuffer(4), 'busy');
  writeValues(ring, 15, 5);
  assert.equal(ring.reader.counters().discardedFull, 8);
  ring.reader.moveConsumer(2);
  assert.deepEqual(ring.reader.snapshotPositions(), { consumed: 2, produced: 4 });
  assert.equal(ring.reader.getSubBuffer(1), 'gone');
  assert.ok(writeValues(ring, 20, 6).every((isRecorded) => isRecorded));
  assert.deepEqual(
    takeAll(ring.reader).flatMap((packet) => packet.values),
    [6, 7, 8, 9, 10, 11, 20, 21, 22],
  );
});

for (const mode of ['discard', 'overwrite'] as const) {
  test(`${mode}: the consumer never moves back`, () => {
    const ring = makeTestRing(mode);
    writeValues(ring, 0, 12);
    ring.reader.moveConsumer(3);
    ring.reader.moveConsumer(1);
    assert.equal(ring.reader.snapshotPositions().consumed, 3);
    assert.equal(ring.reader.getNextSubBuffer(), undefined);
    assert.throws(() => ring.reader.moveConsumer(5), InputError);
    assert.throws(() => ring.reader.moveConsumer(-1), InputError);
    assert.throws(() => ring.reader.getSubBuffer(0.5), InputError);
  });

  test(`${mode}: a sub-buffer is held once at a time`, () => {
    const ring = makeTestRing(mode);
    writeValues(ring, 0, 12);
    assert.equal(typeof ring.reader.getSubBuffer(1), 'object');
    assert.throws(() => ring.reader.getSubBuffer(2), ProtocolError);
    assert.throws(() => ring.reader.getNextSubBuffer(), ProtocolError);
    assert.throws(() => ring.reader.moveConsumer(1), ProtocolError);
    ring.reader.putSubBuffer();
    ring.reader.putSubBuffer();
    assert.deepEqual(parsePacket(ring.reader.getNextSubBuffer()!).values, [0, 1, 2]);
  });

  test(`${mode}: a reader that died while it looked leaves nothing lost and nothing doubled`, () => {
    for (const laps of [0, 1]) {
      const ring = makeTestRing(mode);
      writeValues(ring, 0, 12);
      assert.equal(typeof ring.reader.getSubBuffer(1), 'object');
      if (laps === 1) writeValues(ring, 12, 30);
      const heir = openRingReader(ring.memory);
      const values = takeAll(heir).flatMap((packet) => packet.values);
      assert.deepEqual(values, [...new Set(values)]);
      for (const value of [3, 4, 5]) assert.ok(values.includes(value));
      assert.deepEqual(takeAll(openRingReader(ring.memory)), []);
    }
  });

  test(`${mode}: newest first gives the same sub-buffers backwards`, () => {
    const ring = makeTestRing(mode);
    writeValues(ring, 0, 11);
    const forwards = ring.reader.snapshot().packets.map((packet) => parsePacket(packet).values);
    const backwards = ring.reader
      .snapshot({ order: 'newest-first' })
      .packets.map((packet) => parsePacket(packet).values);
    assert.deepEqual(backwards, forwards.toReversed());
    assert.deepEqual(backwards.at(0), [9, 10]);
  });

  test(`${mode}: whatever is looked at, taken and moved, each record is seen once by the consumer, in order`, () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('write' as const), count: fc.integer({ min: 1, max: 8 }) }),
      fc.record({ type: fc.constant('look' as const), count: fc.nat(5) }),
      fc.record({ type: fc.constant('take' as const), count: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ring = makeTestRing(mode);
        let next = 0;
        let recordedCount = 0;
        const taken: number[] = [];
        for (const { type, count } of steps) {
          if (type === 'write') {
            recordedCount += writeValues(ring, next, count).filter((isRecorded) => isRecorded).length;
            next += count;
          } else if (type === 'look') {
            const { consumed } = ring.reader.snapshotPositions();
            if (typeof ring.reader.getSubBuffer(consumed + count) === 'object') ring.reader.putSubBuffer();
          } else {
            for (let index = 0; index < count; index++) {
              const packet = ring.reader.getNextSubBuffer();
              if (packet === undefined) break;
              taken.push(...parsePacket(packet).values);
              ring.reader.putNextSubBuffer();
            }
          }
        }
        for (const packet of takeAll(ring.reader)) taken.push(...packet.values);
        for (const packet of ring.reader.takeActive()) taken.push(...parsePacket(packet).values);
        assert.ok(taken.every((value, index) => index === 0 || value > taken[index - 1]!));
        if (mode === 'discard') assert.equal(taken.length, recordedCount);
        assert.equal(recordedCount + ring.reader.counters().discarded, next);
      }),
      { numRuns: 200 },
    );
  });
}

test('overwrite: newest first, while the writer laps, holds the newest sub-buffers without a hole', async () => {
  const writers = startTestWriters('overwrite', 1);
  const reader = openRingReader(writers.memory);
  await writers.started();
  for (let round = 0; round < 200; round++) {
    const { packets } = reader.snapshot({ order: 'newest-first' });
    const positions = packets.map((packet) => packet.sequenceNumber);
    positions.forEach((position, index) => assert.ok(index === 0 || position === positions[index - 1]! - 1));
    for (const packet of packets) parsePacket(packet);
  }
  await writers.stop();
});
