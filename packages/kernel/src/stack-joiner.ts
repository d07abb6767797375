// SPDX-License-Identifier: MIT
// Raw pages of one CPU whose events are followed by records of their stacks -> the same pages, one behind,
// and for each record where its stacks are. The kernel writes an event and then its stack; an interrupt
// between the two writes events and stacks of its own, so a stack belongs to the last event without one
// that has the same thread, interrupt flags and preempt count. It may stand in the next page.
//
// Records: kernel_stack: int size at 8, unsigned long caller[] from 16; user_stack: u32 tgid at 8, caller[8]
// from 16 (events/ftrace/*/format).

import { forEachRecord } from './raw-records.ts';

const CALLERS_OFFSET = 16;
/** More frames than the kernel records (it stops at 127 or less). */
export const MAX_STACK_FRAMES = 128;
/** Events that wait for a stack; nested interrupts are three deep. */
const MAX_WAITING = 32;

export interface Stack {
  /** 64-bit addresses, low word first. */
  readonly words: Int32Array;
  readonly count: number;
}

interface WaitingEvent {
  readonly page: HeldPage;
  readonly record: number;
  /** Flags and preempt count. */
  readonly state: number;
  readonly tid: number;
  hasKernel: boolean;
  hasUser: boolean;
}

export class HeldPage {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly kernelStacks = new Map<number, Stack>();
  readonly userStacks = new Map<number, Stack>();

  constructor(sizeBytes: number) {
    this.words = new Int32Array(sizeBytes / 4);
    this.bytes = new Uint8Array(this.words.buffer);
  }
}

const NO_STACK: Stack = { words: new Int32Array(0), count: 0 };

export class StackJoiner {
  readonly #kernelStackId: number;
  readonly #userStackId: number;
  #held: HeldPage | undefined;
  #current: HeldPage | undefined;
  #waiting: WaitingEvent[] = [];

  constructor(kernelStackId: number, userStackId: number) {
    this.#kernelStackId = kernelStackId;
    this.#userStackId = userStackId;
  }

  /** Takes a page in; returns the one before it, which is complete now. `stackOf` is about that one then. */
  push(bytes: Uint8Array, offset: number, sizeBytes: number): HeldPage | undefined {
    const page = new HeldPage(sizeBytes);
    page.bytes.set(bytes.subarray(offset, offset + sizeBytes));
    forEachRecord(page.words, 0, sizeBytes, (record, recordBytes) => this.#take(page, record, recordBytes));
    this.#current = this.#held;
    this.#held = page;
    return this.#current;
  }

  /** The last page: nothing follows, or it is not waited for. */
  flush(): HeldPage | undefined {
    this.#current = this.#held;
    this.#held = undefined;
    this.#waiting = [];
    return this.#current;
  }

  /** Of the record at word `record` of the page that was handed out last. */
  stackOf(kind: 'kernel' | 'user', record: number): Stack {
    const page = this.#current;
    return (kind === 'kernel' ? page?.kernelStacks : page?.userStacks)?.get(record) ?? NO_STACK;
  }

  #take(page: HeldPage, record: number, recordBytes: number): void {
    const first = page.words[record] as number;
    const id = first & 0xffff;
    const state = first >>> 16;
    const tid = page.words[record + 1] as number;
    if (id !== this.#kernelStackId && id !== this.#userStackId) {
      if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
      this.#waiting.push({ page, record, state, tid, hasKernel: false, hasUser: false });
      return;
    }
    const isKernel = id === this.#kernelStackId;
    for (let index = this.#waiting.length - 1; index >= 0; index--) {
      const event = this.#waiting[index] as WaitingEvent;
      if (event.tid !== tid || event.state !== state || (isKernel ? event.hasKernel : event.hasUser)) continue;
      const stack = readStack(page, record, recordBytes, isKernel);
      if (isKernel) {
        event.hasKernel = true;
        event.page.kernelStacks.set(event.record, stack);
      } else {
        event.hasUser = true;
        event.page.userStacks.set(event.record, stack);
      }
      return;
    }
  }
}

function readStack(page: HeldPage, record: number, recordBytes: number, isKernel: boolean): Stack {
  const room = Math.max(0, Math.floor((recordBytes - CALLERS_OFFSET) / 8));
  const told = isKernel ? (page.words[record + 2] as number) : room;
  const limit = Math.max(0, Math.min(room, told, MAX_STACK_FRAMES));
  const begin = record + CALLERS_OFFSET / 4;
  let count = 0;
  // A user stack that is shorter than its array ends with zeros.
  while (
    count < limit &&
    ((page.words[begin + 2 * count] as number) !== 0 || (page.words[begin + 2 * count + 1] as number) !== 0)
  )
    count++;
  return { words: page.words.slice(begin, begin + 2 * count), count };
}
