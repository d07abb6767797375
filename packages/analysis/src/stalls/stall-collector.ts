// SPDX-License-Identifier: MIT
// Iterations and late records of the program model in, stalls of the report and their summary out.
// Holds a stall open until its late records can have come; keeps the longest ones when there are more
// than anybody reads.

import type { Host } from '../kernel/host.ts';
import type { ProgramModel } from '../program/program-model.ts';
import type { CollectionInterval, LoopIteration, ProgramThread, SampleInterval } from '../program/program-thread.ts';
import type { Interval } from '../program/timeline.ts';
import { PREEMPTED, WOKEN } from '../kernel/thread-state.ts';
import type { IntervalSlice } from '../kernel/interval-log.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import { closeStall } from './close-stall.ts';
import { LATE_NS, storyDuring, type DiscardedSpan, type OpenStall } from './open-stall.ts';
import type { Positions } from './position.ts';
import type { CauseSummary, Stall, ThreadName } from './stall-report.ts';

/** A cause counts in the summary of a stall when it took this share of it. */
const SUMMARY_SHARE = 0.1;
/** Losses remembered to doubt stalls by; later ones widen the last. */
const MAX_DISCARDED = 4096;

interface MutableSummary {
  text: string;
  count: number;
  totalMs: number;
  worstMs: number;
  worstBeginNs: bigint;
}

export class StallCollector {
  readonly stalls: Stall[] = [];
  stallCount = 0;
  omittedCount = 0;
  readonly discarded: DiscardedSpan[] = [];
  onStall: (stall: Stall) => void = () => undefined;
  /** Of each thread, in order of time: they do not overlap. */
  readonly #open = new Map<ProgramThread, OpenStall[]>();
  readonly #summaries = new Map<string, MutableSummary>();
  readonly #thresholdNs: number;
  readonly #maxStalls: number;
  readonly #time: TraceTime;
  readonly #host: Host;
  readonly #positions: Positions;

  constructor(
    thresholdMs: number,
    maxStalls: number,
    time: TraceTime,
    host: Host,
    programs: ProgramModel,
    positions: Positions,
  ) {
    this.#thresholdNs = thresholdMs * 1e6;
    this.#maxStalls = maxStalls;
    this.#time = time;
    this.#host = host;
    this.#positions = positions;
    programs.onIteration.push((thread, iteration) => this.#iteration(thread, iteration));
    programs.onCollection.push((thread, interval) => this.#collection(thread, interval));
    programs.onSample.push((thread, interval) => this.#sample(thread, interval));
  }

  #iteration(thread: ProgramThread, { begin, end, idleNs, timerCount }: LoopIteration): void {
    let loopBegin = begin;
    if (thread.iterationEnd === undefined && thread.isSeenFromStart) {
      // What came before the loop first waited is start-up; an iteration that followed no wait belongs to it.
      loopBegin = idleNs > 0 ? begin : end;
      const startUpEnd = idleNs > 0 ? begin - idleNs : end;
      if (startUpEnd - thread.firstTime >= this.#thresholdNs)
        this.open('start-up', thread, thread.firstTime, startUpEnd);
    }
    if (end - loopBegin >= this.#thresholdNs) this.open('iteration', thread, loopBegin, end, timerCount);
    // Reckoned from the begin: what was due while this iteration blocked the loop comes only now.
    this.#closeBefore(begin - LATE_NS, thread);
  }

  #collection(thread: ProgramThread, interval: CollectionInterval): void {
    this.#eachOverlapped(thread, interval, (stall) => stall.story.collections.push(interval));
  }

  #sample(thread: ProgramThread, interval: SampleInterval): void {
    this.#eachOverlapped(thread, interval, (stall) => stall.story.samples.push(interval));
  }

  addDiscarded(span: DiscardedSpan): void {
    const last = this.discarded.at(-1);
    if (last === undefined || this.discarded.length < MAX_DISCARDED) this.discarded.push(span);
    else this.discarded[this.discarded.length - 1] = { ...last, end: span.end, count: undefined };
  }

  open(kind: Stall['kind'], thread: ProgramThread, begin: number, end: number, timerCount = thread.timerCount): void {
    const slice = thread.kernel.log?.slice(begin, end) ?? emptySlice(begin);
    const opened: OpenStall = {
      kind,
      thread,
      begin,
      end,
      slice,
      others: this.#othersIn(slice),
      story: storyDuring(thread, begin, end),
      timerCount,
      openRequestCount: thread.program.openRequestCount(),
      pageFaultCount: this.#host.coverage.hasFaults ? thread.kernel.faultCountIn(begin, end) : undefined,
    };
    const list = this.#open.get(thread);
    if (list === undefined) this.#open.set(thread, [opened]);
    else list.push(opened);
  }

  /** Most intervals lie after every open stall: the latest one is looked at first. */
  #eachOverlapped(thread: ProgramThread, interval: Interval, take: (stall: OpenStall) => void): void {
    const list = this.#open.get(thread);
    if (list === undefined) return;
    for (let i = list.length - 1; i >= 0; i -= 1) {
      const stall = list[i] as OpenStall;
      if (stall.end <= interval.begin) return;
      if (interval.end > stall.begin) take(stall);
    }
  }

  /** Closes a thread's stalls that ended before `time`. */
  #closeBefore(time: number, thread: ProgramThread): void {
    const list = this.#open.get(thread);
    if (list === undefined) return;
    let closedCount = 0;
    for (const open of list) {
      if (open.end >= time) break;
      closedCount += 1;
      const context = { time: this.#time, host: this.#host, positions: this.#positions, discarded: this.discarded };
      const stall = closeStall(open, this.#thresholdNs, context);
      if (stall !== undefined) this.#keep(stall);
    }
    if (closedCount > 0) list.splice(0, closedCount);
  }

  summaries(): CauseSummary[] {
    return [...this.#summaries].map(([key, summary]) => ({ key, ...summary })).sort((a, b) => b.totalMs - a.totalMs);
  }

  /** Stalls in order of their begin, at most as many as asked for. */
  finish(): readonly Stall[] {
    for (const thread of this.#open.keys()) this.#closeBefore(Infinity, thread);
    this.#trim();
    return this.stalls.sort((a, b) => (a.beginNs < b.beginNs ? -1 : a.beginNs > b.beginNs ? 1 : 0));
  }

  #keep(stall: Stall): void {
    if (stall.kind !== 'start-up') {
      this.stallCount += 1;
      this.#summarise(stall);
    }
    this.stalls.push(stall);
    this.onStall(stall);
    if (this.stalls.length >= this.#maxStalls * 2) this.#trim();
  }

  #trim(): void {
    if (this.stalls.length <= this.#maxStalls) return;
    this.stalls.sort((a, b) => b.durationMs - a.durationMs);
    this.omittedCount += this.stalls.length - this.#maxStalls;
    this.stalls.length = this.#maxStalls;
  }

  #summarise(stall: Stall): void {
    for (const cause of stall.causes) {
      if (cause.ms < stall.durationMs * SUMMARY_SHARE) continue;
      const summary = this.#summaries.get(cause.key);
      if (summary === undefined) {
        this.#summaries.set(cause.key, {
          text: cause.text,
          count: 1,
          totalMs: cause.ms,
          worstMs: cause.ms,
          worstBeginNs: stall.beginNs,
        });
        continue;
      }
      summary.count += 1;
      summary.totalMs += cause.ms;
      if (cause.ms > summary.worstMs) {
        summary.worstMs = cause.ms;
        summary.worstBeginNs = stall.beginNs;
        summary.text = cause.text;
      }
    }
  }

  /** Names now: a thread that ran instead may end before the stall is closed, and its tid be given again. */
  #othersIn(slice: IntervalSlice): Map<number, ThreadName> {
    const others = new Map<number, ThreadName>();
    for (let i = 0; i < slice.states.length; i += 1) {
      const state = slice.states[i];
      const tid = slice.refs[i] ?? 0;
      if ((state !== PREEMPTED && state !== WOKEN) || tid === 0 || others.has(tid)) continue;
      const { name, pid, madeBy, priority } = this.#host.thread(tid);
      const origin = madeBy === undefined ? {} : { madeBy };
      const urgency = priority < 0 ? { isRealTime: true as const } : {};
      others.set(tid, { tid, name, ...urgency, ...(pid === undefined ? origin : { pid }) });
    }
    return others;
  }
}

function emptySlice(begin: number): IntervalSlice {
  return {
    begins: Float64Array.of(begin),
    states: new Uint8Array(1),
    refs: new Int32Array(1),
    calls: new Int32Array(1),
  };
}
