// SPDX-License-Identifier: MIT
// The kernel's intervals of a thread in, the same out with the stays that a CPU quota made told as such: one
// from the switch that took the CPU to the one that gave it back, in which the CPU was for a while idle, or
// which the program itself found its group to have been throttled for (`node:cpu_quota`).
//
// A thread that was woken and waits for an idle CPU is another matter: in a virtual machine the host may give that
// CPU no time. It is a quota's doing only where the group says that it was throttled.
//
//   in   RUNNING | PREEMPTED by a | PREEMPTED, CPU idle | PREEMPTED by b | RUNNING
//   out  RUNNING | PREEMPTED, CPU idle ------------------------------ >  | RUNNING

import type { IntervalSlice } from '../kernel/interval-log.ts';
import { PREEMPTED, WOKEN } from '../kernel/thread-state.ts';
import type { QuotaReading } from '../program/program-thread.ts';

/** No scheduler leaves a CPU idle and a thread on its queue waiting for longer, unless the thread may not run. */
const MAX_WAKE_UP_NS = 1e6;

/** Throttling lasts until the next period; a shorter stay than this share of what is left to explain is another's. */
const MIN_STAY_NS = 1e6;

interface Stay {
  readonly first: number;
  /** Index after its last interval. */
  readonly last: number;
  readonly begin: number;
  readonly ns: number;
  readonly wasIdle: boolean;
  /** It begins with a wake-up. */
  readonly wasWoken: boolean;
}

export function tellHeldBack(slice: IntervalSlice, end: number, readings: readonly QuotaReading[]): IntervalSlice {
  const stays = staysOf(slice, end);
  const held = new Set(stays.filter(({ wasIdle, wasWoken }) => wasIdle && (!wasWoken || readings.length > 0)));
  for (const reading of readings) addThrottled(stays, held, reading);
  if (held.size === 0) return slice;
  const refs = slice.refs.slice();
  const states = slice.states.slice();
  for (const { first, last } of held) {
    refs.fill(0, first, last);
    states.fill(PREEMPTED, first, last);
  }
  return { ...slice, refs, states };
}

/** The longest stays within the reading are the throttled ones, as far as the throttled time goes. */
function addThrottled(stays: readonly Stay[], held: Set<Stay>, { begin, end, throttledNs }: QuotaReading): void {
  const within = stays.filter((stay) => stay.begin < end && stay.begin + stay.ns > begin);
  let leftNs = throttledNs;
  for (const stay of within) if (held.has(stay)) leftNs -= stay.ns;
  for (const stay of within.filter((each) => !held.has(each)).sort((a, b) => b.ns - a.ns)) {
    // Some of a stay may be the wait for its turn after the quota: half of it has to be explained.
    if (leftNs < stay.ns / 2) continue;
    held.add(stay);
    leftNs -= stay.ns;
  }
}

function staysOf({ begins, states, refs }: IntervalSlice, end: number): Stay[] {
  const stays: Stay[] = [];
  const { length } = states;
  for (let first = 0; first < length; first += 1) {
    if (!isRunnable(states[first])) continue;
    let last = first;
    let wasIdle = false;
    for (; last < length && isRunnable(states[last]); last += 1) {
      const until = last + 1 < length ? (begins[last + 1] as number) : end;
      if (refs[last] === 0 && until - (begins[last] as number) > MAX_WAKE_UP_NS) wasIdle = true;
    }
    const begin = begins[first] as number;
    const ns = (last < length ? (begins[last] as number) : end) - begin;
    if (ns >= MIN_STAY_NS) stays.push({ first, last, begin, ns, wasIdle, wasWoken: states[first] === WOKEN });
    first = last;
  }
  return stays;
}

function isRunnable(state: number | undefined): boolean {
  return state === PREEMPTED || state === WOKEN;
}
