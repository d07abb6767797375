// SPDX-License-Identifier: MIT
// The session's side of state dumps: each runs in a thread of its own, one after the other, into the
// same data stream. The first thread can be made early, so that it is left out of the trace together with
// the session's other threads: to leave out one more later, the kernel takes some 40 ms.

import { Worker } from 'node:worker_threads';
import { SystemError } from '@lockstep/base';
import { watchThreads, yieldNoMore, yieldToOthers } from '../own-threads.ts';
import type { StateDumpOptions, StateDumpResult } from './dump-state.ts';
import {
  DUMP_CONTROL_SIZE_BYTES,
  DUMP_END,
  DUMP_MAY_READ,
  type StateDumpMessage,
  type StateDumpWorkerData,
  type WorkerClock,
} from './dump-messages.ts';

/** What a state dump needs of a trace clock. */
export interface DumpClock {
  readonly kernelName: 'x86-tsc' | 'mono' | 'mono_raw' | 'boot';
  readonly historyPath?: string | undefined;
  now(): bigint;
}

export class StateDumper {
  readonly #options: StateDumpOptions;
  readonly #clock: DumpClock;
  readonly #onThread: (tids: readonly number[]) => void;
  readonly #control = new SharedArrayBuffer(DUMP_CONTROL_SIZE_BYTES);
  #last: Promise<unknown> = Promise.resolve();
  #thread: DumpThread | undefined;
  /** Whether `#thread` was made early and has not been used yet. */
  #isPrepared = false;

  /**
   * `onThread` hears the tid of a dumping thread that was not prepared, before that reads anything: nobody wants
   * it in the trace.
   */
  constructor(options: StateDumpOptions, clock: DumpClock, onThread: (tids: readonly number[]) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#onThread = onThread;
  }

  /** Makes the thread of the next dump, which waits for it; the caller leaves it out of the trace. */
  prepare(): void {
    this.#thread = this.#makeThread();
    this.#isPrepared = true;
  }

  /** Another dump, when those before are done. Rejects with a SystemError when it cannot be written. */
  dump(): Promise<StateDumpResult> {
    const result = this.#last.then(() => this.#run());
    this.#last = result.catch(() => {});
    return result;
  }

  /** When those that were asked for by now have ended, well or not. */
  get settled(): Promise<unknown> {
    return this.#last;
  }

  /** A dump that runs has a second left, and nobody to yield to. */
  end(): void {
    Atomics.store(new Int32Array(this.#control), DUMP_END, 1);
    yieldNoMore(this.#thread?.tids ?? []);
  }

  /** At once, in the middle of it. */
  async terminate(): Promise<void> {
    this.end();
    await this.#thread?.worker.terminate();
    await this.#last;
  }

  #makeThread(): DumpThread {
    Atomics.store(new Int32Array(this.#control), DUMP_MAY_READ, 0);
    const workerData: StateDumpWorkerData = {
      options: this.#options,
      clock: workerClockOf(this.#clock),
      control: this.#control,
    };
    // Empty options: it is not to be traced or instrumented itself.
    const { made: worker, tids } = watchThreads(
      () =>
        new Worker(new URL('./state-dump-worker.js', import.meta.url), {
          workerData,
          execArgv: [],
          env: { ...process.env, NODE_OPTIONS: '' },
        }),
    );
    yieldToOthers(tids);
    const result = resultOf(worker, this.#options.outputDirectory);
    // Heard by who asks for the dump, which may be never.
    result.catch(() => {});
    return { worker, tids, result };
  }

  #run(): Promise<StateDumpResult> {
    const isPrepared = this.#isPrepared;
    this.#isPrepared = false;
    const thread = isPrepared && this.#thread !== undefined ? this.#thread : this.#makeThread();
    this.#thread = thread;
    try {
      if (!isPrepared) this.#onThread(thread.tids);
    } finally {
      const control = new Int32Array(this.#control);
      // It waits with its reading until nobody records it any more.
      Atomics.store(control, DUMP_MAY_READ, 1);
      Atomics.notify(control, DUMP_MAY_READ);
    }
    return thread.result;
  }
}

interface DumpThread {
  readonly worker: Worker;
  readonly tids: readonly number[];
  readonly result: Promise<StateDumpResult>;
}

function resultOf(worker: Worker, path: string): Promise<StateDumpResult> {
  return new Promise((resolve, reject) => {
    const fail = (code: string, detail: string): void =>
      reject(
        new SystemError(
          `The state dump could not be written (${detail}); names and files of threads may be missing.`,
          code,
          'write',
          path,
        ),
      );
    worker.on('message', (message: StateDumpMessage) => {
      if (message.type === 'done') resolve(message.result);
      else fail(message.code, message.message);
    });
    worker.on('error', (error) => fail('EIO', error.message));
    worker.on('exit', () => fail('EIO', 'its thread ended'));
  });
}

/** Clocks that count ns run with CLOCK_MONOTONIC for as long as a dump takes, at most some µs apart. */
function workerClockOf(clock: DumpClock): WorkerClock {
  if (clock.kernelName === 'x86-tsc' && clock.historyPath === undefined) return { kind: 'tsc' };
  if (clock.kernelName === 'mono' && clock.historyPath === undefined) return { kind: 'monotonic', offsetNs: 0n };
  const before = process.hrtime.bigint();
  const reading = clock.now();
  return { kind: 'monotonic', offsetNs: reading - (before + process.hrtime.bigint()) / 2n };
}
