// SPDX-License-Identifier: MIT
// A profile: how long which stack was on the CPU, or waited for what.

import type { SourcePosition } from '../stalls/stall-report.ts';

/** A frame of a profile: a function, or in brackets what the thread did instead of running one. */
export interface ProfileFrame {
  readonly name: string;
  readonly position: SourcePosition | undefined;
}

/** One stack and the time in it. */
export interface ProfileStack {
  /** Indexes of `frames`, outermost first. */
  readonly frames: readonly number[];
  readonly ns: number;
  /** V8's samples in it; a sample that is cut in two counts in both. */
  readonly sampleCount: number;
}

export interface ThreadProfile {
  readonly program: string;
  readonly pid: number;
  readonly vtid: number;
  readonly isMain: boolean;
  /** Of the first and the last sample that counts, ns of the clock. */
  readonly beginNs: bigint;
  readonly endNs: bigint;
  readonly stacks: readonly ProfileStack[];
}

/** `cpu`: on a CPU, interrupts included. `off-cpu`: blocked, or runnable without one. `wall`: both. */
export type ProfileKind = 'cpu' | 'off-cpu' | 'wall';

export interface ProfileReport {
  readonly kind: ProfileKind;
  readonly frames: readonly ProfileFrame[];
  readonly threads: readonly ThreadProfile[];
  /** Time of samples whose stack had no room any more. */
  readonly otherNs: number;
  /** Sentences: what the trace cannot tell. */
  readonly notes: readonly string[];
}

export function frameText({ name, position }: ProfileFrame): string {
  return position === undefined ? name : `${name} (${position.source}:${position.line})`;
}
