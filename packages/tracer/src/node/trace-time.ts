// SPDX-License-Identifier: MIT
// The trace clock as the instrumentation of Node uses it: cycles as plain numbers, since a bigint
// costs an allocation at each reading. Also turns recent moments of CLOCK_MONOTONIC (GC entries, CPU
// samples) into cycles by a fresh pair of readings, so that no drift between the clocks since the
// calibration matters.

import type { RuntimeClock } from '../runtime.ts';

/** One moment on both clocks. Valid for the near past: take a new one for each batch. */
export interface MonotonicPair {
  readonly monotonicNs: number;
  readonly cycles: number;
}

export interface TraceTime {
  /** Now, in cycles. */
  readonly now: () => number;
  readonly cyclesPerMs: number;
  readonly pairMonotonic: () => MonotonicPair;
}

export function openTraceTime(clock: RuntimeClock): TraceTime {
  const now = (): number => clock.now();
  return {
    now,
    cyclesPerMs: Number(clock.frequency) / 1000,
    pairMonotonic() {
      const before = now();
      const monotonicNs = Number(process.hrtime.bigint());
      const after = now();
      return { monotonicNs, cycles: before + (after - before) / 2 };
    },
  };
}

/** A moment of CLOCK_MONOTONIC in cycles; never negative. */
export function cyclesAt(pair: MonotonicPair, monotonicNs: number, cyclesPerMs: number): number {
  return Math.max(0, Math.round(pair.cycles + ((monotonicNs - pair.monotonicNs) / 1e6) * cyclesPerMs));
}
