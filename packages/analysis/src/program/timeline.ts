// SPDX-License-Identifier: MIT
// Intervals of one sort in the order in which they were learnt, which is roughly that of their ends;
// forgets from the front. Late ones (collections, samples) come after others that ended later, so what
// is asked for is looked up with some slack.

export interface Interval {
  readonly begin: number;
  readonly end: number;
}

/** Intervals kept; at the limit the older half is forgotten. */
const MAX_INTERVALS = 1 << 18;

export class Timeline<T extends Interval> {
  #intervals: T[] = [];
  #first = 0;
  /** Ends never decrease from here on in most timelines; `maxEnd[i]` would cost memory, so disorder is counted. */
  #lastEnd = -Infinity;
  #isOrdered = true;

  get length(): number {
    return this.#intervals.length - this.#first;
  }

  add(interval: T): void {
    if (interval.end < this.#lastEnd) this.#isOrdered = false;
    else this.#lastEnd = interval.end;
    this.#intervals.push(interval);
    if (this.length > MAX_INTERVALS) this.#drop(MAX_INTERVALS >> 1);
  }

  /** Those that overlap [begin, end). */
  during(begin: number, end: number): T[] {
    const found: T[] = [];
    for (let i = this.#isOrdered ? this.#firstEndingAfter(begin) : this.#first; i < this.#intervals.length; i += 1) {
      const interval = this.#intervals[i] as T;
      if (interval.begin < end && interval.end > begin) found.push(interval);
      else if (this.#isOrdered && interval.begin >= end && interval.end > end) {
        // Only an interval that encloses this one could still overlap: those are few and near.
        if (!this.#enclosesSoon(i, end)) break;
      }
    }
    return found;
  }

  last(): T | undefined {
    return this.#intervals[this.#intervals.length - 1];
  }

  forgetBefore(time: number): void {
    let count = 0;
    while (this.#first + count < this.#intervals.length && (this.#intervals[this.#first + count] as T).end <= time)
      count += 1;
    if (count > 0) this.#drop(count);
    if (this.length === 0) this.#isOrdered = true;
  }

  #firstEndingAfter(time: number): number {
    let low = this.#first;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#intervals[middle] as T).end <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether one of the next few begins before `end`: operations nest a few levels deep at most. */
  #enclosesSoon(from: number, end: number): boolean {
    for (let i = from + 1; i < Math.min(from + 32, this.#intervals.length); i += 1)
      if ((this.#intervals[i] as T).begin < end) return true;
    return false;
  }

  #drop(count: number): void {
    this.#first += count;
    if (this.#first < 1024 || this.#first < this.#intervals.length / 2) return;
    this.#intervals = this.#intervals.slice(this.#first);
    this.#first = 0;
  }
}
