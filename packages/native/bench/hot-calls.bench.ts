// SPDX-License-Identifier: MIT
// What a clock reading costs: the addon's hot functions beside Node's own clocks, alternating in
// rounds. Run: node packages/native/dist/bench/hot-calls.bench.js

import { cpus, release } from 'node:os';
import { loadNative, nativeMissingReason } from '../src/index.ts';

const CALL_COUNT = 2_000_000;
const ROUND_COUNT = 15;

function main(): void {
  const native = loadNative();
  if (native === undefined) {
    console.log(nativeMissingReason());
    return;
  }
  const { slot } = native;
  const cases: [name: string, run: (count: number) => void][] = [];
  // Each case is a function of its own, made from a source of its own (V8 shares the feedback of
  // equal ones): a call site that sees many functions is dearer, and that would be measured.
  const addCase = (name: string, body: string, call: unknown): void => {
    // oxlint-disable-next-line typescript/no-implied-eval -- see above
    const make = new Function(
      'call',
      'slot',
      `return function (count) { /* ${name} */ let sink = 0; for (let i = 0; i < count; i++) { ${body} } return sink; }`,
    );
    cases.push([name, make(call, slot) as (count: number) => void]);
  };
  addCase('empty loop', 'sink += slot[0]', undefined);
  if (native.readTsc !== undefined) addCase('readTsc', 'call(); sink += slot[0]', native.readTsc);
  if (native.readTscAndCpu !== undefined) addCase('readTscAndCpu', 'call(); sink += slot[0]', native.readTscAndCpu);
  addCase('readMonotonic', 'call(); sink += slot[0]', native.readMonotonic);
  addCase('readMonotonicAndCpu', 'call(); sink += slot[0]', native.readMonotonicAndCpu);
  addCase('readMonotonicRaw', 'call(); sink += slot[0]', native.readMonotonicRaw);
  addCase('readBoottime', 'call(); sink += slot[0]', native.readBoottime);
  addCase('gettid (with a result)', 'sink += call()', native.gettid);
  addCase('performance.now', 'sink += call.now()', performance);
  addCase('process.hrtime.bigint', 'if (call() === 0n) sink++', process.hrtime.bigint);

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
