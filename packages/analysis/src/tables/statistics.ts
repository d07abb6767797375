// SPDX-License-Identifier: MIT
// Count, extremes, mean and deviation of values as they come, in constant memory; lists of the greatest;
// histograms. Deviation is that of a sample (n - 1), as lttng-analyses gives it.

import { column, makeTable, type Cell, type Column, type Table } from './table.ts';

export class Statistics {
  count = 0;
  total = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.count += 1;
    this.total += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    // Welford: exact enough where sums of squares are not.
    const distance = value - this.#mean;
    this.#mean += distance / this.count;
    this.#squares += distance * (value - this.#mean);
  }

  get mean(): number | undefined {
    return this.count === 0 ? undefined : this.total / this.count;
  }
  get deviation(): number | undefined {
    return this.count < 2 ? undefined : Math.sqrt(this.#squares / (this.count - 1));
  }

  /** For STATISTICS_COLUMNS. */
  cells(): readonly Cell[] {
    const hasAny = this.count > 0;
    return [this.count, hasAny ? this.min : undefined, this.mean, hasAny ? this.max : undefined, this.deviation];
  }
}

export const STATISTICS_COLUMNS: readonly Column[] = [
  column('count', 'count', 'count'),
  column('min', 'min', 'duration'),
  column('mean', 'mean', 'duration'),
  column('max', 'max', 'duration'),
  column('deviation', 'stdev', 'duration'),
];

/** The greatest of what comes, in bounded memory. */
export class TopList<T> {
  readonly #limit: number;
  readonly #items: { readonly value: number; readonly item: T }[] = [];
  #floor = Number.NEGATIVE_INFINITY;
  count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `make` is called only for what gets into the list. */
  add(value: number, make: () => T): void {
    this.count += 1;
    if (value <= this.#floor) return;
    this.#items.push({ value, item: make() });
    // Cut when twice as long: a sort for each new item would be quadratic.
    if (this.#items.length >= 2 * this.#limit) this.#cut();
  }

  /** Greatest first. */
  items(): readonly T[] {
    this.#cut();
    return this.#items.map(({ item }) => item);
  }

  #cut(): void {
    this.#items.sort((one, other) => other.value - one.value);
    if (this.#items.length > this.#limit) this.#items.length = this.#limit;
    if (this.#items.length === this.#limit) this.#floor = this.#items[this.#limit - 1]?.value ?? this.#floor;
  }
}

/** Values are kept as they are up to here; more of them are kept in buckets of 1/64 of an octave. */
const MAX_EXACT_COUNT = 1 << 14;
const BUCKETS_PER_OCTAVE = 64;
/** ns: from 1 to some 30 years. */
const OCTAVE_COUNT = 60;

export class Histogram {
  readonly statistics = new Statistics();
  readonly #isKept: boolean;
  #exact: number[] | undefined = [];
  #buckets: Float64Array | undefined;

  /** Without `isKept` only the statistics are: nobody will ask for the histogram. */
  constructor(isKept = true) {
    this.#isKept = isKept;
  }

  add(value: number): void {
    this.statistics.add(value);
    if (!this.#isKept) return;
    if (this.#exact !== undefined && this.#exact.length < MAX_EXACT_COUNT) {
      this.#exact.push(value);
      return;
    }
    if (this.#buckets === undefined) {
      this.#buckets = new Float64Array(BUCKETS_PER_OCTAVE * OCTAVE_COUNT);
      for (const earlier of this.#exact ?? []) this.#drop(this.#buckets, earlier);
      this.#exact = undefined;
    }
    this.#drop(this.#buckets, value);
  }

  /** The value that `share` of all are not above; undefined without any. */
  quantile(share: number): number | undefined {
    const values = this.#values();
    if (values.length === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(share * this.statistics.count));
    let seen = 0;
    for (const [value, count] of values) {
      seen += count;
      if (seen >= wanted) return value;
    }
    return this.statistics.max;
  }

  /** Rows of equal width between the least and the greatest value, or between `min` and `max`. */
  table(key: string, title: string, options: HistogramOptions): Table {
    const { statistics } = this;
    const min = options.min ?? (statistics.count === 0 ? 0 : statistics.min);
    const max = Math.max(options.max ?? (statistics.count === 0 ? 0 : statistics.max), min);
    const width = (max - min) / options.resolution;
    const counts = new Float64Array(options.resolution);
    for (const [value, count] of this.#values()) {
      if (value < min || value > max) continue;
      const at = width === 0 ? 0 : Math.min(options.resolution - 1, Math.floor((value - min) / width));
      counts[at] = (counts[at] ?? 0) + count;
    }
    const rows = Array.from(counts, (count, index) => [min + index * width, min + (index + 1) * width, count]);
    const columns = [
      column('from', 'from', options.kind ?? 'duration'),
      column('to', 'to', options.kind ?? 'duration'),
      column('count', 'count', 'count'),
    ];
    const used = width === 0 ? rows.slice(0, statistics.count === 0 ? 0 : 1) : rows;
    return makeTable(key, title, columns, used, { isHistogram: true });
  }

  #drop(buckets: Float64Array, value: number): void {
    const place = value < 1 ? 0 : Math.floor(Math.log2(value) * BUCKETS_PER_OCTAVE);
    const at = Math.min(buckets.length - 1, place);
    buckets[at] = (buckets[at] ?? 0) + 1;
  }

  /** Ascending values and how often each was. */
  #values(): readonly (readonly [value: number, count: number])[] {
    if (this.#exact !== undefined) return this.#exact.toSorted((a, b) => a - b).map((value) => [value, 1] as const);
    return Array.from(this.#buckets ?? [], (count, at) => [2 ** ((at + 0.5) / BUCKETS_PER_OCTAVE), count] as const)
      .filter(([, count]) => count > 0)
      .map(([value, count]) => [Math.min(Math.max(value, this.statistics.min), this.statistics.max), count] as const);
  }
}

export interface HistogramOptions {
  /** Number of buckets. */
  readonly resolution: number;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly kind?: 'duration' | 'bytes';
}
