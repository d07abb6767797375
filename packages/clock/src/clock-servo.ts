// SPDX-License-Identifier: MIT
// Keeps one CPU's clock true: pairs (counter, slow clock) -> segments of the clock page. The slow clock
// is right but dear; the counter is cheap, but its rate changes without a word.
//
//   slow clock  -------------------------------------------------
//                      .·'            error: what the rate changed
//   this clock  ----.·'--+            by, times the time until
//                        |  behind: jumps forward      the next pair
//                        v  ahead: goes slower until it is right again
//
// It never goes back: a segment starts at or after where the one before it ends. How wrong it can be:
// the error of a pair plus the time between two pairs times the change of rate (docs/clock-page.md).

import { applySegment, type ClockSegment } from './clock-page.ts';

/** Both clocks at one moment, from the page's origin. */
export interface SyncPair {
  /** Cycles; an integer, already expanded. */
  readonly position: number;
  /** ns of the slow clock. */
  readonly ns: number;
}

/** Behind by more than this it jumps: less is made good by running a little faster, which keeps durations even. */
const MAX_SLEWED_BEHIND_NS = 1000;
/** Ahead by so much that it would have to stand still, it goes at a quarter of the counter's rate. */
const MIN_RATE_SHARE = 0.25;
/** A rate further from the last one than this is not one: the counter stood still. */
const MAX_RATE_CHANGE = 64;

export interface ServoStep {
  readonly before: ClockSegment;
  readonly after: ClockSegment;
  /** What was found at the pair: above 0, the clock was ahead. ns. */
  readonly errorNs: number;
}

export class ClockServo {
  #before: ClockSegment;
  #after: ClockSegment;
  #last: SyncPair;
  /** ns a cycle, of the last stretch between two pairs. */
  #lastRate: number;

  /** Two pairs make the first rate. */
  constructor(first: SyncPair, second: SyncPair) {
    const nsPerCycle = (second.ns - first.ns) / (second.position - first.position);
    this.#before = { startCycles: first.position, startNs: first.ns, nsPerCycle };
    this.#after = { startCycles: second.position, startNs: second.ns, nsPerCycle };
    this.#last = second;
    this.#lastRate = nsPerCycle;
  }

  get step(): ServoStep {
    return { before: this.#before, after: this.#after, errorNs: 0 };
  }

  /** ns from the origin at a position not before the last segment but one. */
  read(position: number): number {
    return applySegment(position < this.#after.startCycles ? this.#before : this.#after, position);
  }

  /**
   * A new pair: the segments from now on. The later one starts `leadCycles` after the pair, in which the
   * page is to be written. `horizonCycles`: how far away the next pair will be, about. `nominalRate`: ns a
   * cycle from now on, where somebody knows it: a notice of a change of rate.
   */
  next(pair: SyncPair, leadCycles: number, horizonCycles: number, nominalRate?: number): ServoStep {
    const errorNs = this.read(pair.position) - pair.ns;
    // The last change has not begun yet, and what is published of it holds.
    if (pair.position < this.#after.startCycles) return { before: this.#before, after: this.#after, errorNs };
    const rate = nominalRate ?? this.#rateUntil(pair);
    if (nominalRate !== undefined) this.#lastRate = nominalRate;
    const startCycles = pair.position + leadCycles;
    // What this clock will show then, and what it should.
    const shown = this.read(startCycles);
    const wanted = pair.ns + Math.round(leadCycles * rate);
    const ahead = shown - wanted;
    const isJump = ahead < -MAX_SLEWED_BEHIND_NS;
    const slewed = Math.max(rate - (isJump ? 0 : ahead / horizonCycles), rate * MIN_RATE_SHARE);
    this.#before = this.#after;
    this.#after = { startCycles, startNs: isJump ? wanted : shown, nsPerCycle: slewed };
    this.#last = pair;
    return { before: this.#before, after: this.#after, errorNs };
  }

  /**
   * ns a cycle from now on: of the last two stretches the one with fewer. A counter that stood still for
   * a part of a stretch looks slow in it, and believing that would put the clock far ahead; a counter that
   * really became slower is believed one stretch later, and until then jumps make it good.
   */
  #rateUntil(pair: SyncPair): number {
    const cycles = pair.position - this.#last.position;
    const ns = pair.ns - this.#last.ns;
    const earlier = this.#lastRate;
    if (cycles <= 0 || ns <= 0) return earlier;
    const rate = ns / cycles;
    if (rate > earlier * MAX_RATE_CHANGE || rate < earlier / MAX_RATE_CHANGE) return earlier;
    this.#lastRate = rate;
    return Math.min(rate, earlier);
  }
}
