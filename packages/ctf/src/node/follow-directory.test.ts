// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isEventRecord } from '../read/data-stream-reader.ts';
import { eventRecordClass, samplePacket, sampleTraceClass } from '../testing/sample-trace.ts';
import { signedInteger, structure, writeMetadata } from '../write.ts';
import { followTraceDirectory } from './follow-directory.ts';

const tick = (id: number): ReturnType<typeof eventRecordClass> =>
  eventRecordClass(id, `tick${id}`, structure({ value: signedInteger(32) }));

/** A packet with one record of class `id` at `time`. */
function packet(id: number, time: number, value: number): Uint8Array {
  return samplePacket('kernel', [BigInt(time), BigInt(time)], (writer) => {
    writer.integer(16, id).integer(32, time).integer(32, 1).integer(32, value);
  });
}

test('follows packets, data streams and event record classes as they are written, half packets left for later', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-follow-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const kernel = join(directory, 'kernel');
  const followed = followTraceDirectory(directory);
  t.after(() => followed.close());
  const ending = new AbortController();
  const values: number[] = [];
  const steps: (() => void)[] = [
    () => {
      mkdirSync(kernel);
      writeFileSync(join(kernel, 'metadata'), writeMetadata(sampleTraceClass('kernel', [tick(1)])));
    },
    () => writeFileSync(join(kernel, 'a'), packet(1, 1000, 1)),
    () => appendFileSync(join(kernel, 'a'), packet(1, 2000, 2).subarray(0, 100)),
    () => {
      assert.deepEqual(values, [1]);
      appendFileSync(join(kernel, 'a'), packet(1, 2000, 2).subarray(100));
    },
    () => writeFileSync(join(kernel, 'metadata'), writeMetadata(sampleTraceClass('kernel', [tick(1), tick(2)]))),
    () => {
      writeFileSync(join(kernel, 'b'), packet(2, 3000, 3));
      appendFileSync(join(kernel, 'a'), packet(2, 4000, 4));
    },
    () => {},
    () => ending.abort(),
  ];
  let idleCount = 0;
  const onIdle = (): void => {
    // Some looks between the steps.
    if (idleCount++ % 4 === 3) steps.shift()?.();
  };
  for await (const item of followed.items({ signal: ending.signal, intervalMs: 2, onIdle })) {
    assert.ok(isEventRecord(item));
    values.push(item.payload!['value'] as number);
  }
  assert.deepEqual(values, [1, 2, 3, 4]);
});
