// SPDX-License-Identifier: MIT
// Scheduler records in, states of threads and who has each CPU out: thread-state.ts draws the
// transitions. Tells listeners of switches and of how long a woken thread waited for its CPU.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber, toText } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { HOST, PAGE_FAULT, STOPPED, type Host } from './host.ts';
import { INTERRUPTS } from './interrupts.ts';
import { waitOn, type Cpu, type KernelThread } from './kernel-thread.ts';
import {
  BLOCKED,
  DEAD_MASK,
  INTERRUPTED,
  NOT_RUNNING,
  PREEMPTED,
  RUNNING,
  SLEEPING_MASK,
  STOPPED_MASK,
  UNINTERRUPTIBLE_MASK,
  UNKNOWN,
  WOKEN,
} from './thread-state.ts';

/** `next` has the CPU from `time` on; its `waker` and `wokenAt` tell why, when it had slept. */
export type SwitchListener = (cpu: Cpu, previous: KernelThread, next: KernelThread, time: number) => void;
/** A thread that slept became runnable; its `waker` says by whom. */
export type WakeListener = (thread: KernelThread, time: number) => void;

export class Scheduler implements Handler {
  readonly onSwitch: SwitchListener[] = [];
  readonly onWake: WakeListener[] = [];
  readonly #host: Host;
  readonly #idleInterrupt: number;
  readonly #pageFault: number;
  readonly #stopped: number;

  constructor(host: Host) {
    this.#host = host;
    this.#idleInterrupt = host.labels.idOf('an interrupt of an idle CPU');
    this.#pageFault = host.labels.idOf(PAGE_FAULT);
    this.#stopped = host.labels.idOf(STOPPED);
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'sched_switch':
        return (record, time) => this.#switch(record, time);
      case 'sched_waking':
        return (record, time) => this.#wakeUp(record, time, true);
      case 'sched_wakeup':
        return (record, time) => this.#wakeUp(record, time, false);
      case 'sched_wakeup_new':
        return (record, time) => this.#wakeUpNew(record, time);
      case 'sched_migrate_task':
        return (record, time) => this.#migrate(record, time);
      default:
        return undefined;
    }
  }

  #switch(record: EventRecord, time: number): void {
    const cpu = this.#host.cpuOf(record);
    const { payload } = record;
    this.#host.lastTime = time;
    const previous = this.#host.thread(toNumber(payload?.prev_tid));
    const next = this.#host.thread(toNumber(payload?.next_tid));
    previous.name = toText(payload?.prev_comm);
    next.name = toText(payload?.next_comm);
    next.priority = toNumber(payload?.next_prio);
    if (previous.tid === 0) cpu.idleNs += time - cpu.since;
    else cpu.busyNs += time - cpu.since;
    cpu.since = time;
    cpu.current = next;
    cpu.interrupts.length = cpu.interruptBegins.length = 0;
    if (previous.tid !== 0) this.#switchOut(toNumber(payload?.prev_state), time, previous, next, cpu);
    if (next.tid !== 0) {
      if (next.state === UNKNOWN) next.correctLast(NOT_RUNNING);
      waitOn(next, undefined);
      next.cpu = cpu;
      next.enter(time, RUNNING, 0);
    }
    if (cpu.waiting.size > 0) for (const thread of cpu.waiting) thread.enter(time, thread.state, cpu.currentTid());
    for (const listener of this.onSwitch) listener(cpu, previous, next, time);
    next.wokenAt = undefined;
  }

  #switchOut(prevState: number, time: number, previous: KernelThread, next: KernelThread, cpu: Cpu): void {
    const isSleeping = (prevState & SLEEPING_MASK) !== 0;
    // Only what runs is switched out: an unknown state before was that. Another state means that
    // events were lost in between, and what really was is not known.
    if (previous.state === UNKNOWN) previous.correctLast(RUNNING);
    else if (previous.state !== RUNNING && previous.state !== INTERRUPTED) previous.correctLast(UNKNOWN);
    if (isSleeping) {
      previous.voluntarySwitchCount += 1;
      previous.isUninterruptible = (prevState & UNINTERRUPTIBLE_MASK) !== 0;
      previous.waker = 0;
      previous.enter(time, BLOCKED, 0);
      if ((prevState & STOPPED_MASK) !== 0) previous.log?.append(time, BLOCKED, 0, this.#stopped);
      else if (previous.call === 0 && previous.within === 0 && previous.isFaulting)
        previous.log?.append(time, BLOCKED, 0, this.#pageFault);
    } else {
      previous.involuntarySwitchCount += 1;
      previous.enter(time, PREEMPTED, next.tid);
      waitOn(previous, cpu);
    }
    previous.isFaulting = false;
    // It had the CPU, whether that was recorded or not.
    previous.wokenAt = undefined;
    if ((prevState & DEAD_MASK) !== 0) {
      previous.isDead = true;
      if (previous.log !== undefined) previous.deadAt = time;
    }
  }

  #wakeUp(record: EventRecord, time: number, isByWaker: boolean): void {
    const { payload } = record;
    this.#host.lastTime = time;
    const thread = this.#host.threads.get(toNumber(payload?.tid));
    // A running thread that is woken had not gone to sleep yet; only sleepers become runnable.
    if (thread === undefined || (thread.state !== BLOCKED && thread.state !== WOKEN)) return;
    const wasBlocked = thread.state === BLOCKED;
    // sched_wakeup comes on the CPU that will run it: only sched_waking is written by who wakes.
    const waker = isByWaker || !this.#host.coverage.hasWaking ? this.#wakerOf(record) : 0;
    thread.wake(time, waker, this.#host.cpu(toNumber(payload?.target_cpu)));
    if (wasBlocked) for (const listener of this.onWake) listener(thread, time);
  }

  /** A thread that was just made waits for its first turn, as one that slept does for its next. */
  #wakeUpNew(record: EventRecord, time: number): void {
    const thread = this.#host.thread(toNumber(record.payload?.tid));
    if (thread.state !== RUNNING && thread.state !== INTERRUPTED) thread.state = BLOCKED;
    // Who made it writes this record.
    this.#wakeUp(record, time, true);
  }

  #wakerOf(record: EventRecord): number {
    const cpu = this.#host.cpuOf(record);
    const interrupt = cpu.interrupts.at(-1);
    if (interrupt !== undefined) return isLoopback(this.#host, cpu, interrupt) ? cpu.currentTid() : -interrupt;
    const { tid, call } = this.#host.threadOf(record);
    if (call !== 0 && SIGNAL_CALL.test(this.#host.labels.textOf(call))) return -this.#host.signalLabel;
    return tid === 0 ? -this.#idleInterrupt : tid;
  }

  #migrate(record: EventRecord, time: number): void {
    this.#host.lastTime = time;
    const thread = this.#host.threads.get(toNumber(record.payload?.tid));
    if (thread === undefined) return;
    thread.migrationCount += 1;
    if (thread.waitsOn === undefined) return;
    const cpu = this.#host.cpu(toNumber(record.payload?.dest_cpu));
    waitOn(thread, cpu);
    thread.enter(time, thread.state, cpu.currentTid());
  }
}

const SIGNAL_CALL = /^(tgkill|tkill|kill|rt_tgsigqueueinfo)\b/;
const SEND_CALL = /^(write|writev|sendto|sendmsg|sendmmsg|sendfile(64)?|connect|splice)\b/;

/** What a thread sends to its own host is delivered by a softirq on top of its system call: it is the waker. */
function isLoopback(host: Host, cpu: Cpu, interrupt: number): boolean {
  const { current } = cpu;
  if (current === undefined || current.tid === 0 || current.call === 0) return false;
  return host.labels.textOf(interrupt) === 'softirq net_rx' && SEND_CALL.test(host.labels.textOf(current.call));
}

export const SCHEDULER: HandlerType<Scheduler> = {
  name: 'scheduler',
  // The waker is the interrupt that its CPU serves: interrupts come first.
  needs: [HOST, INTERRUPTS],
  create: (context) => new Scheduler(context.get(HOST)),
};
