// SPDX-License-Identifier: MIT
// The last entries and exits that were converted, of all threads: what an exit or an entry that comes late
// (its CPU's pages were converted after those of another) has to do with the others. Searched only then.
//
//   words of an entry: 0 tid, 1 number, 2-3 time, 4-15 arguments      of an exit: 0 tid, 1 number, 2-3 time

const ENTRY_WORDS = 16;
const EXIT_WORDS = 4;
/** What all CPUs convert in some 50 ms, of calls whose exits need their entries. */
export const HISTORY_CAPACITY = 8_192;
const CAPACITY = HISTORY_CAPACITY;
const ARGUMENTS = 4;
const ARGUMENT_WORDS = 12;

/** Knows the place of the exit that is being converted, and writes to it later. */
export interface ExitMender {
  /** The exit that is being converted has this number. */
  place(slot: number): void;
  /** Writes the arguments, twelve words at `at`, to the exit of that number. */
  mend(slot: number, args: Int32Array, at: number): void;
}

export class CallHistory {
  readonly #mender: ExitMender;
  readonly #entries = new Int32Array(CAPACITY * ENTRY_WORDS);
  readonly #exits = new Int32Array(CAPACITY * EXIT_WORDS);
  #nextEntry = 0;
  #nextExit = 0;

  constructor(mender: ExitMender) {
    this.#mender = mender;
  }

  /** A thread's entry, sixteen words at `at`, which the next one replaces in its record. */
  noteEntry(words: Int32Array, at: number): void {
    const to = this.#nextEntry * ENTRY_WORDS;
    for (let index = 0; index < ENTRY_WORDS; index++) this.#entries[to + index] = words[at + index] as number;
    this.#nextEntry = (this.#nextEntry + 1) % CAPACITY;
  }

  noteExit(tid: number, number: number, low: number, high: number): void {
    const at = this.#nextExit * EXIT_WORDS;
    this.#exits[at] = tid;
    this.#exits[at + 1] = number;
    this.#exits[at + 2] = low;
    this.#exits[at + 3] = high;
    this.#mender.place(this.#nextExit);
    this.#nextExit = (this.#nextExit + 1) % CAPACITY;
  }

  /** The thread's next exit may be its own. `record` is the thread's, at word `place`. */
  noteLateEntry(
    tid: number,
    number: number,
    low: number,
    high: number,
    args: Int32Array,
    argsAt: number,
    record: Int32Array,
    place: number,
  ): void {
    const to = this.#nextEntry * ENTRY_WORDS;
    this.#entries[to] = tid;
    this.#entries[to + 1] = number;
    this.#entries[to + 2] = low;
    this.#entries[to + 3] = high;
    for (let index = 0; index < ARGUMENT_WORDS; index++)
      this.#entries[to + ARGUMENTS + index] = args[argsAt + index] as number;
    this.#nextEntry = (this.#nextEntry + 1) % CAPACITY;
    this.#mend(this.#nearestExit(tid, low, high, true), record, place);
  }

  /** Its arguments, to `target`; false: none. The thread's next exit may have had them wrongly. */
  resolveLateExit(
    tid: number,
    low: number,
    high: number,
    record: Int32Array,
    place: number,
    target: Int32Array,
    at: number,
  ): boolean {
    this.#mend(this.#nearestExit(tid, low, high, true), record, place);
    const own = (this.#nextExit + CAPACITY - 1) % CAPACITY;
    return this.#resolve(own, record, place, target, at);
  }

  #mend(slot: number, record: Int32Array, place: number): void {
    if (slot < 0) return;
    const args = new Int32Array(ARGUMENT_WORDS);
    this.#resolve(slot, record, place, args, 0);
    this.#mender.mend(slot, args, 0);
  }

  /** The arguments of the entry that an exit belongs to, zeros when there is none. */
  #resolve(slot: number, record: Int32Array, place: number, target: Int32Array, at: number): boolean {
    const exits = this.#exits;
    const exit = slot * EXIT_WORDS;
    const tid = exits[exit] as number;
    const low = exits[exit + 2] as number;
    const high = exits[exit + 3] as number;
    let words: Int32Array = this.#entries;
    let entry = this.#lastEntryBefore(tid, low, high);
    const recordLow = record[place + 2] as number;
    const recordHigh = record[place + 3] as number;
    const isInRecord =
      record[place] === tid &&
      !isAfter(recordLow, recordHigh, low, high) &&
      (entry < 0 || isAfter(recordLow, recordHigh, words[entry + 2] as number, words[entry + 3] as number));
    if (isInRecord) {
      words = record;
      entry = place;
    }
    const before = this.#nearestExit(tid, low, high, false) * EXIT_WORDS;
    const isOwn =
      entry >= 0 &&
      words[entry + 1] === exits[exit + 1] &&
      (before < 0 ||
        isAfter(
          words[entry + 2] as number,
          words[entry + 3] as number,
          exits[before + 2] as number,
          exits[before + 3] as number,
        ));
    for (let index = 0; index < ARGUMENT_WORDS; index++)
      target[at + index] = isOwn ? (words[entry + ARGUMENTS + index] as number) : 0;
    return isOwn;
  }

  /** Word of it; -1: none. */
  #lastEntryBefore(tid: number, low: number, high: number): number {
    const entries = this.#entries;
    let found = -1;
    for (let at = 0; at < entries.length; at += ENTRY_WORDS) {
      if (entries[at] !== tid || isAfter(entries[at + 2] as number, entries[at + 3] as number, low, high)) continue;
      if (
        found < 0 ||
        isAfter(
          entries[at + 2] as number,
          entries[at + 3] as number,
          entries[found + 2] as number,
          entries[found + 3] as number,
        )
      )
        found = at;
    }
    return found;
  }

  /** The exit of a thread next after a time, or next before it; -1: none. */
  #nearestExit(tid: number, low: number, high: number, isAfterwards: boolean): number {
    const exits = this.#exits;
    let found = -1;
    for (let slot = 0; slot < CAPACITY; slot++) {
      const at = slot * EXIT_WORDS;
      const exitLow = exits[at + 2] as number;
      const exitHigh = exits[at + 3] as number;
      if (exits[at] !== tid) continue;
      if (isAfterwards ? !isAfter(exitLow, exitHigh, low, high) : !isAfter(low, high, exitLow, exitHigh)) continue;
      const best = found * EXIT_WORDS;
      const bestLow = exits[best + 2] as number;
      const bestHigh = exits[best + 3] as number;
      const isNearer =
        found < 0 ||
        (isAfterwards ? isAfter(bestLow, bestHigh, exitLow, exitHigh) : isAfter(exitLow, exitHigh, bestLow, bestHigh));
      if (isNearer) found = slot;
    }
    return found;
  }
}

/** Of two times in halves, unsigned. */
export function isAfter(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return high === otherHigh ? low >>> 0 > otherLow >>> 0 : high >>> 0 > otherHigh >>> 0;
}
