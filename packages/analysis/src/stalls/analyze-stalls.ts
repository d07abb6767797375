// SPDX-License-Identifier: MIT
// Merged event records in, the report of stalls out: one pass, memory bounded by the state of threads
// and by the stalls that are still open. The models of both halves do the work; here they are wired.

import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import { HOST, type Host } from '../kernel/host.ts';
import { FILES } from '../kernel/files.ts';
import { MEMORY } from '../kernel/memory.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { SOCKETS } from '../kernel/sockets.ts';
import { AnalysisPass } from '../pass/analysis-pass.ts';
import { isKernelStream, type Handler, type HandlerType } from '../pass/handler.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import { PROGRAMS, type ProgramModel } from '../program/program-model.ts';
import type { ProgramThread } from '../program/program-thread.ts';
import { countText } from './amounts.ts';
import { Positions } from './position.ts';
import { StallCollector } from './stall-collector.ts';
import type { Doubt, LoopStatistics, ResolvePosition, Stall, StallReport } from './stall-report.ts';

export interface StallOptions {
  /** Iterations at least this long are stalls. */
  readonly thresholdMs?: number;
  /** Stalls kept with all their parts; the longest ones. */
  readonly maxStalls?: number;
  /** Called with each stall as soon as all is known of it, some 3 s after its end: for who follows a recording. */
  readonly onStall?: (stall: Stall) => void;
  /** Follows source maps: `createSourceMapResolver` of @lockstep/symbols. */
  readonly resolvePosition?: ResolvePosition;
}

export const DEFAULT_THRESHOLD_MS = 20;
const DEFAULT_MAX_STALLS = 1000;
/** How soon after an iteration's end the loop polls: the sleep that begins then is the poll's. */
const POLL_WITHIN_NS = 2e6;

export function analyzeStalls(
  records: Iterable<EventRecord | DiscardedItems>,
  options: StallOptions = {},
): StallReport {
  const type = stallsHandler(options);
  const pass = new AnalysisPass([type]);
  for (const record of records) pass.take(record);
  pass.finish();
  return pass.get(type).report(pass);
}

/** Options in, a handler type out: each call makes another. */
export function stallsHandler(options: StallOptions = {}): HandlerType<StallAnalysis> {
  return {
    name: 'stalls',
    needs: [HOST, PROCESSES, MEMORY, FILES, SOCKETS, PROGRAMS],
    create: (context) => new StallAnalysis(options, context.time, context.get(HOST), context.get(PROGRAMS)),
  };
}

class StallAnalysis implements Handler {
  readonly #thresholdMs: number;
  readonly #time: TraceTime;
  readonly #host: Host;
  readonly #programs: ProgramModel;
  readonly #collector: StallCollector;
  readonly #discarded = new Map<
    string,
    { stream: string; count: bigint | undefined; what: 'records' | 'packets'; isKernel: boolean }
  >();

  constructor(options: StallOptions, time: TraceTime, host: Host, programs: ProgramModel) {
    this.#thresholdMs = options.thresholdMs ?? DEFAULT_THRESHOLD_MS;
    this.#time = time;
    this.#host = host;
    this.#programs = programs;
    const positions = new Positions(options.resolvePosition);
    const maxStalls = options.maxStalls ?? DEFAULT_MAX_STALLS;
    this.#collector = new StallCollector(this.#thresholdMs, maxStalls, time, host, programs, positions);
    if (options.onStall !== undefined) this.#collector.onStall = options.onStall;
  }

  finish(): void {
    for (const thread of this.#programs.threads) this.#openUnfinished(thread);
  }

  /** After the pass's end. */
  report(pass: { readonly recordCount: number; readonly lastTime: number }): StallReport {
    const stalls = withNumbers(this.#collector.finish());
    return {
      version: 1,
      thresholdMs: this.#thresholdMs,
      isWallClock: this.#time.isWallClock,
      beginNs: this.#time.baseNs ?? 0n,
      durationMs: pass.lastTime / 1e6,
      recordCount: pass.recordCount,
      kernelHalf: this.#kernelHalf(),
      stalls,
      stallCount: this.#collector.stallCount,
      omittedCount: this.#collector.omittedCount,
      causes: this.#collector.summaries(),
      loops: this.#programs.threads.filter((thread) => thread.loop.count > 0).map(loopStatistics),
      discarded: [...this.#discarded.values()].map(({ stream, count, what }) => ({ stream, count, what })),
      doubts: this.#doubts(),
    };
  }

  #kernelHalf(): StallReport['kernelHalf'] {
    if (!this.#host.coverage.hasKernelStream) return 'missing';
    return this.#host.coverage.hasSched ? 'present' : 'partial';
  }

  discarded(item: DiscardedItems): void {
    const isKernel = isKernelStream(item.dataStream);
    const what = item.type === 'discarded-packets' ? 'packets' : 'records';
    const stream = `${item.dataStream.trace.name}/${item.dataStream.name}`;
    const key = `${what} ${stream}`;
    const entry = this.#discarded.get(key);
    if (entry === undefined) this.#discarded.set(key, { stream, count: item.count, what, isKernel });
    else entry.count = entry.count === undefined || item.count === undefined ? undefined : entry.count + item.count;
    const begin = this.#time.ofNs(item.beginNs) ?? -Infinity;
    const end = this.#time.ofNs(item.endNs) ?? Infinity;
    this.#collector.addDiscarded({ isKernel, begin, end, count: item.count });
  }

  /** A loop iteration that had not ended when the trace or its thread did. */
  #openUnfinished(thread: ProgramThread): void {
    const begin = this.#unfinishedBegin(thread);
    if (begin === undefined) return;
    const lastOwn = thread.lastTime;
    const log = thread.kernel.log;
    // With the kernel half the thread is known to live on after its last record, until it is seen to end.
    const end =
      this.#host.coverage.hasSched && log !== undefined
        ? (thread.kernel.deadAt ?? this.#host.lastTime ?? lastOwn)
        : lastOwn;
    if (end - begin < this.#thresholdMs * 1e6) return;
    const isStartUp = thread.iterationEnd === undefined && thread.isSeenFromStart;
    this.#collector.open(isStartUp ? 'start-up' : 'unfinished', thread, begin, end);
  }

  /** When the loop last stopped waiting, as far as anything tells; undefined = it waits. */
  #unfinishedBegin(thread: ProgramThread): number | undefined {
    // The tracer closes the last iteration when the program exits: what follows is the exit itself.
    if (thread.kernel.deadAt !== undefined && thread.firstActivity === undefined && thread.iterationEnd !== undefined)
      return undefined;
    if (thread.iterationEnd === undefined) return isLoopRecorded(thread) ? thread.firstTime : undefined;
    if (this.#host.coverage.hasSched) {
      const returned = thread.kernel.log?.firstReturn(thread.iterationEnd, POLL_WITHIN_NS);
      if (returned === Infinity) return undefined;
      if (returned !== undefined) return returned;
    }
    return thread.firstActivity;
  }

  #doubts(): Doubt[] {
    const doubts: Doubt[] = [];
    if (!this.#host.coverage.hasKernelStream) {
      doubts.push({
        about: 'kernel-half-missing',
        text: 'kernel half missing: time cannot be split into running and waiting; record as root to know',
      });
    } else if (!this.#host.coverage.hasSched) {
      doubts.push({
        about: 'kernel-half-partial',
        text: "sched_switch was not recorded: time cannot be split into running and waiting; record with -k 'sched_*' to know",
      });
    }
    for (const isKernel of [true, false]) {
      const entries = [...this.#discarded.values()].filter((entry) => entry.isKernel === isKernel);
      if (entries.length === 0) continue;
      const amounts = entries.map(
        ({ count, what }) => `${count === undefined ? 'some' : countText(count, '').trim()} ${what}`,
      );
      const text = isKernel
        ? `discarded of the kernel: ${amounts.join(', ')}; who ran when may be wrong around them`
        : `discarded of programs: ${amounts.join(', ')}; stalls may be missing and parts of others unknown`;
      doubts.push({ about: isKernel ? 'kernel-records-discarded' : 'program-records-discarded', text });
    }
    return doubts;
  }
}

function withNumbers(stalls: readonly Stall[]): Stall[] {
  const longestFirst = stalls
    .filter(({ kind }) => kind !== 'start-up')
    .sort((one, other) => other.durationMs - one.durationMs);
  const numbers = new Map(longestFirst.map((stall, index) => [stall, index + 1]));
  return stalls.map((stall) => {
    const number = numbers.get(stall);
    return number === undefined ? stall : { ...stall, number };
  });
}

/** No iteration may mean that the first one has not ended, or that iterations were not recorded at all. */
function isLoopRecorded(thread: ProgramThread): boolean {
  if (thread.isSeenFromStart) return true;
  const { eventRecordClasses } = thread.lastRecord.dataStream.dataStreamClass;
  for (const { name } of eventRecordClasses.values()) if (name === 'node:loop_iteration') return true;
  return false;
}

function loopStatistics(thread: ProgramThread): LoopStatistics {
  const { loop, program } = thread;
  return {
    program: { name: program.name, pid: program.pid, ...(program.argv === undefined ? {} : { argv: program.argv }) },
    thread: { vtid: thread.vtid, tid: thread.kernel.tid, isMain: thread.isMain },
    iterationCount: loop.count,
    busyMs: loop.totalNs / 1e6,
    longestMs: loop.longestNs / 1e6,
    medianMs: loop.quantileNs(0.5) / 1e6,
    p99Ms: loop.quantileNs(0.99) / 1e6,
  };
}
