// SPDX-License-Identifier: MIT
// What `lockstep record` with its default rules costs an HTTP service under load: CPU time of the
// service's process a request, bare and recorded without and with the kernel half, in processes of
// their own that take turns, since a kernel instance cannot be switched in 50 ms. A second bare run a
// round is the control: what it differs by is noise. Limit with the kernel half: + 15 % (sample).
//
//   node packages/cli/dist/bench/http-kernel.bench.js [rounds, 9] [service, sample]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const roundCount = Number(process.argv[2] ?? 9);
const service = process.argv[3] ?? 'sample';
const lockstep = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const program = fileURLToPath(new URL('../../../tracer/dist/bench/http-service.js', import.meta.url));
/** No settling, 60 windows of 50 ms: three seconds after a warm-up of one and a half. */
const COMMAND = ['taskset', '-c', '0', process.execPath, program, 'plain', service, '2', '50', '60', '0'];
const VARIANTS: Readonly<Record<string, readonly string[] | undefined>> = {
  bare: undefined,
  'bare again (control)': undefined,
  'record --no-kernel --no-sampler': ['--no-kernel', '--no-sampler'],
  'record --no-sampler': ['--no-sampler'],
  record: [],
};

/** CPU microseconds a request. */
function measure(options: readonly string[] | undefined): number {
  const parent = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  try {
    const words =
      options === undefined
        ? COMMAND
        : [process.execPath, lockstep, 'record', '-q', '-o', join(parent, 'trace'), ...options, '--', ...COMMAND];
    const { stdout, stderr, status } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`);
    const result = JSON.parse(stdout) as { readonly onUs: number; readonly offUs: number };
    // Nothing is switched, so both are the same thing.
    return (result.onUs + result.offUs) / 2;
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

console.log(
  `node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'cpu'}, load ${readFileSync('/proc/loadavg', 'utf8').trim()}; ${service}, ${roundCount} rounds`,
);
const ratios = new Map<string, number[]>();
const costs = new Map<string, number[]>();
for (let round = 0; round < roundCount; round++) {
  const names = Object.keys(VARIANTS);
  // Each round begins elsewhere, so that a drift of the machine weighs on all alike.
  const order = names.map((_, index) => names[(index + round) % names.length] ?? '');
  const found = new Map(order.map((name) => [name, measure(VARIANTS[name])] as const));
  const bare = found.get('bare') ?? Number.NaN;
  for (const [name, us] of found) {
    costs.set(name, [...(costs.get(name) ?? []), us]);
    ratios.set(name, [...(ratios.get(name) ?? []), us / bare]);
  }
}
console.log(`${'CPU time a request'.padEnd(34)} ${'median us'.padStart(10)} ${'ratio'.padStart(8)}   rounds`);
for (const name of Object.keys(VARIANTS)) {
  const all = ratios.get(name) ?? [];
  console.log(
    `${name.padEnd(34)} ${median(costs.get(name) ?? [])
      .toFixed(1)
      .padStart(
        10,
      )} ${median(all).toFixed(3).padStart(8)}   ${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)}`,
  );
}
