// SPDX-License-Identifier: MIT
// What a thread's stretch of time hung on: interval logs of all threads in, a chain of segments without
// gaps out, each of the thread that, had it been faster, would have made the whole faster.
//
//   A  ####......####        # running, . blocked until woken
//   B      ##..##            wakes A at its end, had itself waited for C
//   C        ##              ⇒ A ####, B ##, C ##, B ##, A ####
//
// Walked backwards from the end: where a thread slept, the path goes on in who woke it, back to when the
// sleep began. A sleep that an interrupt ended was a wait for a device, a peer or the time.

import type { Host } from '../kernel/host.ts';
import type { IntervalLog } from '../kernel/interval-log.ts';
import type { KernelThread } from '../kernel/kernel-thread.ts';
import { BLOCKED, UNKNOWN } from '../kernel/thread-state.ts';

export interface PathSegment {
  readonly thread: KernelThread;
  readonly begin: number;
  readonly end: number;
  readonly state: number;
  /** As in the interval log: who ran instead, the interrupt's label, or of a wait minus that label; 0 unknown. */
  readonly ref: number;
  /** Label of the system call. */
  readonly call: number;
}

/** Wake-ups followed into each other; deeper ones are told as the wait of the thread that was reached. */
const MAX_DEPTH = 64;
/** Between two pieces of a wait a signal is handled, once the thread has got a CPU for it. */
const MAX_HANDLER_NS = 20e6;
/** Segments of one path. */
const MAX_SEGMENTS = 1 << 18;

/** Segments in order of time, over [begin, end). */
export function criticalPath(host: Host, thread: KernelThread, begin: number, end: number): PathSegment[] {
  const walk = new PathWalk(host);
  walk.back(thread, begin, end, 0);
  return walk.segments.reverse();
}

class PathWalk {
  /** Latest first. */
  readonly segments: PathSegment[] = [];
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Follows `thread` from `end` back to `begin`. */
  back(thread: KernelThread, begin: number, end: number, depth: number): void {
    const { log } = thread;
    let time = end;
    while (time > begin) {
      const index = log === undefined ? -1 : log.indexBefore(time);
      if (log === undefined || index < 0 || this.segments.length >= MAX_SEGMENTS) {
        this.segments.push({ thread, begin, end: time, state: UNKNOWN, ref: 0, call: 0 });
        return;
      }
      const state = log.stateAt(index);
      const ref = log.refAt(index);
      const first = state === BLOCKED ? firstOfWait(log, index, this.#host.signalLabel) : index;
      const from = Math.max(begin, log.beginAt(first));
      const waker = state === BLOCKED && ref > 0 ? this.#host.threads.get(ref) : undefined;
      // A wait that has not ended has no waker yet.
      if (waker?.log !== undefined && waker !== thread && depth < MAX_DEPTH) this.back(waker, from, time, depth + 1);
      else this.segments.push({ thread, begin: from, end: time, state, ref, call: log.callAt(index) });
      time = from;
    }
  }
}

/**
 * Signals cut a sleep into pieces, of which the last one's waker ended the wait. Index of the first piece
 * of the wait whose last is at `index`.
 */
export function firstOfWait(log: IntervalLog, index: number, signalLabel: number): number {
  let first = index;
  for (let i = index - 1; i >= 0; i -= 1) {
    if (log.stateAt(i) === BLOCKED) {
      if (log.refAt(i) !== -signalLabel) break;
      first = i;
    } else if (log.beginAt(first) - log.beginAt(i) > MAX_HANDLER_NS) break;
  }
  return first;
}

/** The same forwards: index of the last piece. */
export function lastOfWait(log: IntervalLog, index: number, signalLabel: number): number {
  let last = index;
  for (let i = index + 1; i < log.length && log.refAt(last) === -signalLabel; i += 1) {
    if (log.stateAt(i) === BLOCKED) last = i;
    else if (log.beginAt(i) - log.beginAt(last + 1) > MAX_HANDLER_NS) break;
  }
  return last;
}
