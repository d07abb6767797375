// SPDX-License-Identifier: MIT
// Readings of a clock as two numbers, seconds and nanoseconds, by the arithmetic of clock-time.ts: no bigint is made
// for a record. A decode state's clock in, the pair out.

import type { ClockClass } from '../model/trace-class.ts';
import { cyclesToTime, type CyclesToTime } from './clock-time.ts';
import type { DecodeState } from './decode-state.ts';

const SECOND = 1_000_000_000;
const SECOND_NS = 1_000_000_000n;
/** Nanoseconds that are summed as doubles: far enough below 2^53 to stay exact. */
const MOST_EXACT_NS = 2 ** 52;

export function floorDivide(ns: bigint): bigint {
  const quotient = ns / SECOND_NS;
  return ns < 0n && quotient * SECOND_NS !== ns ? quotient - 1n : quotient;
}

export class ClockReader {
  seconds = 0;
  nanoseconds = 0;
  readonly toTime: CyclesToTime;
  readonly #isGigahertz: boolean;
  readonly #frequency: number;
  readonly #baseSeconds: number;
  readonly #baseNanoseconds: number;
  /** At 1 GHz: a reading of which the time is known. */
  #anchorHigh = 0;
  #anchorLow = 0;
  #anchorSeconds = 0;
  #anchorNanoseconds = 0;
  #hasAnchor = false;

  constructor(clock: ClockClass) {
    this.toTime = cyclesToTime(clock);
    this.#isGigahertz = clock.frequency === SECOND_NS;
    this.#frequency = Number(clock.frequency);
    const base = this.toTime(0n);
    this.#baseSeconds = Number(floorDivide(base));
    this.#baseNanoseconds = Number(base - floorDivide(base) * SECOND_NS);
  }

  read(state: DecodeState): void {
    const words = state.clockWords;
    const [low, high] = [words[0] ?? 0, words[1] ?? 0];
    if (this.#isGigahertz) {
      const after = (high - this.#anchorHigh) * 4294967296 + (low - this.#anchorLow);
      if (!this.#hasAnchor || after < 0 || after >= SECOND) {
        this.#setAnchor(state.clock[0] ?? 0n);
        return;
      }
      const nanoseconds = this.#anchorNanoseconds + after;
      if (nanoseconds < SECOND) {
        this.seconds = this.#anchorSeconds;
        this.nanoseconds = nanoseconds | 0;
      } else {
        // The anchor moves with time, so that most readings are of its second.
        this.#setAnchor(state.clock[0] ?? 0n);
      }
      return;
    }
    const ns = Math.trunc((1e9 * (high * 4294967296 + low)) / this.#frequency);
    if (ns < MOST_EXACT_NS) this.#set(this.#baseSeconds, this.#baseNanoseconds + ns);
    else this.#setExactly(state.clock[0] ?? 0n);
  }

  #set(seconds: number, nanoseconds: number): void {
    const more = Math.floor(nanoseconds / SECOND);
    this.seconds = seconds + more;
    this.nanoseconds = (nanoseconds - more * SECOND) | 0;
  }

  #setExactly(cycles: bigint): void {
    const time = this.toTime(cycles);
    const seconds = floorDivide(time);
    this.seconds = Number(seconds);
    this.nanoseconds = Number(time - seconds * SECOND_NS);
  }

  /** The anchor is the begin of the reading's second, or the clock's first cycle. */
  #setAnchor(cycles: bigint): void {
    this.#setExactly(cycles);
    const anchor = BigInt(this.nanoseconds) > cycles ? 0n : cycles - BigInt(this.nanoseconds);
    this.#anchorHigh = Number(anchor >> 32n);
    this.#anchorLow = Number(anchor & 0xffffffffn);
    this.#anchorNanoseconds = this.nanoseconds - Number(cycles - anchor);
    this.#anchorSeconds = this.seconds;
    this.#hasAnchor = true;
  }
}
