// SPDX-License-Identifier: MIT
// A thread of the host in the kernel model, and the CPU it runs on. Every thread has its present
// state and the time spent in each; only watched ones (threads of traced programs, or all of a range)
// keep a log of intervals and page faults.

import { FloatColumn, lowerBound } from '../growable-columns.ts';
import type { StructureValue } from '@lockstep/ctf';
import type { FaultCosts } from './fault-costs.ts';
import type { IntervalLog } from './interval-log.ts';
import { BLOCKED, RUNNING, STATE_COUNT, UNKNOWN, WOKEN } from './thread-state.ts';

/** Page faults remembered for one watched thread: beyond it they are no longer counted exactly. */
const MAX_FAULTS = 1 << 20;

export class KernelThread {
  readonly tid: number;
  name = '';
  pid: number | undefined = undefined;
  /** Who made it, when that was seen and it is not known to be a process of its own: a thread or a child of that. */
  madeBy: number | undefined = undefined;
  /** Process of the thread that made it: its own too, unless it turns out to be a process. */
  sharesWith: number | undefined = undefined;
  isKernelThread = false;
  priority = 0;
  state = UNKNOWN;
  /** When it came into `state`, and at 0 when that was before the pass. */
  since = 0;
  /** ns spent in each state until `since`; index = state. */
  readonly totalNs = new Float64Array(STATE_COUNT);
  /** Of `totalNs[RUNNING]`: within system calls. */
  runningInCallNs = 0;
  voluntarySwitchCount = 0;
  involuntarySwitchCount = 0;
  migrationCount = 0;
  faultCount = 0;
  /** Label of the system call it is in; 0 = none known. */
  call = 0;
  /** Entry of that call, when it was seen. */
  callBegin: number | undefined = undefined;
  callArguments: StructureValue | undefined = undefined;
  /** A system call's entry or exit was seen, so `call` 0 means "in none". */
  hasCallState = false;
  /** A page fault of user code was its last event: a sleep outside system calls is that fault's. */
  isFaulting = false;
  /** When that page fault began. */
  faultBegin = 0;
  /** When a page was last mapped for one. */
  servedAt = 0;
  /** Label of what it does within its call or fault, told instead of that; 0 = nothing. */
  within = 0;
  /** It sleeps in TASK_UNINTERRUPTIBLE: for a disk, a page, a lock of the kernel. */
  isUninterruptible = false;
  /** Of the last wake-up: the waker's tid, or minus the label of the interrupt that it came from; 0 unknown. */
  waker = 0;
  /** When that was. */
  wakerAt = -Infinity;
  wokenAt: number | undefined = undefined;
  cpu: Cpu | undefined = undefined;
  /** CPU on whose run queue it waits while runnable. */
  waitsOn: Cpu | undefined = undefined;
  isDead = false;
  /** Time of its end, when it is watched. */
  deadAt: number | undefined = undefined;
  log: IntervalLog | undefined = undefined;
  readonly faults = new FloatColumn(16);

  constructor(tid: number) {
    this.tid = tid;
  }

  enter(time: number, state: number, ref: number): void {
    this.account(time);
    this.state = state;
    this.log?.append(time, state, ref, this.within === 0 ? this.call : this.within);
  }

  /** Enters the system call with this label, or leaves all with 0, in the state it is in. */
  enterCall(time: number, call: number): void {
    this.account(time);
    this.call = call;
    this.log?.append(time, this.state, 0, call);
  }

  /** Adds the time since the last change to the state that it was spent in. */
  account(time: number): void {
    const { state } = this;
    const ns = time - this.since;
    this.totalNs[state] = (this.totalNs[state] as number) + ns;
    if (state === RUNNING && this.call !== 0) this.runningInCallNs += ns;
    this.since = time;
  }

  /** What it was in until now turns out to have been `state`: an event came that only this can precede. */
  correctLast(state: number): void {
    this.state = state;
    this.log?.correctLast(state);
  }

  /** Woken out of a sleep by `waker` (a tid, or minus an interrupt's label), now on the queue of `cpu`. */
  wake(time: number, waker: number, cpu: Cpu): void {
    if (this.state === BLOCKED) {
      this.waker = waker;
      this.wakerAt = time;
      this.wokenAt = time;
      this.log?.setLastRef(waker);
    }
    waitOn(this, cpu);
    this.enter(time, WOKEN, cpu.currentTid());
  }

  addFault(time: number, costs: FaultCosts): void {
    this.faultCount += 1;
    this.isFaulting = true;
    this.faultBegin = time;
    const { log } = this;
    if (log === undefined) return;
    // It ran from the last fault to this one: a part of that was theirs.
    if (this.state === RUNNING && log.lastBegin() === this.servedAt)
      log.delayLast(this.servedAt + costs.shareOfGap(time - this.servedAt));
    if (this.faults.length >= MAX_FAULTS) this.faults.dropFirst(MAX_FAULTS / 2);
    this.faults.push(time);
  }

  /**
   * The kernel has mapped a page for the last fault: its time until now was the fault's. What came between,
   * an interrupt or a turn of another thread, ends what can be told of it.
   */
  serveFault(time: number, label: number, costs: FaultCosts): void {
    const { log } = this;
    if (log === undefined || !this.isFaulting || this.state !== RUNNING || this.call !== 0 || this.within !== 0) return;
    log.append(Math.max(this.faultBegin, log.lastBegin()), RUNNING, 0, label);
    log.append(time, RUNNING, 0, 0);
    costs.addServed(time - this.faultBegin);
    this.servedAt = time;
  }

  /** From now on it does what the label says, within its call or fault; 0 = no more. */
  enterWithin(time: number, label: number): void {
    this.within = label;
    this.log?.append(time, this.state, 0, label === 0 ? this.call : label);
  }

  faultCountIn(begin: number, end: number): number {
    const { values, length } = this.faults;
    return lowerBound(values, length, end) - lowerBound(values, length, begin);
  }

  forgetBefore(time: number): void {
    this.log?.forgetBefore(time);
    const gone = lowerBound(this.faults.values, this.faults.length, time);
    if (gone > 0) this.faults.dropFirst(gone);
  }
}

export class Cpu {
  readonly id: number;
  current: KernelThread | undefined = undefined;
  /** Watched threads that are runnable on this CPU's queue. */
  readonly waiting = new Set<KernelThread>();
  /** Labels of the interrupts being served, outermost first, and when each began. */
  readonly interrupts: number[] = [];
  readonly interruptBegins: number[] = [];
  /** When it last switched. */
  since = 0;
  busyNs = 0;
  idleNs = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Tid that has the CPU: 0 when it is idle or not known. */
  currentTid(): number {
    return this.current?.tid ?? 0;
  }
}

/** Process that a thread belongs to, itself when that is not known. */
export function processOf(thread: KernelThread): number {
  return thread.pid ?? thread.sharesWith ?? thread.tid;
}

/** Puts a runnable thread on a CPU's queue, leaving any other. */
export function waitOn(thread: KernelThread, cpu: Cpu | undefined): void {
  if (thread.waitsOn !== undefined && thread.log !== undefined) thread.waitsOn.waiting.delete(thread);
  thread.waitsOn = cpu;
  if (cpu !== undefined && thread.log !== undefined) cpu.waiting.add(thread);
}
