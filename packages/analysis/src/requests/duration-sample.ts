// SPDX-License-Identifier: MIT
// Durations of any number of things: quantiles to some percent from a histogram, and the things
// themselves of the longest and of a fair sample, so that one near a quantile can be shown.

import { LoopHistogram } from '../program/loop-histogram.ts';

const MAX_SLOWEST = 20;
const MAX_SAMPLED = 512;

interface Kept<T> {
  readonly duration: number;
  readonly of: T;
}

export class DurationSample<T> {
  readonly histogram = new LoopHistogram();
  readonly slowest: Kept<T>[] = [];
  readonly #sampled: Kept<T>[] = [];
  readonly #maxSampled: number;
  /** Linear congruential, so that the same trace gives the same report. */
  #random = 1;
  #place: number | undefined;

  constructor(maxSampled = MAX_SAMPLED) {
    this.#maxSampled = maxSampled;
  }

  get count(): number {
    return this.histogram.count;
  }

  /** Whether `add` with this duration, next, will keep the thing. */
  isKept(duration: number): boolean {
    if (this.#maxSampled === 0) return false;
    this.#place ??= this.#nextPlace();
    return this.#place < this.#maxSampled || this.#isSlow(duration);
  }

  add(duration: number, of: T): void {
    this.histogram.add(duration);
    if (this.#maxSampled === 0) return;
    const place = this.#place ?? this.#nextPlace();
    this.#place = undefined;
    if (place < this.#maxSampled) this.#sampled[place] = { duration, of };
    if (!this.#isSlow(duration)) return;
    this.slowest.push({ duration, of });
    this.slowest.sort((a, b) => b.duration - a.duration);
    if (this.slowest.length > MAX_SLOWEST) this.slowest.pop();
  }

  /** The one that was kept whose duration is nearest to the quantile. */
  near(fraction: number): T | undefined {
    const all = [...this.slowest, ...this.#sampled].sort((a, b) => a.duration - b.duration);
    if (all.length === 0) return undefined;
    const wanted = this.histogram.quantileNs(fraction);
    let best = all[0] as Kept<T>;
    for (const each of all) if (Math.abs(each.duration - wanted) < Math.abs(best.duration - wanted)) best = each;
    return best.of;
  }

  #isSlow(duration: number): boolean {
    const last = this.slowest[MAX_SLOWEST - 1];
    return last === undefined || duration > last.duration;
  }

  /** Algorithm R: the n-th thing takes a random place among n; only the first places are kept. */
  #nextPlace(): number {
    const { count } = this.histogram;
    if (count < this.#maxSampled) return count;
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * (count + 1));
  }
}
