// SPDX-License-Identifier: MIT
// Requests as they end in, where the latency of each went out, once its late records (collections,
// samples) can have come. Sums are kept of all; what each moment was spent on in words, of the slowest
// and of a fair sample of the others, from which the median and the 99th percentile are told.

import type { Host } from '../kernel/host.ts';
import { processOf } from '../kernel/kernel-thread.ts';
import type { Sockets } from '../kernel/sockets.ts';
import type { SystemCalls } from '../kernel/system-calls.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import type { FileWork } from '../program/file-work.ts';
import type { OperationTimes } from '../program/operation-times.ts';
import type { ProgramModel } from '../program/program-model.ts';
import type { ProgramThread, ServerRequest } from '../program/program-thread.ts';
import { plainAddress, type SocketTurns } from '../program/socket-turns.ts';
import { LATE_NS } from '../stalls/open-stall.ts';
import type { Positions } from '../stalls/position.ts';
import { CauseTotals } from './cause-totals.ts';
import { DurationSample } from './duration-sample.ts';
import type { RequestCategory } from './request-report.ts';
import { RequestSplitter, type Waker } from './split-request.ts';
import { Trend } from './trend.ts';
import { firstMomentAfter, momentsOf, type ThreadMoment } from './thread-moments.ts';

/** Requests that wait for late records; beyond it the oldest are explained at once. */
const MAX_PENDING = 1 << 15;
/** Pending requests are explained together once so many are due, or this time has passed. */
const BATCH_COUNT = 256;
const BATCH_NS = 1e9;
/** A request that takes longer is explained as far back as this. */
const MAX_REACH_NS = 30e9;
/** Data that lay longer than this before its request began is not told of in full. */
const MAX_QUEUED_NS = 2e9;
const MAX_ROUTES = 1024;
/** So many of the first requests, and of the slow ones, are told in words; making those takes most of the time. */
const MAX_TOLD = 5000;

export interface TimedRequest {
  readonly request: ServerRequest;
  /** Its data came, or the loop found it. */
  readonly begin: number;
  readonly end: number;
  readonly isArrivalKnown: boolean;
  readonly hasEnded: boolean;
}

export interface ExplainedRequest extends TimedRequest {
  readonly totals: CauseTotals;
}

export interface RouteTotals {
  readonly durations: DurationSample<undefined>;
  readonly categories: Map<RequestCategory, number>;
  readonly trend: Trend;
}

export interface CollectorContext {
  readonly time: TraceTime;
  readonly host: Host;
  readonly calls: SystemCalls;
  readonly sockets: Sockets;
  readonly programs: ProgramModel;
  readonly times: OperationTimes;
  readonly fileWork: FileWork;
  readonly turns: SocketTurns;
  readonly positions: Positions;
}

export class RequestCollector {
  readonly sample = new DurationSample<ExplainedRequest>();
  readonly totals = new CauseTotals(512);
  /** Of those that took at least the threshold. */
  readonly slowTotals = new CauseTotals(512);
  slowCount = 0;
  readonly routes = new Map<string, RouteTotals>();
  openCount = 0;
  onSlow: ((request: ExplainedRequest) => void) | undefined;
  readonly #context: CollectorContext;
  readonly #slowNs: number;
  /** Of each thread, in order of their ends. */
  readonly #pending = new Map<ProgramThread, TimedRequest[]>();
  readonly #waker = (thread: ProgramThread, tid: number): Waker | undefined => this.#wakerOf(thread, tid);
  readonly #arrivals = new Map<ServerRequest, number>();
  readonly #explainedAt = new Map<ProgramThread, number>();

  constructor(context: CollectorContext, slowNs: number) {
    this.#context = context;
    this.#slowNs = slowNs;
    const { programs } = context;
    programs.onRequestBegin.push((request) => this.#begin(request));
    programs.onRequestEnd.push((request) => this.#end(request, request.end ?? request.begin, true));
    programs.onIteration.push((thread, iteration) => this.#iteration(thread, iteration.begin));
    programs.holders.push((thread) => this.#heldSince(thread));
  }

  /** The trace is over. */
  finish(time: number): void {
    for (const thread of this.#context.programs.threads) {
      for (const request of thread.openRequests.values()) {
        this.openCount += 1;
        // What has only just begun says nothing yet; what is stuck does.
        if (time - request.begin > 1e9) this.#end(request, time, false);
      }
      this.#explain(thread, Infinity);
    }
  }

  #begin(request: ServerRequest): void {
    const socket = this.#context.sockets.byPeer.get(plainAddress(request.peer));
    const arrival = socket?.lastArrival;
    if (arrival !== undefined && arrival <= request.begin) this.#arrivals.set(request, arrival);
    if (this.#arrivals.size > MAX_PENDING * 4) this.#arrivals.clear();
  }

  #end(request: ServerRequest, end: number, hasEnded: boolean): void {
    const { thread } = request;
    const arrival = this.#arrivals.get(request);
    this.#arrivals.delete(request);
    const timed: TimedRequest = {
      request,
      begin: arrival ?? request.begin,
      end,
      isArrivalKnown: arrival !== undefined,
      hasEnded,
    };
    const pending = this.#pending.get(thread);
    if (pending === undefined) this.#pending.set(thread, [timed]);
    else {
      pending.push(timed);
      if (pending.length > MAX_PENDING) this.#explain(thread, (pending[pending.length >> 1] as TimedRequest).end);
    }
  }

  #iteration(thread: ProgramThread, begin: number): void {
    const pending = this.#pending.get(thread);
    if (pending === undefined || pending.length === 0) return;
    const dueTime = begin - LATE_NS;
    const isDue = (pending[Math.min(BATCH_COUNT, pending.length) - 1] as TimedRequest).end < dueTime;
    const isLong = begin - (this.#explainedAt.get(thread) ?? 0) > BATCH_NS + LATE_NS;
    if (isDue || isLong) this.#explain(thread, dueTime);
    if (isLong || isDue) this.#explainedAt.set(thread, begin - LATE_NS);
  }

  /** How far back the thread's past is still needed. */
  #heldSince(thread: ProgramThread): number {
    // Data of a request that has not begun yet may lie there already; and the iteration before an
    // operation's end says when it was ready.
    let since = thread.lastTime;
    for (const { begin } of this.#pending.get(thread) ?? []) if (begin < since) since = begin;
    for (const request of thread.openRequests.values())
      since = Math.min(since, this.#arrivals.get(request) ?? request.begin);
    return Math.max(since - MAX_QUEUED_NS, thread.lastTime - MAX_REACH_NS);
  }

  /** Explains the thread's requests that ended before `time`. */
  #explain(thread: ProgramThread, time: number): void {
    const pending = this.#pending.get(thread);
    if (pending === undefined) return;
    let count = 0;
    while (count < pending.length && (pending[count] as TimedRequest).end < time) count += 1;
    if (count === 0) return;
    const due = pending.splice(0, count).map((timed) => this.#withBegin(timed));
    let begin = Infinity;
    let end = 0;
    for (const each of due) {
      begin = Math.min(begin, each.begin);
      end = Math.max(end, each.end);
    }
    begin = Math.max(begin, thread.lastTime - MAX_REACH_NS - LATE_NS);
    const moments = momentsOf(thread, begin, end, (label) => this.#context.calls.isPollCall(label));
    for (const each of due) this.#explainOne(each, moments);
  }

  /** Without the arrival's time, a request began with the iteration that found its data. */
  #withBegin(timed: TimedRequest): TimedRequest {
    if (timed.isArrivalKnown) return timed;
    const { story } = timed.request.thread;
    const [iteration] = story.iterations.during(timed.request.begin, timed.request.begin + 1);
    return iteration === undefined ? timed : { ...timed, begin: Math.min(iteration.begin, timed.begin) };
  }

  #explainOne(timed: TimedRequest, moments: readonly ThreadMoment[]): void {
    const { request, begin, end } = timed;
    const { labels } = this.#context.host;
    const duration = end - begin;
    const isSlow = duration >= this.#slowNs;
    const isKept = this.sample.isKept(duration);
    const isTold =
      isKept || this.sample.count < MAX_TOLD || (isSlow && (this.onSlow !== undefined || this.slowCount < MAX_TOLD));
    const totals = new CauseTotals(isTold ? 64 : 0);
    const waits = this.#context.turns.waitsOf(request.thread, request.id, begin, end);
    const { positions, times, fileWork, turns } = this.#context;
    const moves = isSlow || isTold ? turns.movesOf(request.thread, request.id, begin, end) : [];
    const endOrNone = timed.hasEnded ? end : Infinity;
    const splitter = new RequestSplitter(
      request,
      { labels, positions, times, fileWork, waits, moves, wakerOf: this.#waker, end: endOrNone, isTold },
      totals,
    );
    let told = begin;
    for (let i = firstMomentAfter(moments, begin); i < moments.length; i += 1) {
      const moment = moments[i] as ThreadMoment;
      if (moment.begin >= end) break;
      const from = Math.max(moment.begin, begin);
      if (from > told) totals.add('unknown', from - told, FORGOTTEN);
      const to = Math.min(moment.end, end);
      splitter.take(moment, from, to);
      told = to;
    }
    splitter.finish();
    if (told < end) totals.add('unknown', end - told, FORGOTTEN);
    this.sample.add(duration, { ...timed, totals });
    this.totals.addAll(totals);
    if (isSlow) {
      this.slowCount += 1;
      this.slowTotals.addAll(totals);
      this.onSlow?.({ ...timed, totals });
    }
    this.#addRoute(timed, totals);
  }

  /** The thread that woke the loop, by its tid: of the program itself, or of another process. */
  #wakerOf(thread: ProgramThread, tid: number): Waker | undefined {
    const waker = this.#context.host.threads.get(tid);
    if (waker === undefined || waker === thread.kernel || waker.isKernelThread) return undefined;
    const worker = this.#context.programs.threads.find(({ kernel }) => kernel === waker);
    if (worker !== undefined && worker.program === thread.program)
      return {
        category: 'thread',
        text: `waiting for a message of ${worker.isMain ? 'the main thread' : `worker thread ${worker.vtid}`}`,
      };
    if (processOf(waker) === processOf(thread.kernel)) return OTHER_POOL_WORK;
    return { category: 'network', text: `waiting for pid ${processOf(waker)} ${waker.name}`.trimEnd() };
  }

  #addRoute({ request, begin, end }: TimedRequest, totals: CauseTotals): void {
    const duration = end - begin;
    const route = `${request.method} ${request.url.split('?')[0] ?? ''}`;
    let sums = this.routes.get(route);
    if (sums === undefined) {
      if (this.routes.size >= MAX_ROUTES) return;
      sums = { durations: new DurationSample(0), categories: new Map(), trend: new Trend() };
      this.routes.set(route, sums);
    }
    sums.durations.add(duration, undefined);
    sums.trend.add(begin, duration, totals);
    for (const [category, ns] of totals.categories)
      sums.categories.set(category, (sums.categories.get(category) ?? 0) + ns);
  }
}

/** Its threads are alike: which of them it was says nothing. */
const OTHER_POOL_WORK: Waker = {
  category: 'pool-work',
  text: 'waiting for the thread pool or native code, at what is not known (streams of files or zlib, addons)',
};
const FORGOTTEN = 'longer ago than is kept';
