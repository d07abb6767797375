// SPDX-License-Identifier: MIT
// A stall that has ended and waits for what is learnt late: garbage collections (up to 300 ms) and
// samples (up to some seconds). It owns copies of all it needs, so that the model can forget.

import type { IntervalSlice } from '../kernel/interval-log.ts';
import type { ProgramStory, ProgramThread } from '../program/program-thread.ts';
import type { Stall, ThreadName } from './stall-report.ts';

/** How long after a stall's end its late records are awaited, in ns. V8's sampler is read in batches, a second or more apart. */
export const LATE_NS = 3e9;

export interface DiscardedSpan {
  readonly isKernel: boolean;
  readonly begin: number;
  readonly end: number;
  readonly count: bigint | undefined;
}

export interface OpenStall {
  readonly kind: Stall['kind'];
  readonly thread: ProgramThread;
  readonly begin: number;
  readonly end: number;
  readonly slice: IntervalSlice;
  /** Names of the threads that ran instead, as they were called then. */
  readonly others: ReadonlyMap<number, ThreadName>;
  readonly story: ProgramStory;
  readonly openRequestCount: number;
  readonly pageFaultCount: number | undefined;
}
