// SPDX-License-Identifier: MIT
// System calls: how often, how long and with which errors, of each process and call; the slowest of them.

import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { processOf, type KernelThread } from '../kernel/kernel-thread.ts';
import { SYSTEM_CALLS, type SystemCall, type SystemCalls } from '../kernel/system-calls.ts';
import { errorName } from './error-names.ts';
import {
  familyContext,
  MAX_LOG_ROWS,
  missing,
  processName,
  threadTitle,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import { Histogram, STATISTICS_COLUMNS, TopList } from './statistics.ts';
import { column, makeTable, sortedBy, type Cell, type Column, type Table } from './table.ts';

/** Results from -4095 to -1 are errors; others that look negative are addresses. */
const MAX_ERRNO = 4095;

const LOG_COLUMNS: readonly Column[] = [
  column('begin', 'begin', 'time'),
  column('end', 'end', 'time'),
  column('duration', 'duration', 'duration'),
  column('thread', 'thread', 'text'),
  column('call', 'call', 'text'),
  column('result', 'result', 'text'),
];

interface CallUse {
  readonly pid: number;
  thread: KernelThread;
  readonly name: string;
  readonly durations: Histogram;
  readonly errors: Map<number, number>;
  /** Ended, but began before the trace. */
  unknownCount: number;
}

class SystemCallTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #uses = new Map<string, CallUse>();
  readonly #top: TopList<readonly Cell[]>;
  readonly #log: (readonly Cell[])[] = [];

  constructor(context: FamilyContext, calls: SystemCalls) {
    this.#context = context;
    this.#top = new TopList(context.options.limit);
    calls.listen('', (call) => this.#ended(call));
  }

  tables(): readonly Table[] {
    const { options, host } = this.#context;
    const notes = host.coverage.hasCalls ? [] : [missing('system calls', "-k 'syscall:*'")];
    const rows = [...this.#uses.values()].map((use) => [
      processName(this.#context.host, use.thread),
      use.pid,
      use.name,
      ...use.durations.statistics.cells(),
      use.durations.statistics.total,
      [...use.errors]
        .toSorted(([, one], [, other]) => other - one)
        .map(([errno, count]) => `${errorName(errno)} ${count}`)
        .join(', '),
    ]);
    const tables = [
      makeTable(
        'calls',
        'System calls',
        [
          column('process', 'process', 'text'),
          column('pid', 'pid', 'number'),
          column('call', 'call', 'text'),
          ...STATISTICS_COLUMNS,
          column('total', 'total', 'duration'),
          column('errors', 'errors', 'text'),
        ],
        sortedBy(rows, 8),
        { limit: options.limit, notes },
      ),
    ];
    if (options.hasTop) tables.push(makeTable('top', 'Slowest calls', LOG_COLUMNS, this.#top.items()));
    if (options.hasFrequencies) tables.push(...this.#frequencies());
    if (options.hasLog) tables.push(makeTable('log', 'All calls', LOG_COLUMNS, this.#log));
    return tables;
  }

  /** One histogram a call, of the calls that took longest in all. */
  #frequencies(): readonly Table[] {
    const { options } = this.#context;
    return [...this.#uses.values()]
      .toSorted((one, other) => other.durations.statistics.total - one.durations.statistics.total)
      .slice(0, options.limit)
      .map((use) => {
        const title = `${use.name} of ${processName(this.#context.host, use.thread)} (${use.pid})`;
        const range = { resolution: options.resolution, min: options.minNs, max: options.maxNs };
        return use.durations.table(`frequencies ${title}`, `How long: ${title}`, range);
      });
  }

  #ended(call: SystemCall): void {
    const { selection, options } = this.#context;
    const { thread, name, begin, end, result } = call;
    if (!selection.isInRange(end) || !selection.hasThread(thread)) return;
    const pid = processOf(thread);
    const key = `${pid} ${name}`;
    let use = this.#uses.get(key);
    if (use === undefined) {
      use = { pid, thread, name, durations: new Histogram(options.hasFrequencies), errors: new Map(), unknownCount: 0 };
      this.#uses.set(key, use);
    }
    if (begin === undefined) {
      use.unknownCount += 1;
      return;
    }
    const duration = end - begin;
    if (!selection.hasDuration(duration)) return;
    use.durations.add(duration);
    const isError = result < 0 && result >= -MAX_ERRNO;
    if (isError) use.errors.set(-result, (use.errors.get(-result) ?? 0) + 1);
    const make = (): readonly Cell[] => {
      const { time } = this.#context;
      const told = isError ? errorName(-result) : String(result);
      return [time.toNs(begin), time.toNs(end), duration, threadTitle(thread), name, told];
    };
    if (options.hasTop) this.#top.add(duration, make);
    if (options.hasLog && this.#log.length < MAX_LOG_ROWS) this.#log.push(make());
  }
}

export function systemCallTables(options: TableOptions): FamilyType {
  return {
    name: 'system-call-tables',
    needs: [HOST, PROCESSES, SYSTEM_CALLS],
    create: (context) =>
      new SystemCallTables(familyContext(context, context.get(HOST), options), context.get(SYSTEM_CALLS)),
  };
}
