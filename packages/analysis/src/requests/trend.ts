// SPDX-License-Identifier: MIT
// Whether requests of one route grow slower: means over stretches of time, of which there are always
// between 8 and 16; when time goes on, each two neighbours become one of twice the length.

import { CauseTotals } from './cause-totals.ts';

const MAX_STRETCHES = 16;
const FIRST_LENGTH_NS = 250e6;
/** Fewer requests than this in an end say nothing. */
const MIN_COUNT = 8;
/** Growth to this many times the duration is told; noise of a busy machine makes less. */
const MIN_FACTOR = 2;
/** Of all steps from one stretch to the next, those that go up; a single slow stretch is no growth. */
const MIN_RISING_SHARE = 0.6;

interface Stretch {
  count: number;
  totalNs: number;
  readonly totals: CauseTotals;
}

export interface Growth {
  readonly firstNs: number;
  readonly lastNs: number;
  /** What a request spent more of at the end, in words, and how much more. */
  readonly text: string;
  readonly grownNs: number;
}

export class Trend {
  #lengthNs = FIRST_LENGTH_NS;
  #origin: number | undefined;
  #stretches: Stretch[] = [];

  add(begin: number, durationNs: number, totals: CauseTotals): void {
    this.#origin ??= begin;
    let at = Math.max(0, Math.floor((begin - this.#origin) / this.#lengthNs));
    while (at >= MAX_STRETCHES) {
      this.#halve();
      at = Math.floor((begin - this.#origin) / this.#lengthNs);
    }
    while (this.#stretches.length <= at) this.#stretches.push({ count: 0, totalNs: 0, totals: new CauseTotals(32) });
    const stretch = this.#stretches[at] as Stretch;
    stretch.count += 1;
    // A busy machine is no growth of the program's.
    stretch.totalNs += durationNs - (totals.categories.get('runnable') ?? 0);
    stretch.totals.addAll(totals);
  }

  growth(): Growth | undefined {
    const told = this.#stretches.filter(({ count }) => count > 0);
    if (told.length < 4) return undefined;
    const quarter = Math.max(1, told.length >> 2);
    const first = sum(told.slice(0, quarter));
    const last = sum(told.slice(-quarter));
    if (first.count < MIN_COUNT || last.count < MIN_COUNT) return undefined;
    const [firstNs, lastNs] = [first.totalNs / first.count, last.totalNs / last.count];
    if (lastNs < firstNs * MIN_FACTOR || lastNs - firstNs < 1e6) return undefined;
    const means = told.map(({ count, totalNs }) => totalNs / count);
    const rising = means.filter((mean, index) => index > 0 && mean > (means[index - 1] ?? 0)).length;
    if (rising < (means.length - 1) * MIN_RISING_SHARE) return undefined;
    return { firstNs, lastNs, ...grownMost(first, last) };
  }

  #halve(): void {
    const stretches: Stretch[] = [];
    for (let i = 0; i < this.#stretches.length; i += 2) stretches.push(sum(this.#stretches.slice(i, i + 2)));
    this.#stretches = stretches;
    this.#lengthNs *= 2;
  }
}

function sum(stretches: readonly Stretch[]): Stretch {
  const result: Stretch = { count: 0, totalNs: 0, totals: new CauseTotals(32) };
  for (const { count, totalNs, totals } of stretches) {
    result.count += count;
    result.totalNs += totalNs;
    result.totals.addAll(totals);
  }
  return result;
}

function grownMost(first: Stretch, last: Stretch): { readonly text: string; readonly grownNs: number } {
  let text = 'what is not known';
  let grownNs = 0;
  for (const [key, cause] of last.totals.causes) {
    const more = cause.ns / last.count - (first.totals.causes.get(key)?.ns ?? 0) / first.count;
    if (more <= grownNs) continue;
    grownNs = more;
    text = cause.text === '' ? cause.category : cause.text;
  }
  return { text, grownNs };
}
