// SPDX-License-Identifier: MIT
// What a page fault costs around the time that two events tell. The kernel's records lie within it:
//
//   user | exception, record | page found and mapped | record, return | user
//                            ^ page_fault_user        ^ rss_stat
//        '------ around -----'                        '----- around ---'
//
// From one rss_stat to the next fault both `around`s pass, and whatever the program did. Programs that touch
// memory page by page do next to nothing between some of their faults: what all but the quickest tenth of
// these gaps exceed is what a fault costs there. Where no program did so, a fault's own time bounds it.

const BUCKET_NS = 64;
const BUCKET_COUNT = 64;
const QUICKEST_SHARE = 0.1;
/** Gaps after which the answer is reckoned anew. */
const PERIOD = 256;

export class FaultCosts {
  readonly #gaps = new Uint32Array(BUCKET_COUNT);
  #gapCount = 0;
  #servedNs = 0;
  #servedCount = 0;
  #aroundNs = 0;

  /** A page was mapped `ns` after its fault began. */
  addServed(ns: number): void {
    this.#servedNs += ns;
    this.#servedCount += 1;
  }

  /** The next fault of the thread began `ns` later, and it ran meanwhile. Returns how much of that was the faults'. */
  shareOfGap(ns: number): number {
    const bucket = Math.floor(ns / BUCKET_NS);
    if (bucket < BUCKET_COUNT) {
      this.#gaps[bucket] = (this.#gaps[bucket] as number) + 1;
      this.#gapCount += 1;
      if (this.#gapCount % PERIOD === 0) this.#reckon();
    }
    return Math.min(ns, this.#aroundNs);
  }

  #reckon(): void {
    let left = this.#gapCount * QUICKEST_SHARE;
    let bucket = 0;
    while (bucket < BUCKET_COUNT - 1 && left > (this.#gaps[bucket] as number)) {
      left -= this.#gaps[bucket] as number;
      bucket += 1;
    }
    this.#aroundNs = Math.min(bucket * BUCKET_NS, this.#servedNs / Math.max(1, this.#servedCount));
  }
}
