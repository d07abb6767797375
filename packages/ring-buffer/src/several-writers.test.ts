// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openRingReader, recoverWriters, tryAttachWriter, type RingWriter } from './index.ts';
import { makeClient, parsePacket, writeRecord } from './testing/record-client.ts';
import { makeTestRing, startTestWriters, takeAll, writeValues } from './testing/test-ring.ts';

function attach(memory: ArrayBufferLike, tid: number): RingWriter {
  const writer = tryAttachWriter(memory, { pid: 1, tid }, makeClient(memory));
  assert(writer !== undefined);
  return writer;
}

for (const mode of ['discard', 'overwrite'] as const) {
  test(`${mode}: as many threads write as the buffer has blocks, and a released one is taken again`, () => {
    const { memory, writer, reader } = makeTestRing(mode, 4, 2);
    const second = attach(memory, 2);
    assert.deepEqual([writer.writerIndex, second.writerIndex], [0, 1]);
    assert.equal(tryAttachWriter(memory, { pid: 1, tid: 3 }, makeClient(memory)), undefined);
    writeValues({ writer: second }, 0, 2);
    second.release();
    assert.equal(attach(memory, 3).writerIndex, 1);
    assert.deepEqual(
      takeAll(reader).map(({ writerIndex, values }) => [writerIndex, values]),
      [[1, [0, 1]]],
    );
  });

  test(`${mode}: a writer that holds its sub-buffer for long does not stop the others`, () => {
    const { memory, writer: idle, reader } = makeTestRing(mode, 4, 2);
    const busy = attach(memory, 2);
    writeValues({ writer: idle }, 1000, 1);
    for (let round = 0; round < 30; round++) {
      assert.ok(writeValues({ writer: busy }, round * 3, 3).every((isRecorded) => isRecorded));
      if (mode === 'discard') takeAll(reader);
    }
    writeValues({ writer: idle }, 1001, 1);
    idle.release();
    const packets = takeAll(reader);
    assert.deepEqual(packets.find(({ writerIndex }) => writerIndex === 0)?.values, [1000, 1001]);
    assert.equal(reader.counters().discarded, 0);
  });

  test(`${mode}: sub-buffers that are delivered out of order are taken once each`, () => {
    const { memory, writer: first, reader } = makeTestRing(mode, 8, 3);
    const second = attach(memory, 2);
    const third = attach(memory, 3);
    writeValues({ writer: first }, 0, 1);
    writeValues({ writer: second }, 100, 1);
    writeValues({ writer: third }, 200, 1);
    third.flush();
    assert.deepEqual(takeAll(reader), [{ writerIndex: 2, sequence: 2, discarded: 0, values: [200] }]);
    second.flush();
    first.flush();
    assert.deepEqual(
      takeAll(reader).map(({ sequence }) => sequence),
      [0, 1],
    );
    assert.deepEqual(takeAll(reader), []);
    assert.equal(reader.counters().deliveredSubBuffers, 3);
  });

  test(`${mode}: what several writers had committed can be taken, and recovered from the dead`, () => {
    const { memory, writer: first, reader } = makeTestRing(mode, 8, 3);
    const second = attach(memory, 2);
    writeValues({ writer: first }, 0, 1);
    writeValues({ writer: second }, 100, 2);
    assert.deepEqual(
      reader.takeActive().map((packet) => parsePacket(packet).values),
      [[0], [100, 101]],
    );
    const dead = recoverWriters(memory, { pid: 9, tid: 9 }, makeClient(memory), (owner) => owner.tid === 2);
    assert.deepEqual(dead, [{ pid: 1, tid: 2 }]);
    assert.deepEqual(takeAll(reader), [{ writerIndex: 1, sequence: 1, discarded: 0, values: [100, 101] }]);
    assert.equal(attach(memory, 4).writerIndex, 1);
  });

  test(`${mode}: recorded + discarded = sent for each writer, in order, however writers and consumer take turns`, () => {
    const step = fc.record({ who: fc.nat(3), count: fc.integer({ min: 1, max: 5 }), isFlushing: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 2, max: 6 }), (steps, subBufferCount) => {
        const { memory, writer, reader } = makeTestRing(mode, subBufferCount, 3);
        const writers = [writer, attach(memory, 2), attach(memory, 3)];
        const sent = [0, 0, 0];
        const recorded = [0, 0, 0];
        const seen: number[][] = [[], [], []];
        const take = (packet: Parameters<typeof parsePacket>[0]): void => {
          const { writerIndex, values } = parsePacket(packet);
          seen[writerIndex]!.push(...values);
        };
        for (const { who, count, isFlushing } of steps) {
          if (who === 3) {
            for (let index = 0; index < count; index++) {
              const packet = reader.getNextSubBuffer();
              if (packet === undefined) break;
              take(packet);
              reader.putNextSubBuffer();
            }
            continue;
          }
          for (const isRecorded of writeValues({ writer: writers[who]! }, sent[who]!, count))
            if (isRecorded) recorded[who]!++;
          sent[who]! += count;
          if (isFlushing) writers[who]!.flush();
        }
        for (let packet = reader.getNextSubBuffer(); packet !== undefined; packet = reader.getNextSubBuffer()) {
          take(packet);
          reader.putNextSubBuffer();
        }
        reader.takeActive().forEach(take);
        for (const index of [0, 1, 2]) {
          assert.equal(recorded[index]! + reader.counters(index).discarded, sent[index]);
          const values = seen[index]!;
          assert.ok(values.every((value, at) => at === 0 || value > values[at - 1]!));
          if (mode === 'discard') assert.equal(values.length, recorded[index]);
        }
      }),
      { numRuns: 200 },
    );
  });

  test(`${mode}: three threads at full speed on one buffer lose, double and tear nothing uncounted`, async () => {
    const writers = startTestWriters(mode, 3, 4096, 16);
    const reader = openRingReader(writers.memory);
    const values: number[][] = [[], [], []];
    const sequences = new Set<number>();
    const take = (): void => {
      for (let packet = reader.getNextSubBuffer(); packet !== undefined; packet = reader.getNextSubBuffer()) {
        const parsed = parsePacket(packet);
        assert.equal(parsed.sequence, packet.sequenceNumber);
        assert.ok(!sequences.has(parsed.sequence), 'delivered twice');
        sequences.add(parsed.sequence);
        values[parsed.writerIndex]!.push(...parsed.values);
        reader.putNextSubBuffer();
        if (sequences.size % 64 === 0) return;
      }
    };
    await writers.started();
    const packetCount = process.env['LOCKSTEP_TEST_LONG'] === '1' ? 100_000 : 3000;
    while (sequences.size < packetCount) {
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const results = await writers.stop();
    for (let before = -1; before !== sequences.size;) {
      before = sequences.size;
      take();
    }
    results.forEach(({ writerIndex, sentCount, acceptedCount }) => {
      const own = values[writerIndex]!;
      assert.ok(own.every((value, at) => at === 0 || value > own[at - 1]!));
      assert.equal(acceptedCount + reader.counters(writerIndex).discarded, sentCount);
      if (mode === 'discard') assert.equal(own.length, acceptedCount);
    });
    assert.ok(reader.isReleased);
    assert.equal(
      reader.counters().deliveredSubBuffers,
      sequences.size + (mode === 'discard' ? 0 : reader.counters().overwrittenSubBuffers),
    );
  });
}

test('discard: full and wrapped are told apart', () => {
  const { memory, writer: first, reader } = makeTestRing('discard', 2, 3);
  const second = attach(memory, 2);
  const third = attach(memory, 3);
  writeValues({ writer: first }, 0, 1);
  writeValues({ writer: second }, 0, 1);
  assert.equal(writeRecord(third, 0, 4), false);
  assert.equal(reader.counters().discardedWrapped, 1);
  second.flush();
  assert.equal(writeRecord(third, 0, 4), false);
  assert.equal(reader.counters().discardedFull, 1);
  assert.equal(reader.counters(0).discarded, 0);
});
