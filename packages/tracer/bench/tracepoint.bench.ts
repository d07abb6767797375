// SPDX-License-Identifier: MIT
// What a tracepoint costs, beside the same in C through LTTng-UST: both record into 8 sub-buffers of
// 1 MiB that are overwritten, rounds alternate, each round is a process of its own bound to one CPU.
// Prints ns of CPU time an event of both and the median of the rounds' ratios. Without LTTng: Lockstep's alone.
//
//   node packages/tracer/dist/bench/tracepoint.bench.js [rounds] [variant…]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SESSION_VARIABLE } from '@lockstep/protocol';
import { planOf, startTestSession } from '../src/testing/test-session.ts';

/** Name, what LTTng records for it, and the ratio that must not be passed. */
const VARIANTS: readonly (readonly [variant: string, rival: 'numbers' | 'text' | 'none', limit: number | undefined])[] =
  [
    ['numbers', 'numbers', 0.25],
    ['literal', 'text', 0.5],
    ['repeated', 'text', 0.5],
    ['flat', 'text', 0.65],
    ['concatenated', 'text', 1.2],
    ['off', 'none', undefined],
  ];
const EVENT_COUNT = 3_000_000;
const WARM_UP_COUNT = 1_000_000;

const program = fileURLToPath(new URL('./tracepoint-program.js', import.meta.url));
const rivalDirectory = fileURLToPath(new URL('../../bench/rival/', import.meta.url));
// The last CPU: the first takes most interrupts.
const cpu = availableParallelism() - 1;

interface Rival {
  run(event: string): number;
  close(): void;
}

function run(command: string, ...args: string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

function isRunning(name: string): boolean {
  return spawnSync('pgrep', ['-x', name]).status === 0;
}

/** Builds the C program and makes its session; throws with the reason when that is impossible. */
function startRival(): Rival {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-rival-'));
  const binary = join(directory, 'lttng-tracepoint');
  run(
    'gcc',
    '-O2',
    '-I',
    rivalDirectory,
    '-o',
    binary,
    join(rivalDirectory, 'lttng-tracepoint.c'),
    '-llttng-ust',
    '-ldl',
  );
  run('lttng', '--version');
  const isOurDaemon = !isRunning('lttng-sessiond');
  if (isOurDaemon) run('lttng-sessiond', '--daemonize');
  const session = `lockstep-bench-${process.pid}`;
  run('lttng', 'create', session, '--snapshot', `--output=${join(directory, 'trace')}`);
  run(
    'lttng',
    'enable-channel',
    '-s',
    session,
    '-u',
    '--overwrite',
    '--subbuf-size',
    '1M',
    '--num-subbuf',
    '8',
    'bench',
  );
  run('lttng', 'enable-event', '-s', session, '-u', '-c', 'bench', 'lockstep_bench:*');
  run('lttng', 'start', session);
  return {
    run(event) {
      const [ns, isEnabled] = run(binary, String(cpu), event, String(WARM_UP_COUNT), String(EVENT_COUNT))
        .trim()
        .split(' ');
      if (isEnabled !== '1') throw new Error("LTTng's tracepoint was not enabled");
      return Number(ns);
    },
    close() {
      run('lttng', 'destroy', session);
      if (isOurDaemon) {
        const pid = run('pgrep', '-o', '-x', 'lttng-sessiond').trim();
        if (pid !== '') process.kill(Number(pid), 'SIGTERM');
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Round {
  readonly ns: number;
  readonly bytes: number;
}

/** So large that nothing is collected in a round: what the heap grew by is what was allocated. */
const NO_COLLECTION = ['--min-semi-space-size=1024', '--max-semi-space-size=1024'];

function runLockstep(variant: string, execArgv: readonly string[] = []): Round {
  const session = startTestSession(
    planOf(variant === 'off' ? [{ pattern: 'other:*' }] : [{}], [
      { name: 'channel0', id: 0, mode: 'overwrite', subBufferSizeBytes: 1024 * 1024, subBufferCount: 8 },
    ]),
  );
  try {
    const result = spawnSync(
      process.execPath,
      [...execArgv, program, String(cpu), variant, String(WARM_UP_COUNT), String(EVENT_COUNT)],
      {
        encoding: 'utf8',
        env: { ...process.env, [SESSION_VARIABLE]: session.directory },
      },
    );
    if (result.status !== 0) throw new Error(result.stderr);
    return JSON.parse(result.stdout) as Round;
  } finally {
    session.close();
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function main(): void {
  const rounds = Number(process.argv[2] ?? 9);
  const wanted = process.argv.slice(3);
  let rival: Rival | undefined;
  try {
    rival = startRival();
  } catch (error) {
    console.log(
      `LTTng-UST is missing, so Lockstep's figures stand alone: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  console.log(
    `node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, CPU ${cpu}, ${rounds} rounds of ${EVENT_COUNT} events`,
  );
  console.log('variant        LTTng ns  Lockstep ns  ratio  limit  bytes/event');
  let isWithin = true;
  try {
    for (const [variant, event, limit] of VARIANTS) {
      if (wanted.length > 0 && !wanted.includes(variant)) continue;
      const theirs: number[] = [];
      const ours: Round[] = [];
      for (let round = 0; round < rounds; round++) {
        if (rival !== undefined && event !== 'none') theirs.push(rival.run(event));
        ours.push(runLockstep(variant));
      }
      const ratio = median(theirs.map((ns, round) => (ours[round]?.ns ?? Number.NaN) / ns));
      if (limit !== undefined && ratio > limit) isWithin = false;
      const cells = [
        variant.padEnd(14),
        median(theirs).toFixed(1).padStart(8),
        median(ours.map(({ ns }) => ns))
          .toFixed(1)
          .padStart(12),
        ratio.toFixed(3).padStart(6),
        (limit?.toFixed(2) ?? '').padStart(6),
        runLockstep(variant, NO_COLLECTION).bytes.toFixed(2).padStart(12),
      ];
      console.log(cells.join(' '));
    }
  } finally {
    rival?.close();
  }
  if (!isWithin) console.log('A limit was passed.');
}

main();
