// SPDX-License-Identifier: MIT
// What a reading of each trace clock costs as a bigint, beside process.hrtime.bigint and
// performance.now, alternating in rounds. Run: node packages/clock/dist/bench/now.bench.js
// (The record path takes the reading from the addon's slot and makes no bigint: native/bench.)

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative } from '@lockstep/native';
import {
  chooseClock,
  explainNoSynthetic,
  explainNoTsc,
  readMachine,
  SyntheticClock,
  type Keeper,
} from '../src/index.ts';

const CALL_COUNT = 500_000;
const ROUND_COUNT = 15;

/** A synthetic clock with its keeper running, as in a recording. */
function keepPage(): { readonly clock: SyntheticClock; close(): Promise<void> } | undefined {
  if (explainNoSynthetic(readMachine()) !== undefined) return undefined;
  const clock = chooseClock('synthetic');
  if (!(clock instanceof SyntheticClock)) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const keeper: Keeper = clock.keep(join(directory, 'page'), join(directory, 'history'));
  return {
    clock,
    async close() {
      await keeper.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function main(): Promise<void> {
  const machine = readMachine();
  const cases: [name: string, run: (count: number) => number][] = [];
  // A source of its own for each: V8 shares the feedback of equal ones.
  const addCase = (name: string, expression: string, clock: unknown): void => {
    // oxlint-disable-next-line typescript/no-implied-eval -- see above
    const make = new Function(
      'clock',
      `return (count) => { /* ${name} */ let sink = 0; for (let i = 0; i < count; i++) if (${expression} == 0) sink++; return sink; }`,
    );
    cases.push([name, make(clock) as (count: number) => number]);
  };
  if (explainNoTsc(machine) === undefined) addCase('tsc', 'clock.now()', chooseClock('tsc'));
  const keep = keepPage();
  if (keep !== undefined) {
    addCase('synthetic', 'clock.now()', keep.clock);
    addCase('its page, to the slot', 'clock.readClockPage(), clock.slot[0]', loadNative());
  }
  addCase('mono', 'clock.now()', chooseClock('mono'));
  if (machine.native !== undefined) addCase('mono_raw', 'clock.now()', chooseClock('mono_raw'));
  if (machine.native !== undefined) addCase('boot', 'clock.now()', chooseClock('boot'));
  addCase('mono without the addon', 'clock.now()', chooseClock('mono', { ...machine, native: undefined }));
  addCase('performance.now', 'clock.now()', performance);
  addCase('process.hrtime.bigint', 'clock()', process.hrtime.bigint);

  const times = cases.map(() => [] as number[]);
  for (const [, run] of cases) run(CALL_COUNT / 10);
  for (let round = 0; round < ROUND_COUNT; round++) {
    cases.forEach(([, run], index) => {
      const start = process.hrtime.bigint();
      run(CALL_COUNT);
      times[index]?.push(Number(process.hrtime.bigint() - start) / CALL_COUNT);
    });
  }
  console.log(`node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}`);
  console.log(`${ROUND_COUNT} rounds of ${CALL_COUNT} calls; ns a call`);
  const reference = times[cases.length - 1] ?? [];
  cases.forEach(([name], index) => {
    const rounds = times[index] ?? [];
    const ratio = median(rounds.map((ns, round) => ns / (reference[round] ?? Number.NaN)));
    console.log(
      `${name.padEnd(26)} median ${median(rounds).toFixed(1).padStart(7)}  min ${Math.min(...rounds)
        .toFixed(1)
        .padStart(7)}  ${ratio.toFixed(2)} x hrtime.bigint`,
    );
  });
  await keep?.close();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

await main();
