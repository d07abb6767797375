// SPDX-License-Identifier: MIT
// Raw pages stamped with a CPU's uneven counter -> the same pages stamped with ns of the synthetic clock,
// in place, before they are converted. What a record's ns are is what a program would have read from the
// clock page at that moment: the history of the page is asked, record by record. Formats: page-converter.ts.

import type { ClockHistory, CpuTimeline } from '@lockstep/clock';

const PAGE_HEADER_WORDS = 4;
const COMMIT_SIZE_MASK = 0x07ff_ffff;
const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;
const TYPE_TIME_STAMP = 31;
const TWO_TO_27 = 134_217_728;
const TWO_TO_32 = 4_294_967_296;
const MAX_DELTA = TWO_TO_27 - 1;

/** Retimes the pages of one CPU, in their order. */
export class PageRetimer {
  readonly #history: ClockHistory;
  readonly #cpu: number;
  readonly #originCycles: bigint;
  readonly #originNs: number;
  #timeline: CpuTimeline | undefined;

  constructor(history: ClockHistory, cpu: number) {
    this.#history = history;
    this.#cpu = cpu;
    this.#originCycles = history.origin.cycles;
    // CLOCK_MONOTONIC stays under 2^53 for 104 days; one ns of rounding after that, the same for every record.
    this.#originNs = Number(history.origin.ns);
  }

  /** Changes the page at byte `offset` (a multiple of 4) of `words`. Ends on any bytes. */
  retime(words: Int32Array, offset: number, pageSizeBytes: number): void {
    this.#timeline ??= this.#history.timeline(this.#cpu);
    const timeline = this.#timeline;
    const page = offset >> 2;
    const dataWords = ((words[page + 2] as number) & COMMIT_SIZE_MASK) >> 2;
    if (timeline === undefined || dataWords > (pageSizeBytes >> 2) - PAGE_HEADER_WORDS) return;

    const begin = join(words[page] as number, words[page + 1] as number);
    // Cycles from the origin, and ns from it that were written so far.
    let position = Number(BigInt.asIntN(64, begin - this.#originCycles));
    let written = timeline.read(position);
    this.#store(words, page, page + 1, written);

    const end = page + PAGE_HEADER_WORDS + dataWords;
    let at = page + PAGE_HEADER_WORDS;
    while (at < end) {
      const word = words[at] as number;
      const type = word & 31;
      const delta = word >>> 5;
      // Types of two words or more: what is cut off at the page's end is not touched.
      if (type >= TYPE_PADDING && at + 1 >= end) return;
      const more = at + 1 < end ? (words[at + 1] as number) >>> 0 : 0;
      if (type === TYPE_TIME_EXTEND) {
        position += more * TWO_TO_27 + delta;
        const step = Math.max(0, timeline.read(position) - written);
        words[at] = TYPE_TIME_EXTEND | ((step % TWO_TO_27) << 5);
        words[at + 1] = Math.floor(step / TWO_TO_27) | 0;
        written += step;
        at += 2;
        continue;
      }
      if (type === TYPE_TIME_STAMP) {
        position = this.#stampPosition(more, delta, position);
        written = Math.max(written, timeline.read(position));
        const ns = written + this.#originNs;
        words[at] = TYPE_TIME_STAMP | ((ns % TWO_TO_27) << 5);
        words[at + 1] = Math.floor(ns / TWO_TO_27) | 0;
        at += 2;
        continue;
      }
      if (type === TYPE_PADDING) {
        if (delta === 0) return;
        position += delta;
        at += 1 + Math.max(1, (more + 3) >>> 2);
        continue;
      }
      position += delta;
      // A jump of the clock may not fit: what is left over is in the next record's step.
      const step = Math.min(MAX_DELTA, Math.max(0, timeline.read(position) - written));
      words[at] = type | (step << 5);
      written += step;
      if (type !== 0) at += 1 + type;
      else if (more < 8) return;
      else at += 2 + ((more - 1) >>> 2);
    }
  }

  /** 59 bits of an absolute reading; the top five are those of the time so far. */
  #stampPosition(more: number, delta: number, position: number): number {
    const known = BigInt.asUintN(64, this.#originCycles + BigInt(position));
    const stamp = (known & (31n << 59n)) | (BigInt(more) << 27n) | BigInt(delta);
    return Number(BigInt.asIntN(64, stamp - this.#originCycles));
  }

  #store(words: Int32Array, low: number, high: number, relativeNs: number): void {
    const ns = relativeNs + this.#originNs;
    words[low] = (ns % TWO_TO_32) | 0;
    words[high] = Math.floor(ns / TWO_TO_32) | 0;
  }
}

function join(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
