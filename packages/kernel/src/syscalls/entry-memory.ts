// SPDX-License-Identifier: MIT
// What each thread's running system call was given, from its entry until its exit. One small record of
// words a thread, found at once for the thread that was met last, which is nearly always the same.
//
//   words of a record: 0 number, 1-2 time of the entry, 3 whether it is still running, 4-15 arguments

const WORDS = 16;
const NUMBER = 0;
const TIME_LOW = 1;
const TIME_HIGH = 2;
const IS_RUNNING = 3;
const ARGUMENTS = 4;
const ARGUMENT_WORDS = 12;
/** Threads of a recording; beyond, memory begins anew, and a few exits find no entry. */
const MAX_THREAD_COUNT = 65_536;
/** In the kernel's records. */
const SOURCE_ARGUMENTS_WORD = 4;

export class EntryMemory {
  #words = new Int32Array(WORDS * 64);
  #bytes = new Uint8Array(this.#words.buffer);
  readonly #places = new Map<number, number>();
  #lastTid = -1;
  #lastPlace = 0;

  /** Where `recall` points into. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The record at word `s` is an entry. */
  remember(source: Int32Array, s: number, number: number, now: Int32Array): void {
    const tid = source[s + 1] as number;
    const place = tid === this.#lastTid ? this.#lastPlace : this.#placeOf(tid);
    const words = this.#words;
    words[place + NUMBER] = number;
    words[place + TIME_LOW] = now[0] as number;
    words[place + TIME_HIGH] = now[1] as number;
    words[place + IS_RUNNING] = 1;
    // Records of fewer arguments are shorter: what lies behind them is never asked for.
    for (let index = 0; index < ARGUMENT_WORDS; index++)
      words[place + ARGUMENTS + index] = source[s + SOURCE_ARGUMENTS_WORD + index] as number;
  }

  /** Byte of the arguments of the call that thread `tid` leaves; negative: its entry is not known. */
  recall(tid: number, number: number, now: Int32Array): number {
    const place = tid === this.#lastTid ? this.#lastPlace : this.#placeOf(tid);
    const words = this.#words;
    if (words[place + IS_RUNNING] === 0 || words[place + NUMBER] !== number) return -1;
    const high = words[place + TIME_HIGH] as number;
    const isBefore =
      high >>> 0 < (now[1] as number) >>> 0 ||
      (high === now[1] && (words[place + TIME_LOW] as number) >>> 0 <= (now[0] as number) >>> 0);
    if (!isBefore) return -1;
    words[place + IS_RUNNING] = 0;
    return (place + ARGUMENTS) * 4;
  }

  #placeOf(tid: number): number {
    let place = this.#places.get(tid);
    if (place === undefined) {
      if (this.#places.size >= MAX_THREAD_COUNT) {
        this.#places.clear();
        this.#words.fill(0);
      }
      place = this.#places.size * WORDS;
      this.#places.set(tid, place);
      if (place + WORDS > this.#words.length) this.#grow();
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
