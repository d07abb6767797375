// SPDX-License-Identifier: MIT
// Iterations of the event loop: one record when an iteration ends, just before the loop polls
// again. With the addon libuv's prepare phase tells exactly when; libuv itself counts how long
// the poll waited. Without the addon a timer notices late turns only, and its own period is the
// resolution.

import { performance } from 'node:perf_hooks';
import { setInterval } from 'node:timers';
import { observeCpuQuota } from './cpu-quota.ts';
import type { Instrumentation } from './instrumentation.ts';

/** Period of the fallback's timer; a stall shorter than this is not seen by it. */
const FALLBACK_PERIOD_MS = 10;

const MANY_TIMERS = 50;

export interface LoopObserver {
  /** Records the iteration that is not over, when the thread ends in it. */
  readonly finish: () => void;
}

/** `onIteration` runs once an iteration, whether it is recorded or not; `beforeSleep` after it was recorded. */
export function observeLoop(
  instrumentation: Instrumentation,
  onIteration: () => void,
  beforeSleep: () => void,
): LoopObserver {
  const { events, time, timers, native } = instrumentation;
  const noteQuota = observeCpuQuota(instrumentation);
  const record = events.loopIteration;
  const readIdleMs = idleTimeReader();
  let pollBegin = time.now();
  let lastIdleMs = readIdleMs();
  /** Whether the two above are of the turn before; not after a while in which nobody asked. */
  let isFollowing = true;

  function endIteration(): void {
    onIteration();
    if (!record.enabled) {
      isFollowing = false;
      return;
    }
    const now = time.now();
    const idleMs = readIdleMs();
    if (isFollowing) {
      // The poll cannot have waited longer than there was time.
      const idle = Math.min(Math.round((idleMs - lastIdleMs) * time.cyclesPerMs), now - pollBegin);
      const begin = pollBegin + idle;
      // Few timers are every program's; their number says something when there are very many.
      if (timers.firedCount >= MANY_TIMERS) events.timers(timers.firedCount);
      // Before the iteration that it tells of.
      noteQuota?.(now, now - begin);
      record(begin, now - begin, idle);
    }
    timers.firedCount = 0;
    isFollowing = true;
    pollBegin = now;
    lastIdleMs = idleMs;
  }

  if (native !== undefined) {
    native.watchLoop(() => {
      endIteration();
      beforeSleep();
    }, undefined);
  } else {
    const timer = setInterval(() => {
      const busyMs = (time.now() - pollBegin) / time.cyclesPerMs - (readIdleMs() - lastIdleMs);
      if (busyMs >= 1) endIteration();
      else {
        onIteration();
        pollBegin = time.now();
        lastIdleMs = readIdleMs();
      }
    }, FALLBACK_PERIOD_MS);
    timer.unref();
  }
  return { finish: endIteration };
}

/** Reads libuv's idle time without going through `performance.nodeTiming`'s accessors each time. */
function idleTimeReader(): () => number {
  const timing = performance.nodeTiming;
  const getter = Object.getOwnPropertyDescriptor(timing, 'idleTime')?.get;
  if (getter === undefined) return () => performance.eventLoopUtilization().idle;
  return getter.bind(timing) as () => number;
}
