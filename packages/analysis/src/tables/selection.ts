// SPDX-License-Identifier: MIT
// What a table counts: a stretch of time, threads, CPUs, durations. Every family asks it the same way.

import { processOf, type KernelThread } from '../kernel/kernel-thread.ts';
import type { TraceTime } from '../pass/trace-time.ts';

export interface SelectionOptions {
  /** ns of the clock. */
  readonly beginNs?: bigint | undefined;
  readonly endNs?: bigint | undefined;
  /** Names of threads, exactly. */
  readonly procnames?: readonly string[] | undefined;
  /** Threads, and processes by the tid of their first one. */
  readonly tids?: readonly number[] | undefined;
  readonly cpus?: readonly number[] | undefined;
  /** ns: shorter and longer ones are not counted. */
  readonly minNs?: number | undefined;
  readonly maxNs?: number | undefined;
}

export class Selection {
  readonly #options: SelectionOptions;
  readonly #time: TraceTime;
  readonly #procnames: ReadonlySet<string> | undefined;
  readonly #tids: ReadonlySet<number> | undefined;
  readonly #cpus: ReadonlySet<number> | undefined;
  readonly #minNs: number;
  readonly #maxNs: number;
  #begin: number | undefined;
  #end: number | undefined;
  #hasRange = false;

  constructor(options: SelectionOptions, time: TraceTime) {
    this.#options = options;
    this.#time = time;
    this.#procnames = setOf(options.procnames);
    this.#tids = setOf(options.tids);
    this.#cpus = setOf(options.cpus);
    this.#minNs = options.minNs ?? Number.NEGATIVE_INFINITY;
    this.#maxNs = options.maxNs ?? Number.POSITIVE_INFINITY;
  }

  /** Relative ns; where it begins is known from the first record on. */
  get begin(): number {
    this.#findRange();
    return this.#begin ?? 0;
  }
  get end(): number {
    this.#findRange();
    return this.#end ?? Number.POSITIVE_INFINITY;
  }

  isInRange(time: number): boolean {
    return time >= this.begin && time <= this.end;
  }

  /** ns of [begin, end) that lie in the range. */
  clip(begin: number, end: number): number {
    return Math.max(0, Math.min(end, this.end) - Math.max(begin, this.begin));
  }

  hasCpu(cpu: number | undefined): boolean {
    return this.#cpus === undefined || (cpu !== undefined && this.#cpus.has(cpu));
  }

  hasThread(thread: KernelThread): boolean {
    if (this.#tids !== undefined && !this.#tids.has(thread.tid) && !this.#tids.has(processOf(thread))) return false;
    return this.#procnames === undefined || this.#procnames.has(thread.name);
  }

  hasDuration(ns: number): boolean {
    return ns >= this.#minNs && ns <= this.#maxNs;
  }

  #findRange(): void {
    if (this.#hasRange || this.#time.baseNs === undefined) return;
    this.#hasRange = true;
    const { beginNs, endNs } = this.#options;
    this.#begin = beginNs === undefined ? undefined : Number(beginNs - this.#time.baseNs);
    this.#end = endNs === undefined ? undefined : Number(endNs - this.#time.baseNs);
  }
}

function setOf<T>(list: readonly T[] | undefined): ReadonlySet<T> | undefined {
  return list === undefined || list.length === 0 ? undefined : new Set(list);
}
