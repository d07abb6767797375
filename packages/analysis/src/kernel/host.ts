// SPDX-License-Identifier: MIT
// The host as the kernel half tells it: every thread and CPU in its present state. Handlers of kernel
// records change it (scheduler.ts, system-calls.ts, interrupts.ts, processes.ts); all others read it.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber, toOptionalNumber } from '../fields.ts';
import { Labels } from '../labels.ts';
import { isKernelStream, type Handler, type HandlerType } from '../pass/handler.ts';
import { IntervalLog } from './interval-log.ts';
import { Cpu, KernelThread, waitOn } from './kernel-thread.ts';
import { RUNNING, UNKNOWN } from './thread-state.ts';

/** When so many threads are known, the dead ones among them are forgotten. */
const MANY_THREADS = 65_536;

/** Labels of what a thread does in the kernel without a system call, or within one. */
export const PAGE_FAULT = 'page fault';
export const MEMORY_RECLAIM = 'memory reclaim';
/** What a thread waits in that SIGSTOP or a debugger has stopped. */
export const STOPPED = 'stopped by a signal';

/** Which questions the recorded classes can answer: an event that never happened is not one that was off. */
export interface KernelCoverage {
  hasKernelStream: boolean;
  hasSched: boolean;
  hasWaking: boolean;
  hasCalls: boolean;
  hasFaults: boolean;
  hasDisks: boolean;
  hasSocketData: boolean;
  hasReclaim: boolean;
}

export class Host implements Handler {
  readonly labels = new Labels();
  /** Waker of a sleep that a signal cut short: V8's sampler sends one every 2 ms. */
  readonly signalLabel = this.labels.idOf('a signal');
  readonly coverage: KernelCoverage = {
    hasKernelStream: false,
    hasSched: false,
    hasWaking: false,
    hasCalls: false,
    hasFaults: false,
    hasDisks: false,
    hasSocketData: false,
    hasReclaim: false,
  };
  readonly threads = new Map<number, KernelThread>();
  readonly cpus: Cpu[] = [];
  /** Time of the last record that changed it. */
  lastTime: number | undefined = undefined;
  readonly #seenStreamClasses = new Set<unknown>();
  #pruneAt = MANY_THREADS;
  #watchesAll = false;
  #observedAt = 0;
  #capacity: number | undefined;

  chooseHandler(_class: EventRecordClass, dataStream: DataStream): undefined {
    if (!isKernelStream(dataStream)) return;
    this.coverage.hasKernelStream = true;
    const { dataStreamClass } = dataStream;
    if (this.#seenStreamClasses.has(dataStreamClass)) return;
    this.#seenStreamClasses.add(dataStreamClass);
    for (const { name } of dataStreamClass.eventRecordClasses.values()) this.#noteClass(name);
  }

  #noteClass(name: string): void {
    const { coverage } = this;
    if (name === 'sched_switch') coverage.hasSched = true;
    else if (name === 'sched_waking') coverage.hasWaking = true;
    else if (name.startsWith('syscall_entry_')) coverage.hasCalls = true;
    else if (name.endsWith('page_fault_user')) coverage.hasFaults = true;
    else if (name === 'block_rq_issue') coverage.hasDisks = true;
    else if (name === 'sk_data_ready') coverage.hasSocketData = true;
    else if (name.includes('direct_reclaim_begin')) coverage.hasReclaim = true;
  }

  thread(tid: number): KernelThread {
    let thread = this.threads.get(tid);
    if (thread === undefined) {
      if (this.threads.size >= this.#pruneAt) this.#forgetDead();
      thread = new KernelThread(tid);
      this.threads.set(tid, thread);
      // What it was before its first event shows with that event.
      if (this.#watchesAll && tid !== 0) thread.log = new IntervalLog(this.#observedAt, UNKNOWN, this.#capacity);
    }
    return thread;
  }

  /** The thread that a record was written in: by its tid context, else who has the CPU. */
  threadOf(record: EventRecord): KernelThread {
    const tid = toOptionalNumber(record.commonContext?.tid) ?? toOptionalNumber(record.specificContext?.tid);
    if (tid !== undefined) return this.thread(tid);
    return this.cpuOf(record).current ?? this.thread(0);
  }

  cpuOf(record: EventRecord): Cpu {
    return this.cpu(toNumber(record.packet.context?.cpu_id));
  }

  cpu(id: number): Cpu {
    return (this.cpus[id] ??= this.#makeCpu(id));
  }

  /** CPU ids come from traces: one that no machine has must not make an array of that length. */
  #makeCpu(id: number): Cpu {
    return Number.isInteger(id) && id >= 0 && id < 65_536 ? new Cpu(id) : this.cpu(0);
  }

  /**
   * Starts to keep the intervals of a thread, which has just written a record: so it runs, if the
   * scheduler's events were recorded at all. Without them its state stays unknown.
   */
  watch(tid: number, time: number): KernelThread {
    const thread = this.thread(tid);
    if (thread.log !== undefined && !thread.isDead) return thread;
    const isKnown = !thread.isDead && (thread.state === RUNNING || thread.log !== undefined);
    thread.isDead = false;
    thread.deadAt = undefined;
    waitOn(thread, undefined);
    if (!isKnown) thread.account(time);
    thread.state = this.coverage.hasSched ? RUNNING : UNKNOWN;
    thread.log = new IntervalLog(time, UNKNOWN);
    thread.enter(time, thread.state, 0);
    return thread;
  }

  /** Keeps the intervals of a thread from now on, in the state it is in. `capacity`: intervals at most. */
  observe(thread: KernelThread, time: number, capacity?: number): void {
    if (thread.log !== undefined || thread.tid === 0) return;
    const queue = thread.waitsOn;
    waitOn(thread, undefined);
    thread.log = new IntervalLog(time, thread.state, capacity);
    waitOn(thread, queue);
  }

  /** Keeps the intervals of all threads from now on. */
  observeAll(time: number, capacity?: number): void {
    this.#watchesAll = true;
    this.#observedAt = time;
    this.#capacity = capacity;
    for (const thread of this.threads.values()) this.observe(thread, time, capacity);
  }

  #forgetDead(): void {
    for (const [tid, thread] of this.threads) if (thread.isDead && thread.log === undefined) this.threads.delete(tid);
    this.#pruneAt = Math.max(MANY_THREADS, this.threads.size * 2);
  }
}

export const HOST: HandlerType<Host> = { name: 'host', needs: [], create: () => new Host() };
