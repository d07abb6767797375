// SPDX-License-Identifier: MIT
// The time at the begin of a line, and the difference to the line before, into bytes. Lines of one
// second share the bytes up to the point; what is rare goes through the bigint formatter.

import type { Nanoseconds } from '@lockstep/base';
import type { Colors } from './colors.ts';
import { formatDelta, TimeFormatter } from './format-time.ts';
import { putNineDigits } from './put-number.ts';
import { textConstant, type TextBuffer, type TextConstant } from './text-buffer.ts';
import type { TextOptions } from './text-printer.ts';

const SECOND_NS = 1_000_000_000n;
/** Bytes that a time takes at most, colours and names included. */
const TIME_ROOM = 256;

export class TimeText {
  /** Text between the time and what follows it in a line. */
  readonly after: string;
  readonly #options: TextOptions;
  readonly #formatter: TimeFormatter;
  readonly #before: string;
  readonly #between: TextConstant;
  readonly #betweenAndZero: TextConstant;
  readonly #unknownDelta: TextConstant;
  #second = -1;
  #secondText: TextConstant = textConstant('');
  #hasLast = false;
  #lastSeconds = 0;
  #lastNanoseconds = 0;
  #lastCycles: bigint | undefined;

  constructor(options: TextOptions, colors: Colors, warn: (text: string) => void) {
    this.#options = options;
    this.#formatter = new TimeFormatter(options, warn);
    const hasNames = options.names?.includes('header') === true;
    const hasDelta = options.noDelta !== true;
    this.#before = `${hasNames ? `${colors.name}timestamp${colors.reset} = ` : '['}${colors.timestamp}`;
    const deltaName = `, ${colors.name}delta${colors.reset} = `;
    const between = colors.reset + (hasNames ? (hasDelta ? deltaName : '') : hasDelta ? '] (' : '] ');
    this.#between = textConstant(between);
    this.#betweenAndZero = textConstant(`${between}+0.`);
    this.#unknownDelta = textConstant(options.clockCycles === true ? '+????????????' : '+?.?????????');
    this.after = hasNames || !hasDelta ? '' : ') ';
  }

  /** Writes the time at the buffer's position. */
  put(buffer: TextBuffer, seconds: number, nanoseconds: number, clock: { readonly cycles: bigint }): void {
    buffer.reserve(buffer.position, TIME_ROOM);
    if (this.#options.clockCycles === true) {
      this.#putCycles(buffer, clock.cycles);
      return;
    }
    let o = buffer.position;
    // Times before the epoch have a form of their own; -1 is also what no second is kept as.
    if (seconds === this.#second && seconds >= 0) {
      o = buffer.putConstant(o, this.#secondText);
      o = putNineDigits(buffer.view, o, nanoseconds);
    } else {
      o = this.#putSecond(buffer, o, seconds, nanoseconds);
    }
    if (this.#options.noDelta === true) o = buffer.putConstant(o, this.#between);
    else o = this.#putDelta(buffer, o, seconds, nanoseconds);
    this.#lastSeconds = seconds;
    this.#lastNanoseconds = nanoseconds;
    buffer.position = o;
  }

  #putDelta(buffer: TextBuffer, o: number, seconds: number, nanoseconds: number): number {
    const isSameSecond = seconds === this.#lastSeconds && this.#hasLast;
    const difference = nanoseconds - this.#lastNanoseconds;
    if (isSameSecond && difference >= 0)
      return putNineDigits(buffer.view, buffer.putConstant(o, this.#betweenAndZero), difference);
    const exact = exactNs(seconds, nanoseconds) - exactNs(this.#lastSeconds, this.#lastNanoseconds);
    const at = buffer.putConstant(o, this.#between);
    // babeltrace2 keeps "no difference" as -1, so a difference of -1 ns prints as none.
    if (!this.#hasLast || exact === -1n) {
      this.#hasLast = true;
      return buffer.putConstant(at, this.#unknownDelta);
    }
    return buffer.putConstant(at, textConstant(formatDelta(exact)));
  }

  #putSecond(buffer: TextBuffer, o: number, seconds: number, nanoseconds: number): number {
    const text = this.#before + this.#formatter.format(exactNs(seconds, nanoseconds) as Nanoseconds);
    if (seconds >= 0) {
      this.#second = seconds;
      this.#secondText = textConstant(text.slice(0, -9));
    }
    return buffer.putConstant(o, textConstant(text));
  }

  #putCycles(buffer: TextBuffer, cycles: bigint): void {
    let text = this.#before + String(cycles).padStart(20, '0');
    let o = buffer.putConstant(buffer.position, textConstant(text));
    o = buffer.putConstant(o, this.#between);
    if (this.#options.noDelta !== true) {
      if (this.#lastCycles === undefined) {
        o = buffer.putConstant(o, this.#unknownDelta);
      } else {
        text = `+${String(BigInt.asUintN(64, cycles - this.#lastCycles)).padStart(12, '0')}`;
        o = buffer.putConstant(o, textConstant(text));
      }
    }
    this.#lastCycles = cycles;
    buffer.position = o;
  }
}

function exactNs(seconds: number, nanoseconds: number): bigint {
  return BigInt(seconds) * SECOND_NS + BigInt(nanoseconds);
}
