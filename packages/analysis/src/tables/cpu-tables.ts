// SPDX-License-Identifier: MIT
// Who had the CPUs: time, share, switches and migrations of each thread, and how busy each CPU was.
// A thread that has a CPU when the trace begins is taken to have had it from the begin on, as
// lttng-analyses does.

import type { DataStream, EventRecordClass } from '@lockstep/ctf';
import { toNumber } from '../fields.ts';
import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { processOf, type Cpu, type KernelThread } from '../kernel/kernel-thread.ts';
import { SCHEDULER, type Scheduler } from '../kernel/scheduler.ts';
import { BLOCKED } from '../kernel/thread-state.ts';
import { isKernelStream, type RecordHandler } from '../pass/handler.ts';
import {
  familyContext,
  missing,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import { column, makeTable, sortedBy, type Table } from './table.ts';

interface ThreadUse {
  runNs: number;
  voluntaryCount: number;
  involuntaryCount: number;
  migrationCount: number;
  readonly priorities: Set<number>;
}

/** Priorities told of one thread. */
const MAX_PRIORITIES = 8;

class CpuTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #uses = new Map<KernelThread, ThreadUse>();
  /** By CPU id: when its current thread got it, and its busy time in the range. */
  readonly #since: number[] = [];
  readonly #busyNs: number[] = [];
  readonly #current: (KernelThread | undefined)[] = [];
  #lastTime = 0;

  constructor(context: FamilyContext, scheduler: Scheduler) {
    this.#context = context;
    scheduler.onSwitch.push((cpu, previous, next, time) => this.#switched(cpu, previous, next, time));
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream) || name !== 'sched_migrate_task') return undefined;
    return (record, time) => {
      const thread = this.#context.host.thread(toNumber(record.payload?.tid));
      if (this.#context.selection.isInRange(time)) this.#use(thread).migrationCount += 1;
    };
  }

  finish(time: number): void {
    this.#lastTime = time;
    this.#current.forEach((thread, cpu) => {
      if (thread !== undefined) this.#ran(thread, cpu, time);
    });
  }

  tables(): readonly Table[] {
    const { selection, options, host } = this.#context;
    const notes = host.coverage.hasSched ? [] : [missing('switches of the scheduler', "-k 'sched_*'")];
    const begin = selection.begin;
    const duration = Math.max(0, Math.min(this.#lastTime, selection.end) - begin);
    const share = (ns: number): number | undefined => (duration === 0 ? undefined : ns / duration);
    const threads = [...this.#uses]
      .filter(([thread, { runNs }]) => thread.tid !== 0 && runNs > 0 && selection.hasThread(thread))
      .map(([thread, use]) => [
        thread.name,
        thread.tid,
        processOf(thread),
        use.runNs,
        share(use.runNs),
        use.voluntaryCount,
        use.involuntaryCount,
        use.migrationCount,
        [...use.priorities].join(' '),
      ]);
    const cpus = this.#busyNs
      .map((ns, cpu) => [`cpu ${cpu}`, ns, share(ns)] as const)
      .filter((_, cpu) => selection.hasCpu(cpu));
    const total = cpus.reduce((sum, [, ns]) => sum + ns, 0);
    return [
      makeTable(
        'threads',
        'CPU time of threads',
        [
          column('thread', 'thread', 'text'),
          column('tid', 'tid', 'number'),
          column('pid', 'pid', 'number'),
          column('run_time', 'run time', 'duration'),
          column('share', 'of a CPU', 'share'),
          column('voluntary_switches', 'slept', 'count'),
          column('involuntary_switches', 'preempted', 'count'),
          column('migrations', 'migrated', 'count'),
          column('priorities', 'priorities', 'text'),
        ],
        sortedBy(threads, 3),
        { limit: options.limit, notes },
      ),
      makeTable(
        'cpus',
        'CPUs',
        [column('cpu', 'CPU', 'text'), column('busy_time', 'busy', 'duration'), column('share', 'share', 'share')],
        [...cpus, ['all', total, cpus.length === 0 ? undefined : share(total / cpus.length)]],
      ),
    ];
  }

  #switched(cpu: Cpu, previous: KernelThread, next: KernelThread, time: number): void {
    const { selection } = this.#context;
    if (!selection.hasCpu(cpu.id)) return;
    this.#ran(previous, cpu.id, time);
    this.#since[cpu.id] = time;
    this.#current[cpu.id] = next;
    if (previous.tid !== 0 && selection.isInRange(time)) {
      const use = this.#use(previous);
      if (previous.state === BLOCKED) use.voluntaryCount += 1;
      else use.involuntaryCount += 1;
    }
    if (next.tid !== 0) {
      const { priorities } = this.#use(next);
      if (priorities.size < MAX_PRIORITIES) priorities.add(next.priority);
    }
  }

  #ran(thread: KernelThread, cpu: number, time: number): void {
    const ns = this.#context.selection.clip(this.#since[cpu] ?? 0, time);
    this.#busyNs[cpu] ??= 0;
    if (thread.tid === 0) return;
    this.#use(thread).runNs += ns;
    this.#busyNs[cpu] += ns;
  }

  #use(thread: KernelThread): ThreadUse {
    let use = this.#uses.get(thread);
    if (use === undefined) {
      use = { runNs: 0, voluntaryCount: 0, involuntaryCount: 0, migrationCount: 0, priorities: new Set() };
      this.#uses.set(thread, use);
    }
    return use;
  }
}

export function cpuTables(options: TableOptions): FamilyType {
  return {
    name: 'cpu-tables',
    needs: [HOST, PROCESSES, SCHEDULER],
    create: (context) => new CpuTables(familyContext(context, context.get(HOST), options), context.get(SCHEDULER)),
  };
}
