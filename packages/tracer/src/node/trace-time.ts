// SPDX-License-Identifier: MIT
// The trace clock as the instrumentation of Node reads it: cycles as a plain number, since a bigint
// costs an allocation at each reading. A TSC passes 2^53 after some 40 days of uptime; from there a
// number is exact to 2 or 4 cycles, a nanosecond or two, which is far below what is measured here.
// Also turns CLOCK_MONOTONIC (GC entries, CPU samples) into cycles by a fresh pair of readings, so
// that no drift between the two clocks since the calibration matters.

import type { Native } from '@lockstep/native';

export interface TraceTime {
  /** Now, in cycles. */
  readonly now: () => number;
  readonly cyclesPerMs: number;
  /** Cycles of moments of CLOCK_MONOTONIC, valid for the near past: take a new one for each batch. */
  readonly pairMonotonic: () => MonotonicPair;
}

/** One moment on both clocks. */
export interface MonotonicPair {
  readonly monotonicNs: number;
  readonly cycles: number;
}

export interface TraceTimeOptions {
  readonly clockKind: 'tsc' | 'mono';
  /** Hz of the trace clock. */
  readonly frequency: bigint;
  readonly native: Native | undefined;
}

const HIGH = 4_294_967_296;

export function openTraceTime(options: TraceTimeOptions): TraceTime {
  const { native, clockKind } = options;
  const cyclesPerMs = Number(options.frequency) / 1000;
  if (native === undefined || (clockKind === 'tsc' && native.readTsc === undefined)) {
    const now = (): number => Number(process.hrtime.bigint());
    return { now, cyclesPerMs: 1e6, pairMonotonic: () => pairOf(now()) };
  }
  const slot = native.slot;
  if (clockKind === 'mono') {
    const readMonotonic = native.readMonotonic.bind(native);
    const now = (): number => {
      readMonotonic();
      return ((slot[1] ?? 0) >>> 0) * HIGH + ((slot[0] ?? 0) >>> 0);
    };
    return { now, cyclesPerMs, pairMonotonic: () => pairOf(now()) };
  }
  const readTsc = native.readTsc as () => void;
  const now = (): number => {
    readTsc();
    return ((slot[1] ?? 0) >>> 0) * HIGH + ((slot[0] ?? 0) >>> 0);
  };
  const pairMonotonic = (): MonotonicPair => {
    if (native.readPair === undefined) return { monotonicNs: Number(process.hrtime.bigint()), cycles: now() };
    native.readPair();
    return {
      monotonicNs: ((slot[5] ?? 0) >>> 0) * HIGH + ((slot[4] ?? 0) >>> 0),
      cycles: ((slot[7] ?? 0) >>> 0) * HIGH + ((slot[6] ?? 0) >>> 0),
    };
  };
  return { now, cyclesPerMs, pairMonotonic };
}

/** A moment of CLOCK_MONOTONIC in cycles; never negative. */
export function cyclesAt(pair: MonotonicPair, monotonicNs: number, cyclesPerMs: number): number {
  return Math.max(0, Math.round(pair.cycles + ((monotonicNs - pair.monotonicNs) / 1e6) * cyclesPerMs));
}

function pairOf(cycles: number): MonotonicPair {
  return { monotonicNs: cycles, cycles };
}
