// SPDX-License-Identifier: MIT
// CPU samples of programs, laid over what the kernel saw of their threads, in; stacks with the time that
// they ran or waited, out. A sample stands for the time until the next one; the kernel half says how much
// of that the thread had a CPU, and what it waited for in the rest:
//
//   samples   |  render        |  render          |  readFileSync      |
//   kernel    |  RUNNING       |PREEMPT.| RUNNING |RUN|  BLOCKED read   |
//   cpu       |  render                 | render  |rFS|
//   off-cpu                    |render [runnable, ffmpeg ran]           [blocked in read (fd 17 /srv/a.bin)]

import { InputError } from '@lockstep/base';
import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import { HOST, type Host } from '../kernel/host.ts';
import { isOnCpu } from '../kernel/interval-log.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { BLOCKED, NOT_RUNNING, PREEMPTED, UNKNOWN, WOKEN } from '../kernel/thread-state.ts';
import { lowerBound } from '../growable-columns.ts';
import { AnalysisPass } from '../pass/analysis-pass.ts';
import { checkRange } from '../pass/range-check.ts';
import type { Handler, HandlerContext, HandlerType } from '../pass/handler.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import { isOwnUrl, type Frame } from '../program/call-tree.ts';
import { PROGRAMS, type ProgramModel } from '../program/program-model.ts';
import type { ProgramThread, SampleInterval } from '../program/program-thread.ts';
import { Positions } from '../stalls/position.ts';
import type { ResolvePosition } from '../stalls/stall-report.ts';
import { StackTable } from './stack-table.ts';
import type { ProfileKind, ProfileReport, ThreadProfile } from './profile.ts';

export interface ProfileOptions {
  readonly kind: ProfileKind;
  /** ns of the clock. */
  readonly beginNs?: bigint | undefined;
  readonly endNs?: bigint | undefined;
  /** As the program sees itself. */
  readonly pid?: number | undefined;
  readonly vtid?: number | undefined;
  /** Only what ran in the turns of this request of a program's server. */
  readonly request?: number | undefined;
  /** The wait of the event loop for events counts as waiting, too. */
  readonly hasIdle?: boolean | undefined;
  /** Rewrites positions of generated code. */
  readonly resolvePosition?: ResolvePosition | undefined;
}

interface ThreadState {
  readonly table: StackTable;
  begin: number;
  end: number;
}

/** Samples come late; what the log must still hold reaches this far behind a thread without any. */
const LATE_SAMPLES_NS = 3e9;
const NO_PROGRAM = 'The trace has no traced program in it; record one: lockstep record -- node app.js';
/** Threads named when another was asked for. */
const MAX_LISTED = 8;

class Profiler implements Handler {
  readonly #options: ProfileOptions;
  readonly #host: Host;
  readonly #time: TraceTime;
  readonly #positions: Positions;
  readonly #threads = new Map<ProgramThread, ThreadState>();
  readonly #lastSample = new Map<ProgramThread, number>();
  readonly #programs: ProgramModel;
  #hasRequest = false;

  constructor(options: ProfileOptions, context: HandlerContext) {
    this.#options = options;
    this.#host = context.get(HOST);
    this.#time = context.time;
    this.#positions = new Positions(options.resolvePosition);
    this.#programs = context.get(PROGRAMS);
    this.#programs.onRequestBegin.push(({ id, thread }) => {
      const { pid, vtid, request } = options;
      const isChosen = (pid ?? thread.program.pid) === thread.program.pid && (vtid ?? thread.vtid) === thread.vtid;
      if (id === request && isChosen) this.#hasRequest = true;
    });
    this.#programs.onSample.push((thread, interval) => this.#sample(thread, interval));
    this.#programs.holders.push((thread) => this.#lastSample.get(thread) ?? thread.lastTime - LATE_SAMPLES_NS);
  }

  /** What is asked for and not there is told, rather than an empty table. */
  #checkSelection(): void {
    const { pid, vtid, request } = this.#options;
    const { threads } = this.#programs;
    if (threads.length === 0) throw new InputError(NO_PROGRAM);
    if (pid === undefined && vtid === undefined && request === undefined) return;
    const chosen = threads.filter(
      (thread) => (pid === undefined || thread.program.pid === pid) && (vtid === undefined || thread.vtid === vtid),
    );
    if (chosen.length === 0)
      throw new InputError(
        `The trace has no such program or thread; it has ${threads
          .slice(0, MAX_LISTED)
          .map(({ program, vtid: each }) => `${program.name} (pid ${program.pid}, tid ${each})`)
          .join(', ')}`,
        { ...(pid === undefined ? {} : { pid }), ...(vtid === undefined ? {} : { tid: vtid }) },
      );
    if (request !== undefined && !this.#hasRequest)
      throw new InputError('The trace has no HTTP server request with this id; lockstep requests tells the ids', {
        request,
      });
  }

  /** It listens to the program model alone. */
  chooseHandler(): undefined {
    return undefined;
  }

  report(): ProfileReport {
    this.#checkSelection();
    const { kind } = this.#options;
    const frames = new Map<string, number>();
    const list: { name: string; position: ReturnType<Positions['functionOf']>['position'] }[] = [];
    const indexOf = (frame: Frame | string): number => {
      const named =
        typeof frame === 'string' ? { name: frame, position: undefined } : this.#positions.functionOf(frame);
      const { name, position } = named;
      const key = `${name} ${position?.source ?? ''} ${position?.line ?? 0} ${position?.column ?? 0}`;
      let index = frames.get(key);
      if (index === undefined) {
        index = list.length;
        frames.set(key, index);
        list.push({ name, position });
      }
      return index;
    };
    let otherNs = 0;
    const threads = [...this.#threads].map(([thread, { table, begin, end }]): ThreadProfile => {
      otherNs += table.otherNs;
      return {
        program: thread.program.name,
        pid: thread.program.pid,
        vtid: thread.vtid,
        isMain: thread.isMain,
        beginNs: this.#time.toNs(begin),
        endNs: this.#time.toNs(end),
        stacks: table.stacks(indexOf),
      };
    });
    return { kind, frames: list, threads, otherNs, notes: this.#notes() };
  }

  #notes(): readonly string[] {
    const notes: string[] = [];
    if (!this.#programs.threads.some((thread) => thread.hasSamples))
      notes.push('The trace has no CPU samples; record without --no-sampler.');
    if (!this.#host.coverage.hasSched && this.#options.kind !== 'wall')
      notes.push(
        "Without the kernel's half it is not known when threads had a CPU: all time of samples counts as running.",
      );
    return notes;
  }

  #sample(thread: ProgramThread, interval: SampleInterval): void {
    this.#lastSample.set(thread, interval.end);
    const { pid, vtid, beginNs, endNs } = this.#options;
    if ((pid !== undefined && pid !== thread.program.pid) || (vtid !== undefined && vtid !== thread.vtid)) return;
    const begin = Math.max(interval.begin, this.#relative(beginNs) ?? Number.NEGATIVE_INFINITY);
    const end = Math.min(interval.end, this.#relative(endNs) ?? Number.POSITIVE_INFINITY);
    if (!(end > begin) || isOwnUrl(interval.frame.url)) return;
    const isIdle = interval.frame.name === '(idle)' && interval.frame.url === '';
    if (isIdle && this.#options.hasIdle !== true) return;
    let state = this.#threads.get(thread);
    if (state === undefined) this.#threads.set(thread, (state = { table: new StackTable(), begin, end }));
    state.begin = Math.min(state.begin, begin);
    state.end = Math.max(state.end, end);
    if (this.#options.request === undefined) this.#split(state.table, thread, interval.frame, begin, end);
    else this.#splitByTurns(state.table, thread, interval.frame, begin, end);
  }

  #relative(ns: bigint | undefined): number | undefined {
    const { baseNs } = this.#time;
    return ns === undefined || baseNs === undefined ? undefined : Number(ns - baseNs);
  }

  /** Only the turns of the request that is asked for. */
  #splitByTurns(table: StackTable, thread: ProgramThread, frame: Frame, begin: number, end: number): void {
    const { times, requests } = thread.turns;
    let index = Math.max(0, lowerBound(times.values, times.length, begin + 1) - 1);
    for (; index < times.length && (times.values[index] as number) < end; index += 1) {
      if (Math.abs(requests.values[index] as number) !== this.#options.request) continue;
      const from = Math.max(begin, times.values[index] as number);
      const to = index + 1 < times.length ? Math.min(end, times.values[index + 1] as number) : end;
      if (to > from) this.#split(table, thread, frame, from, to);
    }
  }

  #split(table: StackTable, thread: ProgramThread, frame: Frame, begin: number, end: number): void {
    const { kind } = this.#options;
    const { log } = thread.kernel;
    if (log === undefined || !this.#host.coverage.hasSched) {
      if (kind !== 'off-cpu') table.add(frame, '', end - begin);
      return;
    }
    const { begins, states, refs, calls } = log.slice(begin, end);
    for (let index = 0; index < begins.length; index += 1) {
      const from = begins[index] as number;
      const to = index + 1 < begins.length ? (begins[index + 1] as number) : end;
      const state = states[index] as number;
      // What nobody knows is taken for running: a sample was made of it.
      const isRunning = isOnCpu(state) || state === UNKNOWN;
      if (isRunning ? kind === 'off-cpu' : kind === 'cpu') continue;
      table.add(
        frame,
        isRunning ? '' : this.#waitText(state, refs[index] as number, calls[index] as number),
        to - from,
      );
    }
  }

  #waitText(state: number, ref: number, call: number): string {
    switch (state) {
      case BLOCKED:
        return call === 0 ? '[blocked]' : `[blocked in ${this.#host.labels.textOf(call)}]`;
      case PREEMPTED:
      case WOKEN: {
        const name = ref > 0 ? this.#host.threads.get(ref)?.name : undefined;
        return name === undefined || name === '' ? '[runnable]' : `[runnable, ${name} ran]`;
      }
      case NOT_RUNNING:
        return '[off the CPU]';
      default:
        return '[unknown]';
    }
  }
}

/** Throws InputError for a range, a program, a thread or a request that the trace does not have; without samples the report says so. */
export function analyzeProfile(
  records: Iterable<EventRecord | DiscardedItems>,
  options: ProfileOptions,
): ProfileReport {
  const type: HandlerType<Profiler> = {
    name: 'profile',
    needs: [HOST, PROCESSES, PROGRAMS],
    create: (context) => new Profiler(options, context),
  };
  const pass = new AnalysisPass([type]);
  for (const record of records) pass.take(record);
  pass.finish();
  checkRange(pass, options.beginNs, options.endNs);
  return pass.get(type).report();
}
