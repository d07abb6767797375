// SPDX-License-Identifier: MIT
// Peak memory of the whole model over a trace of any length with 1 000 threads: records are made as they
// are taken, so that only the model's own state stays.
//
//   node packages/analysis/dist/bench/model-memory.bench.js [MILLIONS]

import { release } from 'node:os';
import type { EventRecord } from '@lockstep/ctf';
import { AnalysisPass } from '../src/pass/analysis-pass.ts';
import { requestsHandler } from '../src/requests/analyze-requests.ts';
import { stallsHandler } from '../src/stalls/analyze-stalls.ts';
import { createTrace, toNs } from '../src/testing/records.ts';

const THREADS = 1000;
/** Of them, threads of traced programs, which keep intervals. */
const TRACED = 64;
const millions = Number(process.argv[2] ?? 20);

function* makeRecords(count: number): Generator<EventRecord> {
  const kernel = createTrace('kernel', { cpu_id: 0 });
  const programs = Array.from({ length: TRACED }, (_, index) =>
    createTrace('ust', { vpid: 1000 + index, vtid: 1000 + index, tid: 1000 + index, cpu_id: 0 }),
  );
  let ms = 0;
  let made = 0;
  let request = 0;
  for (const [index, program] of programs.entries())
    yield program.record('node:process', ms, {
      pid: 1000 + index,
      procname: 'node',
      argv: 'node a.js',
      main_thread: 1,
    });
  const begins = new Float64Array(TRACED);
  while (made < count) {
    const index = made % THREADS;
    const tid = 1000 + index;
    const next = 1000 + ((index + 7) % THREADS);
    const sleep = {
      prev_comm: 'a',
      prev_tid: tid,
      prev_prio: 20,
      prev_state: 1,
      next_comm: 'b',
      next_tid: next,
      next_prio: 20,
    };
    yield kernel.record('sched_waking', ms, { comm: 'a', tid: next, prio: 20, target_cpu: 0 }, tid);
    yield kernel.record('syscall_entry_read', ms + 0.001, { fd: 17, count: 4096n }, tid);
    yield kernel.record('syscall_exit_read', ms + 0.002, { ret: 4096n }, tid);
    const program = programs[index];
    if (program !== undefined) {
      request += 1;
      const payload = { begin: toNs(begins[index] ?? 0), duration: 5_000n, idle: 1000n };
      yield program.record('node:http_server_request_begin', ms, { request, method: 'GET', url: '/', peer: '' });
      yield program.record('node:http_server_request_end', ms, { request, status: 200 });
      yield program.record('node:loop_iteration', ms, payload);
      begins[index] = ms;
      made += 3;
    }
    yield kernel.record('sched_switch', ms + 0.003, sleep, tid);
    ms += 0.005;
    made += 5;
  }
}

const stalls = stallsHandler();
const requests = requestsHandler();
const pass = new AnalysisPass([stalls, requests]);
let peak = 0;
const begin = process.hrtime.bigint();
for (const record of makeRecords(millions * 1e6)) {
  pass.take(record);
  if (pass.recordCount % 100_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
}
pass.finish();
const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
const report = pass.get(requests).report(pass);
console.log(`node ${process.version}, Linux ${release()}`);
console.log(
  `model-memory  ${(pass.recordCount / 1e6).toFixed(1)} M records of ${THREADS} threads, ${TRACED} of them traced: peak ${Math.round(peak / 1e6)} MB, ${seconds.toFixed(1)} s with making the records, ${report.requestCount} requests`,
);
