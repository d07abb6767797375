// SPDX-License-Identifier: MIT
// What Node's instrumentation costs an HTTP service under load, and what OpenTelemetry's SDK with
// its http instrumentation costs the same service: CPU time of the process a request, switched on
// and off inside one process window by window. The control does the same with nothing to switch.
//
//   node packages/tracer/dist/bench/http.bench.js [--quick]

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseClock } from '@lockstep/clock';
import { createTestSession, RECORD_ALL } from '../src/node/testing/test-session.ts';
import type { HttpResult } from './http-service.ts';

const isQuick = process.argv.includes('--quick');
const ROUND_COUNT = isQuick ? 1 : 3;

interface Variant {
  readonly name: string;
  readonly kind: 'control' | 'lockstep' | 'sampler' | 'cpu-prof' | 'opentelemetry';
  readonly settleMs: number;
  readonly windowMs: number;
  readonly windowCount: number;
  readonly intervalUs: number;
}

/** 50 ms windows: what is switched costs nothing to switch. */
function quickly(kind: Variant['kind']): Variant {
  return { name: kind, kind, settleMs: 2, windowMs: 50, windowCount: isQuick ? 80 : 200, intervalUs: 0 };
}

/** The sampler rotates 100, 400, 1400 ms after its start: the steady second has one rotation in it. */
function slowly(kind: Variant['kind'], intervalUs: number): Variant {
  const name = intervalUs === 0 ? `${kind} 1 s` : `${kind} ${intervalUs / 1000} ms`;
  return { name, kind, settleMs: 450, windowMs: 1000, windowCount: isQuick ? 4 : 12, intervalUs };
}

const VARIANTS: readonly Variant[] = [
  quickly('control'),
  quickly('lockstep'),
  quickly('opentelemetry'),
  slowly('control', 0),
  slowly('sampler', 1000),
  slowly('sampler', 2000),
  slowly('sampler', 5000),
  slowly('cpu-prof', 1000),
];
const SERVICES = ['hello', 'sample', 'reading'] as const;

function option(name: string): readonly string[] | undefined {
  const prefix = `--${name}=`;
  return process.argv
    .find((argument) => argument.startsWith(prefix))
    ?.slice(prefix.length)
    .split(',');
}
const services = option('service') ?? SERVICES;
const only = option('only');
const variants = VARIANTS.filter((variant) => only?.includes(variant.name) !== false);

/** Installs the rival once into a cache directory named by what is installed. */
function installRival(): string | undefined {
  const manifest = fileURLToPath(new URL('../../bench/rival/package.json', import.meta.url));
  const key = createHash('sha256').update(readFileSync(manifest)).digest('hex').slice(0, 12);
  const directory = join(tmpdir(), `lockstep-bench-rival-${key}`);
  if (existsSync(join(directory, 'node_modules/@opentelemetry/sdk-trace-node'))) return directory;
  mkdirSync(directory, { recursive: true });
  copyFileSync(manifest, join(directory, 'package.json'));
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: directory, stdio: 'ignore' });
    return directory;
  } catch {
    console.log('OpenTelemetry could not be installed (no network?): its rows are missing.');
    return undefined;
  }
}

function isOurs({ kind }: Variant): boolean {
  return kind !== 'opentelemetry' && kind !== 'cpu-prof';
}

function run(variant: Variant, service: string, rivalDirectory: string | undefined): HttpResult | undefined {
  if (variant.kind === 'opentelemetry' && rivalDirectory === undefined) return undefined;
  const clock = chooseClock();
  const session = createTestSession({
    clockKind: clock.kind,
    frequency: clock.frequency,
    plan: {
      // Small, so that its pages are all touched before the measuring begins: a buffer in use is warm.
      channels: RECORD_ALL.channels.map((channel) => ({
        ...channel,
        mode: 'overwrite' as const,
        subBufferSizeBytes: 65_536,
        subBufferCount: 4,
      })),
      // The rivals' processes are not instrumented by us.
      instrumentNode: isOurs(variant),
    },
  });
  try {
    const program = fileURLToPath(new URL('http-service.js', import.meta.url));
    const args = [
      program,
      variant.kind,
      service,
      String(variant.settleMs),
      String(variant.windowMs),
      String(variant.windowCount),
      String(variant.intervalUs),
      rivalDirectory ?? '',
    ];
    const environment = isOurs(variant) ? session.environment : process.env;
    const { stdout, stderr, status } = spawnSync('taskset', ['-c', '0', process.execPath, ...args], {
      env: environment,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`http-service ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as HttpResult;
  } finally {
    session.remove();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function percent(ratios: readonly number[]): string {
  return `${((median(ratios) - 1) * 100).toFixed(1).padStart(7)} %`;
}

const rivalDirectory = variants.some(({ kind }) => kind === 'opentelemetry') ? installRival() : undefined;
console.log(
  `node ${process.versions.node}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${ROUND_COUNT} rounds`,
);
console.log('CPU time a request, µs; median of neighbouring windows; service on CPU 0, load on CPU 1.');
console.log('steady is compared with the limits; switching has the start and stop in it; quiet: first quartiles.');
console.log('service  instrumentation   off µs    on µs   rounds                        steady switching     quiet');
for (const service of services) {
  const results = new Map<Variant, HttpResult[]>();
  for (let round = 0; round < ROUND_COUNT; round++) {
    for (const variant of variants) {
      const result = run(variant, service, rivalDirectory);
      if (result !== undefined) results.set(variant, [...(results.get(variant) ?? []), result]);
    }
  }
  for (const [variant, of] of results) {
    const us = (side: 'offUs' | 'onUs'): string =>
      median(of.map((result) => result[side]))
        .toFixed(2)
        .padStart(8);
    const list = of.map(({ ratio }) => ratio.toFixed(3)).join(' ');
    const steady = percent(of.map(({ ratio }) => ratio));
    const switching = percent(of.map(({ wholeRatio }) => wholeRatio));
    const quiet = percent(of.map(({ quietRatio }) => quietRatio));
    console.log(
      `${service.padEnd(8)} ${variant.name.padEnd(15)} ${us('offUs')} ${us('onUs')}   ${list.padEnd(26)} ${steady} ${switching} ${quiet}`,
    );
  }
  const costOf = (name: string): number => {
    const [, of = []] = [...results].find(([variant]) => variant.name === name) ?? [];
    return median(of.map(({ ratio }) => ratio)) - 1;
  };
  console.log(
    `${service.padEnd(8)} lockstep / opentelemetry: ${(costOf('lockstep') / costOf('opentelemetry')).toFixed(3)}`,
  );
}
