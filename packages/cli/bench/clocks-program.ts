// SPDX-License-Identifier: MIT
// The program of clocks.bench: ns of a tracepoint and of a system call, as they come out under whatever
// records it. Prints one line of JSON.

import { float64, int32, tracepoint } from '@lockstep/tracer';

const COUNT = 300_000;
const ROUND_COUNT = 7;
const point = tracepoint('bench:point', { count: int32, value: float64 });

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
function time(run: () => void): number {
  const start = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - start) / COUNT;
}
let sink = 0;
const tracepoints: number[] = [];
const calls: number[] = [];
for (let round = 0; round < ROUND_COUNT; round++) {
  tracepoints.push(
    time(() => {
      for (let count = 0; count < COUNT; count++) point(count, count / 2);
    }),
  );
  calls.push(
    time(() => {
      // getppid(2) each time.
      for (let count = 0; count < COUNT; count++) sink += process.ppid;
    }),
  );
}
console.log(JSON.stringify({ tracepointNs: median(tracepoints), callNs: median(calls), sink: sink > 0 }));
