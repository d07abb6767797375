// SPDX-License-Identifier: MIT
// How many merged event records a second the whole model takes, with stalls and requests on top of it,
// decoding left out: records are made before the clock starts. The mix is that of a busy service: switches between threads, wake-ups,
// system calls and the service's own loop iterations, samples and tracepoints.
//
//   node packages/analysis/dist/bench/model.bench.js

import { cpus, release } from 'node:os';
import type { EventRecord } from '@lockstep/ctf';
import { DISKS } from '../src/kernel/disks.ts';
import { MEMORY } from '../src/kernel/memory.ts';
import { AnalysisPass } from '../src/pass/analysis-pass.ts';
import { requestsHandler } from '../src/requests/analyze-requests.ts';
import { analyzeStalls, stallsHandler } from '../src/stalls/analyze-stalls.ts';
import { createTrace, toNs } from '../src/testing/records.ts';

const RECORDS = 400_000;
const ROUNDS = 9;

function makeRecords(): EventRecord[] {
  const kernel = createTrace('kernel', { cpu_id: 0 });
  const program = createTrace('ust', { vpid: 1000, vtid: 1000, tid: 1000, cpu_id: 0 });
  const records: EventRecord[] = [
    program.record('node:process', 0, { pid: 1000, procname: 'node', argv: 'node server.js', main_thread: 1 }),
  ];
  records.push(
    program.record('node:cpu_node', 0, {
      epoch: 1,
      node: 1,
      parent: 0,
      function: 'handle',
      url: 'file:///a.js',
      line: 3,
      column: 1,
    }),
  );
  let ms = 0;
  while (records.length < RECORDS) {
    const begin = ms;
    const other = 2000 + (records.length % 64);
    const switchTo = (prev: number, next: number, state: number): void => {
      records.push(
        kernel.record(
          'sched_switch',
          ms,
          {
            prev_comm: 'a',
            prev_tid: prev,
            prev_prio: 20,
            prev_state: state,
            next_comm: 'b',
            next_tid: next,
            next_prio: 20,
          },
          prev,
        ),
      );
      ms += 0.01;
    };
    for (let turn = 0; turn < 4; turn += 1) {
      records.push(kernel.record('syscall_entry_read', ms, { fd: 17, buf: 0n, count: 4096n }, 1000));
      ms += 0.01;
      records.push(kernel.record('syscall_exit_read', ms, { ret: 4096n }, 1000));
      records.push(program.record('shop:order_placed', ms, { id: turn, total: 9.5, sku: 'A-17' }));
    }
    switchTo(1000, other, 1);
    switchTo(other, other + 64, 0);
    records.push(kernel.record('sched_wakeup', ms, { comm: 'node', tid: 1000, prio: 20, target_cpu: 0 }, other));
    switchTo(other + 64, 1000, 0);
    // Each hundredth iteration is a stall.
    if (records.length % 100 === 0) ms += 25;
    records.push(
      program.record('node:cpu_sample', ms, { begin: toNs(begin), duration: 100_000n, epoch: 1, node: 1, line: 4 }),
    );
    records.push(
      program.record('node:loop_iteration', ms, { begin: toNs(begin), duration: toNs(ms) - toNs(begin), idle: 1000n }),
    );
    ms += 0.02;
  }
  return records;
}

const records = makeRecords();

function runWholeModel(): number {
  const stalls = stallsHandler();
  const pass = new AnalysisPass([DISKS, MEMORY, stalls, requestsHandler()]);
  for (const record of records) pass.take(record);
  pass.finish();
  return pass.get(stalls).report(pass).stallCount;
}

function measure(title: string, run: () => number): void {
  const rates: number[] = [];
  let stallCount = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = process.hrtime.bigint();
    stallCount = run();
    rates.push(records.length / (Number(process.hrtime.bigint() - begin) / 1e9));
  }
  rates.sort((a, b) => a - b);
  const median = rates[ROUNDS >> 1] ?? 0;
  console.log(
    `${title.padEnd(14)}  ${(median / 1e6).toFixed(2)} M records/s (median of ${ROUNDS}), ${(1e9 / median).toFixed(0)} ns a record, best ${((rates.at(-1) ?? 0) / 1e6).toFixed(2)} M/s, ${stallCount} stalls`,
  );
}

console.log(`node ${process.version}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`);
measure('stalls alone', () => analyzeStalls(records).stallCount);
measure('whole model', runWholeModel);
