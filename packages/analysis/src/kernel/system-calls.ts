// SPDX-License-Identifier: MIT
// System call records in; the call that each thread is in, and each call as it ends, out.

import type { DataStream, EventRecord, EventRecordClass, StructureValue } from '@lockstep/ctf';
import { toNumber, toOptionalNumber } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { HOST, type Host } from './host.ts';
import { waitOn, type KernelThread } from './kernel-thread.ts';
import { SCHEDULER } from './scheduler.ts';
import { BLOCKED, INTERRUPTED, PREEMPTED, RUNNING, UNKNOWN, WOKEN } from './thread-state.ts';

const ENTRY = 'syscall_entry_';
const EXIT = 'syscall_exit_';
const POLL_CALLS = ['epoll_wait', 'epoll_pwait', 'epoll_pwait2'];
const EINTR = 4;

/** A call that has ended; borrowed, valid until the listener returns. */
export interface SystemCall {
  readonly thread: KernelThread;
  readonly name: string;
  /** Undefined when it began before the trace. */
  readonly begin: number | undefined;
  readonly end: number;
  readonly result: number;
  /** Fields of the entry's record, when it was seen. */
  readonly arguments: StructureValue | undefined;
  /** Fields of the exit's record. */
  readonly results: StructureValue | undefined;
}
export type SystemCallListener = (call: SystemCall) => void;

export class SystemCalls implements Handler {
  /** Keyed by the call's name; the listeners under '' hear of all. */
  readonly #listeners = new Map<string, SystemCallListener[]>();
  /** What a descriptor is, to be told with a call that works on it; set by Files. */
  describeFd: ((thread: KernelThread, fd: number) => string | undefined) | undefined = undefined;
  readonly #host: Host;
  /** A signal interrupted the wait for events: libuv handles it and goes on waiting. */
  readonly #interruptedPoll: number;
  /** What libuv waits for events in. */
  readonly #pollCalls: ReadonlySet<number>;

  constructor(host: Host) {
    this.#host = host;
    this.#interruptedPoll = host.labels.idOf('epoll_wait, interrupted by a signal');
    this.#pollCalls = new Set([this.#interruptedPoll, ...POLL_CALLS.map((name) => host.labels.idOf(name))]);
  }

  /** `name` '' = every call. */
  listen(name: string, listener: SystemCallListener): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, [listener]);
    else listeners.push(listener);
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    if (name.startsWith(ENTRY)) return this.#entry(name.slice(ENTRY.length));
    if (name.startsWith(EXIT)) return this.#exit(name.slice(EXIT.length));
    return undefined;
  }

  isPollCall(label: number): boolean {
    return this.#pollCalls.has(label);
  }

  /** When the wait for events that [begin, end) of a watched thread starts with was over. */
  pollEnd(thread: KernelThread, begin: number, end: number): number {
    const { log } = thread;
    if (log === undefined) return begin;
    if (thread.hasCallState) return log.waitEnd(begin, end, (_state, call) => this.#pollCalls.has(call));
    // Without system calls a sleep is all that shows; an iteration that begins with one has not begun.
    return log.waitEnd(begin, end, (state) => state === BLOCKED || state === WOKEN);
  }

  /** The thread that a record belongs to, set running if something else was believed of it. */
  running(record: EventRecord, time: number): KernelThread {
    const host = this.#host;
    host.lastTime = time;
    const thread = host.threadOf(record);
    const { state } = thread;
    if (state === RUNNING || state === INTERRUPTED || !host.coverage.hasSched || thread.tid === 0) return thread;
    // It runs although it was not switched in: records of that were discarded, or it is the first of it.
    // Linux 6.18 leaves out switches from the idle task while a CPU quota holds a group back: until this record, of
    // which a sampled thread has one each ms, it was what it was believed to be.
    const isFromIdle = host.cpuOf(record).current?.tid === 0 && (state === PREEMPTED || state === WOKEN);
    if (!isFromIdle) thread.correctLast(UNKNOWN);
    waitOn(thread, undefined);
    thread.enter(time, RUNNING, 0);
    return thread;
  }

  #entry(name: string): RecordHandler {
    // It returns to where a signal came, and no exit is ever recorded of it.
    if (name === 'rt_sigreturn') return (record, time) => this.#signalReturn(record, time);
    const { labels } = this.#host;
    const bare = labels.idOf(name);
    const isPoll = POLL_CALLS.includes(name);
    const byFd: number[] = [];
    return (record, time) => {
      const thread = this.running(record, time);
      const { payload } = record;
      thread.hasCallState = true;
      thread.isFaulting = false;
      thread.callBegin = time;
      thread.callArguments = payload;
      let label = bare;
      if (thread.log !== undefined && !isPoll) {
        const fd = toOptionalNumber(payload?.fd);
        if (fd !== undefined && fd >= 0 && fd <= 65_535) {
          const of = this.describeFd?.(thread, fd);
          if (of === undefined) label = byFd[fd] ??= labels.idOf(`${name} (fd ${fd})`);
          else label = labels.idOf(`${name} (fd ${fd} ${of})`);
        }
      }
      thread.enterCall(time, label);
    };
  }

  #signalReturn(record: EventRecord, time: number): void {
    const thread = this.running(record, time);
    if (thread.call === this.#interruptedPoll) return;
    thread.hasCallState = true;
    thread.enterCall(time, 0);
  }

  #exit(name: string): RecordHandler {
    const label = this.#host.labels.idOf(name);
    const isPoll = POLL_CALLS.includes(name);
    const own = this.#listenersOf(name);
    const all = this.#listenersOf('');
    return (record, time) => {
      const thread = this.running(record, time);
      const { payload } = record;
      const result = toNumber(payload?.ret);
      if (thread.log !== undefined && !thread.hasCallState) thread.log.labelCalls(label);
      thread.hasCallState = true;
      thread.enterCall(time, isPoll && result === -EINTR ? this.#interruptedPoll : 0);
      if (own.length > 0 || all.length > 0) {
        const call: SystemCall = {
          thread,
          name,
          begin: thread.callBegin,
          end: time,
          result,
          arguments: thread.callArguments,
          results: payload,
        };
        for (const listener of own) listener(call);
        for (const listener of all) listener(call);
      }
      thread.callBegin = undefined;
      thread.callArguments = undefined;
    };
  }

  #listenersOf(name: string): SystemCallListener[] {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, (listeners = []));
    return listeners;
  }
}

export const SYSTEM_CALLS: HandlerType<SystemCalls> = {
  name: 'system-calls',
  needs: [HOST, SCHEDULER],
  create: (context) => new SystemCalls(context.get(HOST)),
};
