// SPDX-License-Identifier: MIT
// A state dump of 10 000 made-up processes: how long the main thread stands still, what memory grows by,
// what it takes. Alternates the dump in its own thread with the same one on the main thread.
//   node packages/kernel/dist/bench/state-dump.bench.js [processes, 10000] [runs, 3]

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpState, type StateDumpOptions } from '../src/state-dump/dump-state.ts';
import { StateDumper } from '../src/state-dump/state-dumper.ts';
import { generateProc, generateSys } from '../src/testing/generated-proc.ts';

const processCount = Number(process.argv[2] ?? 10_000);
const runCount = Number(process.argv[3] ?? 3);
const directory = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const roots = { procDirectory: join(directory, 'proc'), sysDirectory: join(directory, 'sys') };
generateProc(
  roots.procDirectory,
  Array.from({ length: processCount }, (_, index) => ({ pid: 1000 + index, name: `worker-${index}` })),
);
generateSys(roots.sysDirectory);

interface Figures {
  readonly pauseMs: number;
  readonly growthMb: number;
  readonly totalMs: number;
  readonly recordCount: number;
}

async function measure(dump: () => Promise<number>): Promise<Figures> {
  const before = process.memoryUsage.rss();
  let [pauseMs, peak, last] = [0, before, performance.now()];
  const look = (): void => {
    const now = performance.now();
    pauseMs = Math.max(pauseMs, now - last);
    peak = Math.max(peak, process.memoryUsage.rss());
    last = performance.now();
  };
  const timer = setInterval(look, 1);
  const begin = performance.now();
  const recordCount = await dump();
  look();
  clearInterval(timer);
  return { pauseMs, growthMb: (peak - before) / 1e6, totalMs: performance.now() - begin, recordCount };
}

let runs = 0;
function optionsOf(): StateDumpOptions {
  const outputDirectory = join(directory, `trace-${runs++}`);
  mkdirSync(`${outputDirectory}/index`, { recursive: true });
  const uuid = '2a6422d0-6cee-11e0-8c08-cb07d7b3a564';
  return { ...roots, outputDirectory, uuid, streamClassId: 0, fileName: 'statedump_0', hasMemoryMaps: true };
}

const clock = { kernelName: 'mono' as const, now: () => process.hrtime.bigint() };
const inThread = async (): Promise<number> => (await new StateDumper(optionsOf(), clock, () => {}).dump()).recordCount;
const onMain = async (): Promise<number> =>
  (await Promise.resolve(dumpState(optionsOf(), clock.now, () => undefined))).recordCount;

console.log(
  `state dump, ${processCount} processes, Node ${process.version}, Linux ${release()}, ${cpus().length} CPUs`,
);
const ratios: number[] = [];
for (let run = 0; run < runCount; run++) {
  const own = await measure(inThread);
  const main = await measure(onMain);
  ratios.push(own.pauseMs / main.pauseMs);
  for (const [name, figures] of [
    ['own thread', own],
    ['main thread', main],
  ] as const)
    console.log(
      `  ${name.padEnd(12)} pause ${figures.pauseMs.toFixed(1)} ms, memory +${figures.growthMb.toFixed(1)} MB, ` +
        `${figures.totalMs.toFixed(0)} ms, ${figures.recordCount} records`,
    );
}
ratios.sort((one, other) => one - other);
console.log(`  pause, median of ratios: ${(ratios[ratios.length >> 1] ?? 0).toFixed(3)}`);
