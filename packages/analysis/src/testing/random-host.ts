// SPDX-License-Identifier: MIT
// A small host that schedules at random but as a kernel would: choices in, its event records out. What it
// records can be read from any moment on, as a trace can that was begun in the middle.

import type { EventRecord, StructureValue } from '@lockstep/ctf';
import { createTrace } from './records.ts';

/** What one step does is taken from these numbers; each is 0 to 65 535. */
export type Choice = readonly [what: number, which: number, next: number, wait: number];

interface Thread {
  readonly tid: number;
  state: 'running' | 'runnable' | 'blocked';
  call: string | undefined;
}

const CPU_COUNT = 2;
const TIDS = [101, 102, 103, 104, 105];
const CALLS = ['read', 'futex', 'write'];
const STEP_MS = 0.01;

export interface RandomHost {
  /** What was there at the begin. */
  readonly stateDump: readonly EventRecord[];
  readonly records: readonly EventRecord[];
  readonly tids: readonly number[];
}

export function makeRandomHost(choices: readonly Choice[]): RandomHost {
  const kernels = Array.from({ length: CPU_COUNT }, (_, cpu) => createTrace('kernel', { cpu_id: cpu }));
  const threads = TIDS.map((tid): Thread => ({ tid, state: 'runnable', call: undefined }));
  const running: (Thread | undefined)[] = kernels.map(() => undefined);
  const records: EventRecord[] = [];
  let timeMs = 1;
  const dump = (thread: Thread): StructureValue => ({ tid: thread.tid, pid: 101, name: `t${thread.tid}`, type: 0 });
  const stateDump = threads.flatMap((thread) => {
    const record = kernels[0]?.record('lttng_statedump_process_state', 0.5, dump(thread), 1);
    return record === undefined ? [] : [record];
  });
  // All classes exist from the begin on, as they do in metadata.
  for (const kernel of kernels)
    for (const name of ['sched_switch', 'sched_waking', ...CALLS.map((call) => `syscall_entry_${call}`)])
      kernel.record(name, 0, {});

  function record(cpu: number, name: string, payload: StructureValue, tid: number): void {
    const made = kernels[cpu]?.record(name, timeMs, payload, tid);
    if (made !== undefined) records.push(made);
    timeMs += STEP_MS / 10;
  }

  function switchTo(cpu: number, next: Thread | undefined, isSleeping: boolean): void {
    const previous = running[cpu];
    if (previous === next) return;
    const payload = {
      prev_comm: `t${previous?.tid ?? 0}`,
      prev_tid: previous?.tid ?? 0,
      prev_prio: 20,
      prev_state: previous !== undefined && isSleeping ? 1 : 0,
      next_comm: `t${next?.tid ?? 0}`,
      next_tid: next?.tid ?? 0,
      next_prio: 20,
    };
    record(cpu, 'sched_switch', payload, previous?.tid ?? 0);
    if (previous !== undefined) previous.state = isSleeping ? 'blocked' : 'runnable';
    if (next !== undefined) next.state = 'running';
    running[cpu] = next;
  }

  function callOrReturn(cpu: number, thread: Thread, which: number): void {
    if (thread.call === undefined) {
      thread.call = CALLS[which % CALLS.length] ?? 'read';
      record(cpu, `syscall_entry_${thread.call}`, { fd: which % 8 }, thread.tid);
    } else {
      record(cpu, `syscall_exit_${thread.call}`, { ret: 1 }, thread.tid);
      thread.call = undefined;
    }
  }

  for (const [what, which, next, wait] of choices) {
    timeMs += (1 + (wait % 64)) * STEP_MS;
    const cpu = which % CPU_COUNT;
    const current = running[cpu];
    const ready = threads.filter(({ state }) => state === 'runnable');
    const chosen = ready[next % Math.max(1, ready.length)];
    const sleepers = threads.filter(({ state }) => state === 'blocked');
    const sleeper = sleepers[next % Math.max(1, sleepers.length)];
    const kind = what % 5;
    if (kind === 0) switchTo(cpu, chosen, false);
    else if (kind === 1 && current !== undefined) switchTo(cpu, chosen, true);
    else if (kind === 2 && sleeper !== undefined) {
      const payload = { comm: `t${sleeper.tid}`, tid: sleeper.tid, prio: 20, target_cpu: which % CPU_COUNT };
      record(cpu, 'sched_waking', payload, current?.tid ?? 0);
      sleeper.state = 'runnable';
    } else if (kind === 3 && current !== undefined) callOrReturn(cpu, current, next);
    else if (kind === 4) {
      record(cpu, 'irq_handler_entry', { irq: 9, name: 'disk' }, current?.tid ?? 0);
      record(cpu, 'irq_handler_exit', { irq: 9, ret: 1 }, current?.tid ?? 0);
    }
  }
  return { stateDump, records, tids: TIDS };
}
