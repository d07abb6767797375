// SPDX-License-Identifier: MIT
// What `lockstep requests` tells. Times in ms; where a request's latency went sums to its duration.

import type { Doubt, ProgramName } from '../stalls/stall-report.ts';

/** What a request's time was spent on; docs/requests.md says by which rules. */
export type RequestCategory =
  | 'queued'
  | 'javascript'
  | 'gc'
  | 'runnable'
  | 'system-call'
  | 'native'
  | 'disk'
  | 'network'
  | 'connection-queue'
  | 'thread'
  | 'pool-queue'
  | 'pool-work'
  | 'lock'
  | 'timer'
  | 'child-process'
  | 'blocked'
  | 'interrupt'
  | 'unknown';

export interface RequestCause {
  readonly category: RequestCategory;
  /** As in the sentence: `waiting for 10.0.0.7:5432`. */
  readonly text: string;
  readonly ms: number;
}

export interface RequestExplanation {
  readonly program: ProgramName;
  readonly thread: { readonly vtid: number; readonly tid: number; readonly isMain: boolean };
  readonly request: number;
  readonly method: string;
  readonly url: string;
  readonly peer: string;
  readonly status: number;
  /** Its data came, or, when that is not known, the loop began to handle what had come. */
  readonly beginNs: bigint;
  readonly durationMs: number;
  /** From its data to its handler's begin. */
  readonly beforeHandlerMs: number;
  readonly isArrivalKnown: boolean;
  readonly hasEnded: boolean;
  readonly sentence: string;
  readonly causes: readonly RequestCause[];
}

export type CategoryTimes = Readonly<Partial<Record<RequestCategory, number>>>;

export interface RouteSummary {
  /** `GET /report`: method and path without query. */
  readonly route: string;
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** ms of all its requests together. */
  readonly totals: CategoryTimes;
}

export interface RequestReport {
  readonly version: 1;
  readonly isWallClock: boolean;
  readonly beginNs: bigint;
  readonly durationMs: number;
  readonly recordCount: number;
  readonly kernelHalf: 'present' | 'partial' | 'missing';
  readonly requestCount: number;
  /** Requests at least this long are slow. */
  readonly thresholdMs: number;
  readonly slowCount: number;
  /** Requests that had not ended when the trace did. */
  readonly openCount: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** One sentence on the slow requests, or on all when none is: the dominant cause and its share. */
  readonly sentence: string;
  /** ms of all requests together. */
  readonly totals: CategoryTimes;
  /** Of the slow requests, or of all when none is: ms together, and in how many. */
  readonly causes: readonly (RequestCause & { readonly count: number })[];
  readonly routes: readonly RouteSummary[];
  /** The slowest ones, slowest first. */
  readonly slowest: readonly RequestExplanation[];
  readonly p99?: RequestExplanation;
  readonly median?: RequestExplanation;
  /** What the slow ones have and the median has not, most first. */
  readonly differences: readonly {
    readonly category: RequestCategory;
    readonly slowMs: number;
    readonly medianMs: number;
  }[];
  /** A route whose requests take longer and longer: how much, and on what. */
  readonly growth?: string;
  readonly doubts: readonly Doubt[];
}
