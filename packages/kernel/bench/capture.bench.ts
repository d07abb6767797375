// SPDX-License-Identifier: MIT
// What it costs to capture what the pointers of system calls point to: CPU time of the recorded program
// and of the recording's threads, with and without, in alternating rounds. `dd bs=1` makes calls whose
// pointers are not followed, `ls -R` mostly ones that are.
//   node packages/kernel/dist/bench/capture.bench.js [rounds, 5]

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseClock } from '@lockstep/clock';
import { startKernelRecording } from '../src/kernel-recording.ts';

const [rounds = 5] = process.argv.slice(2).map(Number);
const clock = chooseClock();
const PROGRAMS = {
  dd: 'dd if=/dev/zero of=/dev/null bs=1 count=300000 2>/dev/null',
  ls: 'ls -lR /usr/lib > /dev/null',
} as const;

interface Cost {
  readonly programNs: number;
  readonly recorderNs: number;
  readonly events: number;
  readonly startMs: number;
  readonly missing: number;
}

async function run(program: string, isCaptured: boolean): Promise<Cost> {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const child = spawn('/bin/sh', ['-c', `read x; ${program}; cat /proc/$$/stat`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const begin = performance.now();
  const recording = await startKernelRecording({
    name: 'bench',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock,
    channels: [{ name: 'process', id: 0, rules: ['syscall:*'], pids: { roots: [child.pid ?? 0] } }],
    isCaptured,
  });
  const startMs = performance.now() - begin;
  child.stdin.end('\n');
  await once(child, 'close');
  const summary = await recording.stop();
  rmSync(directory, { recursive: true, force: true });
  // utime, stime, cutime, cstime in hundredths of a second.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  const recorderNs = summary.readerCpuNs + summary.converterCpuNs;
  return {
    programNs: ticks * 1e7,
    recorderNs,
    events: summary.events,
    startMs,
    missing: summary.capture?.missingCount ?? 0,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

console.log(
  `node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'cpu'} x ${cpus().length}, load ${readFileSync('/proc/loadavg', 'utf8').trim()}`,
);
spawnSync('/bin/sh', ['-c', PROGRAMS.ls]);
for (const [name, program] of Object.entries(PROGRAMS)) {
  const ratios: number[] = [];
  const starts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await run(program, false);
    const captured = await run(program, true);
    ratios.push((captured.programNs + captured.recorderNs) / (without.programNs + without.recorderNs));
    starts.push(captured.startMs - without.startMs);
    const show = (cost: Cost) =>
      `program ${(cost.programNs / 1e6).toFixed(0)} ms, recorder ${(cost.recorderNs / 1e6).toFixed(0)} ms, ${cost.events} events`;
    console.log(`${name}: without ${show(without)}; captured ${show(captured)}, ${captured.missing} missing`);
  }
  console.log(
    `${name}: median CPU captured / without ${median(ratios).toFixed(2)} (at most 2), start ${median(starts).toFixed(0)} ms later`,
  );
}
