// SPDX-License-Identifier: MIT
// Waits for locks, condition variables and what else threads build on futexes: how often and how long threads of a
// process waited at each address, and who let them go on.

import { toNumber } from '../fields.ts';
import { HOST } from '../kernel/host.ts';
import { processOf, type KernelThread } from '../kernel/kernel-thread.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { SYSTEM_CALLS, type SystemCall, type SystemCalls } from '../kernel/system-calls.ts';
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

/** Of futex(2)'s operation, without its flags: those that wait. */
const COMMAND_MASK = 0x7f;
const WAITS: ReadonlySet<number> = new Set([0, 6, 9, 11, 13]);
const ETIMEDOUT = 110;
/** Addresses remembered: a trace can name any number. */
const MAX_LOCKS = 1 << 16;
const MAX_WAKERS = 64;

const LOG_COLUMNS: readonly Column[] = [
  column('begin', 'begin', 'time'),
  column('end', 'end', 'time'),
  column('duration', 'duration', 'duration'),
  column('thread', 'thread', 'text'),
  column('address', 'address', 'text'),
  column('waker', 'let go by', 'text'),
];

interface Lock {
  readonly thread: KernelThread;
  readonly address: string;
  readonly durations: Histogram;
  timeoutCount: number;
  readonly wakers: Map<string, number>;
}

class LockTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #locks = new Map<string, Lock>();
  readonly #top: TopList<readonly Cell[]>;
  readonly #log: (readonly Cell[])[] = [];

  constructor(context: FamilyContext, calls: SystemCalls) {
    this.#context = context;
    this.#top = new TopList(context.options.limit);
    calls.listen('futex', (call) => this.#ended(call));
  }

  tables(): readonly Table[] {
    const { options, host } = this.#context;
    const notes = host.coverage.hasCalls ? [] : [missing('system calls', "-k 'syscall:futex'")];
    const rows = [...this.#locks.values()].map((lock) => [
      processName(this.#context.host, lock.thread),
      processOf(lock.thread),
      lock.address,
      ...lock.durations.statistics.cells(),
      lock.durations.statistics.total,
      lock.timeoutCount,
      this.#wakersText(lock),
    ]);
    const columns = [
      column('process', 'process', 'text'),
      column('pid', 'pid', 'number'),
      column('address', 'address', 'text'),
      ...STATISTICS_COLUMNS,
      column('total', 'total', 'duration'),
      column('timeouts', 'timeouts', 'count'),
      column('wakers', 'let go by', 'text'),
    ];
    const tables = [
      makeTable('locks', 'Waits for locks and signals between threads', columns, sortedBy(rows, 8), {
        limit: options.limit,
        notes,
      }),
    ];
    if (options.hasTop) tables.push(makeTable('top', 'Longest waits', LOG_COLUMNS, this.#top.items()));
    if (options.hasFrequencies) tables.push(...this.#frequencies());
    if (options.hasLog) tables.push(makeTable('log', 'All waits', LOG_COLUMNS, this.#log));
    return tables;
  }

  #frequencies(): readonly Table[] {
    const { options } = this.#context;
    return [...this.#locks.values()]
      .toSorted((one, other) => other.durations.statistics.total - one.durations.statistics.total)
      .slice(0, options.limit)
      .map((lock) => {
        const title = `${lock.address} of ${processName(this.#context.host, lock.thread)} (${processOf(lock.thread)})`;
        const range = { resolution: options.resolution, min: options.minNs, max: options.maxNs };
        return lock.durations.table(`frequencies ${title}`, `How long: ${title}`, range);
      });
  }

  /** The three that let go most often. */
  #wakersText({ wakers }: Lock): string {
    return [...wakers]
      .toSorted(([, one], [, other]) => other - one)
      .slice(0, 3)
      .map(([waker, count]) => `${waker} ${count}`)
      .join(', ');
  }

  #ended({ thread, begin, end, result, arguments: fields }: SystemCall): void {
    const { selection, options, time } = this.#context;
    if (begin === undefined || !selection.isInRange(end) || !selection.hasThread(thread)) return;
    const operation = fields?.['op'];
    if (operation === undefined || !WAITS.has(toNumber(operation) & COMMAND_MASK)) return;
    const duration = end - begin;
    if (!selection.hasDuration(duration)) return;
    const address = `0x${toNumber(fields?.['uaddr']).toString(16)}`;
    const lock = this.#lockOf(thread, address);
    if (lock === undefined) return;
    lock.durations.add(duration);
    if (result === -ETIMEDOUT) lock.timeoutCount += 1;
    const waker = this.#wakerOf(thread, begin);
    if (waker !== '' && (lock.wakers.size < MAX_WAKERS || lock.wakers.has(waker)))
      lock.wakers.set(waker, (lock.wakers.get(waker) ?? 0) + 1);
    const make = (): readonly Cell[] => [
      time.toNs(begin),
      time.toNs(end),
      duration,
      threadTitle(thread),
      address,
      waker,
    ];
    if (options.hasTop) this.#top.add(duration, make);
    if (options.hasLog && this.#log.length < MAX_LOG_ROWS) this.#log.push(make());
  }

  #lockOf(thread: KernelThread, address: string): Lock | undefined {
    const key = `${processOf(thread)} ${address}`;
    let lock = this.#locks.get(key);
    if (lock === undefined && this.#locks.size < MAX_LOCKS) {
      const durations = new Histogram(this.#context.options.hasFrequencies);
      lock = { thread, address, durations, timeoutCount: 0, wakers: new Map() };
      this.#locks.set(key, lock);
    }
    return lock;
  }

  /** The thread that woke it within this wait, if one did. */
  #wakerOf({ waker, wakerAt }: KernelThread, begin: number): string {
    if (waker <= 0 || wakerAt < begin) return '';
    return threadTitle(this.#context.host.thread(waker));
  }
}

export function lockTables(options: TableOptions): FamilyType {
  return {
    name: 'lock-tables',
    needs: [HOST, PROCESSES, SYSTEM_CALLS],
    create: (context) => new LockTables(familyContext(context, context.get(HOST), options), context.get(SYSTEM_CALLS)),
  };
}
