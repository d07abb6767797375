// SPDX-License-Identifier: MIT
// The session's side of the consumer: consumes in the calling thread as long as a program is young,
// and hands over to a thread of its own when the program lasts, which wakes up without being polled.

import type { Worker } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import type { ChannelPlan } from '@lockstep/protocol';
import { clockClassFromJson, type ClockClassJson } from '../clock-class-json.ts';
import type { Consumer } from './consumer.ts';
import type { ConsumerPart } from './context.ts';
import { emptyReport, joinReports, type ConsumerReport } from './report.ts';

export const COMMAND_WAIT = 0;
export const COMMAND_RUN = 1;
export const COMMAND_STOP = 2;

/** What the thread is given at its start; plain data. */
export interface ConsumerSettings {
  readonly sessionDirectory: string;
  readonly sessionName: string;
  readonly traceDirectory: string;
  readonly clockClass: ClockClassJson;
  readonly channels: readonly ChannelPlan[];
  readonly isSnapshot: boolean;
  /** One int32: COMMAND_WAIT, then COMMAND_RUN, then COMMAND_STOP. */
  readonly command: SharedArrayBuffer;
  readonly part: ConsumerPart;
}

/** What all threads of a session are given. */
export type SharedSettings = Omit<ConsumerSettings, 'command' | 'part'> & {
  /** How many threads share the programs once these last. */
  readonly threadCount: number;
};

export type ConsumerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly report: ConsumerReport }
  | { readonly type: 'finished'; readonly report: ConsumerReport };

export interface ConsumerThread {
  /** The latest report; undefined before the first. */
  readonly progress: ConsumerReport | undefined;
  /** Everything that is committed is moved; resolves when it is on disk. Rejects when the thread died of a bug. */
  stop(): Promise<ConsumerReport>;
}

/**
 * A thread's start costs as much as a short program's run, and on two CPUs it delays that run. From
 * here on, or as soon as the program fills its buffers, it is worth that.
 */
const YOUNG_PROGRAM_MS = 1000;
/** How often the calling thread looks: when nothing was delivered, and when something was. */
const IDLE_POLL_INTERVAL_MS = 15;
const BUSY_POLL_INTERVAL_MS = 2;

export function startConsumerThread(
  settings: SharedSettings,
  ring: () => void,
  onProgress: (report: ConsumerReport) => void,
): ConsumerThread {
  return new YoungConsumer(settings, ring, onProgress);
}

class YoungConsumer implements ConsumerThread {
  readonly #settings: SharedSettings;
  readonly #ring: () => void;
  readonly #onProgress: (report: ConsumerReport) => void;
  readonly #startMs = performance.now();
  readonly #loading: Promise<typeof import('./consumer.ts')>;
  /** Until the thread has taken over. */
  #consumer: Consumer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #threads: RunningThreads | undefined;
  /** What was consumed before the thread took over. */
  #earlier: ConsumerReport | undefined;

  constructor(settings: SharedSettings, ring: () => void, onProgress: (report: ConsumerReport) => void) {
    this.#settings = settings;
    this.#ring = ring;
    this.#onProgress = onProgress;
    // While the program starts on another core.
    this.#loading = import('./consumer.ts');
    this.#loading.catch(() => undefined);
    this.#timer = setTimeout(() => void this.#poll(), IDLE_POLL_INTERVAL_MS);
  }

  get progress(): ConsumerReport | undefined {
    if (this.#earlier === undefined) return this.#consumer?.report();
    return joinReports(this.#earlier, this.#threads?.progress);
  }

  async stop(): Promise<ConsumerReport> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#earlier !== undefined && this.#threads !== undefined)
      return joinReports(this.#earlier, await this.#threads.stop());
    const consumer = await this.#open();
    this.#threads?.abandon();
    this.#threads = undefined;
    return consumer.finish();
  }

  async #open(): Promise<Consumer> {
    const { Consumer } = await this.#loading;
    this.#consumer ??= new Consumer({
      ...this.#settings,
      clockClass: clockClassFromJson(this.#settings.clockClass),
      isKeepingBuffers: false,
      native: loadNative(),
    });
    return this.#consumer;
  }

  async #poll(): Promise<void> {
    const consumer = this.#consumer ?? (await this.#open());
    if (this.#timer === undefined || this.#earlier !== undefined) return;
    const hadFailed = consumer.hasFailed;
    const count = consumer.poll();
    if (consumer.hasFailed && !hadFailed) this.#onProgress(consumer.report());
    if (this.#threads === undefined && (count > 0 || performance.now() - this.#startMs > YOUNG_PROGRAM_MS)) {
      // Loading it costs 2 ms, which a short program need not wait for.
      const { Worker } = process.getBuiltinModule('node:worker_threads');
      this.#threads = new RunningThreads(Worker, this.#settings, this.#ring, {
        onReady: () => this.#handOver(),
        onProgress: (report) => this.#onProgress(joinReports(this.#earlier, report)),
      });
    }
    this.#timer = setTimeout(() => void this.#poll(), count > 0 ? BUSY_POLL_INTERVAL_MS : IDLE_POLL_INTERVAL_MS);
  }

  #handOver(): void {
    // After a failure to write, this consumer knows what it could not write; another would try again.
    if (this.#timer === undefined || this.#threads === undefined || this.#consumer?.hasFailed === true) return;
    clearTimeout(this.#timer);
    this.#earlier = this.#consumer?.release();
    this.#threads.run();
  }
}

interface ThreadListeners {
  readonly onReady: () => void;
  readonly onProgress: (report: ConsumerReport) => void;
}

/** The threads of one session, each with its part of the programs. */
class RunningThreads {
  readonly #threads: RunningThread[] = [];
  #readyCount = 0;

  constructor(ThreadWorker: typeof Worker, settings: SharedSettings, ring: () => void, listeners: ThreadListeners) {
    const { threadCount: count, ...shared } = settings;
    for (let index = 0; index < count; index++) {
      const thread = new RunningThread(ThreadWorker, { ...shared, part: { index, count } }, ring, {
        onReady: () => {
          if (++this.#readyCount === count) listeners.onReady();
        },
        onProgress: () => listeners.onProgress(this.progress ?? emptyReport),
      });
      this.#threads.push(thread);
    }
  }

  get progress(): ConsumerReport | undefined {
    return this.#threads.reduce<ConsumerReport | undefined>(
      (joined, { progress }) => joinReports(joined, progress),
      undefined,
    );
  }

  run(): void {
    for (const thread of this.#threads) thread.run();
  }

  async stop(): Promise<ConsumerReport> {
    const reports = await Promise.all(this.#threads.map((thread) => thread.stop()));
    return reports.reduce<ConsumerReport>((joined, report) => joinReports(joined, report), emptyReport);
  }

  abandon(): void {
    for (const thread of this.#threads) thread.abandon();
  }
}

class RunningThread {
  progress: ConsumerReport | undefined;
  readonly #command = new Int32Array(new SharedArrayBuffer(4));
  readonly #ring: () => void;
  readonly #worker: Worker;
  readonly #finished: Promise<ConsumerReport>;

  constructor(
    ThreadWorker: typeof Worker,
    settings: Omit<ConsumerSettings, 'command'>,
    ring: () => void,
    listeners: ThreadListeners,
  ) {
    this.#ring = ring;
    const worker = new ThreadWorker(new URL('./consumer-worker.js', import.meta.url), {
      workerData: { ...settings, command: this.#command.buffer as SharedArrayBuffer } satisfies ConsumerSettings,
      // The user's NODE_OPTIONS and the tracer are for CMD.
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      name: 'lockstep consumer',
    });
    this.#worker = worker;
    this.#finished = new Promise((resolve, reject) => {
      worker.on('message', (message: ConsumerMessage) => {
        if (message.type === 'ready') {
          listeners.onReady();
          return;
        }
        this.progress = message.report;
        if (message.type === 'finished') resolve(message.report);
        else listeners.onProgress(message.report);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('the consumer thread ended without a report')));
    });
    // Whoever stops the thread hears of its failure; until then it must not end the process.
    this.#finished.catch(() => undefined);
  }

  /** The buffers are its own from now on. */
  run(): void {
    this.#tell(COMMAND_RUN);
  }

  async stop(): Promise<ConsumerReport> {
    this.#tell(COMMAND_STOP);
    this.#ring();
    const report = await this.#finished;
    this.#worker.unref();
    return report;
  }

  /** It has taken over nothing. */
  abandon(): void {
    this.#worker.unref();
    void this.#worker.terminate();
  }

  #tell(command: number): void {
    Atomics.store(this.#command, 0, command);
    Atomics.notify(this.#command, 0);
  }
}
