// SPDX-License-Identifier: MIT
// What `record` adds to a short program: `node -e 0` alone, then recorded without and with the kernel,
// alternating. Allowed (beyond `node -e 0` itself and one more start of Node for the command): 60 ms
// with --no-kernel, 180 ms with the kernel.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUND_COUNT = Number(process.env['ROUNDS'] ?? 15);
const PAUSE_MS = 400;
const pause = new Int32Array(new SharedArrayBuffer(4));
const lockstep = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'lockstep-start-up-'));
let traceNumber = 0;

const variants = {
  'node -e 0': ['-e', '0'],
  'record --no-kernel --no-sampler': [lockstep, 'record', '-q', '--no-kernel', '--no-sampler'],
  'record --no-kernel': [lockstep, 'record', '-q', '--no-kernel'],
  record: [lockstep, 'record', '-q'],
} as const;
type Variant = keyof typeof variants;
const names = Object.keys(variants) as Variant[];
const times = new Map<Variant, number[]>(names.map((name) => [name, []]));

try {
  for (let round = -1; round < ROUND_COUNT; round++) {
    for (const name of names) {
      const ms = timeOf(name);
      // The first round warms the page cache and the clock's calibration.
      if (round >= 0) times.get(name)?.push(ms);
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

console.log(
  `node ${process.versions.node}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}; ${ROUND_COUNT} rounds`,
);
console.log('                                   median ms     min ms   added beyond 1 x (median of rounds)');
const base = times.get('node -e 0') ?? [];
for (const name of names) {
  const list = times.get(name) ?? [];
  const added = median(list.map((ms, round) => ms - 2 * (base[round] ?? 0)));
  console.log(
    `${name.padEnd(33)} ${median(list).toFixed(1).padStart(9)}  ${Math.min(...list)
      .toFixed(1)
      .padStart(9)}   ${name === 'node -e 0' ? '' : added.toFixed(1).padStart(8)}`,
  );
}

function timeOf(name: Variant): number {
  const words =
    name === 'node -e 0'
      ? variants[name]
      : [...variants[name], '-o', join(directory, String(traceNumber++)), '--', process.execPath, '-e', '0'];
  // The kernel takes down what the recording before had, whose end nobody waited for.
  Atomics.wait(pause, 0, 0, PAUSE_MS);
  const begin = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const ms = Number(process.hrtime.bigint() - begin) / 1e6;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return ms;
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
