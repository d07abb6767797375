// SPDX-License-Identifier: MIT
// The kernel half of the model: event records under LTTng's names in, the present state of every
// thread and CPU and interval logs of watched threads out. One pass; the memory is that of the
// threads that exist, and of the watched threads' current loop iteration.

import type { EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber, toOptionalNumber, toText } from '../fields.ts';
import { Labels } from '../labels.ts';
import type { RecordHandler } from '../record-dispatcher.ts';
import type { TraceTime } from '../trace-time.ts';
import { IntervalLog } from './interval-log.ts';
import { Cpu, KernelThread, waitOn } from './kernel-thread.ts';
import {
  BLOCKED,
  DEAD_MASK,
  INTERRUPTED,
  NOT_RUNNING,
  PREEMPTED,
  RUNNING,
  SLEEPING_MASK,
  UNKNOWN,
  WOKEN,
} from './thread-state.ts';

/** When so many threads are known, the dead ones among them are forgotten. */
const MANY_THREADS = 65_536;
/** Names of the ten softirq vectors, include/linux/interrupt.h. */
const SOFTIRQS = ['hi', 'timer', 'net_tx', 'net_rx', 'block', 'irq_poll', 'tasklet', 'sched', 'hrtimer', 'rcu'];

const POLL_CALLS = ['epoll_wait', 'epoll_pwait', 'epoll_pwait2'];
const EINTR = 4;

/** Which questions the recorded classes can answer. */
export interface KernelCoverage {
  hasSched: boolean;
  hasCalls: boolean;
  hasFaults: boolean;
}

export class KernelModel {
  readonly labels = new Labels();
  readonly coverage: KernelCoverage = { hasSched: false, hasCalls: false, hasFaults: false };
  readonly #pageFault = this.labels.idOf('page fault');
  /** A signal interrupted the wait for events: libuv handles it and goes on waiting. */
  readonly #interruptedPoll = this.labels.idOf('epoll_wait, interrupted by a signal');
  /** What libuv waits for events in. */
  readonly #pollCalls = new Set([this.#interruptedPoll, ...POLL_CALLS.map((name) => this.labels.idOf(name))]);
  readonly #time: TraceTime;
  readonly #threads = new Map<number, KernelThread>();
  readonly #cpus = new Map<number, Cpu>();
  readonly #seenStreamClasses = new Set<unknown>();
  #lastRecord: EventRecord | undefined;
  #pruneAt = MANY_THREADS;

  constructor(time: TraceTime) {
    this.#time = time;
  }

  /** Time of the last kernel record that a handler took. */
  lastTime(): number | undefined {
    return this.#lastRecord === undefined ? undefined : this.#time.of(this.#lastRecord);
  }

  /** Learns from a stream's classes what was recorded: an event that never happened is not one that was off. */
  noteClasses(streamClass: { readonly eventRecordClasses: ReadonlyMap<bigint, EventRecordClass> }): void {
    if (this.#seenStreamClasses.has(streamClass)) return;
    this.#seenStreamClasses.add(streamClass);
    for (const eventRecordClass of streamClass.eventRecordClasses.values()) {
      const name = eventRecordClass.name;
      if (name === 'sched_switch') this.coverage.hasSched = true;
      else if (name.startsWith('syscall_entry_')) this.coverage.hasCalls = true;
      else if (name.endsWith('page_fault_user')) this.coverage.hasFaults = true;
    }
  }

  chooseHandler(name: string): RecordHandler | undefined {
    if (name.startsWith('syscall_entry_')) return this.#systemCallEntry(name.slice('syscall_entry_'.length));
    if (name.startsWith('syscall_exit_')) return this.#systemCallExit(name.slice('syscall_exit_'.length));
    switch (name) {
      case 'sched_switch':
        return (record) => this.#schedSwitch(record);
      case 'sched_wakeup':
      case 'sched_wakeup_new':
      case 'sched_waking':
        return (record) => this.#schedWakeup(record);
      case 'sched_migrate_task':
        return (record) => this.#schedMigrate(record);
      case 'x86_exceptions_page_fault_user':
      case 'exceptions_page_fault_user':
      case 'page_fault_user':
        return (record) => this.#pageFaultUser(record);
      case 'irq_handler_entry':
        return (record) =>
          this.#interruptEntry(record, `irq ${toNumber(record.payload?.irq)} ${toText(record.payload?.name)}`);
      case 'irq_softirq_entry':
        return (record) =>
          this.#interruptEntry(
            record,
            `softirq ${SOFTIRQS[toNumber(record.payload?.vec)] ?? toNumber(record.payload?.vec)}`,
          );
      case 'irq_handler_exit':
      case 'irq_softirq_exit':
        return (record) => this.#interruptExit(record);
      case 'lttng_statedump_process_state':
        return (record) => this.#processState(record);
      case 'sched_process_exec':
        return (record) => this.#processExec(record);
      case 'sched_process_fork':
        return (record) => this.#processFork(record);
      default:
        return undefined;
    }
  }

  thread(tid: number): KernelThread {
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      if (this.#threads.size >= this.#pruneAt) this.#forgetDead();
      thread = new KernelThread(tid);
      this.#threads.set(tid, thread);
    }
    return thread;
  }

  /**
   * Starts to keep the intervals of a thread, which has just written a record: so it runs, if the
   * scheduler's events were recorded at all. Without them its state stays unknown.
   */
  watch(tid: number, time: number): KernelThread {
    const thread = this.thread(tid);
    if (thread.log !== undefined && !thread.isDead) return thread;
    thread.isDead = false;
    thread.deadAt = undefined;
    waitOn(thread, undefined);
    thread.state = this.coverage.hasSched ? RUNNING : UNKNOWN;
    thread.log = new IntervalLog(time, UNKNOWN);
    thread.enter(time, thread.state, 0);
    return thread;
  }

  /** When the wait for events that [begin, end) of a watched thread starts with was over. */
  pollEnd(thread: KernelThread, begin: number, end: number): number {
    const { log } = thread;
    if (log === undefined) return begin;
    if (thread.hasCallState) return log.waitEnd(begin, end, (_state, call) => this.#pollCalls.has(call));
    // Without system calls a sleep is all that shows; an iteration that begins with one has not begun.
    return log.waitEnd(begin, end, (state) => state === BLOCKED || state === WOKEN);
  }

  #cpuOf(record: EventRecord): Cpu {
    this.#lastRecord = record;
    return this.#cpu(toNumber(record.packet.context?.cpu_id));
  }

  #cpu(id: number): Cpu {
    let cpu = this.#cpus.get(id);
    if (cpu === undefined) {
      cpu = new Cpu(id);
      this.#cpus.set(id, cpu);
    }
    return cpu;
  }

  #schedSwitch(record: EventRecord): void {
    const cpu = this.#cpuOf(record);
    const { payload } = record;
    const previous = this.thread(toNumber(payload?.prev_tid));
    const next = this.thread(toNumber(payload?.next_tid));
    previous.name = toText(payload?.prev_comm);
    next.name = toText(payload?.next_comm);
    cpu.current = next;
    cpu.interrupts.length = 0;
    if (previous.tid !== 0) this.#switchOut(record, previous, next, cpu);
    if (next.tid !== 0) {
      if (next.log !== undefined) {
        if (next.state === UNKNOWN) next.log.correctLast(NOT_RUNNING);
        waitOn(next, undefined);
        next.enter(this.#time.of(record), RUNNING, 0);
      } else next.state = RUNNING;
    }
    if (cpu.waiting.size > 0) this.#showOccupant(record, cpu);
  }

  #switchOut(record: EventRecord, previous: KernelThread, next: KernelThread, cpu: Cpu): void {
    const prevState = toNumber(record.payload?.prev_state);
    const isSleeping = (prevState & SLEEPING_MASK) !== 0;
    const state = isSleeping ? BLOCKED : PREEMPTED;
    const log = previous.log;
    if (log !== undefined) {
      const time = this.#time.of(record);
      // Only what runs is switched out: an unknown state before was that. Another state means that
      // events were lost in between, and what really was is not known.
      if (previous.state === UNKNOWN) log.correctLast(RUNNING);
      else if (previous.state !== RUNNING && previous.state !== INTERRUPTED) log.correctLast(UNKNOWN);
      if (isSleeping && previous.call === 0 && previous.isFaulting) {
        previous.state = state;
        log.append(time, state, 0, this.#pageFault);
      } else previous.enter(time, state, isSleeping ? 0 : next.tid);
      if (!isSleeping) waitOn(previous, cpu);
    } else previous.state = state;
    previous.isFaulting = false;
    if ((prevState & DEAD_MASK) !== 0) {
      previous.isDead = true;
      if (log !== undefined) previous.deadAt = this.#time.of(record);
    }
  }

  /** Somebody else has the CPU now: watched threads in its queue wait for that one. */
  #showOccupant(record: EventRecord, cpu: Cpu): void {
    const time = this.#time.of(record);
    for (const thread of cpu.waiting) thread.enter(time, thread.state, cpu.currentTid());
  }

  #schedWakeup(record: EventRecord): void {
    this.#lastRecord = record;
    const thread = this.#threads.get(toNumber(record.payload?.tid));
    if (thread === undefined) return;
    if (thread.log === undefined) {
      if (thread.state === BLOCKED) thread.state = WOKEN;
      return;
    }
    // A running thread that is woken had not gone to sleep yet; only sleepers become runnable.
    if (thread.state !== BLOCKED && thread.state !== WOKEN) return;
    const cpu = this.#cpu(toNumber(record.payload?.target_cpu));
    waitOn(thread, cpu);
    thread.enter(this.#time.of(record), WOKEN, cpu.currentTid());
  }

  #schedMigrate(record: EventRecord): void {
    this.#lastRecord = record;
    const thread = this.#threads.get(toNumber(record.payload?.tid));
    if (thread?.waitsOn === undefined || thread.log === undefined) return;
    const cpu = this.#cpu(toNumber(record.payload?.dest_cpu));
    waitOn(thread, cpu);
    thread.enter(this.#time.of(record), thread.state, cpu.currentTid());
  }

  /** The thread that a record belongs to, set running if something else was believed of it. */
  #running(record: EventRecord): KernelThread | undefined {
    this.#lastRecord = record;
    const thread = this.#threads.get(toNumber(record.commonContext?.tid));
    if (thread?.log === undefined) return thread;
    if (thread.state === RUNNING || thread.state === INTERRUPTED || !this.coverage.hasSched) return thread;
    // It runs although it was not switched in: records of that were discarded.
    thread.log.correctLast(UNKNOWN);
    waitOn(thread, undefined);
    thread.enter(this.#time.of(record), RUNNING, 0);
    return thread;
  }

  #systemCallEntry(name: string): RecordHandler {
    // It returns to where a signal came, and no exit is ever recorded of it.
    if (name === 'rt_sigreturn') return (record) => this.#signalReturn(record);
    const bare = this.labels.idOf(name);
    const byFd: number[] = [];
    return (record) => {
      const thread = this.#running(record);
      if (thread === undefined) return;
      thread.hasCallState = true;
      thread.isFaulting = false;
      if (thread.log === undefined) {
        thread.call = bare;
        return;
      }
      const fd = toOptionalNumber(record.payload?.fd);
      thread.call =
        fd === undefined || fd < 0 || fd > 65_535 ? bare : (byFd[fd] ??= this.labels.idOf(`${name} (fd ${fd})`));
      thread.enter(this.#time.of(record), thread.state, 0);
    };
  }

  #signalReturn(record: EventRecord): void {
    const thread = this.#running(record);
    if (thread === undefined || thread.call === this.#interruptedPoll) return;
    thread.hasCallState = true;
    thread.call = 0;
    if (thread.log !== undefined) thread.enter(this.#time.of(record), thread.state, 0);
  }

  #systemCallExit(name: string): RecordHandler {
    const label = this.labels.idOf(name);
    const isPoll = POLL_CALLS.includes(name);
    return (record) => {
      const thread = this.#running(record);
      if (thread === undefined) return;
      if (thread.log !== undefined && !thread.hasCallState) thread.log.labelCalls(label);
      thread.hasCallState = true;
      thread.call = isPoll && toNumber(record.payload?.ret) === -EINTR ? this.#interruptedPoll : 0;
      if (thread.log !== undefined) thread.enter(this.#time.of(record), thread.state, 0);
    };
  }

  #pageFaultUser(record: EventRecord): void {
    const thread = this.#running(record);
    if (thread?.log === undefined) return;
    thread.isFaulting = true;
    thread.addFault(this.#time.of(record));
  }

  #interruptEntry(record: EventRecord, text: string): void {
    const cpu = this.#cpuOf(record);
    const label = this.labels.idOf(text);
    cpu.interrupts.push(label);
    // An interrupt runs on the stack, and under the tid, of whom it interrupts.
    cpu.current ??= this.thread(toNumber(record.commonContext?.tid));
    const thread = cpu.current;
    if (thread?.log !== undefined && (thread.state === RUNNING || thread.state === INTERRUPTED)) {
      thread.enter(this.#time.of(record), INTERRUPTED, label);
    }
  }

  #interruptExit(record: EventRecord): void {
    const cpu = this.#cpuOf(record);
    cpu.interrupts.pop();
    const thread = cpu.current;
    if (thread?.log === undefined || thread.state !== INTERRUPTED) return;
    const outer = cpu.interrupts.at(-1);
    if (outer === undefined) thread.enter(this.#time.of(record), RUNNING, 0);
    else thread.enter(this.#time.of(record), INTERRUPTED, outer);
  }

  #processState(record: EventRecord): void {
    const thread = this.thread(toNumber(record.payload?.tid));
    thread.pid = toNumber(record.payload?.pid);
    if (thread.name === '') thread.name = toText(record.payload?.name);
  }

  /** ftrace tells the new tid but not whether it is a thread or a process; LTTng tells both. */
  #processFork(record: EventRecord): void {
    const { payload } = record;
    const pid = toOptionalNumber(payload?.child_pid);
    const tid = toOptionalNumber(payload?.child_tid) ?? pid;
    if (tid === undefined) return;
    const thread = this.thread(tid);
    thread.isDead = false;
    thread.pid = pid;
    thread.madeBy = toOptionalNumber(payload?.parent_pid) ?? toOptionalNumber(payload?.parent_tid);
    thread.name = toText(payload?.child_comm);
  }

  /** Who executes a program becomes the first thread of its process. */
  #processExec(record: EventRecord): void {
    const thread = this.thread(toNumber(record.commonContext?.tid));
    thread.pid = thread.tid;
    thread.madeBy = undefined;
  }

  #forgetDead(): void {
    for (const [tid, thread] of this.#threads) if (thread.isDead && thread.log === undefined) this.#threads.delete(tid);
    this.#pruneAt = Math.max(MANY_THREADS, this.#threads.size * 2);
  }
}
