// SPDX-License-Identifier: MIT
// Memory: pages that each thread got and gave back, and the time that threads spent reclaiming some
// themselves because none were free. Page faults are with processes.ts.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { HOST, MEMORY_RECLAIM, type Host } from './host.ts';
import type { KernelThread } from './kernel-thread.ts';

export interface PageCounts {
  allocated: number;
  freed: number;
}
export type ReclaimListener = (thread: KernelThread, begin: number, end: number) => void;

export class Memory implements Handler {
  readonly onReclaim: ReclaimListener[] = [];
  readonly pages = new Map<KernelThread, PageCounts>();
  readonly #host: Host;
  readonly #reclaimLabel: number;
  readonly #reclaims = new Map<KernelThread, number>();

  constructor(host: Host) {
    this.#host = host;
    this.#reclaimLabel = host.labels.idOf(MEMORY_RECLAIM);
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'mm_vmscan_direct_reclaim_begin':
      case 'mm_vmscan_memcg_reclaim_begin':
        return (record, time) => {
          const thread = this.#host.threadOf(record);
          this.#reclaims.set(thread, time);
          thread.enterWithin(time, this.#reclaimLabel);
        };
      case 'mm_vmscan_direct_reclaim_end':
      case 'mm_vmscan_memcg_reclaim_end':
        return (record, time) => this.#reclaimed(record, time);
      case 'kmem_mm_page_alloc':
        return (record) => {
          this.#counts(record).allocated += 2 ** toNumber(record.payload?.order);
        };
      case 'kmem_mm_page_free':
        return (record) => {
          this.#counts(record).freed += 2 ** toNumber(record.payload?.order);
        };
      default:
        return undefined;
    }
  }

  #reclaimed(record: EventRecord, time: number): void {
    const thread = this.#host.threadOf(record);
    const begin = this.#reclaims.get(thread);
    this.#reclaims.delete(thread);
    thread.enterWithin(time, 0);
    if (begin !== undefined) for (const listener of this.onReclaim) listener(thread, begin, time);
  }

  #counts(record: EventRecord): PageCounts {
    const thread = this.#host.threadOf(record);
    let counts = this.pages.get(thread);
    if (counts === undefined) this.pages.set(thread, (counts = { allocated: 0, freed: 0 }));
    return counts;
  }
}

export const MEMORY: HandlerType<Memory> = {
  name: 'memory',
  needs: [HOST],
  create: (context) => new Memory(context.get(HOST)),
};
