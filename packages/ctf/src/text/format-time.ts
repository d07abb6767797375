// SPDX-License-Identifier: MIT
// Times as babeltrace2 prints them. Records of one second share the text up to the point, so that a
// line costs one subtraction of bigints and no calendar.

import type { Nanoseconds } from '@lockstep/base';

const SECOND_NS = 1_000_000_000n;
const SECOND = 1_000_000_000;

export interface TimeFormatOptions {
  /** Seconds since the clock's origin instead of a time of day. */
  readonly clockSeconds?: boolean;
  /** Date before the time of day. */
  readonly clockDate?: boolean;
  /** UTC instead of the local time zone. */
  readonly clockGmt?: boolean;
}

export class TimeFormatter {
  readonly #options: TimeFormatOptions;
  readonly #warn: (text: string) => void;
  #hasWarned = false;
  #secondNs = 0n;
  #secondText = '';
  #hasSecond = false;
  #rest = -1;

  constructor(options: TimeFormatOptions, warn: (text: string) => void) {
    this.#options = options;
    this.#warn = warn;
  }

  /**
   * ns from the time formatted before, when both lie in one second and this is not earlier; else -1.
   * It spares most records the subtraction of bigints.
   */
  delta = -1;

  format(time: Nanoseconds): string {
    const before = this.#rest;
    this.delta = -1;
    this.#rest = -1;
    if (this.#hasSecond) {
      const rest = Number(time - this.#secondNs);
      if (rest >= 0 && rest < SECOND) {
        if (before >= 0 && rest >= before) this.delta = rest - before;
        this.#rest = rest;
        return this.#secondText + nineDigits(rest);
      }
    }
    if (time < 0n) return this.#formatNegative(time);
    const seconds = time / SECOND_NS;
    this.#secondNs = seconds * SECOND_NS;
    this.#secondText = this.#options.clockSeconds === true ? `${seconds}.` : this.#timeOfDay(seconds);
    this.#hasSecond = true;
    this.#rest = Number(time - this.#secondNs);
    return this.#secondText + nineDigits(this.#rest);
  }

  /** babeltrace2 falls back to seconds for the first negative time only, and drops the sign of the others. */
  #formatNegative(time: Nanoseconds): string {
    const before: bigint = time;
    const seconds = -before / SECOND_NS;
    const rest = nineDigits(Number(-before % SECOND_NS));
    if (this.#options.clockSeconds === true) return `-${seconds}.${rest}`;
    if (this.#hasWarned) return this.#timeOfDay(seconds) + rest;
    this.#hasWarned = true;
    this.#warn('[warning] Fallback to [sec.ns] to print negative time value. Use --clock-seconds.\n');
    return `-${seconds}.${rest}`;
  }

  #timeOfDay(seconds: bigint): string {
    const date = new Date(Number(seconds) * 1000);
    const isGmt = this.#options.clockGmt === true;
    const [hours, minutes, second] = isGmt
      ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      : [date.getHours(), date.getMinutes(), date.getSeconds()];
    const day =
      this.#options.clockDate !== true
        ? ''
        : isGmt
          ? `${date.getUTCFullYear()}-${twoDigits(date.getUTCMonth() + 1)}-${twoDigits(date.getUTCDate())} `
          : `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} `;
    return `${day}${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(second)}.`;
  }
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** Texts of 0 to 999 with three digits: three look-ups are cheaper than one conversion. */
let threeDigits: readonly string[] | undefined;

export function nineDigits(value: number): string {
  const [thousands, units] = [Math.trunc(value / 1000), value % 1000];
  // Made on first use: most programs that load this print nothing.
  const texts = (threeDigits ??= Array.from({ length: 1000 }, (_, part) => String(part).padStart(3, '0')));
  return texts[Math.trunc(thousands / 1000)]! + texts[thousands % 1000]! + texts[units]!;
}

/** Difference of two times as babeltrace2 prints it: an unsigned 64-bit number of ns. */
export function formatDelta(deltaNs: bigint): string {
  if (deltaNs >= 0n && deltaNs < SECOND_NS) return `+0.${nineDigits(Number(deltaNs))}`;
  const wrapped = BigInt.asUintN(64, deltaNs);
  return `+${wrapped / SECOND_NS}.${nineDigits(Number(wrapped % SECOND_NS))}`;
}
