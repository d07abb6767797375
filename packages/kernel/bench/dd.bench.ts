// SPDX-License-Identifier: MIT
// All system calls of `dd bs=1` recorded: events a second, events lost, CPU time an event, and dd's
// speed beside the same events with nobody reading, with the raw pages thrown away (`cat trace_pipe_raw >
// /dev/null` of every CPU), and with nobody reading but a process that keeps another CPU busy for as large a
// share of the time as reader and converter did, with nothing: what any work beside dd costs it on this
// machine. Alternating rounds; the ratios' median is what counts.
//   node packages/kernel/dist/bench/dd.bench.js [rounds, 10] [seconds, 5]

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseClock } from '@lockstep/clock';
import { isEventRecord } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { startKernelRecording } from '../src/kernel-recording.ts';
import { openTracefs, readTracefs, writeTracefs } from '../src/tracefs.ts';
import { listCpuIds, TracefsInstance } from '../src/tracefs-instance.ts';

const [rounds = 10, seconds = 5] = process.argv.slice(2).map(Number);
const tracefs = openTracefs();
const clock = chooseClock();
const lastCpu = cpus().length - 1;

/** What dd says of itself: it ends by itself, so that every one of its calls is known. */
interface DdRun {
  readonly bytesPerSecond: number;
  /** Bytes copied, each by one read and one write. */
  readonly byteCount: number;
  /** taskset becomes dd, so this is dd's. */
  readonly tid: number;
}

/** So many that a round takes about `seconds` when nothing records it. */
let bytesARound = 200_000;

async function runDd(byteCount: number): Promise<DdRun> {
  const dd = spawn(
    'taskset',
    ['-c', String(lastCpu), 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', `count=${byteCount}`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let text = '';
  dd.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(dd, 'close');
  const match = /(\d+) bytes .*copied, ([\d.]+) s/.exec(text);
  return {
    bytesPerSecond: Number(match?.[1] ?? 0) / Number(match?.[2] ?? 1),
    byteCount: Number(match?.[1] ?? 0),
    tid: dd.pid ?? 0,
  };
}

/** Calls of dd in the trace, by decoding it: what the recording itself counts cannot know what it never saw. */
function countCallsOfDd(directory: string, tid: number): number {
  const traceSet = openTraceDirectory(directory);
  let count = 0;
  try {
    for (const record of readEventRecords(traceSet)) {
      if (!isEventRecord(record) || record.commonContext?.['tid'] !== tid) continue;
      const { name } = record.eventRecordClass;
      const fd = name === 'syscall_entry_read' ? 0 : name === 'syscall_entry_write' ? 1 : undefined;
      if (fd !== undefined && record.payload?.['fd'] === fd && record.payload['count'] === 1n) count++;
    }
  } finally {
    traceSet.close();
  }
  return count;
}

interface Unrecorded {
  readonly speed: number;
  /** CPU time of the reading processes for each of dd's events; 0 when nobody reads. */
  readonly catNs: number;
}

/** `busyShare` of the time of one CPU goes to a process that only spins. */
async function runWithoutReader(isRead: boolean, busyShare = 0): Promise<Unrecorded> {
  const instance = new TracefsInstance(tracefs, { name: 'bench', clock: clock.kernelName, bufferSizeKb: 32 * 1024 });
  await instance.make();
  const cats: ChildProcess[] = isRead
    ? listCpuIds(instance.path).map((cpu) =>
        spawn('sh', ['-c', CAT_SCRIPT, 'sh', `${instance.path}/per_cpu/cpu${cpu}/trace_pipe_raw`], {
          stdio: ['ignore', 'ignore', 'inherit'],
        }),
      )
    : [];
  if (busyShare > 0) {
    const spinner = spawn(process.execPath, ['-e', SPIN_SCRIPT, String(busyShare)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(spinner.stdout, 'data');
    cats.push(spinner);
  }
  const exits = cats.map((cat) => once(cat, 'exit'));
  // What is excluded forks: the cats of the shell are excluded with it.
  writeTracefs(`${instance.path}/options/event-fork`, '1');
  instance.excludeThreads(cats.map((cat) => cat.pid ?? 0));
  instance.enable('syscalls');
  const { bytesPerSecond: speed, byteCount } = await runDd(bytesARound);
  const before = childrenCpuNs();
  instance.stop();
  for (const cat of cats) cat.kill();
  await Promise.all(exits);
  instance.remove();
  const catNs = (childrenCpuNs() - before) / (byteCount * EVENTS_PER_BYTE);
  return { speed, catNs };
}

/** Each byte is a read and a write, each with an entry and an exit. */
const EVENTS_PER_BYTE = 4;
/** USER_HZ, which is 100 on every Linux that Node runs on. */
const NS_PER_TICK = 10_000_000;

/** The kernel says "end of file" to a reader that was too early, so cat is started again, after the 50 ms that our reader sleeps. */
const CAT_SCRIPT =
  'trap \'kill $!; wait; exit 0\' TERM; while :; do cat "$1" > /dev/null & wait $!; sleep 0.05 & wait $!; done';

/** In turns of 50 ms, as our reader works when there is much to read. */
const SPIN_SCRIPT = `
const busyMs = 50 * Number(process.argv[1]);
const word = new Int32Array(new SharedArrayBuffer(4));
console.log('ready');
for (;;) {
  const end = performance.now() + busyMs;
  while (performance.now() < end);
  Atomics.wait(word, 0, 0, 50 - busyMs);
}`;

/** CPU time of all children that have ended: cutime and cstime of /proc/self/stat. */
function childrenCpuNs(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * NS_PER_TICK;
}

interface Recorded {
  readonly speed: number;
  readonly events: number;
  readonly discarded: number;
  /** Calls of dd that are not in the trace. */
  readonly missing: number;
  readonly eventsPerSecond: number;
  readonly readerNs: number;
  readonly converterNs: number;
  readonly spooledBytes: number;
  readonly stopMs: number;
}

async function runRecorded(): Promise<Recorded> {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const recording = await startKernelRecording({
    name: 'bench',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock,
    // What pointers point to has a bench of its own: capture.
    channels: [{ name: 'all', id: 0, rules: ['syscall:*'], pids: 'all' }],
    isCaptured: false,
  });
  let spooledBytes = 0;
  const timer = setInterval(() => (spooledBytes = Math.max(spooledBytes, recording.status().spooledBytes)), 100);
  const begin = performance.now();
  const { bytesPerSecond: speed, byteCount, tid } = await runDd(bytesARound);
  const duration = (performance.now() - begin) / 1000;
  clearInterval(timer);
  const stopBegin = performance.now();
  const summary = await recording.stop();
  const stopMs = performance.now() - stopBegin;
  // Each byte is a read and a write.
  const missing = 2 * byteCount - countCallsOfDd(directory, tid);
  rmSync(directory, { recursive: true, force: true });
  return {
    speed,
    missing,
    events: summary.events,
    discarded: summary.discarded,
    eventsPerSecond: summary.events / duration,
    readerNs: summary.readerCpuNs / summary.events,
    converterNs: summary.converterCpuNs / summary.events,
    spooledBytes,
    stopMs,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

console.log(
  `node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'cpu'} x ${cpus().length}, clock ${clock.kind}, load ${readFileSync('/proc/loadavg', 'utf8').trim()}`,
);
console.log(
  `sub-buffers of ${readTracefs(`${tracefs}/buffer_subbuf_size_kb`).trim()} KiB by default; ours 64 KiB, 32 MiB a CPU`,
);
console.log(
  'round  dd unread   dd + cat   dd + spin  dd recorded  events/s  discarded  missing  ns reader  ns converter  spooled MiB  stop ms  ns cat  ns dd  ours/dd',
);
const ratios: number[] = [];
const catRatios: number[] = [];
const catUnreadRatios: number[] = [];
const spinRatios: number[] = [];
const costs: number[] = [];
const catCosts: number[] = [];
const shares: number[] = [];
let lossless = 0;
bytesARound = Math.round((await runWithoutReader(false)).speed * seconds);
for (let round = 0; round < rounds; round++) {
  const unread = await runWithoutReader(false);
  const recorded = await runRecorded();
  const cat = await runWithoutReader(true);
  // dd itself, recorded: what an event costs on this machine now. It fills its CPU.
  const ddNs = 1e9 / (recorded.speed * EVENTS_PER_BYTE);
  const share = (recorded.readerNs + recorded.converterNs) / ddNs;
  const spun = await runWithoutReader(false, Math.min(share, 0.95));
  catUnreadRatios.push(cat.speed / unread.speed);
  spinRatios.push(spun.speed / unread.speed);
  ratios.push(recorded.speed / unread.speed);
  catRatios.push(recorded.speed / cat.speed);
  costs.push(recorded.readerNs + recorded.converterNs);
  catCosts.push(cat.catNs);
  shares.push(share);
  if (recorded.discarded === 0 && recorded.missing === 0) lossless++;
  const cells = [
    round,
    unread.speed.toFixed(0),
    cat.speed.toFixed(0),
    spun.speed.toFixed(0),
    recorded.speed.toFixed(0),
    recorded.eventsPerSecond.toFixed(0),
    recorded.discarded,
    recorded.missing,
    recorded.readerNs.toFixed(1),
    recorded.converterNs.toFixed(1),
    (recorded.spooledBytes / 1048576).toFixed(1),
    recorded.stopMs.toFixed(0),
    cat.catNs.toFixed(1),
    ddNs.toFixed(0),
    share.toFixed(3),
  ];
  console.log(cells.map((cell) => String(cell).padStart(10)).join(' '));
}
console.log(
  `median: dd recorded / unread ${median(ratios).toFixed(3)} (at least 0.9), cat / unread ${median(catUnreadRatios).toFixed(3)}, spin / unread ${median(spinRatios).toFixed(3)}, recorded / cat ${median(catRatios).toFixed(3)}, CPU ${median(costs).toFixed(1)} ns an event (at most 60; cat ${median(catCosts).toFixed(1)}), ${median(shares).toFixed(3)} of dd's own time, without loss ${lossless} of ${rounds}`,
);
