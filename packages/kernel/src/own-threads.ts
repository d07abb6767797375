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
  setPriorities(tids, Math.max(NICE, getPriority()));
}

/** As this process. */
export function yieldNoMore(tids: readonly number[]): void {
  setPriorities(tids, getPriority());
}

/** Of those that are still ours: the number of a thread that has ended may be another process's by now. */
function setPriorities(tids: readonly number[], nice: number): void {
  const own = new Set(listThreads());
  for (const tid of tids) {
    if (!own.has(tid)) continue;
    try {
      setPriority(tid, nice);
    } catch {
      // It ended just now, or we may not: then it competes with the program.
    }
  }
}
