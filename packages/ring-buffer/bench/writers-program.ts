// SPDX-License-Identifier: MIT
// One round of writers.bench: argv = CPU, threads, mode, allocation, bytes, events to warm up with, events
// to measure. Prints ns of CPU time an event and thread. The threads are all bound to that CPU.

import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import { createChannel, openChannel, tscClock, type ChannelHandle, type RecordWriter } from '../src/index.ts';

interface ThreadTask {
  readonly handle: ChannelHandle;
  readonly cpu: number;
  readonly sizeBytes: number;
  readonly warmUpCount: number;
  readonly eventCount: number;
  /** Words: 0 threads that are warm, then ns of each in 64 bits from byte 8. */
  readonly shared: SharedArrayBuffer;
  readonly index: number;
}

function main(): void {
  const [
    cpu = '0',
    threads = '1',
    mode = 'overwrite',
    allocation = 'one',
    sizeBytes = '16',
    warmUp = '1000',
    count = '1000',
  ] = process.argv.slice(2);
  const threadCount = Number(threads);
  const isShared = allocation === 'one';
  const channel = createChannel({
    allocation: isShared ? 'one' : 'per-thread',
    writers: isShared ? 'several' : 'one',
    mode: mode === 'discard' ? 'discard' : 'overwrite',
    backing: { type: 'shared' },
    wakeUp: 'none',
    isCrashConsistent: true,
    timestampBits: 32,
    ...(isShared ? { writerCount: threadCount } : { bufferCount: threadCount }),
    // Of the size of a second-level cache's share, so that both sides write into memory that is warm.
    subBufferSizeBytes: isShared ? 65_536 : 1024 * 1024,
    subBufferCount: isShared ? 128 : 8,
  });
  const shared = new SharedArrayBuffer(8 + threadCount * 8);
  const { promise, resolve } = withResolvers();
  let left = threadCount;
  for (let index = 0; index < threadCount; index++) {
    const task: ThreadTask = {
      handle: channel.handle,
      cpu: Number(cpu),
      sizeBytes: Number(sizeBytes),
      warmUpCount: Number(warmUp),
      eventCount: Number(count),
      shared,
      index,
    };
    new Worker(fileURLToPath(import.meta.url), { workerData: task }).on('exit', () => {
      if (--left === 0) resolve();
    });
  }
  const drain =
    mode === 'discard'
      ? setInterval(() => {
          for (const reader of channel.openReader().buffers) reader.moveConsumer(reader.snapshotPositions().produced);
        }, 1)
      : undefined;
  void promise.then(() => {
    clearInterval(drain);
    const times = new Float64Array(shared, 8);
    const { discarded } = channel.counters()[0]!;
    console.log(JSON.stringify({ ns: times.reduce((sum, ns) => sum + ns, 0) / threadCount, discarded }));
  });
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** The payload is a number and a float, as the rival's, or as many words as the size has. */
function record(writer: RecordWriter, sizeBytes: number, count: number): void {
  const { words, doubles } = writer;
  if (sizeBytes === 16) {
    for (let index = 0; index < count; index++) {
      const offset = writer.begin(16);
      if (offset < 0) continue;
      words[offset >> 2] = index;
      doubles[(offset >> 3) + 1] = index * 0.5;
      writer.end();
    }
    return;
  }
  const payload = new Int32Array(sizeBytes / 4);
  for (let index = 0; index < count; index++) {
    payload[0] = index;
    const offset = writer.begin(sizeBytes);
    if (offset < 0) continue;
    // From 64 bytes on cheaper than a loop: some 12 ns for any size.
    words.set(payload, offset >> 2);
    writer.end();
  }
}

function runThread({ handle, cpu, sizeBytes, warmUpCount, eventCount, shared, index }: ThreadTask): void {
  const native = loadNative();
  if (native === undefined) throw new Error('needs the native addon');
  native.pinToCpu(0, cpu);
  const clock = tscClock();
  const writer = openChannel(handle).tryAttach(clock === undefined ? {} : { clock });
  if (writer === undefined) throw new Error('no place to write');
  const flags = new Int32Array(shared, 0, 1);
  const threadCount = (shared.byteLength - 8) / 8;
  for (let part = 0; part < 10; part++) record(writer, sizeBytes, warmUpCount / 10);
  Atomics.add(flags, 0, 1);
  Atomics.notify(flags, 0);
  for (let warm = Atomics.load(flags, 0); warm < threadCount; warm = Atomics.load(flags, 0))
    Atomics.wait(flags, 0, warm);
  const begin = native.clockNs('thread-cpu');
  record(writer, sizeBytes, eventCount);
  new Float64Array(shared, 8)[index] = Number(native.clockNs('thread-cpu') - begin) / eventCount;
  writer.release();
}

if (isMainThread) main();
else runThread(workerData as ThreadTask);
