// SPDX-License-Identifier: MIT
// What reading costs: from the buffer to a file in the page cache, and a snapshot of a flight recorder
// of 64 MiB while its writer runs, at a million records a second and at full speed: how long it takes,
// and the longest time that 16 records took meanwhile, in rounds that alternate with the same time of
// nothing, of nothing again, and of copying other memory. Writer and reader have a CPU each. The time in
// which the writer's thread was not on its CPU is taken off; what a hypervisor takes cannot be.
//
//   node packages/ring-buffer/dist/bench/reader.bench.js [rounds]

import { closeSync, openSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  if (availableParallelism() > 1) native.pinToCpu(native.gettid(), 1);
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
    if (wall <= LONG_NS) times[0] = Math.max(times[0]!, wall);
    else {
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

/** What the reader's thread does in a round: nothing but waiting, twice, so that their difference is chance; copying; a snapshot. */
const KINDS = ['nothing', 'nothing again', 'copying other memory', 'a snapshot'] as const;

async function benchSnapshot(rounds: number, pauseNs: number): Promise<void> {
  const channel = createChannel(OPTIONS);
  const flags = new SharedArrayBuffer(64);
  const words = new Int32Array(flags, 0, 4);
  const times = new Float64Array(flags, 16, 4);
  const task: WriterTask = { handle: channel.handle, flags, pauseNs };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task });
  const native = loadNative()!;
  if (availableParallelism() > 1) native.pinToCpu(native.gettid(), 0);
  const reader = channel.openReader().buffers[0]!;
  // Twice round: no page of the buffer is touched for the first time later.
  while (reader.snapshotPositions().produced < 140) await sleep(5);
  const source = new Uint8Array(64 * MIB).fill(1);
  const target = new Uint8Array(64 * MIB).fill(2);
  const durations: number[] = [];
  const sizes: number[] = [];
  let goneCount = 0;
  const work = {
    nothing: () => spin(median(durations) || 20),
    'nothing again': () => spin(median(durations) || 20),
    'copying other memory': () => target.set(source),
    'a snapshot': () => {
      const begin = performance.now();
      const { packets, goneCount: gone } = reader.snapshot();
      durations.push(performance.now() - begin);
      sizes.push(packets.reduce((sum, packet) => sum + packet.contentSizeBytes, 0));
      goneCount += gone;
    },
  };
  const longest = new Map(KINDS.map((kind) => [kind, [] as number[]]));
  const slow = new Map(KINDS.map((kind) => [kind, { long: 0, all: 0 }]));
  for (let round = -1; round < rounds; round++) {
    // Alternating, so that the machine's other load is the same for all.
    for (const kind of KINDS) {
      Atomics.store(words, 1, 1);
      while (Atomics.load(words, 1) === 1);
      work[kind]();
      const [own = 0, , long = 0, all = 0] = times;
      if (round >= 0) {
        longest.get(kind)!.push(own);
        slow.get(kind)!.long += long;
        slow.get(kind)!.all += all;
      }
      await sleep(2);
    }
  }
  Atomics.store(words, 0, 1);
  await new Promise((resolve) => worker.once('exit', resolve));
  const speed = pauseNs > 0 ? 'at a million records a second' : 'at full speed';
  console.log(
    `snapshot of ${(median(sizes) / MIB).toFixed(0)} MiB beside a writer ${speed}: ${median(durations).toFixed(1)} ms, longest ${Math.max(...durations).toFixed(1)} ms (limit 100), ${goneCount} sub-buffers gone in ${durations.length} snapshots`,
  );
  console.log(`  longest ${BATCH} records of the writer on its CPU in a round, over ${rounds} rounds; limit 50 µs`);
  for (const kind of KINDS) {
    const values = longest.get(kind)!;
    const { long, all } = slow.get(kind)!;
    console.log(
      `    beside ${kind.padEnd(21)} median ${micros(median(values))}, longest ${micros(Math.max(...values))}; ${long} of ${all} longer than 50 µs`,
    );
  }
  const excess = longest.get('a snapshot')!.map((value, round) => value - longest.get('nothing')![round]!);
  const chance = longest.get('nothing again')!.map((value, round) => value - longest.get('nothing')![round]!);
  console.log(
    `    more in a round than beside nothing: by a snapshot ${micros(median(excess))} (median), by chance ${micros(median(chance))}`,
  );
  channel.close();
}

function micros(ns: number): string {
  return `${(ns / 1000).toFixed(1)} µs`;
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

if (isMainThread) {
  const rounds = Number(process.argv[2] ?? 9);
  console.log(
    `node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${rounds} rounds`,
  );
  benchFile(rounds);
  await benchSnapshot(rounds * 5, BATCH * 1000);
  await benchSnapshot(rounds * 5, 0);
} else {
  runWriter(workerData as WriterTask);
}
