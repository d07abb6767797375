// SPDX-License-Identifier: MIT
// Memory: pages that threads got and gave back, page faults, and the time they had to reclaim pages
// themselves.

import type { DataStream, EventRecordClass } from '@lockstep/ctf';
import { toNumber } from '../fields.ts';
import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { processOf, type KernelThread } from '../kernel/kernel-thread.ts';
import { MEMORY, type Memory } from '../kernel/memory.ts';
import { isKernelStream, type RecordHandler } from '../pass/handler.ts';
import {
  familyContext,
  missing,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import { Statistics, STATISTICS_COLUMNS } from './statistics.ts';
import { column, makeTable, sortedBy, type Table } from './table.ts';

interface MemoryUse {
  allocatedPages: number;
  freedPages: number;
  faultCount: number;
  readonly reclaims: Statistics;
}

class MemoryTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #uses = new Map<KernelThread, MemoryUse>();
  #hasPages = false;

  constructor(context: FamilyContext, memory: Memory) {
    this.#context = context;
    memory.onReclaim.push((thread, begin, end) => {
      const { selection } = this.#context;
      if (selection.isInRange(end) && selection.hasDuration(end - begin)) this.#use(thread).reclaims.add(end - begin);
    });
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'kmem_mm_page_alloc':
        this.#hasPages = true;
        return (record, time) => {
          const thread = this.#context.host.threadOf(record);
          if (this.#context.selection.isInRange(time))
            this.#use(thread).allocatedPages += 2 ** toNumber(record.payload?.order);
        };
      case 'kmem_mm_page_free':
        this.#hasPages = true;
        return (record, time) => {
          const thread = this.#context.host.threadOf(record);
          if (this.#context.selection.isInRange(time))
            this.#use(thread).freedPages += 2 ** toNumber(record.payload?.order);
        };
      case 'x86_exceptions_page_fault_user':
      case 'exceptions_page_fault_user':
      case 'page_fault_user':
        return (record, time) => {
          if (this.#context.selection.isInRange(time)) this.#use(this.#context.host.threadOf(record)).faultCount += 1;
        };
      default:
        return undefined;
    }
  }

  tables(): readonly Table[] {
    const { selection, options, host } = this.#context;
    const notes = [
      ...(this.#hasPages ? [] : [missing('allocations of pages', "-k 'kmem_mm_page_*'")]),
      ...(host.coverage.hasFaults ? [] : [missing('page faults', "-k 'exceptions:page_fault_user'")]),
    ];
    const uses = [...this.#uses].filter(([thread]) => selection.hasThread(thread));
    const rows = uses.map(([thread, use]) => [
      thread.name,
      thread.tid,
      processOf(thread),
      use.allocatedPages,
      use.freedPages,
      use.faultCount,
      use.allocatedPages + use.faultCount,
    ]);
    const sum = (key: 'allocatedPages' | 'freedPages' | 'faultCount'): number =>
      uses.reduce((total, [, use]) => total + use[key], 0);
    const who = [column('thread', 'thread', 'text'), column('tid', 'tid', 'number'), column('pid', 'pid', 'number')];
    const counts = [
      column('allocated', 'pages allocated', 'count'),
      column('freed', 'pages freed', 'count'),
      column('faults', 'page faults', 'count'),
    ];
    const reclaims = uses
      .filter(([, use]) => use.reclaims.count > 0)
      .map(([thread, use]) => [thread.name, thread.tid, processOf(thread), ...use.reclaims.cells()]);
    return [
      makeTable(
        'threads',
        'Memory of threads',
        [...who, ...counts],
        sortedBy(rows, 6).map((row) => row.slice(0, 6)),
        { limit: options.limit, notes },
      ),
      makeTable('total', 'All', counts, [[sum('allocatedPages'), sum('freedPages'), sum('faultCount')]]),
      makeTable('reclaims', 'Reclaiming pages themselves', [...who, ...STATISTICS_COLUMNS], sortedBy(reclaims, 3), {
        limit: options.limit,
        notes: host.coverage.hasReclaim ? [] : [missing('reclaims', "-k 'mm_vmscan_direct_reclaim_*'")],
      }),
    ];
  }

  #use(thread: KernelThread): MemoryUse {
    let use = this.#uses.get(thread);
    if (use === undefined) {
      this.#uses.set(thread, (use = { allocatedPages: 0, freedPages: 0, faultCount: 0, reclaims: new Statistics() }));
    }
    return use;
  }
}

export function memoryTables(options: TableOptions): FamilyType {
  return {
    name: 'memory-tables',
    needs: [HOST, PROCESSES, MEMORY],
    create: (context) => new MemoryTables(familyContext(context, context.get(HOST), options), context.get(MEMORY)),
  };
}
