// SPDX-License-Identifier: MIT
// What a record costs its writer, by writers, mode and size, beside LTTng-UST in C: rounds alternate,
// each is a process of its own whose writers are all bound to one CPU. LTTng's ring buffers are per CPU,
// so that its threads share one, too. Prints ns of CPU time an event and writer, and the median of the
// rounds' ratios.
//
//   node packages/ring-buffer/dist/bench/writers.bench.js [rounds] [variant…]

import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { median, startLttng, type LttngRival } from './lttng-rival.ts';

interface Variant {
  readonly name: string;
  readonly threadCount: number;
  readonly mode: 'overwrite' | 'discard';
  readonly allocation: 'one' | 'per-thread';
  readonly sizeBytes: number;
  /** Threads of the rival; undefined: it has no such mode without its consumer. */
  readonly rivalThreads: number | undefined;
  readonly limit: number | undefined;
}

function* variants(): Generator<Variant> {
  for (const sizeBytes of [16, 64, 256]) {
    const limit = (ratio: number): number | undefined => (sizeBytes === 16 ? ratio : undefined);
    for (const [allocation, threadCount, rivalThreads, ratio] of [
      ['per-thread', 1, 1, limit(0.25)],
      ['one', 1, 2, limit(0.35)],
      ['one', 2, 2, limit(0.35)],
      ['one', 4, 4, undefined],
    ] as const) {
      for (const mode of ['overwrite', 'discard'] as const) {
        if (mode === 'discard' && sizeBytes !== 16) continue;
        const name = `${allocation}-${threadCount}-${mode}-${sizeBytes}`;
        const isRivalled = mode === 'overwrite';
        yield {
          name,
          threadCount,
          mode,
          allocation,
          sizeBytes,
          rivalThreads: isRivalled ? rivalThreads : undefined,
          limit: isRivalled ? ratio : undefined,
        };
      }
    }
  }
}

const EVENT_COUNT = 1_500_000;
const WARM_UP_COUNT = 500_000;
const program = fileURLToPath(new URL('./writers-program.js', import.meta.url));
// The last CPU: the first takes most interrupts.
const cpu = availableParallelism() - 1;

function runOurs(variant: Variant): { readonly ns: number; readonly discarded: number } {
  const { threadCount, mode, allocation, sizeBytes } = variant;
  const args = [cpu, threadCount, mode, allocation, sizeBytes, WARM_UP_COUNT, EVENT_COUNT].map(String);
  const result = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as { ns: number; discarded: number };
}

function main(): void {
  const rounds = Number(process.argv[2] ?? 5);
  const wanted = process.argv.slice(3);
  let rival: LttngRival | undefined;
  try {
    rival = startLttng();
  } catch (error) {
    console.log(
      `LTTng-UST is missing, so Lockstep's figures stand alone: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  console.log(
    `node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, CPU ${cpu}, ${rounds} rounds of ${EVENT_COUNT} events`,
  );
  console.log('buffers-writers-mode-bytes   LTTng threads, ns   Lockstep ns   ratio   limit   discarded');
  let isWithin = true;
  try {
    for (const variant of variants()) {
      if (wanted.length > 0 && !wanted.some((word) => variant.name.includes(word))) continue;
      const theirs: number[] = [];
      const ours: number[] = [];
      let discarded = 0;
      for (let round = 0; round < rounds; round++) {
        if (rival !== undefined && variant.rivalThreads !== undefined)
          theirs.push(rival.run(cpu, variant.rivalThreads, variant.sizeBytes, WARM_UP_COUNT, EVENT_COUNT));
        const result = runOurs(variant);
        ours.push(result.ns);
        discarded += result.discarded;
      }
      const ratio = median(theirs.map((ns, round) => ours[round]! / ns));
      if (variant.limit !== undefined && ratio > variant.limit) isWithin = false;
      const cells = [
        variant.name.padEnd(28),
        theirs.length === 0 ? ''.padStart(18) : `${variant.rivalThreads}, ${median(theirs).toFixed(1)}`.padStart(18),
        median(ours).toFixed(1).padStart(13),
        theirs.length === 0 ? ''.padStart(7) : ratio.toFixed(3).padStart(7),
        (variant.limit?.toFixed(2) ?? '').padStart(7),
        String(discarded).padStart(11),
      ];
      console.log(cells.join(' '));
    }
  } finally {
    rival?.close();
  }
  if (!isWithin) console.log('A limit was passed.');
}

main();
