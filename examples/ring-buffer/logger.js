// SPDX-License-Identifier: MIT
// A logger between worker threads: each thread records its lines without waiting for anybody, and the
// main thread prints them merged by time.   node examples/ring-buffer/logger.js [LINES]
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createChannel, openChannel } from '@lockstep/ring-buffer';

const THREAD_COUNT = 3;
/** Every thread delivers its lines within this time, so that older ones can be printed in order. */
const LATENCY_NS = 20_000_000n;

function makeLog(handle) {
  const writer = openChannel(handle).tryAttach();
  const encoder = new TextEncoder();
  const timer = setInterval(() => writer.flush(), 10);
  return {
    log: (line) => writer.write(encoder.encode(line)),
    close() {
      clearInterval(timer);
      writer.release();
    },
  };
}

if (isMainThread) {
  const channel = createChannel({
    allocation: 'per-thread',
    writers: 'one',
    bufferCount: THREAD_COUNT,
    mode: 'discard',
    backing: { type: 'shared' },
    wakeUp: 'none',
    isCrashConsistent: true,
    timestampBits: 64,
    subBufferSizeBytes: 16_384,
    subBufferCount: 8,
  });
  const reader = channel.openReader();
  const decoder = new TextDecoder();
  const print = (options) => {
    for (const { payload } of reader.records(options)) console.log(decoder.decode(payload));
  };
  const timer = setInterval(() => print({ before: process.hrtime.bigint() - LATENCY_NS }), 10);
  const lineCount = Number(process.argv[2] ?? 5);
  const workers = Array.from(
    { length: THREAD_COUNT },
    (_, name) => new Worker(new URL(import.meta.url), { workerData: { handle: channel.handle, lineCount, name } }),
  );
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  clearInterval(timer);
  print();
  const lost = channel.counters().reduce((sum, { discarded }) => sum + discarded, 0);
  console.log(`${lost} lines lost`);
} else {
  const log = makeLog(workerData.handle);
  for (let count = 1; count <= workerData.lineCount; count += 1) {
    log.log(`thread ${workerData.name}: line ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  log.close();
}
