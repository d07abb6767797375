// SPDX-License-Identifier: MIT
// Threads of this process: which ones were just made, and which of them let the recorded program go first.

import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Of threads whose work can wait until the program has ended. */
const NICE = 10;

/** Of this process; none where it cannot be told. */
export function listThreads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [];
  }
}

/** What `make` returns, and the threads that are there since. A worker's thread is there when its constructor returns. */
export function watchThreads<T>(make: () => T): { readonly made: T; readonly tids: readonly number[] } {
  const others = new Set(listThreads());
  const made = make();
  return { made, tids: listThreads().filter((tid) => !others.has(tid)) };
}

/** Where the two want the same CPU, the recorded program gets it. */
export function yieldToOthers(tids: readonly number[]): void {
  for (const tid of tids) trySetPriority(tid, Math.max(NICE, getPriority()));
}

/** As this process. */
export function yieldNoMore(tids: readonly number[]): void {
  for (const tid of tids) trySetPriority(tid, getPriority());
}

function trySetPriority(tid: number, nice: number): void {
  try {
    setPriority(tid, nice);
  } catch {
    // It has ended, or we may not: then it competes with the program.
  }
}
