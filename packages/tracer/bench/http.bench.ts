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
  readonly kind: 'control' | 'lockstep' | 'sampler' | 'opentelemetry';
  readonly windowMs: number;
  readonly windowCount: number;
}

const VARIANTS: readonly Variant[] = [
  { kind: 'control', windowMs: 50, windowCount: isQuick ? 80 : 200 },
  { kind: 'lockstep', windowMs: 50, windowCount: isQuick ? 80 : 200 },
  // To start V8's profiler costs milliseconds: longer windows, so that what is measured is running it.
  { kind: 'sampler', windowMs: 1500, windowCount: isQuick ? 4 : 8 },
  { kind: 'opentelemetry', windowMs: 50, windowCount: isQuick ? 80 : 200 },
];
const SERVICES = ['hello', 'sample', 'reading'] as const;

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
      // The rival's process is not instrumented by us.
      instrumentNode: variant.kind !== 'opentelemetry',
    },
  });
  try {
    const program = fileURLToPath(new URL('http-service.js', import.meta.url));
    const args = [
      program,
      variant.kind,
      service,
      String(variant.windowMs),
      String(variant.windowCount),
      rivalDirectory ?? '',
    ];
    const environment = variant.kind === 'opentelemetry' ? process.env : session.environment;
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

const rivalDirectory = installRival();
console.log(
  `node ${process.versions.node}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${ROUND_COUNT} rounds`,
);
console.log('CPU time a request, µs; median of neighbouring windows; service on CPU 0, load on CPU 1');
console.log(
  'service  instrumentation   off µs    on µs   ratios of the rounds        median   of the quartiles least disturbed',
);
for (const service of SERVICES) {
  const ratios = new Map<string, number[]>();
  const quietRatios = new Map<string, number[]>();
  const last = new Map<string, HttpResult>();
  for (let round = 0; round < ROUND_COUNT; round++) {
    for (const variant of VARIANTS) {
      const result = run(variant, service, rivalDirectory);
      if (result === undefined) continue;
      ratios.set(variant.kind, [...(ratios.get(variant.kind) ?? []), result.ratio]);
      quietRatios.set(variant.kind, [...(quietRatios.get(variant.kind) ?? []), result.quietRatio]);
      last.set(variant.kind, result);
    }
  }
  for (const [kind, of] of ratios) {
    const result = last.get(kind);
    const list = of.map((ratio) => ratio.toFixed(3)).join(' ');
    const percent = ((median(of) - 1) * 100).toFixed(1);
    const quietPercent = ((median(quietRatios.get(kind) ?? []) - 1) * 100).toFixed(1);
    console.log(
      `${service.padEnd(8)} ${kind.padEnd(15)} ${result?.offUs.toFixed(2).padStart(8)} ${result?.onUs.toFixed(2).padStart(8)}   ${list.padEnd(26)} ${percent.padStart(6)} % ${quietPercent.padStart(6)} %`,
    );
  }
  const share = (median(ratios.get('lockstep') ?? []) - 1) / (median(ratios.get('opentelemetry') ?? []) - 1);
  console.log(`${service.padEnd(8)} lockstep / opentelemetry: ${share.toFixed(3)}`);
}
