// SPDX-License-Identifier: MIT
// LTTng-UST for writers.bench: builds its program, makes a flight recorder session of 8 sub-buffers of
// 1 MiB a CPU, and removes both. Throws with the reason where that is impossible.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface LttngRival {
  /** Nanoseconds of CPU time an event and thread; all threads on one CPU. */
  run(cpu: number, threadCount: number, sizeBytes: number, warmUpCount: number, eventCount: number): number;
  close(): void;
}

const rivalDirectory = fileURLToPath(new URL('../../bench/rival/', import.meta.url));

function run(command: string, ...args: string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

export function startLttng(): LttngRival {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-ring-rival-'));
  const binary = join(directory, 'lttng-writers');
  const source = join(rivalDirectory, 'lttng-writers.c');
  run('gcc', '-O2', '-I', rivalDirectory, '-o', binary, source, '-llttng-ust', '-ldl', '-pthread');
  run('lttng', '--version');
  const isOurDaemon = spawnSync('pgrep', ['-x', 'lttng-sessiond']).status !== 0;
  if (isOurDaemon) run('lttng-sessiond', '--daemonize');
  const session = `lockstep-ring-bench-${process.pid}`;
  run('lttng', 'create', session, '--snapshot', `--output=${join(directory, 'trace')}`);
  const sizes = ['--subbuf-size', '1M', '--num-subbuf', '8'];
  run('lttng', 'enable-channel', '-s', session, '-u', '--overwrite', ...sizes, 'bench');
  run('lttng', 'enable-event', '-s', session, '-u', '-c', 'bench', 'lockstep_ring_bench:*');
  run('lttng', 'start', session);
  return {
    run: (...args) => Number(run(binary, ...args.map(String)).trim()),
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

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
