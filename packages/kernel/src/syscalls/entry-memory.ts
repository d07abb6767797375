// SPDX-License-Identifier: MIT
// Which entry each exit belongs to. The entries and exits that were converted last, of all threads, lie in
// one ring of nodes; the nodes of a thread are a list in the order of their times, whatever the order in which
// the pages of the CPUs were converted. An exit belongs to the node before it when that is an entry of the same
// number. A node that comes late goes into the middle of its list, and what that changes for the exit behind
// it is written again (exit-patches.ts).
//
//   words of a node: 0 record of its thread (-1: the node is in no list), 1 number, 2-3 time, 4 the node before,
//     5 the node behind (-1: none), 6 0 for an entry, else what of an exit can be written again (MENDABLE…),
//     7 byte of an exit's payload in its packet, 8-19 an entry's arguments; of an exit 8 is its packet
//   words of a thread's record: 0 the last node (-1: none), 1 the node that came late last (-1), 2-21 a copy of
//     the last node when the ring has taken that back: a call may take longer than others fill the ring.
//     Word 2 is -1 without one. Nothing in the list is older than the copy.

const NODE_WORDS = 20;
const PLACE = 0;
const NUMBER = 1;
const TIME_LOW = 2;
const TIME_HIGH = 3;
const BEFORE = 4;
const BEHIND = 5;
const KIND = 6;
const BYTE = 7;
const ARGUMENTS = 8;
const PACKET = 8;
export const ARGUMENT_WORDS = 12;

const LAST = 0;
const LATE = 1;
const COPY = 2;
const THREAD_WORDS = COPY + NODE_WORDS;

const ENTRY = 0;
/** Kind of an exit whose fields are not of one size: it stays as it was written. */
export const NOT_MENDABLE = 1;
/** Kind of an exit with the first conversion that its mender knows, and so on. */
export const FIRST_MENDABLE = 2;

/** What all CPUs convert in some 50 ms, of calls whose exits need their entries. */
export const HISTORY_CAPACITY = 8_192;
const RING_WORDS = HISTORY_CAPACITY * NODE_WORDS;
/** Threads of a recording; beyond, memory begins anew, and a few exits find no entry. */
const MAX_THREAD_COUNT = 65_536;
/** In the kernel's records. */
const SOURCE_ARGUMENTS_WORD = 4;

/** Writes exits again. */
export interface ExitMender {
  /** Number of the packet that is being filled. */
  readonly packet: number;
  /** Writes the arguments, twelve words at `at`, to the exit of that kind; its payload begins at a byte of a packet. */
  mend(kind: number, packet: number, byte: number, args: Int32Array, at: number): void;
}

export class EntryMemory {
  /** Nodes, and behind them twelve words for arguments that lie elsewhere. */
  readonly words = new Int32Array(RING_WORDS + ARGUMENT_WORDS);
  /** The same as `words`. */
  readonly bytes = new Uint8Array(this.words.buffer);
  readonly #mender: ExitMender | undefined;
  readonly #places = new Map<number, number>();
  #threads = new Int32Array(THREAD_WORDS * 64);
  #next = 0;
  #lastTid = -1;
  #lastPlace = 0;

  /** Without a mender, exits that are converted before their entries lack them. */
  constructor(mender?: ExitMender) {
    this.#mender = mender;
    this.words.fill(-1);
  }

  /** The record at word `s` is an entry with so many words of arguments. */
  remember(source: Int32Array, s: number, wordCount: number, number: number, low: number, high: number): void {
    const tid = source[s + 1] as number;
    const place = tid === this.#lastTid ? this.#lastPlace : this.#placeOf(tid);
    const node = this.#allocate();
    const { words } = this;
    words[node + PLACE] = place;
    words[node + NUMBER] = number;
    words[node + TIME_LOW] = low;
    words[node + TIME_HIGH] = high;
    words[node + KIND] = ENTRY;
    // Those of other calls that remain behind them are never asked for.
    const count = wordCount < ARGUMENT_WORDS ? wordCount : ARGUMENT_WORDS;
    for (let index = 0; index < count; index++)
      words[node + ARGUMENTS + index] = source[s + SOURCE_ARGUMENTS_WORD + index] as number;
    this.#link(place, node, low, high);
  }

  /**
   * Word of the arguments of the call that thread `tid` leaves; negative: its entry is not known, or not yet.
   * The exit's payload begins at `byte` of its packet. What it points to is there until the next call.
   */
  recall(tid: number, number: number, low: number, high: number, kind: number, byte: number): number {
    const place = tid === this.#lastTid ? this.#lastPlace : this.#placeOf(tid);
    const node = this.#allocate();
    const { words } = this;
    words[node + PLACE] = place;
    words[node + NUMBER] = number;
    words[node + TIME_LOW] = low;
    words[node + TIME_HIGH] = high;
    words[node + KIND] = kind;
    words[node + BYTE] = byte;
    words[node + PACKET] = this.#mender === undefined ? 0 : this.#mender.packet;
    if (!this.#link(place, node, low, high)) return -1;
    const before = words[node + BEFORE] as number;
    if (before < 0) return this.#recallCopy(place, number, low, high);
    return words[before + KIND] === ENTRY && words[before + NUMBER] === number ? before + ARGUMENTS : -1;
  }

  /** The ring's next node, taken out of its list. */
  #allocate(): number {
    const node = this.#next;
    const { words } = this;
    this.#next = node + NODE_WORDS === RING_WORDS ? 0 : node + NODE_WORDS;
    const place = words[node + PLACE] as number;
    if (place < 0) return node;
    const before = words[node + BEFORE] as number;
    const behind = words[node + BEHIND] as number;
    if (before >= 0) words[before + BEHIND] = behind;
    if (behind < 0) this.#keepLast(place, node);
    else {
      words[behind + BEFORE] = before;
      if (this.#threads[place + LATE] === node) this.#threads[place + LATE] = -1;
    }
    return node;
  }

  /** The thread has done nothing since. What came late, before it, is forgotten: the list begins behind the copy. */
  #keepLast(place: number, node: number): void {
    const { words } = this;
    const threads = this.#threads;
    for (let index = 0; index < NODE_WORDS; index++) threads[place + COPY + index] = words[node + index] as number;
    for (let at = words[node + BEFORE] as number; at >= 0; at = words[at + BEFORE] as number) words[at + PLACE] = -1;
    threads[place + LAST] = -1;
    threads[place + LATE] = -1;
  }

  /** Puts the node into its thread's list, nearly always at the end. False when it is older than all that is known. */
  #link(place: number, node: number, low: number, high: number): boolean {
    const { words } = this;
    const last = this.#threads[place + LAST] as number;
    const isLate =
      last >= 0
        ? isAfter(words[last + TIME_LOW] as number, words[last + TIME_HIGH] as number, low, high)
        : this.#isBeforeCopy(place, low, high);
    if (isLate) return this.#linkLate(place, node, last, low, high);
    words[node + BEFORE] = last;
    words[node + BEHIND] = -1;
    if (last >= 0) words[last + BEHIND] = node;
    this.#threads[place + LAST] = node;
    return true;
  }

  #isBeforeCopy(place: number, low: number, high: number): boolean {
    const threads = this.#threads;
    const copy = place + COPY;
    if ((threads[copy + PLACE] as number) < 0) return false;
    return isAfter(threads[copy + TIME_LOW] as number, threads[copy + TIME_HIGH] as number, low, high);
  }

  /** From the node that came late last, since the next one nearly always follows it. */
  #linkLate(place: number, node: number, last: number, low: number, high: number): boolean {
    const { words } = this;
    const threads = this.#threads;
    const late = threads[place + LATE] as number;
    let before = late >= 0 ? late : last;
    let behind = before < 0 ? -1 : (words[before + BEHIND] as number);
    while (before >= 0 && isAfter(words[before + TIME_LOW] as number, words[before + TIME_HIGH] as number, low, high)) {
      behind = before;
      before = words[before + BEFORE] as number;
    }
    while (
      behind >= 0 &&
      !isAfter(words[behind + TIME_LOW] as number, words[behind + TIME_HIGH] as number, low, high)
    ) {
      before = behind;
      behind = words[behind + BEHIND] as number;
    }
    if (before < 0 && this.#isBeforeCopy(place, low, high)) {
      words[node + PLACE] = -1;
      return false;
    }
    words[node + BEFORE] = before;
    words[node + BEHIND] = behind;
    if (before >= 0) words[before + BEHIND] = node;
    words[behind + BEFORE] = node;
    threads[place + LATE] = node;
    if (words[behind + KIND] !== ENTRY) this.#mend(place, node, before, behind);
    return true;
  }

  /** The exit `behind` followed `before` until now, and follows `node`. */
  #mend(place: number, node: number, before: number, behind: number): void {
    const { words } = this;
    const number = words[behind + NUMBER] as number;
    const isOwn = words[node + KIND] === ENTRY && words[node + NUMBER] === number;
    const wasOwn =
      before < 0 ? this.#isCopyOf(place, number) : words[before + KIND] === ENTRY && words[before + NUMBER] === number;
    if (!isOwn && !wasOwn) return;
    if (!isOwn) words.fill(0, RING_WORDS);
    const kind = words[behind + KIND] as number;
    const packet = words[behind + PACKET] as number;
    const byte = words[behind + BYTE] as number;
    this.#mender?.mend(kind, packet, byte, words, isOwn ? node + ARGUMENTS : RING_WORDS);
  }

  #isCopyOf(place: number, number: number): boolean {
    const threads = this.#threads;
    const copy = place + COPY;
    return (
      (threads[copy + PLACE] as number) >= 0 && threads[copy + KIND] === ENTRY && threads[copy + NUMBER] === number
    );
  }

  /** The list begins with this exit, so the copy is what stands before it. */
  #recallCopy(place: number, number: number, low: number, high: number): number {
    if (!this.#isCopyOf(place, number) || this.#isBeforeCopy(place, low, high)) return -1;
    const from = place + COPY + ARGUMENTS;
    this.words.set(this.#threads.subarray(from, from + ARGUMENT_WORDS), RING_WORDS);
    return RING_WORDS;
  }

  #placeOf(tid: number): number {
    let place = this.#places.get(tid);
    if (place === undefined) {
      if (this.#places.size >= MAX_THREAD_COUNT) {
        this.#places.clear();
        this.words.fill(-1);
      }
      place = this.#places.size * THREAD_WORDS;
      this.#places.set(tid, place);
      if (place + THREAD_WORDS > this.#threads.length) this.#grow();
      this.#threads.fill(-1, place, place + THREAD_WORDS);
    }
    this.#lastTid = tid;
    this.#lastPlace = place;
    return place;
  }

  #grow(): void {
    const threads = new Int32Array(this.#threads.length * 2);
    threads.set(this.#threads);
    this.#threads = threads;
  }
}

/** Of two times in halves, unsigned. */
function isAfter(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return high === otherHigh ? low >>> 0 > otherLow >>> 0 : high >>> 0 > otherHigh >>> 0;
}
