// SPDX-License-Identifier: MIT
// Garbage collections, from Node's performance entries. They arrive when the loop turns, so each
// carries when it really was.

import { constants, performance, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import type { Instrumentation } from './instrumentation.ts';
import { cyclesAt } from './trace-time.ts';

/** Node's kinds are V8's bits of the time; these are the contract's. */
type GcKind = 1 | 4 | 8 | 16;
const KINDS: readonly (readonly [nodeKind: number, kind: GcKind])[] = [
  [constants.NODE_PERFORMANCE_GC_MINOR, 1],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 4],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 8],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 16],
];

interface GcEntry extends PerformanceEntry {
  readonly detail?: GcDetail;
}
interface GcDetail {
  readonly kind?: number;
  readonly flags?: number;
}

export interface GcObserver {
  /** Records the entries that have arrived and are not recorded, when the thread ends. */
  readonly finish: () => void;
}

export function observeGc({ events, time }: Instrumentation): GcObserver {
  const kinds = new Map(KINDS);

  function recordEntries(entries: readonly GcEntry[]): void {
    if (entries.length === 0) return;
    const record = events.gc;
    if (!record.enabled) return;
    const pair = time.pairMonotonic();
    // Entries count from the thread's time origin, which is a moment of CLOCK_MONOTONIC.
    const originNs = pair.monotonicNs - performance.now() * 1e6;
    for (const entry of entries) {
      const detail = entry.detail ?? {};
      const begin = cyclesAt(pair, originNs + entry.startTime * 1e6, time.cyclesPerMs);
      const duration = Math.round(entry.duration * time.cyclesPerMs);
      record(begin, duration, kinds.get(detail.kind ?? 0) ?? 1, detail.flags ?? 0);
    }
  }

  const observer = new PerformanceObserver((list) => {
    try {
      recordEntries(list.getEntries());
    } catch {
      // A lost entry is better than an error in the program.
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return { finish: () => recordEntries(observer.takeRecords()) };
}
