// SPDX-License-Identifier: MIT
// What the session and the thread of a state dump tell each other.

import type { StateDumpOptions, StateDumpResult } from './dump-state.ts';

/** How a thread that has no trace clock of its own reads the trace's. */
export type WorkerClock =
  | { readonly kind: 'tsc' }
  /** ns behind CLOCK_MONOTONIC; 0n is that clock itself. */
  | { readonly kind: 'monotonic'; readonly offsetNs: bigint };

export interface StateDumpWorkerData {
  readonly options: StateDumpOptions;
  readonly clock: WorkerClock;
  /** Words DUMP_END, DUMP_MAY_READ. */
  readonly control: SharedArrayBuffer;
}

export type StateDumpMessage =
  | { readonly type: 'done'; readonly result: StateDumpResult }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** Not 0 when the recording ends; written by the session. */
export const DUMP_END = 0;
/** Not 0 when the thread is left out of the trace and may begin to read; written by the session. */
export const DUMP_MAY_READ = 1;
export const DUMP_CONTROL_SIZE_BYTES = 8;
