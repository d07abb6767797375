// SPDX-License-Identifier: MIT
// The kernel's half of a recording, as record sees it: started before the program, told the program's
// pid, stopped after it. What the machine does not allow becomes one sentence.

import type { TraceClock } from '@lockstep/clock';
import type { Rule } from '@lockstep/filter';
import type { KernelSummary } from './record-types.ts';

export interface KernelHalfOptions {
  readonly traceDirectory: string;
  readonly sessionName: string;
  readonly clock: TraceClock;
  /** Rules of -k; empty: the default rules. */
  readonly rules: readonly Rule[];
  readonly isSnapshot: boolean;
}

export interface KernelHalf {
  /** System calls and page faults of this process and its descendants are recorded from now on. */
  follow(pid: number): Promise<void>;
  progress(): KernelSummary;
  /** Ends recording and waits until all pages are packets on disk; `onShare` hears how far that is. */
  stop(onShare: (share: number) => void): Promise<KernelSummary>;
  /** Ends recording at once; what is not converted stays in the spool for the next command. */
  abandon(): Promise<void>;
}

/** The half, or the sentence why there is none. */
export async function startKernelHalf(_options: KernelHalfOptions): Promise<KernelHalf | string> {
  return 'The kernel half is not there yet';
}

/** Converts what a killed recording left in the spool. */
export async function finishKernelHalf(
  _traceDirectory: string,
  _options: { readonly onSentence: (sentence: string) => void; readonly onShare: (share: number) => void },
): Promise<void> {}
