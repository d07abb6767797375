// SPDX-License-Identifier: MIT
// Captured calls of one thread that wait for their events, in the order in which they were made. Taken from
// anywhere near a moment in time, whatever number waits: a thread that makes many calls has a hundred
// thousand here, and moving those behind each that is taken would take a hundred times longer than all else.

/** What is taken leaves a gap; gaps are closed when they are more than this and more than what waits. */
const MIN_GAP_COUNT = 1024;
/** Gaps that a search steps over: what lies behind more of them was made long before. */
const MAX_GAPS_PASSED = 64;

export interface OrderedCall {
  /** When it was made, as a number that compares. */
  readonly order: number;
}

export class WaitingCalls<Call extends OrderedCall> {
  #calls: (Call | undefined)[] = [];
  /** Of each, those that were taken too. */
  #orders: number[] = [];
  #first = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The oldest one. */
  get first(): Call | undefined {
    return this.#calls[this.#first];
  }

  at(index: number): Call | undefined {
    return this.#calls[index];
  }

  add(call: Call): void {
    this.#calls.push(call);
    this.#orders.push(call.order);
    this.#count++;
  }

  /** The oldest that matches. */
  find(isMatch: (call: Call) => boolean): number {
    for (let index = this.#first; index < this.#calls.length; index++) {
      const call = this.#calls[index];
      if (call !== undefined && isMatch(call)) return index;
    }
    return -1;
  }

  /** The last one that matches among the `maxSteps` before a moment. */
  findBefore(time: number, tolerance: number, maxSteps: number, isMatch: (call: Call) => boolean): number {
    let gaps = 0;
    let steps = 0;
    for (let index = this.#countUpTo(time, tolerance) - 1; index >= this.#first; index--) {
      const call = this.#calls[index];
      if (call === undefined) {
        if (++gaps > MAX_GAPS_PASSED) return -1;
        continue;
      }
      if (isMatch(call)) return index;
      if (++steps === maxSteps) return -1;
    }
    return -1;
  }

  /** The first one behind a moment. */
  after(time: number): Call | undefined {
    for (let index = this.#countUpTo(time, 0); index < this.#calls.length; index++) {
      const call = this.#calls[index];
      if (call !== undefined) return call;
    }
    return undefined;
  }

  /** `index` is what a search has just told. */
  take(index: number): Call {
    const call = this.#calls[index] as Call;
    this.#calls[index] = undefined;
    this.#count--;
    while (this.#first < this.#calls.length && this.#calls[this.#first] === undefined) this.#first++;
    const gapCount = this.#calls.length - this.#count;
    if (gapCount > MIN_GAP_COUNT && gapCount > this.#count) this.#closeGaps();
    return call;
  }

  /** The oldest ones, `count` at most. */
  drop(count: number): Call[] {
    const dropped: Call[] = [];
    while (dropped.length < count && this.#count > 0) dropped.push(this.take(this.#first));
    return dropped;
  }

  #closeGaps(): void {
    this.#calls = this.#calls.filter((call) => call !== undefined);
    this.#orders = this.#calls.map((call) => call?.order ?? 0);
    this.#first = 0;
  }

  /** How many were made up to a time, taken ones too. */
  #countUpTo(time: number, tolerance: number): number {
    let low = this.#first;
    let high = this.#orders.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#orders[middle] as number) - time > tolerance) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
