// SPDX-License-Identifier: MIT
// A queue with several writers: threads put jobs into one buffer, each at its own pace; when it is
// full they wait for the reader instead of losing any. One thread takes them, each once.
//   node examples/ring-buffer/queue.js [JOBS]
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createChannel, openChannel } from '@lockstep/ring-buffer';

const PRODUCER_COUNT = 4;

function produce({ handle, jobCount }) {
  const writer = openChannel(handle).tryAttach();
  for (let job = 1; job <= jobCount; job += 1) {
    const offset = writer.begin(8);
    if (offset < 0) throw new Error('the consumer stood still for 10 seconds');
    writer.words[offset >> 2] = job;
    writer.end();
  }
  writer.release();
  parentPort.postMessage('done');
}

function consume({ handle }) {
  const reader = openChannel(handle).openReader();
  let left = PRODUCER_COUNT;
  let count = 0;
  let sum = 0;
  parentPort.on('message', () => (left -= 1));
  const take = (options) => {
    for (const { payload } of reader.records(options)) {
      count += 1;
      sum += new DataView(payload.buffer, payload.byteOffset).getInt32(0, true);
    }
  };
  const step = () => {
    // A delivered sub-buffer wakes this thread; nobody polls.
    if (reader.wait(50)) take({ before: 2n ** 64n });
    if (left > 0) setImmediate(step);
    else {
      take();
      parentPort.close();
      console.log(`${count} jobs done, sum ${sum}`);
    }
  };
  step();
}

if (isMainThread) {
  const channel = createChannel({
    allocation: 'one',
    writers: 'several',
    writerCount: PRODUCER_COUNT,
    mode: 'discard',
    blockingTimeoutMs: 10_000,
    backing: { type: 'shared' },
    wakeUp: 'writer',
    isCrashConsistent: true,
    timestampBits: 32,
    subBufferSizeBytes: 4096,
    subBufferCount: 16,
  });
  const start = (role) =>
    new Worker(new URL(import.meta.url), {
      workerData: { role, handle: channel.handle, jobCount: Number(process.argv[2] ?? 20_000) },
    });
  const consumer = start('consumer');
  for (let count = 0; count < PRODUCER_COUNT; count += 1) {
    start('producer').on('message', (message) => consumer.postMessage(message));
  }
} else if (workerData.role === 'producer') produce(workerData);
else consume(workerData);
