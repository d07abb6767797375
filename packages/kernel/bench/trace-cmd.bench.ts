// SPDX-License-Identifier: MIT
// CPU seconds and lost events of `trace-cmd record` and of Lockstep for the same events of the same
// workload, in turns. In a virtual machine with Debian's kernel, since trace-cmd gives up on locked-down
// kernels: on the machine itself this file boots one (test/qemu) and runs itself inside.
//   node packages/kernel/dist/bench/trace-cmd.bench.js [rounds, 3] [system calls, 100000]
//
// trace-cmd writes raw pages, to be understood by `trace-cmd report` later; Lockstep's trace is plain CTF
// when it ends. So the rival is told twice: recording alone, and with the report that makes text of it.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { chooseClock } from '@lockstep/clock';
import { startKernelRecording } from '../src/kernel-recording.ts';

const SYSTEMS = ['sched', 'irq', 'syscalls'] as const;
const BUFFER_SIZE_KB = 16 * 1024;
const CGROUPS = '/sys/fs/cgroup';
const own = fileURLToPath(import.meta.url);

interface Round {
  readonly cpuSeconds: number;
  /** Of the rival: with the report. */
  readonly allSeconds: number;
  readonly events: number;
  readonly lost: number;
  readonly sizeBytes: number;
  readonly note: string;
}

/** The words of a command that runs in a cgroup of its own. */
function inCgroup(name: string, words: readonly string[]): string[] {
  mkdirSync(`${CGROUPS}/${name}`, { recursive: true });
  return ['sh', '-c', `echo $$ > ${CGROUPS}/${name}/cgroup.procs; exec "$@"`, 'sh', ...words];
}

function cpuSecondsOf(cgroup: string): number {
  return Number(/usage_usec (\d+)/.exec(readFileSync(`${CGROUPS}/${cgroup}/cpu.stat`, 'utf8'))?.[1] ?? 0) / 1e6;
}

function run(words: readonly string[]): string {
  const [command = '', ...args] = words;
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr.slice(-2000)}`);
  return stdout;
}

function workload(callCount: number): string[] {
  const script = `dd if=/dev/zero of=/dev/null bs=1 count=${callCount / 2} 2>/dev/null; i=0; while [ $i -lt 50 ]; do busybox true; i=$((i + 1)); done`;
  return inCgroup('work', ['sh', '-c', script]);
}

function recordWithTraceCmd(callCount: number): Round {
  const file = '/tmp/rival.dat';
  const events = SYSTEMS.flatMap((system) => ['-e', system]);
  const before = cpuSecondsBefore('rival');
  run(
    inCgroup('rival', [
      'trace-cmd',
      'record',
      '-q',
      '-b',
      String(BUFFER_SIZE_KB),
      ...events,
      '-o',
      file,
      ...workload(callCount),
    ]),
  );
  const cpuSeconds = cpuSecondsOf('rival') - before;
  const stats = run(['trace-cmd', 'report', '--stat', '-i', file]);
  const lost = [...stats.matchAll(/(?:overrun|dropped events): (\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  const beforeReport = cpuSecondsOf('rival');
  run(inCgroup('rival', ['sh', '-c', `trace-cmd report -i ${file} > /tmp/rival.txt`]));
  const reportSeconds = cpuSecondsOf('rival') - beforeReport;
  const lines = readFileSync('/tmp/rival.txt', 'latin1').split('\n').length;
  const sizeBytes = statSync(file).size;
  rmSync(file);
  rmSync('/tmp/rival.txt');
  const note = `the report takes ${reportSeconds.toFixed(2)} s more`;
  return { cpuSeconds, allSeconds: cpuSeconds + reportSeconds, events: lines, lost, sizeBytes, note };
}

function cpuSecondsBefore(cgroup: string): number {
  mkdirSync(`${CGROUPS}/${cgroup}`, { recursive: true });
  return cpuSecondsOf(cgroup);
}

function recordWithLockstep(callCount: number): Round {
  const before = cpuSecondsBefore('own');
  const text = run(inCgroup('own', [process.execPath, own, 'record', String(callCount)]));
  const cpuSeconds = cpuSecondsOf('own') - before;
  const { discarded = 0, events = 0, bytes = 0, readerMs, converterMs } = JSON.parse(text) as Record<string, number>;
  const note = `reader ${readerMs} ms, converter ${converterMs} ms`;
  return { cpuSeconds, allSeconds: cpuSeconds, events, lost: discarded, sizeBytes: bytes, note };
}

/** In a process of its own: what a user pays, the start of Node included. */
async function record(callCount: number): Promise<void> {
  const recording = await startKernelRecording({
    name: 'bench',
    outputDirectory: '/tmp/own/kernel',
    stateDirectory: '/tmp/own/.lockstep',
    clock: chooseClock(),
    isCaptured: false,
    channels: [
      { name: 'system', id: 0, rules: ['sched:*', 'irq:*', 'syscall:*'], pids: 'all', bufferSizeKb: BUFFER_SIZE_KB },
    ],
  });
  run(workload(callCount));
  const { discarded, events, bytes, readerCpuNs, converterCpuNs } = await recording.stop();
  rmSync('/tmp/own', { recursive: true });
  const [readerMs, converterMs] = [readerCpuNs, converterCpuNs].map((ns) => Math.round(ns / 1e6));
  process.stdout.write(JSON.stringify({ discarded, events, bytes, readerMs, converterMs }));
}

function compare(roundCount: number, callCount: number): void {
  console.log(
    `${callCount} system calls of dd and 50 programs; Linux ${release()}, ${cpus().length} CPUs, Node ${process.version}`,
  );
  const ratios: number[] = [];
  for (let round = 0; round < roundCount; round++) {
    // A fifth of the work first: what does not grow with the events (Node's start, the state dump) falls out.
    const rival = [recordWithTraceCmd(callCount / 5), recordWithTraceCmd(callCount)] as const;
    const ours = [recordWithLockstep(callCount / 5), recordWithLockstep(callCount)] as const;
    ratios.push(costOf(ours) / costOf(rival));
    for (const [name, pair] of [
      ['trace-cmd', rival],
      ['lockstep', ours],
    ] as const) {
      const { cpuSeconds, lost, sizeBytes, events, note } = pair[1];
      const seconds = `${cpuSeconds.toFixed(2)} s CPU (${pair[0].cpuSeconds.toFixed(2)} s for a fifth), ${lost + pair[0].lost} lost`;
      const cost = `${(costOf(pair) * 1e6).toFixed(1)} µs an event more`;
      console.log(
        `  ${name.padEnd(10)} ${seconds}, ${events} events, ${(sizeBytes / 1e6).toFixed(1)} MB, ${cost}; ${note}`,
      );
    }
  }
  ratios.sort((one, other) => one - other);
  console.log(
    `  CPU of an event more, lockstep / trace-cmd with report, median: ${(ratios[ratios.length >> 1] ?? 0).toFixed(2)}`,
  );
}

/** CPU seconds of an event more, until its record can be read. */
function costOf([few, many]: readonly [Round, Round]): number {
  return (many.allSeconds - few.allSeconds) / (many.events - few.events);
}

const [first = '3', second = '100000'] = process.argv.slice(2);
if (first === 'record') {
  await record(Number(second));
} else if (process.env.LOCKSTEP_TEST_GUEST === '1') {
  // Another clock than the default would make trace-cmd's events no cheaper; both have the same.
  writeFileSync('/proc/sys/kernel/printk', '1');
  compare(Number(first), Number(second));
} else {
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  if (spawnSync('trace-cmd', ['--version']).error === undefined) {
    const guest = ['test/qemu/guest.mjs', '--cpus', '2', '--timeout', '900', '--program', 'trace-cmd', '--'];
    const words = [...guest, 'node', 'packages/kernel/dist/bench/trace-cmd.bench.js', first, second];
    process.exitCode = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' }).status ?? 1;
  } else {
    console.log('trace-cmd is not installed (Debian: apt-get install trace-cmd); nothing to compare with.');
  }
}
