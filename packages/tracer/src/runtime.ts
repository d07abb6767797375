// SPDX-License-Identifier: MIT
// The door for Lockstep's own instrumentation in this package: what the session wants now, and its clock.

import type { TracingPlan } from '@lockstep/protocol';

/** The trace clock of the session that this program found. */
export interface RuntimeClock {
  readonly kind: 'tsc' | 'mono';
  /** Hz. */
  readonly frequency: bigint;
  /** Now, in cycles, as a number: exact to 2^53 cycles, some weeks since boot; cheap for a uint64 field. */
  now(): number;
  nowBigint(): bigint;
  /** A CLOCK_MONOTONIC reading (process.hrtime, performance.timeOrigin-free) in cycles. */
  monotonicNsToCycles(ns: bigint): bigint;
  /** The same for a difference or time as a float, for instance performance.now() based. */
  nsToCycles(ns: number): number;
}

export interface Runtime {
  /** The plan of an active session; undefined when there is none or it is not active. */
  currentPlan(): TracingPlan | undefined;
  /**
   * Calls `listener` after every change of what `currentPlan` returns: from a tracepoint call that
   * notices it, or from `checkPlan`. Returns the function that unsubscribes. Listeners must not throw.
   */
  onPlanChange(listener: (plan: TracingPlan | undefined) => void): () => void;
  /** Looks whether the plan changed (one plain load when not). The instrumentation calls it once a loop iteration. */
  checkPlan(): void;
  /** Undefined when there is no session: nothing is recorded then. */
  readonly clock: RuntimeClock | undefined;
}

/** This thread's runtime; the same on every call. Finds the session by LOCKSTEP_SESSION on the first. Never throws. */
export function openRuntime(): Runtime {
  throw new Error('not yet');
}
