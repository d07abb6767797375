// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventRecord } from '@lockstep/ctf';
import { createTrace, toNs } from '../testing/records.ts';
import { explainMoment, followThread } from './follow-thread.ts';
import type { PathReport } from './path-report.ts';

const TIDS: Readonly<Record<string, number>> = { '.': 0, A: 101, B: 102, C: 103 };

/**
 * One row a CPU, one column a ms: who runs. A thread that stops before `>X` on its row sleeps and wakes X;
 * `~` after a thread's run means that it sleeps, else it could have gone on. `wakes`: ms, who wakes whom.
 */
function picture(
  rows: readonly string[],
  sleeps: readonly (readonly [ms: number, letter: string])[],
  wakes: readonly (readonly [ms: number, waker: string, wakee: string])[],
): EventRecord[] {
  const timed: { readonly ms: number; readonly order: number; readonly record: EventRecord }[] = [];
  const kernels = rows.map((_row, cpu) => createTrace('kernel', { cpu_id: cpu }));
  for (const kernel of kernels) for (const name of ['sched_switch', 'sched_waking']) kernel.record(name, 0, {});
  rows.forEach((row, cpu) => {
    const kernel = kernels[cpu];
    if (kernel === undefined) return;
    timed.push({ ms: 0, order: 0, record: kernel.record('lttng_statedump_start', 0, {}, 1) });
    for (let ms = 1; ms < row.length; ms += 1) {
      const [from, to] = [row[ms - 1] ?? '.', row[ms] ?? '.'];
      if (from === to) continue;
      const isSleeping = sleeps.some(([at, letter]) => at === ms && letter === from);
      const payload = {
        prev_comm: from,
        prev_tid: TIDS[from] ?? 0,
        prev_prio: 20,
        prev_state: isSleeping ? 1 : 0,
        next_comm: to,
        next_tid: TIDS[to] ?? 0,
        next_prio: 20,
      };
      timed.push({ ms, order: 3, record: kernel.record('sched_switch', ms, payload, TIDS[from] ?? 0) });
    }
  });
  for (const [ms, waker, wakee] of wakes) {
    const cpu = rows.findIndex((row) => row[ms - 1] === waker);
    const payload = { comm: wakee, tid: TIDS[wakee] ?? 0, prio: 20, target_cpu: 0 };
    const record = kernels[cpu]?.record('sched_waking', ms, payload, TIDS[waker] ?? 0);
    if (record !== undefined) timed.push({ ms, order: 1, record });
  }
  return timed.sort((a, b) => a.ms - b.ms || a.order - b.order).map(({ record }) => record);
}

function causesOf(report: PathReport): string[] {
  return report.causes.map(({ thread, text, ms }) => `${ms} ${thread.name} ${text}`);
}

const CHAIN = picture(
  ['AAAA......AAAA.', '....BB..BB.....', '......CC.......'],
  [
    [4, 'A'],
    [6, 'B'],
    [8, 'C'],
    [10, 'B'],
  ],
  [
    [8, 'C', 'B'],
    [10, 'B', 'A'],
  ],
);

test('a wait goes on in who ended it, and its waits in theirs', () => {
  const report = followThread(CHAIN, { tid: 101, beginNs: toNs(0), endNs: toNs(14) });
  assert.deepEqual(causesOf(report), ['8 A running', '4 B running', '2 C running']);
  assert.equal(
    report.sentence,
    '14 ms of tid 101 A hung on: 8 ms itself running, 4 ms tid 102 B running, 2 ms tid 103 C running',
  );
});

test('steps are in order and leave no gap', () => {
  const { steps } = followThread(CHAIN, { tid: 101, beginNs: toNs(0), endNs: toNs(14) });
  assert.deepEqual(
    steps.map(({ thread, durationMs }) => `${thread.name} ${durationMs}`),
    ['A 4', 'B 2', 'C 2', 'B 2', 'A 4'],
  );
});

test('why tells the whole wait that a moment lies in', () => {
  const report = explainMoment(CHAIN, 101, toNs(7), 1_000_000_000n);
  assert.equal(report.durationMs, 6);
  assert.match(report.sentence, /^6 ms of tid 101 A hung on: 4 ms tid 102 B running, 2 ms tid 103 C running$/);
});

test('who is runnable and not running is told with who ran', () => {
  const records = picture(['AAABBBBAAA.'], [], []);
  const report = followThread(records, { tid: 101, beginNs: toNs(0), endNs: toNs(10) });
  assert.deepEqual(causesOf(report), ['6 A running', '4 A runnable, waiting for a CPU']);
  assert.ok(report.steps.some(({ text }) => text === 'runnable, tid 102 B ran'));
});

test('neighbouring waits for a CPU are one step, with who had it and for how long', () => {
  const { steps } = followThread(picture(['AAABBCBBBAA.'], [], []), { tid: 101, beginNs: toNs(0), endNs: toNs(11) });
  assert.deepEqual(
    steps.map(({ text, durationMs }) => `${durationMs} ${text}`),
    ['3 running', '6 runnable, tid 102 B ran (5 ms), tid 103 C ran (1 ms)', '2 running'],
  );
});

test('the calls of one stay on a CPU are one step with it, the longest named', () => {
  const kernel = createTrace('kernel', { cpu_id: 0 });
  const switched = {
    prev_comm: '',
    prev_tid: 0,
    prev_prio: 20,
    prev_state: 0,
    next_comm: 'A',
    next_tid: 101,
    next_prio: 20,
  };
  const records = [
    kernel.record('sched_switch', 0, switched, 0),
    kernel.record('syscall_entry_read', 2, { fd: 3 }, 101),
    kernel.record('syscall_exit_read', 5, { ret: 1 }, 101),
    kernel.record('syscall_entry_getpid', 6, {}, 101),
    kernel.record('syscall_exit_getpid', 6.01, { ret: 1 }, 101),
    kernel.record('sched_switch', 10, { ...switched, prev_tid: 101, prev_state: 1, next_tid: 0 }, 101),
  ];
  const { steps } = followThread(records, { tid: 101, beginNs: toNs(0), endNs: toNs(10) });
  assert.deepEqual(
    steps.map(({ text }) => text),
    ['running (3 ms of it in read (fd 3))'],
  );
});

test('a trace without the scheduler says what to record', () => {
  const kernel = createTrace('kernel', { cpu_id: 0 });
  const records = [
    kernel.record('syscall_entry_read', 0, { fd: 3 }, 101),
    kernel.record('syscall_exit_read', 5, { ret: 1 }, 101),
  ];
  const { doubts } = followThread(records, { tid: 101, beginNs: undefined, endNs: undefined });
  assert.match(doubts[0] ?? '', /unknown: sched_switch was not recorded; record as root/);
});
