// SPDX-License-Identifier: MIT
// Merged event records in, the report of requests out: `requestsHandler` is the handler type,
// `analyzeRequests` a pass with it alone.

import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import { FILES } from '../kernel/files.ts';
import { HOST, type Host } from '../kernel/host.ts';
import { MEMORY } from '../kernel/memory.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { SOCKETS } from '../kernel/sockets.ts';
import { SYSTEM_CALLS } from '../kernel/system-calls.ts';
import { AnalysisPass } from '../pass/analysis-pass.ts';
import type { Handler, HandlerType } from '../pass/handler.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import { FILE_WORK } from '../program/file-work.ts';
import { OPERATION_TIMES } from '../program/operation-times.ts';
import { PROGRAMS } from '../program/program-model.ts';
import { SOCKET_TURNS } from '../program/socket-turns.ts';
import { msText } from '../stalls/amounts.ts';
import { Positions } from '../stalls/position.ts';
import type { Doubt, ResolvePosition } from '../stalls/stall-report.ts';
import { explain } from './explain-request.ts';
import { RequestCollector, type RouteTotals } from './request-collector.ts';
import type {
  CategoryTimes,
  RequestCategory,
  RequestExplanation,
  RequestReport,
  RouteSummary,
} from './request-report.ts';
import { CATEGORY_TEXTS, listCauses, sentenceOfAll } from './request-sentence.ts';

export interface RequestOptions {
  /** Requests at least this long are slow ones. */
  readonly thresholdMs?: number;
  /** Slowest ones explained one by one. */
  readonly maxRequests?: number;
  /** Called with each slow request as soon as all is known of it, some 4 s after its end: for who follows a recording. */
  readonly onSlow?: (request: RequestExplanation) => void;
  readonly resolvePosition?: ResolvePosition;
}

export const DEFAULT_SLOW_MS = 100;
const DEFAULT_MAX_REQUESTS = 5;
const MAX_CAUSES = 10;
const MAX_ROUTES = 20;
/** Share of all time that may stay unknown before it is worth a doubt. */
const DOUBTED_SHARE = 0.1;

export function analyzeRequests(
  records: Iterable<EventRecord | DiscardedItems>,
  options: RequestOptions = {},
): RequestReport {
  const type = requestsHandler(options);
  const pass = new AnalysisPass([type]);
  for (const record of records) pass.take(record);
  pass.finish();
  return pass.get(type).report(pass);
}

/** Options in, a handler type out: each call makes another. */
export function requestsHandler(options: RequestOptions = {}): HandlerType<RequestAnalysis> {
  return {
    name: 'requests',
    needs: [HOST, PROCESSES, MEMORY, SYSTEM_CALLS, FILES, SOCKETS, PROGRAMS, OPERATION_TIMES, FILE_WORK, SOCKET_TURNS],
    create: (context) => {
      const slowNs = (options.thresholdMs ?? DEFAULT_SLOW_MS) * 1e6;
      const collector = new RequestCollector(
        {
          time: context.time,
          host: context.get(HOST),
          calls: context.get(SYSTEM_CALLS),
          sockets: context.get(SOCKETS),
          programs: context.get(PROGRAMS),
          times: context.get(OPERATION_TIMES),
          fileWork: context.get(FILE_WORK),
          turns: context.get(SOCKET_TURNS),
          positions: new Positions(options.resolvePosition),
        },
        slowNs,
      );
      const { onSlow } = options;
      if (onSlow !== undefined) collector.onSlow = (explained) => onSlow(explain(explained, context.time));
      return new RequestAnalysis(options, context.time, context.get(HOST), collector);
    },
  };
}

export class RequestAnalysis implements Handler {
  readonly #options: RequestOptions;
  readonly #time: TraceTime;
  readonly #host: Host;
  readonly #collector: RequestCollector;

  constructor(options: RequestOptions, time: TraceTime, host: Host, collector: RequestCollector) {
    this.#options = options;
    this.#time = time;
    this.#host = host;
    this.#collector = collector;
  }

  finish(time: number): void {
    this.#collector.finish(time);
  }

  /** After the pass's end. */
  report(pass: { readonly recordCount: number; readonly lastTime: number }): RequestReport {
    const { sample, totals, slowTotals, slowCount, routes, openCount } = this.#collector;
    const maxRequests = this.#options.maxRequests ?? DEFAULT_MAX_REQUESTS;
    const slowest = sample.slowest.slice(0, maxRequests).map(({ of }) => explain(of, this.#time));
    const [p99, median] = [sample.near(0.99), sample.near(0.5)].map((each) =>
      each === undefined ? undefined : explain(each, this.#time),
    );
    const quantileMs = (fraction: number): number => sample.histogram.quantileNs(fraction) / 1e6;
    const thresholdMs = this.#options.thresholdMs ?? DEFAULT_SLOW_MS;
    const growth = growthText(routes);
    return {
      version: 1,
      thresholdMs,
      isWallClock: this.#time.isWallClock,
      beginNs: this.#time.baseNs ?? 0n,
      durationMs: pass.lastTime / 1e6,
      recordCount: pass.recordCount,
      kernelHalf: this.#kernelHalf(),
      requestCount: sample.count,
      slowCount,
      openCount,
      medianMs: quantileMs(0.5),
      p90Ms: quantileMs(0.9),
      p99Ms: quantileMs(0.99),
      worstMs: sample.histogram.longestNs / 1e6,
      sentence: sentenceOfAll({
        count: sample.count,
        slowCount,
        thresholdMs,
        totals: slowCount > 0 ? slowTotals : totals,
      }),
      totals: toMs(totals.categories),
      causes: listCauses(slowCount > 0 ? slowTotals : totals, MAX_CAUSES),
      routes: summariesOf(routes),
      slowest,
      ...(p99 === undefined ? {} : { p99 }),
      ...(median === undefined ? {} : { median }),
      differences: differencesOf(slowest, median),
      ...(growth === undefined ? {} : { growth }),
      doubts: this.#doubts(),
    };
  }

  #kernelHalf(): RequestReport['kernelHalf'] {
    const { coverage } = this.#host;
    if (!coverage.hasKernelStream) return 'missing';
    return coverage.hasSched ? 'present' : 'partial';
  }

  #doubts(): Doubt[] {
    const doubts: Doubt[] = [];
    const { coverage } = this.#host;
    if (!coverage.hasKernelStream) {
      const text =
        'kernel half missing: waits for a CPU, for disks and for peers over plain sockets are not told, nor when a request came; record as root to know';
      doubts.push({ about: 'kernel-half-missing', text });
    } else if (!coverage.hasSocketData) {
      const text =
        "sk_data_ready was not recorded: when a request's data came is not known, so what it waited before its loop iteration is missing; record with -k 'sock:*' beside the other rules to know";
      doubts.push({ about: 'kernel-half-partial', text });
    }
    const { categories } = this.#collector.totals;
    let allNs = 0;
    for (const ns of categories.values()) allNs += ns;
    const unknownNs = categories.get('unknown') ?? 0;
    if (allNs > 0 && unknownNs > allNs * DOUBTED_SHARE) {
      const share = Math.round((unknownNs / allNs) * 100);
      const remedy = coverage.hasCalls
        ? 'a slice() of @lockstep/tracer around the operation, or a request to a peer over a socket, would show; see docs/requests.md'
        : 'record as root, so that waits for sockets are seen';
      doubts.push({
        about: 'unknown-waits',
        text: `${share} % of the requests' time was waited for something that no event tells of: ${remedy}`,
      });
    }
    return doubts;
  }
}

function toMs(categories: ReadonlyMap<RequestCategory, number>): CategoryTimes {
  const sorted = [...categories].sort((a, b) => b[1] - a[1]);
  return Object.fromEntries(sorted.map(([category, ns]) => [category, ns / 1e6]));
}

function summariesOf(routes: ReadonlyMap<string, RouteTotals>): RouteSummary[] {
  return [...routes]
    .map(([route, { durations, categories }]) => ({
      route,
      count: durations.count,
      medianMs: durations.histogram.quantileNs(0.5) / 1e6,
      p99Ms: durations.histogram.quantileNs(0.99) / 1e6,
      worstMs: durations.histogram.longestNs / 1e6,
      totals: toMs(categories),
    }))
    .sort((a, b) => b.p99Ms - a.p99Ms)
    .slice(0, MAX_ROUTES);
}

function growthText(routes: ReadonlyMap<string, RouteTotals>): string | undefined {
  let worst: { readonly text: string; readonly grownNs: number } | undefined;
  for (const [route, { trend, durations }] of routes) {
    const growth = trend.growth();
    if (growth === undefined || (worst !== undefined && growth.grownNs * durations.count <= worst.grownNs)) continue;
    const text = `${route} grows slower: ${msText(growth.firstNs / 1e6)} a request at the begin, ${msText(growth.lastNs / 1e6)} at the end; ${msText(growth.grownNs / 1e6)} more ${growth.text}`;
    worst = { text, grownNs: growth.grownNs * durations.count };
  }
  return worst?.text;
}

function differencesOf(
  slowest: readonly RequestExplanation[],
  median: RequestExplanation | undefined,
): RequestReport['differences'] {
  if (median === undefined || slowest.length === 0) return [];
  const timesOf = (requests: readonly RequestExplanation[]): Map<RequestCategory, number> => {
    const times = new Map<RequestCategory, number>();
    for (const { causes } of requests)
      for (const { category, ms } of causes) times.set(category, (times.get(category) ?? 0) + ms / requests.length);
    return times;
  };
  const slow = timesOf(slowest);
  const usual = timesOf([median]);
  return (Object.keys(CATEGORY_TEXTS) as RequestCategory[])
    .map((category) => ({ category, slowMs: slow.get(category) ?? 0, medianMs: usual.get(category) ?? 0 }))
    .filter(({ slowMs, medianMs }) => slowMs - medianMs >= 1)
    .sort((a, b) => b.slowMs - b.medianMs - (a.slowMs - a.medianMs));
}
