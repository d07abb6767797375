// SPDX-License-Identifier: MIT
// Small ring buffers for tests, and writers that fill one at full speed in threads of their own.

import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import {
  createRing,
  openRingReader,
  ringSizeBytes,
  tryAttachWriter,
  type RingGeometry,
  type RingReader,
  type RingWriter,
} from '../index.ts';
import { makeClient, parsePacket, writeRecord, type ParsedPacket, type TestClient } from './record-client.ts';

export interface TestRing {
  readonly memory: SharedArrayBuffer;
  readonly client: TestClient;
  readonly writer: RingWriter;
  readonly reader: RingReader;
}

export function makeTestRing(mode: 'discard' | 'overwrite', subBufferCount = 4, writerCount = 1): TestRing {
  const geometry: RingGeometry = { mode, subBufferSizeBytes: 4096, subBufferCount, writerCount };
  const memory = new SharedArrayBuffer(ringSizeBytes(geometry));
  createRing(memory, geometry, { channelId: 0, bufferNumber: 7 });
  const client = makeClient(memory);
  const writer = tryAttachWriter(memory, { pid: 1, tid: 1 }, client);
  assert(writer !== undefined);
  return { memory, client, writer, reader: openRingReader(memory) };
}

/** Records of 1024 bytes fill a sub-buffer of 4096 with three: its header takes a part. */
export function writeValues(ring: { readonly writer: RingWriter }, from: number, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => writeRecord(ring.writer, from + index, 256));
}

export function takeAll(reader: RingReader): ParsedPacket[] {
  const packets = [];
  for (let packet = reader.getNextSubBuffer(); packet !== undefined; packet = reader.getNextSubBuffer()) {
    packets.push(parsePacket(packet));
    reader.putNextSubBuffer();
  }
  return packets;
}

// Words of the flags: 0 stop, then four a thread: values sent, records accepted, ended, its writer's index.
const WRITER_PROGRAM = `
  const { workerData } = require('node:worker_threads');
  (async () => {
    const { tryAttachWriter } = await import(workerData.ring);
    const { makeClient, writeRecord } = await import(workerData.client);
    const { memory, index } = workerData;
    const flags = new Int32Array(workerData.flags);
    const own = 4 + index * 4;
    const writer = tryAttachWriter(memory, { pid: 1, tid: 100 + index }, makeClient(memory));
    Atomics.store(flags, own + 3, writer.writerIndex);
    let value = 0;
    let acceptedCount = 0;
    while (Atomics.load(flags, 0) === 0) {
      for (let count = 0; count < 100; count++) if (writeRecord(writer, value++, 2 + (value % 50) * 2)) acceptedCount++;
      Atomics.store(flags, own + 1, acceptedCount);
      Atomics.store(flags, own, value);
    }
    writer.release();
    Atomics.store(flags, own + 2, 1);
    Atomics.notify(flags, own + 2);
  })();
`;

export interface TestWriters {
  readonly memory: SharedArrayBuffer;
  /** Every writer has recorded 1000 values or more. */
  started(): Promise<void>;
  /** Values sent so far by the first. */
  sentCount(): number;
  /** Values sent and accepted by each thread, and which writer it was. */
  stop(): Promise<{ readonly writerIndex: number; readonly sentCount: number; readonly acceptedCount: number }[]>;
}

export function startTestWriters(
  mode: 'discard' | 'overwrite',
  count: number,
  subBufferSizeBytes = 65_536,
  subBufferCount = 8,
): TestWriters {
  const geometry: RingGeometry = { mode, subBufferSizeBytes, subBufferCount, writerCount: count };
  const memory = new SharedArrayBuffer(ringSizeBytes(geometry));
  createRing(memory, geometry, { channelId: 0, bufferNumber: 0 });
  const flags = new Int32Array(new SharedArrayBuffer((count + 1) * 16));
  const workers = Array.from(
    { length: count },
    (_, index) =>
      new Worker(WRITER_PROGRAM, {
        eval: true,
        workerData: {
          memory,
          index,
          flags: flags.buffer,
          ring: new URL('../index.js', import.meta.url).href,
          client: new URL('./record-client.js', import.meta.url).href,
        },
      }),
  );
  // A test that fails before it stops them ends all the same.
  for (const worker of workers) worker.unref();
  return {
    memory,
    async started() {
      for (let index = 0; index < count; index++) {
        while (Atomics.load(flags, 4 + index * 4) < 1000) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    sentCount: () => Atomics.load(flags, 4),
    async stop() {
      Atomics.store(flags, 0, 1);
      for (let index = 0; index < count; index++) Atomics.wait(flags, 4 + index * 4 + 2, 0, 20_000);
      await Promise.all(workers.map((worker) => worker.terminate()));
      return workers.map((_, index) => ({
        writerIndex: Atomics.load(flags, 4 + index * 4 + 3),
        sentCount: Atomics.load(flags, 4 + index * 4),
        acceptedCount: Atomics.load(flags, 4 + index * 4 + 1),
      }));
    },
  };
}
