// SPDX-License-Identifier: MIT
// Scheduling latency: from the wake-up of a thread to its getting a CPU, by thread; the longest of them,
// their histogram, all of them.

import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { processOf, type Cpu, type KernelThread } from '../kernel/kernel-thread.ts';
import { SCHEDULER, type Scheduler } from '../kernel/scheduler.ts';
import {
  familyContext,
  MAX_LOG_ROWS,
  missing,
  threadTitle,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import { Histogram, Statistics, STATISTICS_COLUMNS, TopList } from './statistics.ts';
import { column, makeTable, sortedBy, type Cell, type Column, type Table } from './table.ts';

const LOG_COLUMNS: readonly Column[] = [
  column('wakeup', 'wake-up', 'time'),
  column('switch', 'switch', 'time'),
  column('latency', 'latency', 'duration'),
  column('priority', 'priority', 'number'),
  column('cpu', 'CPU', 'number'),
  column('wakee', 'wakee', 'text'),
  column('waker', 'waker', 'text'),
];

class SchedulingTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #byThread = new Map<KernelThread, Statistics>();
  readonly #byPriority = new Map<number, Statistics>();
  readonly #all = new Histogram();
  readonly #top: TopList<readonly Cell[]>;
  readonly #log: (readonly Cell[])[] = [];
  #unloggedCount = 0;

  constructor(context: FamilyContext, scheduler: Scheduler) {
    this.#context = context;
    this.#top = new TopList(context.options.limit);
    scheduler.onSwitch.push((cpu, _previous, next, time) => this.#switched(cpu, next, time));
  }

  tables(): readonly Table[] {
    const { options, host } = this.#context;
    const notes = host.coverage.hasSched ? [] : [missing('wake-ups and switches of the scheduler', "-k 'sched_*'")];
    const threads = [...this.#byThread].map(([thread, statistics]) => [
      thread.name,
      thread.tid,
      processOf(thread),
      ...statistics.cells(),
    ]);
    const priorities = [...this.#byPriority]
      .toSorted(([one], [other]) => one - other)
      .map(([priority, statistics]) => [priority, ...statistics.cells()]);
    const who = [column('thread', 'thread', 'text'), column('tid', 'tid', 'number'), column('pid', 'pid', 'number')];
    const tables = [
      makeTable('threads', 'Scheduling latency of threads', [...who, ...STATISTICS_COLUMNS], sortedBy(threads, 6), {
        limit: options.limit,
        notes,
      }),
      makeTable(
        'priorities',
        'By priority',
        [column('priority', 'priority', 'number'), ...STATISTICS_COLUMNS],
        priorities,
      ),
      makeTable('total', 'All', STATISTICS_COLUMNS, [this.#all.statistics.cells()]),
    ];
    if (options.hasTop) tables.push(makeTable('top', 'Longest latencies', LOG_COLUMNS, this.#top.items()));
    if (options.hasFrequencies)
      tables.push(
        this.#all.table('frequencies', 'How often which latency', {
          resolution: options.resolution,
          min: options.minNs,
          max: options.maxNs,
        }),
      );
    if (options.hasLog)
      tables.push(
        makeTable('log', 'All latencies', LOG_COLUMNS, this.#log, {
          notes:
            this.#unloggedCount === 0 ? [] : [`${this.#unloggedCount} more are not listed; choose a shorter range.`],
        }),
      );
    return tables;
  }

  #switched(cpu: Cpu, next: KernelThread, time: number): void {
    const { selection, options, host } = this.#context;
    const { wokenAt } = next;
    if (next.tid === 0 || wokenAt === undefined || !selection.isInRange(time)) return;
    const latency = time - wokenAt;
    if (!selection.hasCpu(cpu.id) || !selection.hasThread(next) || !selection.hasDuration(latency)) return;
    statisticsOf(this.#byThread, next).add(latency);
    statisticsOf(this.#byPriority, next.priority).add(latency);
    this.#all.add(latency);
    const { waker, priority } = next;
    const make = (): readonly Cell[] => [
      this.#context.time.toNs(wokenAt),
      this.#context.time.toNs(time),
      latency,
      priority,
      cpu.id,
      threadTitle(next),
      waker === 0 ? '' : waker < 0 ? host.labels.textOf(-waker) : threadTitle(host.thread(waker)),
    ];
    if (options.hasTop) this.#top.add(latency, make);
    if (!options.hasLog) return;
    if (this.#log.length < MAX_LOG_ROWS) this.#log.push(make());
    else this.#unloggedCount += 1;
  }
}

function statisticsOf<K>(map: Map<K, Statistics>, key: K): Statistics {
  let statistics = map.get(key);
  if (statistics === undefined) map.set(key, (statistics = new Statistics()));
  return statistics;
}

export function schedulingTables(options: TableOptions): FamilyType {
  return {
    name: 'scheduling-tables',
    needs: [HOST, PROCESSES, SCHEDULER],
    create: (context) =>
      new SchedulingTables(familyContext(context, context.get(HOST), options), context.get(SCHEDULER)),
  };
}
