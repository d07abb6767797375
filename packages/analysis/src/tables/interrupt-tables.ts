// SPDX-License-Identifier: MIT
// Interrupts: how long their handlers ran, and how long softirqs waited from being raised to running.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber } from '../fields.ts';
import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { INTERRUPTS, type Interrupts } from '../kernel/interrupts.ts';
import type { Cpu } from '../kernel/kernel-thread.ts';
import { isKernelStream, type RecordHandler } from '../pass/handler.ts';
import {
  familyContext,
  MAX_LOG_ROWS,
  missing,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import { Histogram, Statistics, STATISTICS_COLUMNS, TopList } from './statistics.ts';
import { column, makeTable, sortedBy, type Cell, type Column, type Table } from './table.ts';

const LOG_COLUMNS: readonly Column[] = [
  column('begin', 'begin', 'time'),
  column('end', 'end', 'time'),
  column('duration', 'duration', 'duration'),
  column('cpu', 'CPU', 'number'),
  column('interrupt', 'interrupt', 'text'),
  column('raised', 'raised before', 'duration'),
];
const MAX_VECTOR = 64;

interface InterruptUse {
  readonly durations: Histogram;
  readonly raises: Statistics;
}

class InterruptTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #uses = new Map<number, InterruptUse>();
  readonly #top: TopList<readonly Cell[]>;
  readonly #log: (readonly Cell[])[] = [];
  /** By CPU and vector: when a softirq was raised and has not run yet; of those that run, how long before. */
  readonly #raised = new Map<number, number>();
  readonly #waited = new Map<Cpu, number>();
  #hasInterrupts = false;

  constructor(context: FamilyContext, interrupts: Interrupts) {
    this.#context = context;
    this.#top = new TopList(context.options.limit);
    interrupts.onEnd.push((cpu, label, begin, end) => this.#ended(cpu, label, begin, end));
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    if (name.startsWith('irq_')) this.#hasInterrupts = true;
    if (name === 'irq_softirq_raise')
      return (record, time) => {
        // Raised again before it ran: what waited longest counts.
        const key = this.#keyOf(record);
        if (!this.#raised.has(key)) this.#raised.set(key, time);
      };
    if (name === 'irq_softirq_entry') return (record, time) => this.#entered(record, time);
    return undefined;
  }

  tables(): readonly Table[] {
    const { host, options } = this.#context;
    const notes = this.#hasInterrupts ? [] : [missing('interrupts', "-k 'irq_*'")];
    const rows = [...this.#uses].map(([label, { durations, raises }]) => [
      host.labels.textOf(label),
      ...durations.statistics.cells(),
      durations.statistics.total,
      raises.mean,
      raises.count === 0 ? undefined : raises.max,
    ]);
    const tables = [
      makeTable(
        'interrupts',
        'Interrupts',
        [
          column('interrupt', 'interrupt', 'text'),
          ...STATISTICS_COLUMNS,
          column('total', 'total', 'duration'),
          column('raise_mean', 'raised before, mean', 'duration'),
          column('raise_max', 'raised before, max', 'duration'),
        ],
        sortedBy(rows, 6),
        { limit: options.limit, notes },
      ),
    ];
    if (options.hasTop) tables.push(makeTable('top', 'Longest handlers', LOG_COLUMNS, this.#top.items()));
    if (options.hasFrequencies)
      for (const [label, { durations }] of this.#uses) {
        const title = host.labels.textOf(label);
        tables.push(
          durations.table(`frequencies ${title}`, `How long: ${title}`, {
            resolution: options.resolution,
            min: options.minNs,
            max: options.maxNs,
          }),
        );
      }
    if (options.hasLog) tables.push(makeTable('log', 'All handlers', LOG_COLUMNS, this.#log));
    return tables;
  }

  #keyOf(record: EventRecord): number {
    const vector = toNumber(record.payload?.vec);
    const { id } = this.#context.host.cpuOf(record);
    return id * MAX_VECTOR + (vector >= 0 && vector < MAX_VECTOR ? vector : MAX_VECTOR - 1);
  }

  #entered(record: EventRecord, time: number): void {
    const key = this.#keyOf(record);
    const raised = this.#raised.get(key);
    this.#raised.delete(key);
    const cpu = this.#context.host.cpuOf(record);
    if (raised === undefined) this.#waited.delete(cpu);
    else this.#waited.set(cpu, time - raised);
  }

  #ended(cpu: Cpu, label: number, begin: number, end: number): void {
    const { selection, options, host } = this.#context;
    const isSoftirq = host.labels.textOf(label).startsWith('softirq');
    const raised = isSoftirq ? this.#waited.get(cpu) : undefined;
    if (isSoftirq) this.#waited.delete(cpu);
    const duration = end - begin;
    if (!selection.isInRange(end) || !selection.hasCpu(cpu.id) || !selection.hasDuration(duration)) return;
    let use = this.#uses.get(label);
    if (use === undefined)
      this.#uses.set(label, (use = { durations: new Histogram(options.hasFrequencies), raises: new Statistics() }));
    use.durations.add(duration);
    if (raised !== undefined) use.raises.add(raised);
    const make = (): readonly Cell[] => {
      const { time } = this.#context;
      return [time.toNs(begin), time.toNs(end), duration, cpu.id, host.labels.textOf(label), raised];
    };
    if (options.hasTop) this.#top.add(duration, make);
    if (options.hasLog && this.#log.length < MAX_LOG_ROWS) this.#log.push(make());
  }
}

export function interruptTables(options: TableOptions): FamilyType {
  return {
    name: 'interrupt-tables',
    needs: [HOST, PROCESSES, INTERRUPTS],
    create: (context) =>
      new InterruptTables(familyContext(context, context.get(HOST), options), context.get(INTERRUPTS)),
  };
}
