// SPDX-License-Identifier: MIT
// What each thread's running system call was given, from its entry until its exit. One small record of
// words a thread, found at once for the thread that was met last, which is nearly always the same.
//
//   words of a record: 0 tid, 1 number, 2-3 time of the entry, 4-15 arguments, 16-17 time of the last exit
//
// An exit belongs to the last entry of its thread before it, unless another exit lies between. A thread may
// enter on one CPU and leave on another, whose pages may be converted first: CallHistory keeps what was
// converted of late, and what turns out to belong together otherwise is written again.

import { CallHistory, isAfter, type ExitMender } from './call-history.ts';

const WORDS = 18;
const TID = 0;
const NUMBER = 1;
const TIME_LOW = 2;
const TIME_HIGH = 3;
export const ARGUMENTS_WORD = 4;
const ARGUMENT_WORDS = 12;
const EXIT_LOW = 16;
const EXIT_HIGH = 17;
/** Threads of a recording; beyond, memory begins anew, and a few exits find no entry. */
const MAX_THREAD_COUNT = 65_536;
/** In the kernel's records. */
const SOURCE_ARGUMENTS_WORD = 4;

export class EntryMemory {
  readonly #history: CallHistory | undefined;
  #words = new Int32Array(WORDS * 64);
  #bytes = new Uint8Array(this.#words.buffer);
  readonly #places = new Map<number, number>();
  #lastTid = -1;
  #lastPlace = 0;

  /** `mender` writes the fields of an exit again; without one, exits that are converted before their entries lack them. */
  constructor(mender?: ExitMender) {
    this.#history = mender === undefined ? undefined : new CallHistory(mender);
  }

  /** The same as `bytes`. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Where `recall` points into, until the next call of it. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The record at word `s` is an entry with so many words of arguments. */
  remember(source: Int32Array, s: number, wordCount: number, number: number, now: Int32Array): void {
    const tid = source[s + 1] as number;
    const place = tid === this.#lastTid ? this.#lastPlace : this.#placeOf(tid);
    const words = this.#words;
    const low = now[0] as number;
    const high = now[1] as number;
    const isLate =
      isAfter(words[place + EXIT_LOW] as number, words[place + EXIT_HIGH] as number, low, high) ||
      isAfter(words[place + TIME_LOW] as number, words[place + TIME_HIGH] as number, low, high);
    if (isLate && this.#history !== undefined) {
      this.#history.noteLateEntry(tid, number, low, high, source, s + SOURCE_ARGUMENTS_WORD, words, place);
      return;
    }
    if (this.#history !== undefined && words[place + NUMBER] !== -1) this.#history.noteEntry(words, place);
    words[place + TID] = tid;
    words[place + NUMBER] = number;
    words[place + TIME_LOW] = low;
    words[place + TIME_HIGH] = high;
    // Those of other calls that remain behind them are never asked for.
    const count = wordCount < ARGUMENT_WORDS ? wordCount : ARGUMENT_WORDS;
    for (let index = 0; index < count; index++)
      words[place + ARGUMENTS_WORD + index] = source[s + SOURCE_ARGUMENTS_WORD + index] as number;
  }

  /** Byte of the arguments of the call that thread `tid` leaves; negative: its entry is not known, or not yet. */
  recall(tid: number, number: number, now: Int32Array): number {
    const place = tid === this.#lastTid ? this.#lastPlace : this.#placeOf(tid);
    const words = this.#words;
    const low = now[0] as number;
    const high = now[1] as number;
    const exitLow = words[place + EXIT_LOW] as number;
    const exitHigh = words[place + EXIT_HIGH] as number;
    if (this.#history !== undefined) {
      this.#history.noteExit(tid, number, low, high);
      const isLate =
        isAfter(exitLow, exitHigh, low, high) ||
        isAfter(words[place + TIME_LOW] as number, words[place + TIME_HIGH] as number, low, high);
      if (isLate) return this.#recallLate(tid, low, high, place);
    }
    words[place + EXIT_LOW] = low;
    words[place + EXIT_HIGH] = high;
    const isOwn =
      words[place + NUMBER] === number &&
      isAfter(words[place + TIME_LOW] as number, words[place + TIME_HIGH] as number, exitLow, exitHigh);
    return isOwn ? (place + ARGUMENTS_WORD) * 4 : -1;
  }

  /** Place 0 is nobody's: the arguments of an exit that is converted after later ones lie there. */
  #recallLate(tid: number, low: number, high: number, place: number): number {
    const words = this.#words;
    if (isAfter(low, high, words[place + EXIT_LOW] as number, words[place + EXIT_HIGH] as number)) {
      words[place + EXIT_LOW] = low;
      words[place + EXIT_HIGH] = high;
    }
    const isFound = this.#history?.resolveLateExit(tid, low, high, words, place, words, ARGUMENTS_WORD) === true;
    return isFound ? ARGUMENTS_WORD * 4 : -1;
  }

  #placeOf(tid: number): number {
    let place = this.#places.get(tid);
    if (place === undefined) {
      if (this.#places.size >= MAX_THREAD_COUNT) {
        this.#places.clear();
        this.#words.fill(0);
      }
      place = (this.#places.size + 1) * WORDS;
      this.#places.set(tid, place);
      if (place + WORDS > this.#words.length) this.#grow();
      this.#words[place + NUMBER] = -1;
    }
    this.#lastTid = tid;
    this.#lastPlace = place;
    return place;
  }

  #grow(): void {
    const words = new Int32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
  }
}
