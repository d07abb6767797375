// SPDX-License-Identifier: MIT
// What a trace clock is to the rest of Lockstep, whichever it is.

/** `tsc`: the CPU's counter. `mono`, `mono_raw`, `boot`: clocks of the kernel. `synthetic`: a counter through a clock page. */
export type ClockKind = 'tsc' | 'mono' | 'mono_raw' | 'boot' | 'synthetic';
export const CLOCK_KINDS: readonly ClockKind[] = ['tsc', 'mono', 'mono_raw', 'boot', 'synthetic'];

/** A CTF clock class; the same shape as ctf's `ClockClass`, which this package does not import. */
export interface ClockDescription {
  readonly name: string;
  readonly uuid: string;
  readonly description: string;
  /** Hz. */
  readonly frequency: bigint;
  /** Cycles. */
  readonly precision: bigint;
  readonly offsetSeconds: bigint;
  /** In `[0, frequency)`. */
  readonly offsetCycles: bigint;
  readonly absolute: true;
}

export interface TraceClock {
  readonly kind: ClockKind;
  /** The word for it in tracefs's `trace_clock`. */
  readonly kernelName: 'x86-tsc' | 'mono' | 'mono_raw' | 'boot';
  /** Hz. */
  readonly frequency: bigint;
  /** By how many cycles a second measured with this clock may differ from one of CLOCK_MONOTONIC. */
  readonly precisionCycles: bigint;
  /** The same in all traces of this boot of this machine that use this kind of clock. */
  readonly uuid: string;
  /** One sentence: why this clock. */
  readonly reason: string;
  /** Where kernel records carry raw cycles and this clock counts ns: the file that turns one into the other. */
  readonly historyPath?: string | undefined;
  /** With a clock page that somebody keeps: where it lies. */
  readonly pagePath?: string | undefined;
  /** A reading, in cycles. */
  now(): bigint;
  /** The clock class for a trace's metadata. */
  toClockClass(): ClockDescription;
  /** The cycle at which CLOCK_MONOTONIC (`process.hrtime`, `performance.now` + its origin) showed `ns`; for recent or near times. */
  monotonicNsToCycles(ns: bigint): bigint;
  /**
   * The same clock, known better: measures again over the time since this object was made. For the
   * metadata at a recording's end. Readings stay what they are; only their translation changes.
   */
  refine(): TraceClock;
}

/** A moment on the Unix time line at which the clock showed `cycles`. */
export interface EpochAnchor {
  readonly cycles: bigint;
  readonly epochNs: bigint;
}

const NS_PER_SECOND = 1_000_000_000n;

/** Where cycle 0 lies on the Unix time line, so that the anchor's cycle lies at its time. */
export function offsetOf(anchor: EpochAnchor, frequency: bigint): { offsetSeconds: bigint; offsetCycles: bigint } {
  const total = (anchor.epochNs * frequency) / NS_PER_SECOND - anchor.cycles;
  const rest = ((total % frequency) + frequency) % frequency;
  return { offsetSeconds: (total - rest) / frequency, offsetCycles: rest };
}
