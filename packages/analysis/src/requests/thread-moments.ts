// SPDX-License-Identifier: MIT
// A thread's past, as far back as its story and log reach, as moments: what every layer says, whose turn
// it was, and whether its loop waited. Made once for all requests that are explained together.

import type { IntervalSlice } from '../kernel/interval-log.ts';
import { BLOCKED } from '../kernel/thread-state.ts';
import type { ProgramThread } from '../program/program-thread.ts';
import { tellHeldBack } from '../stalls/held-back.ts';
import { layersOf, walkMoments, type Moment } from '../stalls/moments.ts';

export interface ThreadMoment extends Moment {
  readonly begin: number;
  readonly end: number;
  /** Id of the request whose code runs; 0 not known, negative likely. */
  readonly turn: number;
  /** Outside of loop iterations. */
  readonly isIdle: boolean;
}

/** In order, without gaps, over [begin, end). */
export function momentsOf(
  thread: ProgramThread,
  begin: number,
  end: number,
  isPollCall: (label: number) => boolean,
): ThreadMoment[] {
  const { story, turns } = thread;
  const told = thread.kernel.log?.slice(begin, end) ?? UNKNOWN_SLICE;
  const slice = tellHeldBack(told, end, story.quotas.during(begin, end));
  const parts = {
    collections: story.collections.during(begin, end),
    operations: story.operations.during(begin, end),
    samples: story.samples.during(begin, end),
  };
  const iterations = story.iterations.during(begin, end);
  const lastEnd = story.iterations.length === 0 ? Infinity : (thread.iterationEnd ?? Infinity);
  const moments: ThreadMoment[] = [];
  let turnAt = -1;
  let iterationAt = 0;
  walkMoments(slice, layersOf(parts, begin, end), begin, end, (moment, from, to) => {
    let at = from;
    while (at < to) {
      while (turnAt + 1 < turns.times.length && (turns.times.values[turnAt + 1] as number) <= at) turnAt += 1;
      while (iterationAt < iterations.length && (iterations[iterationAt]?.end ?? 0) <= at) iterationAt += 1;
      const iteration = iterations[iterationAt];
      // After the last iteration that has ended, one may go on that has no record yet.
      const isIdle =
        iteration === undefined
          ? at < lastEnd || (moment.state === BLOCKED && isPollCall(moment.call))
          : at < iteration.begin;
      const turnEnd = turnAt + 1 < turns.times.length ? (turns.times.values[turnAt + 1] as number) : Infinity;
      const idleEnd = iteration === undefined ? Infinity : isIdle ? iteration.begin : iteration.end;
      const end = Math.min(to, turnEnd, idleEnd);
      const turn = turnAt < 0 ? 0 : (turns.requests.values[turnAt] as number);
      const { state, ref, call, collection, operation, sample } = moment;
      moments.push({ state, ref, call, collection, operation, sample, begin: at, end, turn, isIdle });
      at = end;
    }
  });
  return moments;
}

const UNKNOWN_SLICE: IntervalSlice = {
  begins: Float64Array.of(0),
  states: new Uint8Array(1),
  refs: new Int32Array(1),
  calls: new Int32Array(1),
};

/** Index of the first moment that ends after `time`. */
export function firstMomentAfter(moments: readonly ThreadMoment[], time: number): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((moments[middle] as ThreadMoment).end <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
