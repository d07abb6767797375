// SPDX-License-Identifier: MIT
// Threads that wait for deliveries, for the wake-up test and bench.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Native } from '../native.ts';
import { CONSUMED, STOP, THREADS, THREAD_WORDS, WAITERS, WAKE_UPS, type WakeUpWorkerData } from './wake-up-worker.ts';

export interface WaitingThreads {
  readonly memory: ArrayBuffer;
  readonly board: Int32Array;
  /** All of them are about to sleep or asleep. */
  settle(): Promise<void>;
  /** Voluntary switches of all threads since their start: how often the kernel put one to sleep. */
  switches(): number[];
  wakeUps(): number[];
  stop(): Promise<void>;
}

export async function startWaitingThreads(
  native: Native,
  boardPath: string,
  count: number,
  waiting: Pick<WakeUpWorkerData, 'way' | 'fds' | 'stopFd' | 'setFd'>,
): Promise<WaitingThreads> {
  const { buffer } = native.mapFile(boardPath, { access: 'read-write', createSizeBytes: 4096 });
  const board = new Int32Array(buffer);
  const workers = Array.from(
    { length: count },
    (_, index) =>
      new Worker(new URL('./wake-up-worker.js', import.meta.url), {
        workerData: { ...waiting, memory: new SharedArrayBuffer(4), boardPath, index } satisfies WakeUpWorkerData,
      }),
  );
  const word = (index: number, offset: number): number => Atomics.load(board, THREADS + index * THREAD_WORDS + offset);
  const settle = async (): Promise<void> => {
    while (Atomics.load(board, WAITERS) < count) await sleep(1);
    // From counting itself to sleeping is a few microseconds.
    await sleep(3);
  };
  await settle();
  return {
    memory: buffer,
    board,
    settle,
    switches: () => workers.map((_, index) => voluntarySwitches(word(index, 0))),
    wakeUps: () => workers.map((_, index) => word(index, 1)),
    async stop() {
      Atomics.store(board, STOP, 1);
      native.futexWake(buffer, 0, 1000);
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
    },
  };
}

function voluntarySwitches(tid: number): number {
  const status = readFileSync(`/proc/self/task/${tid}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
}

export { CONSUMED, WAKE_UPS };
