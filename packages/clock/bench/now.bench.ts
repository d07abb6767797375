// SPDX-License-Identifier: MIT
// What a reading of each trace clock costs as a bigint, beside process.hrtime.bigint and
// performance.now, alternating in rounds. Run: node packages/clock/dist/bench/now.bench.js
// (The record path takes the reading from the addon's slot and makes no bigint: native/bench.)

import { cpus, release } from 'node:os';
import { chooseClock, explainNoTsc, readMachine } from '../src/index.ts';

const CALL_COUNT = 500_000;
const ROUND_COUNT = 15;

function main(): void {
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
  addCase('mono', 'clock.now()', chooseClock('mono'));
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
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

main();
