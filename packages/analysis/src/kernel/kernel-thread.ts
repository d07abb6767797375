// SPDX-License-Identifier: MIT
// A thread of the host in the kernel model, and the CPU it runs on. Every thread has its present
// state; only watched ones (threads of traced programs) keep a log of intervals and page faults.

import { FloatColumn, lowerBound } from '../growable-columns.ts';
import type { IntervalLog } from './interval-log.ts';
import { UNKNOWN } from './thread-state.ts';

/** Page faults remembered for one loop iteration: beyond it they are no longer counted exactly. */
const MAX_FAULTS = 1 << 20;

export class KernelThread {
  readonly tid: number;
  name = '';
  pid: number | undefined = undefined;
  /** Who made it, when that was seen and it is not known to be a process of its own: a thread or a child of that. */
  madeBy: number | undefined = undefined;
  state = UNKNOWN;
  /** Label of the system call it is in; 0 = none known. */
  call = 0;
  /** A system call's entry or exit was seen, so `call` 0 means "in none". */
  hasCallState = false;
  /** A page fault of user code was its last event: a sleep outside system calls is that fault's. */
  isFaulting = false;
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
    this.state = state;
    this.log?.append(time, state, ref, this.call);
  }

  addFault(time: number): void {
    if (this.faults.length >= MAX_FAULTS) this.faults.dropFirst(MAX_FAULTS / 2);
    this.faults.push(time);
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
  /** Labels of the interrupts being served, outermost first. */
  readonly interrupts: number[] = [];

  constructor(id: number) {
    this.id = id;
  }

  /** Tid that has the CPU: 0 when it is idle or not known. */
  currentTid(): number {
    return this.current?.tid ?? 0;
  }
}

/** Puts a runnable thread on a CPU's queue, leaving any other. */
export function waitOn(thread: KernelThread, cpu: Cpu | undefined): void {
  if (thread.waitsOn !== undefined) thread.waitsOn.waiting.delete(thread);
  thread.waitsOn = cpu;
  if (cpu !== undefined && thread.log !== undefined) cpu.waiting.add(thread);
}
