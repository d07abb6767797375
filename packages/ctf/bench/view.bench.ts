// SPDX-License-Identifier: MIT
// How fast traces are read and printed, babeltrace2 and Lockstep alternating in one run. The trace is
// LTTng-UST's (int + double, int + string), made once and kept in the temporary directory; `--clean`
// removes it. Both sides are whole processes: start-up, opening and decoding counted.
//
//   node packages/ctf/dist/bench/view.bench.js [--rounds N] [--pairs N] [--clean]

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countEventRecords } from '../src/node/count-records.ts';
import { readText } from '../src/node/read-traces.ts';
import { openTraceDirectory } from '../src/node/trace-set.ts';
import { Lttng, lttngMissing } from '../src/testing/lttng-program.ts';

const BASE = join(tmpdir(), 'lockstep-bench-view');

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

/** What the Lockstep side of a round runs, in a process of its own. */
function runHere(mode: string, path: string): void {
  const traceSet = openTraceDirectory(path);
  if (mode === 'count') {
    process.stdout.write(`${countEventRecords(traceSet).records}\n`);
    return;
  }
  for (const bytes of readText(traceSet, { writeWarning: (text) => writeSync(2, text) })) writeSync(1, bytes);
}

function secondsOf(command: string, args: readonly string[]): number {
  const begin = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  return Number(process.hrtime.bigint() - begin) / 1e9;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function makeTrace(name: string, pairCount: number): string {
  const path = join(BASE, `${name}-${pairCount}`);
  if (existsSync(path)) return path;
  const lttng = new Lttng(join(BASE, 'home'));
  lttng.start();
  try {
    lttng.record({
      directory: path,
      events: 'pairs',
      count: pairCount,
      channelOptions: ['--subbuf-size=16M', '--num-subbuf=4'],
    });
  } finally {
    lttng.stop();
  }
  return path;
}

function compare(
  title: string,
  path: string,
  mode: 'count' | 'text',
  rivalArgs: readonly string[],
  rounds: number,
): void {
  const self = fileURLToPath(import.meta.url);
  const { records } = countEventRecords(openTraceDirectory(path));
  const [rival, own, ratios]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const there = secondsOf('babeltrace2', [...rivalArgs, path]);
    const here = secondsOf(process.execPath, [self, '--run', mode, path]);
    rival.push(there);
    own.push(here);
    ratios.push(there / here);
  }
  const rate = (seconds: number): string => `${(Number(records) / seconds / 1e6).toFixed(2)} M/s`;
  process.stdout.write(
    `${title.padEnd(34)} ${String(records).padStart(9)} records  babeltrace2 ${rate(median(rival)).padStart(10)}` +
      `  Lockstep ${rate(median(own)).padStart(10)}  ratio ${median(ratios).toFixed(2)}\n`,
  );
}

function main(): void {
  if (process.argv[2] === '--run') {
    runHere(process.argv[3] ?? '', process.argv[4] ?? '');
    return;
  }
  if (process.argv.includes('--clean')) {
    rmSync(BASE, { recursive: true, force: true });
    return;
  }
  const missing = lttngMissing();
  if (missing !== undefined) {
    process.stdout.write(`nothing to compare with: ${missing}\n`);
    return;
  }
  const rounds = option('--rounds', 5);
  const pairCount = option('--pairs', 3_000_000);
  process.stdout.write(
    `node ${process.version}, linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'} x ${cpus().length}, ${rounds} rounds, medians\n`,
  );
  const large = makeTrace('large', pairCount);
  compare('count (sink.utils.counter)', large, 'count', ['-c', 'sink.utils.counter'], rounds);
  compare('text to /dev/null', large, 'text', [], rounds);
}

main();
