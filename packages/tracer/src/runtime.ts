// SPDX-License-Identifier: MIT
// The door for Lockstep's own instrumentation in this package: what the session wants now, and its clock.

import { openClock } from '@lockstep/clock';
import type { ClockKind, TracingPlan } from '@lockstep/protocol';
import { threadRegistry } from './meeting-point.ts';
import type { SessionLink } from './session-link.ts';
import type { ThreadClock } from './thread-clock.ts';

/** The trace clock of the session that this program found. */
export interface RuntimeClock {
  readonly kind: ClockKind;
  /** Hz. */
  readonly frequency: bigint;
  /** Now, in cycles, as a number: exact to 2^53 cycles, some weeks since boot; cheap for a uint64 field. */
  now(): number;
  nowBigint(): bigint;
  /** A CLOCK_MONOTONIC reading (process.hrtime) in cycles. */
  monotonicNsToCycles(ns: bigint): bigint;
  /** A duration. */
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
  /** Hands over what this thread has recorded so far, except what a flight recorder keeps. */
  deliver(): void;
  /**
   * Says that from now on the caller calls `beforeSleep` before each time that the event loop waits, after
   * what it records itself.
   */
  observeLoop(): void;
  /** Delivers what there is if somebody reads live. */
  beforeSleep(): void;
  /** Undefined when there is no session: nothing is recorded then. */
  readonly clock: RuntimeClock | undefined;
}

let opened: Runtime | undefined;

/** This thread's runtime; the same on every call. Finds the session by LOCKSTEP_SESSION on the first. Never throws. */
export function openRuntime(): Runtime {
  opened ??= makeRuntime();
  return opened;
}

function makeRuntime(): Runtime {
  const registry = threadRegistry();
  registry.look();
  const { link, clock } = registry;
  return {
    currentPlan: () => registry.plan,
    onPlanChange: (listener) => registry.onPlanChange(listener),
    checkPlan: () => registry.look(),
    deliver: () => registry.deliver(),
    observeLoop: () => registry.observeLoop(),
    beforeSleep: () => registry.beforeSleep(),
    clock: link === undefined || clock === undefined ? undefined : makeClock(link, clock),
  };
}

function makeClock(link: SessionLink, clock: ThreadClock): RuntimeClock {
  const { slot, read } = clock;
  const cyclesPerNs = Number(link.frequency) / 1e9;
  // Opened at first use: only some instrumentation converts.
  let traceClock: ReturnType<typeof openClock> | undefined;
  return {
    kind: link.clockKind,
    frequency: link.frequency,
    now() {
      read();
      return (slot[0]! >>> 0) + slot[1]! * 4294967296;
    },
    nowBigint() {
      read();
      return (BigInt(slot[1]!) << 32n) | BigInt(slot[0]! >>> 0);
    },
    monotonicNsToCycles(ns) {
      traceClock ??= openClock(link.clockKind, link.frequency);
      return traceClock.monotonicNsToCycles(ns);
    },
    nsToCycles: (ns) => ns * cyclesPerNs,
  };
}
