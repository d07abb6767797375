// SPDX-License-Identifier: MIT
// What being traced adds to the start-up of `node -e 0`: the preload under a session, with and
// without CPU samples, and the whole of `lockstep record`. Alternating, wall clock.
//
//   node packages/tracer/dist/bench/start-up.bench.js [--quick]

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, mkdtempSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseClock } from '@lockstep/clock';
import { createTestSession } from '../src/node/testing/test-session.ts';

const ROUND_COUNT = process.argv.includes('--quick') ? 10 : 40;
const command = fileURLToPath(new URL('../../../cli/bin/lockstep.js', import.meta.url));

interface Start {
  readonly name: string;
  readonly run: () => number;
}

function time(args: readonly string[], env: NodeJS.ProcessEnv): number {
  const begin = performance.now();
  const { status } = spawnSync(process.execPath, args, { env, stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return performance.now() - begin;
}

/** A new session for each start, as `record` makes one. */
function timeTraced(samplerIntervalUs: number): number {
  const clock = chooseClock();
  const session = createTestSession({ clockKind: clock.kind, frequency: clock.frequency, plan: { samplerIntervalUs } });
  try {
    return time(['-e', '0'], session.environment);
  } finally {
    session.remove();
  }
}

function timeRecord(options: readonly string[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-start-'));
  try {
    return time(
      [command, 'record', '-o', join(directory, 'trace'), ...options, '--', process.execPath, '-e', '0'],
      process.env,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const starts: Start[] = [
  { name: 'node -e 0', run: () => time(['-e', '0'], process.env) },
  { name: 'the same, traced', run: () => timeTraced(0) },
  { name: 'the same, traced, CPU samples', run: () => timeTraced(1000) },
];
if (existsSync(command)) starts.push({ name: 'lockstep record --no-kernel', run: () => timeRecord(['--no-kernel']) });

const times = new Map<string, number[]>();
for (let round = 0; round <= ROUND_COUNT; round++) {
  for (const { name, run } of starts) {
    const ms = run();
    // The first round reads files from the disk.
    if (round > 0) times.set(name, [...(times.get(name) ?? []), ms]);
  }
}

console.log(
  `node ${process.versions.node}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${ROUND_COUNT} rounds`,
);
console.log('start                           median ms   min ms   added (median of rounds)');
const bare = times.get('node -e 0') ?? [];
for (const [name, of] of times) {
  const sorted = [...of].sort((a, b) => a - b);
  const added = of.map((ms, round) => ms - (bare[round] ?? 0)).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  console.log(
    `${name.padEnd(30)} ${sorted[middle]?.toFixed(1).padStart(10)} ${sorted[0]?.toFixed(1).padStart(8)} ${added[middle]?.toFixed(1).padStart(10)}`,
  );
}
