// SPDX-License-Identifier: MIT
// Sleeping on a word of a ring buffer's header and waking who sleeps: readers on DOORBELL, writers in
// blocking mode on FREED_COUNT. Shared memory of JavaScript sleeps by Atomics, a mapping by a futex.
//
// No wake-up is lost: who sleeps loads the word, looks, announces itself and sleeps while the word is
// what it was; who wakes changes the state, then the word, then looks whether somebody is announced.

import { InputError } from '@lockstep/base';
import { loadNative, nativeMissingReason } from '@lockstep/native';

const MAX_WOKEN = 0x7fff_ffff;
/** Before a program puts a clock of its tests in its place. */
const now = performance.now.bind(performance);

/** ES2024's, which Node 20 has. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(words: Int32Array, index: number, expected: number, timeoutMs: number): { value: string | Promise<string> };
};

export interface WordWaiter {
  /** Sleeps while the word is `expected`; false when the time is over. */
  wait(expected: number, timeoutMs: number): boolean;
  /** The same without blocking the thread; keeps its event loop alive meanwhile. */
  waitAsync(expected: number, timeoutMs: number): Promise<boolean>;
  /** Adds 1 to the word, and wakes one of those who sleep, if any do. */
  ring(): void;
  /** Wakes all who sleep, if any do; the word was changed by the caller. */
  wakeAll(): void;
  read(): number;
}

export function makeWordWaiter(memory: ArrayBufferLike, word: number, waitingWord: number): WordWaiter {
  const words = new Int32Array(memory, 0, Math.max(word, waitingWord) + 1);
  const { sleep, sleepAsync, wake } =
    memory instanceof SharedArrayBuffer ? byAtomics(words, word) : byFutex(memory, word);
  return {
    read: () => Atomics.load(words, word),
    wait(expected, timeoutMs) {
      const endMs = now() + timeoutMs;
      Atomics.add(words, waitingWord, 1);
      try {
        // A signal ends a sleep early, and V8's sampler sends one each 2 ms.
        for (let leftMs = timeoutMs; Atomics.load(words, word) === expected; leftMs = endMs - now())
          if (leftMs < 0 || !sleep(expected, leftMs)) return Atomics.load(words, word) !== expected;
        return true;
      } finally {
        Atomics.sub(words, waitingWord, 1);
      }
    },
    async waitAsync(expected, timeoutMs) {
      const endMs = now() + timeoutMs;
      Atomics.add(words, waitingWord, 1);
      try {
        for (let leftMs = timeoutMs; Atomics.load(words, word) === expected; leftMs = endMs - now())
          if (leftMs < 0 || !(await sleepAsync(expected, leftMs))) return Atomics.load(words, word) !== expected;
        return true;
      } finally {
        Atomics.sub(words, waitingWord, 1);
      }
    },
    ring() {
      Atomics.add(words, word, 1);
      if (Atomics.load(words, waitingWord) > 0) wake(1);
    },
    wakeAll() {
      if (Atomics.load(words, waitingWord) > 0) wake(MAX_WOKEN);
    },
  };
}

interface Sleeping {
  readonly sleep: (expected: number, timeoutMs: number) => boolean;
  readonly sleepAsync: (expected: number, timeoutMs: number) => Promise<boolean>;
  readonly wake: (count: number) => void;
}

function byAtomics(words: Int32Array, word: number): Sleeping {
  return {
    sleep: (expected, timeoutMs) => Atomics.wait(words, word, expected, timeoutMs) !== 'timed-out',
    async sleepAsync(expected, timeoutMs) {
      // V8's own time-out, since a waiter that is left behind would take a wake-up that is meant for another;
      // but V8 does not keep the event loop alive.
      const alive = setInterval(() => {}, 2 ** 30);
      try {
        return (await waitAsync(words, word, expected, timeoutMs).value) !== 'timed-out';
      } finally {
        clearInterval(alive);
      }
    },
    wake: (count) => void Atomics.notify(words, word, count),
  };
}

function byFutex(memory: ArrayBuffer, word: number): Sleeping {
  const native = loadNative();
  if (native === undefined) {
    throw new InputError(
      `Waiting on mapped memory needs the native addon; let the reader poll. ${nativeMissingReason() ?? ''}`.trimEnd(),
    );
  }
  return {
    sleep: (expected, timeoutMs) => native.futexWait(memory, word * 4, expected, timeoutMs) !== 'timed-out',
    sleepAsync: async (expected, timeoutMs) =>
      (await native.futexWaitAsync(memory, word * 4, expected, timeoutMs)) !== 'timed-out',
    wake: (count) => void native.futexWake(memory, word * 4, count),
  };
}
