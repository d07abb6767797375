// SPDX-License-Identifier: MIT
// Which thread belongs to which process, what it is called and what it faulted on: state dump, fork,
// exec, exit and page fault records in.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber, toOptionalNumber, toText } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { FaultCosts } from './fault-costs.ts';
import { HOST, PAGE_FAULT, type Host } from './host.ts';
import { processOf, type KernelThread } from './kernel-thread.ts';
import { SYSTEM_CALLS, type SystemCalls } from './system-calls.ts';

/** `parent` undefined when it is not known. `child.pid` is undefined when the record does not tell threads from processes. */
export type ForkListener = (child: KernelThread, parent: KernelThread | undefined, time: number) => void;
export type ThreadListener = (thread: KernelThread, time: number) => void;

export class Processes implements Handler {
  readonly onFork: ForkListener[] = [];
  /** Called while the thread is still what it was before. */
  readonly onExec: ThreadListener[] = [];
  readonly onExit: ThreadListener[] = [];
  readonly #host: Host;
  readonly #calls: SystemCalls;
  readonly #pageFault: number;
  readonly #faultCosts = new FaultCosts();

  constructor(host: Host, calls: SystemCalls) {
    this.#host = host;
    this.#calls = calls;
    this.#pageFault = host.labels.idOf(PAGE_FAULT);
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'x86_exceptions_page_fault_user':
      case 'exceptions_page_fault_user':
      case 'page_fault_user':
        return (record, time) => {
          this.#calls.running(record, time).addFault(time, this.#faultCosts);
        };
      case 'kmem_rss_stat':
      case 'rss_stat':
        return (record, time) => this.#host.threadOf(record).serveFault(time, this.#pageFault, this.#faultCosts);
      case 'lttng_statedump_process_state':
        return (record) => this.#state(record);
      case 'sched_process_exec':
        return (record, time) => this.#exec(record, time);
      case 'sched_process_fork':
        return (record, time) => this.#fork(record, time);
      case 'sched_process_exit':
        return (record, time) => this.#exit(record, time);
      default:
        return undefined;
    }
  }

  #state(record: EventRecord): void {
    const { payload } = record;
    const thread = this.#host.thread(toNumber(payload?.tid));
    thread.pid = toNumber(payload?.pid);
    thread.isKernelThread = toNumber(payload?.type) === 1;
    if (thread.name === '') thread.name = toText(payload?.name);
  }

  /** ftrace tells the new tid but not whether it is a thread or a process; LTTng tells both. */
  #fork(record: EventRecord, time: number): void {
    const { payload } = record;
    const pid = toOptionalNumber(payload?.child_pid);
    const tid = toOptionalNumber(payload?.child_tid) ?? pid;
    if (tid === undefined) return;
    const parentTid = toOptionalNumber(payload?.parent_tid) ?? toOptionalNumber(payload?.parent_pid);
    const known = this.#host.threads.get(tid);
    // Tids are given again: what is known of the last one to have it is over.
    if (known !== undefined && known.isDead && known.log === undefined) this.#host.threads.delete(tid);
    const thread = this.#host.thread(tid);
    thread.isDead = false;
    thread.since = time;
    thread.pid = pid;
    thread.madeBy = toOptionalNumber(payload?.parent_pid) ?? parentTid;
    thread.name = toText(payload?.child_comm);
    const parent = parentTid === undefined ? undefined : this.#host.threads.get(parentTid);
    thread.sharesWith = parent === undefined ? parentTid : processOf(parent);
    for (const listener of this.onFork) listener(thread, parent, time);
  }

  /** Who executes a program becomes the first thread of its process. */
  #exec(record: EventRecord, time: number): void {
    const thread = this.#host.threadOf(record);
    for (const listener of this.onExec) listener(thread, time);
    thread.pid = thread.tid;
    thread.madeBy = undefined;
  }

  #exit(record: EventRecord, time: number): void {
    const thread = this.#host.threads.get(toNumber(record.payload?.tid));
    if (thread === undefined) return;
    for (const listener of this.onExit) listener(thread, time);
  }
}

export const PROCESSES: HandlerType<Processes> = {
  name: 'processes',
  needs: [HOST, SYSTEM_CALLS],
  create: (context) => new Processes(context.get(HOST), context.get(SYSTEM_CALLS)),
};
