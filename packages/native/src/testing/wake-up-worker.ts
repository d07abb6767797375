// SPDX-License-Identifier: MIT
// A consumer thread of the wake-up test and bench: waits on a futex, or on a set of descriptors, and
// counts how often it was woken. Words of `board`: 0 deliveries, 1 waiters, 2 stop, 3 wake-ups of all, 4
// what was consumed; then for each thread its tid and its wake-ups.

import { readSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { loadNative } from '../load.ts';

export interface WakeUpWorkerData {
  readonly memory: ArrayBufferLike;
  readonly boardPath: string;
  readonly index: number;
  /** 'futex', or how the descriptors are waited for. */
  readonly way: 'futex' | 'all' | 'exclusive' | 'one-shot';
  readonly fds: readonly number[];
  readonly stopFd: number;
  /** Shared by all threads; -1: each opens its own. */
  readonly setFd: number;
}

export const DELIVERIES = 0;
export const WAITERS = 1;
export const STOP = 2;
export const WAKE_UPS = 3;
export const CONSUMED = 4;
export const THREADS = 8;
export const THREAD_WORDS = 2;

const settings = workerData as WakeUpWorkerData | undefined;
if (settings?.boardPath !== undefined) run(settings);

function run({ boardPath, index, way, fds, stopFd, setFd }: WakeUpWorkerData): void {
  const native = loadNative();
  if (native === undefined) return;
  const { buffer } = native.mapFile(boardPath, { access: 'read-write' });
  const board = new Int32Array(buffer);
  const own = THREADS + index * THREAD_WORDS;
  const set = way === 'futex' || setFd >= 0 ? setFd : native.openWaitSet([...fds, stopFd], way);
  Atomics.store(board, own, native.gettid());
  const noteWakeUp = (): void => {
    Atomics.add(board, own + 1, 1);
    Atomics.add(board, WAKE_UPS, 1);
  };
  while (Atomics.load(board, STOP) === 0) {
    if (way === 'futex') {
      const seen = Atomics.load(board, DELIVERIES);
      Atomics.add(board, WAITERS, 1);
      // What was delivered before this thread counted itself is found by looking once more.
      if (!tryConsume(board) && Atomics.load(board, STOP) === 0) {
        if (native.futexWait(buffer, DELIVERIES * 4, seen, 1000) === 'woken') noteWakeUp();
        tryConsume(board);
      }
      Atomics.sub(board, WAITERS, 1);
      continue;
    }
    Atomics.add(board, WAITERS, 1);
    const ready = native.waitForSet(set, 1000);
    Atomics.sub(board, WAITERS, 1);
    if (Atomics.load(board, STOP) !== 0) break;
    if (ready.length > 0) noteWakeUp();
    for (const at of ready) {
      const fd = fds[at] ?? -1;
      if (drain(fd)) Atomics.add(board, CONSUMED, 1);
      if (way === 'one-shot') native.rearmInSet(set, fd, at);
    }
  }
}

/** One delivery is one piece of work: the counter of what is consumed runs after that of the deliveries. */
function tryConsume(board: Int32Array): boolean {
  for (;;) {
    const consumed = Atomics.load(board, CONSUMED);
    if (consumed === Atomics.load(board, DELIVERIES)) return false;
    if (Atomics.compareExchange(board, CONSUMED, consumed, consumed + 1) === consumed) return true;
  }
}

function drain(fd: number): boolean {
  const bytes = new Uint8Array(65_536);
  let hasRead = false;
  try {
    while (readSync(fd, bytes, 0, bytes.length, null) > 0) hasRead = true;
  } catch {
    // EAGAIN: it is empty.
  }
  return hasRead;
}
