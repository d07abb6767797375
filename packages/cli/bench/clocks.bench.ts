// SPDX-License-Identifier: MIT
// What a tracepoint and a kernel event cost under each trace clock. A system call is recorded as two
// events, its entry and its exit; what it costs unrecorded is subtracted. The clocks take turns.
//
//   node packages/cli/dist/bench/clocks.bench.js [rounds, 5]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLOCK_KINDS } from '@lockstep/clock';

const roundCount = Number(process.argv[2] ?? 5);
const lockstep = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const program = fileURLToPath(new URL('./clocks-program.js', import.meta.url));

interface Costs {
  readonly tracepointNs: number;
  readonly callNs: number;
}

function run(words: readonly string[]): Costs | string {
  const { stdout, stderr, status } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as Costs) : stderr.trim();
}

function record(clock: string): Costs | string {
  const parent = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  try {
    const options = ['-q', '-o', join(parent, 'trace'), '--clock', clock, '--no-sampler'];
    const rules = ['-k', 'syscall:getppid', '-u', 'bench:*'];
    return run([process.execPath, lockstep, 'record', ...options, ...rules, '--', process.execPath, program]);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN).toFixed(1).padStart(10);
}

console.log(
  `node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'cpu'}, load ${readFileSync('/proc/loadavg', 'utf8').trim()}; ${roundCount} rounds`,
);
const tracepoints = new Map<string, number[]>();
const events = new Map<string, number[]>();
for (let round = 0; round < roundCount; round++) {
  const bare = run([process.execPath, program]);
  if (typeof bare === 'string') throw new Error(bare);
  for (const clock of CLOCK_KINDS) {
    const costs = record(clock);
    if (typeof costs === 'string') {
      if (round === 0) console.log(`${clock}: ${costs}`);
      continue;
    }
    tracepoints.set(clock, [...(tracepoints.get(clock) ?? []), costs.tracepointNs]);
    events.set(clock, [...(events.get(clock) ?? []), (costs.callNs - bare.callNs) / 2]);
  }
}
console.log('clock       tracepoint ns  kernel event ns   (medians)');
for (const [clock, list] of tracepoints)
  console.log(`${clock.padEnd(10)} ${median(list)}     ${median(events.get(clock) ?? [])}`);
