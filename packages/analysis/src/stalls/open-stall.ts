// SPDX-License-Identifier: MIT
// A stall that has ended and waits for what is learnt late: garbage collections (up to 300 ms) and
// samples (up to some seconds). It owns copies of all it needs, so that the model can forget.

import type { IntervalSlice } from '../kernel/interval-log.ts';
import type {
  CollectionInterval,
  OperationInterval,
  ProgramThread,
  QuotaReading,
  RequestBegin,
  SampleInterval,
} from '../program/program-thread.ts';
import type { Stall, ThreadName } from './stall-report.ts';

/** How long after a stall's end its late records are awaited, in ns. V8's sampler is read in batches, a second or more apart. */
export const LATE_NS = 3e9;

export interface DiscardedSpan {
  readonly isKernel: boolean;
  readonly begin: number;
  readonly end: number;
  readonly count: bigint | undefined;
}

/** A copy of what a story tells of a stretch; late records are added to it. */
export interface StoryPart {
  readonly collections: CollectionInterval[];
  readonly operations: OperationInterval[];
  readonly samples: SampleInterval[];
  readonly requests: RequestBegin[];
  readonly quotas: QuotaReading[];
}

export function storyDuring({ story }: ProgramThread, begin: number, end: number): StoryPart {
  return {
    collections: story.collections.during(begin, end),
    operations: story.operations.during(begin, end),
    samples: story.samples.during(begin, end),
    quotas: story.quotas.during(begin, end),
    requests: story.requests.during(begin, end).filter((request) => request.begin >= begin),
  };
}

export interface OpenStall {
  readonly kind: Stall['kind'];
  readonly thread: ProgramThread;
  readonly begin: number;
  readonly end: number;
  readonly slice: IntervalSlice;
  /** Names of the threads that ran instead, as they were called then. */
  readonly others: ReadonlyMap<number, ThreadName>;
  readonly story: StoryPart;
  readonly timerCount: number;
  readonly openRequestCount: number;
  readonly pageFaultCount: number | undefined;
}
