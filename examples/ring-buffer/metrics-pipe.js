// SPDX-License-Identifier: MIT
// A metrics pipe between two processes: the service stores numbers into memory that both map, and
// pays some ten nanoseconds for each; the collector adds them up in its own time.
//   node examples/ring-buffer/metrics-pipe.js [COUNT]
import { fork } from 'node:child_process';
import { createChannel, openChannel } from '@lockstep/ring-buffer';

const METRICS = ['requests', 'bytes', 'seconds'];

function runService(handle, count) {
  const writer = openChannel(handle).tryAttach();
  const { words, doubles } = writer;
  const measure = (metric, value) => {
    const offset = writer.begin(16);
    if (offset < 0) return; // Discarded and counted: a service never waits for its metrics.
    words[offset >> 2] = metric;
    doubles[(offset >> 3) + 1] = value;
    writer.end();
  };
  for (let request = 1; request <= count; request += 1) {
    measure(0, 1);
    measure(1, 512);
    measure(2, 0.25);
  }
  writer.release();
}

async function runCollector(count) {
  const channel = createChannel({
    allocation: 'one',
    writers: 'one',
    mode: 'discard',
    backing: { type: 'memory-file' },
    wakeUp: 'none',
    isCrashConsistent: true,
    timestampBits: 32,
    subBufferSizeBytes: 65_536,
    subBufferCount: 16,
  });
  const sums = METRICS.map(() => 0);
  const reader = channel.openReader();
  const collect = (options) => {
    for (const { payload } of reader.records(options)) {
      const view = new DataView(payload.buffer, payload.byteOffset);
      sums[view.getInt32(0, true)] += view.getFloat64(8, true);
    }
  };
  const service = fork(new URL(import.meta.url), ['service', JSON.stringify(channel.handle), String(count)]);
  // Delivered sub-buffers only, until the service has ended.
  const timer = setInterval(() => collect({ before: 2n ** 64n }), 1);
  await new Promise((resolve) => service.once('exit', resolve));
  clearInterval(timer);
  collect();
  METRICS.forEach((name, index) => console.log(`${name} ${sums[index]}`));
  console.log(`${channel.counters()[0].discarded} measurements lost`);
  channel.close();
}

if (process.argv[2] === 'service') runService(JSON.parse(process.argv[3]), Number(process.argv[4]));
else await runCollector(Number(process.argv[2] ?? 5000));
