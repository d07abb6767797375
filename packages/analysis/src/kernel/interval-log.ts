// SPDX-License-Identifier: MIT
// What one watched thread did, as the kernel saw it: intervals in columns, each from its begin to the
// next one's. Kernel handlers append in time order; the model of stalls copies slices out and lets the
// log forget what lies before the current loop iteration.
//
//   begins  |  100   |  180      |  310    |          ns of the model's time line
//   states  | RUNNING| PREEMPTED | RUNNING |          thread-state.ts
//   refs    |   0    |  771      |   0     |          tid that ran instead | interrupt's label | of a wait: the
//                                                     waker's tid, or minus the label of the interrupt it woke in
//   calls   |   0    |   0       |   12    |          label of the system call; 0 = none

import { lowerBound } from '../growable-columns.ts';
import { INTERRUPTED, RUNNING, UNKNOWN } from './thread-state.ts';

/**
 * Intervals kept for one thread; 21 bytes each. When there are more, what a thread did on a CPU without a break is
 * summed up in stretches of this length; if that leaves too many, the oldest half is lost, said as unknown.
 */
const MAX_INTERVALS = 1 << 20;
const STRETCH_NS = 1e6;

/** CPU time between two polls of one wait: libuv reckons what is left of the timeout, a sampler's signal is handled. */
const MAX_WAIT_GAP_NS = 200_000;

/** A copy of the log between two times; `begins[0]` is the slice's begin. */
export interface IntervalSlice {
  readonly begins: Float64Array;
  readonly states: Uint8Array;
  readonly refs: Int32Array;
  readonly calls: Int32Array;
}

export class IntervalLog {
  #begins = new Float64Array(256);
  #states = new Uint8Array(256);
  #refs = new Int32Array(256);
  #calls = new Int32Array(256);
  #length = 0;
  readonly #capacity: number;

  constructor(beginTime: number, state: number, capacity = MAX_INTERVALS) {
    this.#capacity = capacity;
    this.append(beginTime, state, 0, 0);
  }

  get length(): number {
    return this.#length;
  }

  append(time: number, state: number, ref: number, call: number): void {
    const last = this.#length - 1;
    if (last >= 0) {
      if (this.#states[last] === state && this.#refs[last] === ref && this.#calls[last] === call) return;
      // An interval without length says nothing; the later state of the same moment stands.
      if ((this.#begins[last] as number) >= time) {
        this.#states[last] = state;
        this.#refs[last] = ref;
        this.#calls[last] = call;
        return;
      }
    }
    if (this.#length === this.#begins.length) this.#grow();
    const at = this.#length;
    this.#begins[at] = time;
    this.#states[at] = state;
    this.#refs[at] = ref;
    this.#calls[at] = call;
    this.#length = at + 1;
  }

  /** The interval now open turns out to have been `state`: an event came that only this can precede. */
  correctLast(state: number): void {
    if (this.#length > 0) this.#states[this.#length - 1] = state;
  }

  /** Of the interval now open: a wait's waker becomes known when it ends. */
  setLastRef(ref: number): void {
    if (this.#length > 0) this.#refs[this.#length - 1] = ref;
  }

  /** When the interval now open began. */
  lastBegin(): number {
    return this.#length === 0 ? -Infinity : (this.#begins[this.#length - 1] as number);
  }

  /** The interval before the open one turns out to have gone on until `time`. */
  delayLast(time: number): void {
    if (this.#length > 1) this.#begins[this.#length - 1] = time;
  }

  lastState(): number {
    return this.#length === 0 ? UNKNOWN : (this.#states[this.#length - 1] as number);
  }

  /** A system call ended whose entry was before the first record: all so far lay in it. */
  labelCalls(call: number): void {
    for (let i = 0; i < this.#length; i += 1) if (this.#calls[i] === 0) this.#calls[i] = call;
  }

  /** Forgets intervals that ended at or before `time`. */
  forgetBefore(time: number): void {
    const first = lowerBound(this.#begins, this.#length, time);
    // The interval that covers `time` begins before it.
    const keepFrom = first < this.#length && this.#begins[first] === time ? first : first - 1;
    if (keepFrom > 0) this.#drop(keepFrom);
  }

  /** Index of the interval that covers the time just before `time`; -1 when that is before the log. */
  indexBefore(time: number): number {
    return lowerBound(this.#begins, this.#length, time) - 1;
  }

  beginAt(index: number): number {
    return this.#begins[index] as number;
  }

  stateAt(index: number): number {
    return this.#states[index] as number;
  }

  refAt(index: number): number {
    return this.#refs[index] as number;
  }

  callAt(index: number): number {
    return this.#calls[index] as number;
  }

  slice(begin: number, end: number): IntervalSlice {
    let first = lowerBound(this.#begins, this.#length, begin);
    if (first > 0 && (first === this.#length || (this.#begins[first] as number) > begin)) first -= 1;
    const last = lowerBound(this.#begins, this.#length, end);
    const begins = this.#begins.slice(first, last);
    const states = this.#states.slice(first, last);
    const refs = this.#refs.slice(first, last);
    const calls = this.#calls.slice(first, last);
    if (begins.length > 0 && (begins[0] as number) <= begin) {
      begins[0] = begin;
      return { begins, states, refs, calls };
    }
    return {
      begins: prepend(Float64Array, begins, begin),
      states: prepend(Uint8Array, states, UNKNOWN),
      refs: prepend(Int32Array, refs, 0),
      calls: prepend(Int32Array, calls, 0),
    };
  }

  /** Time of the end of the first stay off the CPU that begins in [from, from + within); undefined = none. */
  firstReturn(from: number, within: number): number | undefined {
    let i = Math.max(0, lowerBound(this.#begins, this.#length, from) - 1);
    for (; i < this.#length && (this.#begins[i] as number) < from + within; i += 1) {
      if (isOnCpu(this.#states[i] as number)) continue;
      for (let j = i + 1; j < this.#length; j += 1) {
        if (this.#states[j] === RUNNING) return this.#begins[j];
      }
      return Infinity;
    }
    return undefined;
  }

  /**
   * End of the wait that [begin, end) starts with, `begin` when it starts with none. libuv may poll
   * again for a last ms after it woke too early for its timer, so waits a moment apart are one.
   * `isWait(state, call)` says whether an interval belongs to a wait.
   */
  waitEnd(begin: number, end: number, isWait: (state: number, call: number) => boolean): number {
    let i = Math.max(0, lowerBound(this.#begins, this.#length, begin + 1) - 1);
    let waitedUntil = begin;
    let gapNs = 0;
    for (; i < this.#length && (this.#begins[i] as number) < end; i += 1) {
      const intervalEnd = i + 1 < this.#length ? (this.#begins[i + 1] as number) : end;
      if (isWait(this.#states[i] as number, this.#calls[i] as number)) {
        waitedUntil = Math.min(intervalEnd, end);
        gapNs = 0;
      } else if (isOnCpu(this.#states[i] as number)) {
        gapNs += intervalEnd - Math.max(begin, this.#begins[i] as number);
        if (gapNs > MAX_WAIT_GAP_NS) break;
      }
    }
    return waitedUntil;
  }

  #drop(count: number): void {
    this.#begins.copyWithin(0, count, this.#length);
    this.#states.copyWithin(0, count, this.#length);
    this.#refs.copyWithin(0, count, this.#length);
    this.#calls.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  /**
   * A program that takes page faults or makes short calls for seconds has millions of intervals. Within a stretch
   * their order tells nothing that a sample each 2 ms could use, so each sort becomes one interval as long as all
   * of its sort together.
   *
   *   stretch |.f.f.f..f|   f: page fault      ->  |.....ffff|
   *
   * The newest eighth stays as it is: the open interval may still be corrected.
   */
  #coarsen(): void {
    const until = this.#length - (this.#length >> 3);
    let written = 0;
    let from = 0;
    while (from < until) {
      const stretchEnd = (this.#begins[from] as number) + STRETCH_NS;
      let to = from;
      while (to < until && isOnCpu(this.#states[to] as number) && (this.#begins[to + 1] as number) <= stretchEnd)
        to += 1;
      if (to - from > 2) written = this.#sumUp(from, to, written);
      else {
        to = Math.max(to, from + 1);
        for (let i = from; i < to; i += 1) this.#move(i, written++);
      }
      from = to;
    }
    for (let i = until; i < this.#length; i += 1) this.#move(i, written++);
    this.#length = written;
  }

  /** Writes [from, to) as one interval a sort, in order of their first; returns where the next one goes. */
  #sumUp(from: number, to: number, at: number): number {
    const sums = new Map<string, { readonly state: number; readonly ref: number; readonly call: number; ns: number }>();
    for (let i = from; i < to; i += 1) {
      const [state, ref, call] = [this.#states[i] as number, this.#refs[i] as number, this.#calls[i] as number];
      const key = `${state} ${ref} ${call}`;
      const ns = (this.#begins[i + 1] as number) - (this.#begins[i] as number);
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { state, ref, call, ns });
      else sum.ns += ns;
    }
    let begin = this.#begins[from] as number;
    for (const { state, ref, call, ns } of sums.values()) {
      this.#begins[at] = begin;
      this.#states[at] = state;
      this.#refs[at] = ref;
      this.#calls[at] = call;
      at += 1;
      begin += ns;
    }
    return at;
  }

  #move(from: number, to: number): void {
    this.#begins[to] = this.#begins[from] as number;
    this.#states[to] = this.#states[from] as number;
    this.#refs[to] = this.#refs[from] as number;
    this.#calls[to] = this.#calls[from] as number;
  }

  #grow(): void {
    if (this.#length >= this.#capacity) {
      this.#coarsen();
      if (this.#length > this.#capacity * 0.75) this.#drop(this.#length >> 1);
      return;
    }
    const capacity = this.#length * 2;
    this.#begins = enlarge(Float64Array, this.#begins, capacity);
    this.#states = enlarge(Uint8Array, this.#states, capacity);
    this.#refs = enlarge(Int32Array, this.#refs, capacity);
    this.#calls = enlarge(Int32Array, this.#calls, capacity);
  }
}

export function isOnCpu(state: number): boolean {
  return state === RUNNING || state === INTERRUPTED;
}

interface TypedArrayLike {
  readonly length: number;
  set(source: ArrayLike<number>, offset?: number): void;
  [index: number]: number;
}

function enlarge<T extends TypedArrayLike>(make: new (length: number) => T, old: T, capacity: number): T {
  const larger = new make(capacity);
  larger.set(old);
  return larger;
}

function prepend<T extends TypedArrayLike>(make: new (length: number) => T, old: T, first: number): T {
  const longer = new make(old.length + 1);
  longer[0] = first;
  longer.set(old, 1);
  return longer;
}
