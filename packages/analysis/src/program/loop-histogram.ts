// SPDX-License-Identifier: MIT
// Durations of loop iterations in buckets a sixteenth of a doubling wide: quantiles to 4.4 %, in 1 KiB.

const BUCKETS_PER_DOUBLING = 16;
/** 2^40 ns are 18 minutes; longer ones share the last bucket. */
const BUCKET_COUNT = 40 * BUCKETS_PER_DOUBLING;

export class LoopHistogram {
  count = 0;
  totalNs = 0;
  longestNs = 0;
  readonly #buckets = new Uint32Array(BUCKET_COUNT + 1);

  add(durationNs: number): void {
    this.count += 1;
    this.totalNs += durationNs;
    if (durationNs > this.longestNs) this.longestNs = durationNs;
    const bucket = durationNs < 1 ? 0 : Math.floor(Math.log2(durationNs) * BUCKETS_PER_DOUBLING);
    const at = Math.min(bucket, BUCKET_COUNT);
    this.#buckets[at] = (this.#buckets[at] as number) + 1;
  }

  /** Middle of the bucket that holds the quantile, never above the longest. */
  quantileNs(fraction: number): number {
    let left = Math.ceil(this.count * fraction);
    for (let i = 0; i <= BUCKET_COUNT; i += 1) {
      left -= this.#buckets[i] as number;
      if (left <= 0 && this.count > 0) return Math.min(this.longestNs, 2 ** ((i + 0.5) / BUCKETS_PER_DOUBLING));
    }
    return this.longestNs;
  }
}
