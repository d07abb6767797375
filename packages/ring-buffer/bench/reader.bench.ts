// SPDX-License-Identifier: MIT
// What reading costs: from the buffer to a file in the page cache, and a snapshot of a flight recorder
// of 64 MiB while its writer runs, at a million records a second and at full speed: how long it takes,
// and the longest time that 16 records took meanwhile, beside the same without snapshots. The time in
// which the writer's thread was not on a CPU is taken off: the machine has other things to do.
//
//   node packages/ring-buffer/dist/bench/reader.bench.js [rounds]

import { closeSync, openSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import {
  createChannel,
  monotonicClock,
  openChannel,
  tscClock,
  type ChannelHandle,
  type ChannelOptions,
} from '../src/index.ts';
import { median } from './lttng-rival.ts';

const MIB = 1024 * 1024;
const BATCH = 16;
const OPTIONS: ChannelOptions = {
  allocation: 'one',
  writers: 'one',
  mode: 'overwrite',
  backing: { type: 'memory-file' },
  wakeUp: 'none',
  isCrashConsistent: true,
  timestampBits: 32,
  subBufferSizeBytes: MIB,
  subBufferCount: 64,
};

// Words of the flags: 0 stop, 1 reset; from byte 16 doubles: longest stall in ns, on the CPU; longest
// with the time off the CPU; batches longer than 50 µs on the CPU; batches.
interface WriterTask {
  readonly handle: ChannelHandle;
  readonly flags: SharedArrayBuffer;
  /** Pause after a batch. */
  readonly pauseNs: number;
}

const LONG_NS = 50_000;

function runWriter({ handle, flags, pauseNs }: WriterTask): void {
  const native = loadNative()!;
  const { slot, read } = tscClock() ?? monotonicClock();
  const writer = openChannel(handle).tryAttach({ clock: tscClock() ?? monotonicClock() })!;
  const now = (): number => {
    read();
    return slot[1]! * 2 ** 32 + (slot[0]! >>> 0);
  };
  const nsPerCycle = measureCycle(now);
  const words = new Int32Array(flags, 0, 4);
  const times = new Float64Array(flags, 16, 4);
  let markCpu = Number(native.clockNs('thread-cpu'));
  let mark = now();
  let before = mark;
  while (Atomics.load(words, 0) === 0) {
    for (let count = 0; count < BATCH; count++) {
      const offset = writer.begin(248);
      writer.words[offset >> 2] = count;
      writer.end();
    }
    const after = now();
    const wall = (after - before) * nsPerCycle;
    times[3]!++;
    if (wall > LONG_NS) {
      // Seldom, so that what reading this clock allocates is not collected in the middle.
      const cpu = Number(native.clockNs('thread-cpu'));
      const offCpu = Math.max(0, (after - mark) * nsPerCycle - (cpu - markCpu));
      const own = Math.max(0, wall - offCpu);
      times[0] = Math.max(times[0]!, own);
      times[1] = Math.max(times[1]!, wall);
      if (own > LONG_NS) times[2]!++;
    }
    if (Atomics.compareExchange(words, 1, 1, 0) === 1) times.fill(0);
    if (pauseNs > 0) while ((now() - after) * nsPerCycle < pauseNs);
    before = now();
    if (wall > LONG_NS) {
      markCpu = Number(native.clockNs('thread-cpu'));
      mark = before = now();
    }
  }
  writer.release();
}

function measureCycle(now: () => number): number {
  const begin = process.hrtime.bigint();
  const first = now();
  while (process.hrtime.bigint() - begin < 20_000_000n);
  return Number(process.hrtime.bigint() - begin) / (now() - first);
}

function benchFile(rounds: number): void {
  const channel = createChannel({ ...OPTIONS, mode: 'discard' });
  const writer = channel.tryAttach()!;
  const reader = channel.openReader();
  const path = join(tmpdir(), `lockstep-reader-bench-${process.pid}`);
  const rates: number[] = [];
  const copyRates: number[] = [];
  try {
    for (let round = -1; round < rounds; round++) {
      while (writer.begin(65_536 - 8) >= 0) writer.end();
      const fd = openSync(path, round < 0 ? 'w' : 'r+');
      const begin = process.hrtime.bigint();
      const { byteCount } = reader.writeTo(fd);
      const ns = Number(process.hrtime.bigint() - begin);
      closeSync(fd);
      const source = Buffer.alloc(MIB, 1);
      const copyBegin = process.hrtime.bigint();
      const target = openSync(path, 'r+');
      for (let done = 0; done < byteCount; done += MIB)
        process.getBuiltinModule('node:fs').writeSync(target, source, 0, MIB, done);
      const copyNs = Number(process.hrtime.bigint() - copyBegin);
      closeSync(target);
      if (round < 0) continue;
      rates.push(byteCount / ns);
      copyRates.push(byteCount / copyNs);
    }
  } finally {
    rmSync(path, { force: true });
    channel.close();
  }
  console.log(
    `buffer to file in the page cache: ${median(rates).toFixed(2)} GB/s, best ${Math.max(...rates).toFixed(2)} (limit 2)`,
  );
  console.log(`  bare write() of one hot MiB, again and again: ${median(copyRates).toFixed(2)} GB/s`);
}

async function benchSnapshot(rounds: number, pauseNs: number): Promise<void> {
  const channel = createChannel(OPTIONS);
  const flags = new SharedArrayBuffer(64);
  const words = new Int32Array(flags, 0, 4);
  const times = new Float64Array(flags, 16, 4);
  const task: WriterTask = { handle: channel.handle, flags, pauseNs };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task });
  const reader = channel.openReader().buffers[0]!;
  while (reader.snapshotPositions().produced < 70) await new Promise((resolve) => setTimeout(resolve, 5));
  const measure = async (work: () => void): Promise<readonly number[]> => {
    Atomics.store(words, 1, 1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    for (let round = 0; round < rounds; round++) {
      work();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return [...times];
  };
  const durations: number[] = [];
  const sizes: number[] = [];
  let goneCount = 0;
  // Alternating, so that the machine's other load is the same for both.
  const without: (readonly number[])[] = [];
  const during: (readonly number[])[] = [];
  for (let turn = 0; turn < 5; turn++) {
    without.push(
      await measure(() => {
        // As long as a snapshot, without touching the buffer.
        const end = performance.now() + (median(durations) || 20);
        while (performance.now() < end);
      }),
    );
    during.push(
      await measure(() => {
        const begin = performance.now();
        const { packets, goneCount: gone } = reader.snapshot();
        durations.push(performance.now() - begin);
        sizes.push(packets.reduce((sum, packet) => sum + packet.contentSizeBytes, 0));
        goneCount += gone;
      }),
    );
  }
  Atomics.store(words, 0, 1);
  await new Promise((resolve) => worker.once('exit', resolve));
  const most = (list: (readonly number[])[], index: number): number =>
    Math.max(...list.map((values) => values[index]!));
  const sum = (list: (readonly number[])[], index: number): number =>
    list.reduce((total, values) => total + values[index]!, 0);
  const show = (label: string, list: (readonly number[])[]): void =>
    console.log(
      `  ${label}: longest ${(most(list, 0) / 1000).toFixed(0)} µs on the CPU, ${(most(list, 1) / 1000).toFixed(0)} µs with the time off it; ${sum(list, 2)} of ${sum(list, 3)} batches longer than 50 µs`,
    );
  const speed = pauseNs > 0 ? 'at a million records a second' : 'at full speed';
  console.log(
    `snapshot of ${(median(sizes) / MIB).toFixed(0)} MiB beside a writer ${speed}: ${median(durations).toFixed(1)} ms, longest ${Math.max(...durations).toFixed(1)} ms (limit 100), ${goneCount} sub-buffers gone in ${durations.length} snapshots`,
  );
  show('writer without snapshots', without);
  show('writer during snapshots ', during);
  channel.close();
}

if (isMainThread) {
  const rounds = Number(process.argv[2] ?? 9);
  console.log(
    `node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${rounds} rounds`,
  );
  benchFile(rounds);
  await benchSnapshot(rounds, BATCH * 1000);
  await benchSnapshot(rounds, 0);
} else {
  runWriter(workerData as WriterTask);
}
