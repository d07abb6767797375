// SPDX-License-Identifier: MIT
// The session's side of the consumer's thread: starts it when the program lasts, hears its progress,
// stops it; consumes what short programs leave without one.

import { Worker } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import type { ChannelPlan } from '@lockstep/protocol';
import { clockClassFromJson, type ClockClassJson } from '../clock-class-json.ts';
import type { ConsumerReport } from './report.ts';

export const COMMAND_RUN = 0;
export const COMMAND_STOP = 1;

/** What the thread is given at its start; plain data. */
export interface ConsumerSettings {
  readonly sessionDirectory: string;
  readonly sessionName: string;
  readonly traceDirectory: string;
  readonly clockClass: ClockClassJson;
  readonly channels: readonly ChannelPlan[];
  readonly isSnapshot: boolean;
  /** One int32: COMMAND_RUN, then COMMAND_STOP. */
  readonly command: SharedArrayBuffer;
}

export type ConsumerMessage =
  | { readonly type: 'progress'; readonly report: ConsumerReport }
  | { readonly type: 'finished'; readonly report: ConsumerReport };

export interface ConsumerThread {
  /** The latest report; undefined before the first. */
  readonly progress: ConsumerReport | undefined;
  /** Everything that is committed is moved; resolves when it is on disk. Rejects when the thread died of a bug. */
  stop(): Promise<ConsumerReport>;
}

/**
 * A thread's start costs as much as a short program's run. Programs that end sooner are consumed by
 * the calling thread at their end. A program needs about as long to start as this process did, and
 * only then begins to fill its buffers.
 */
const MIN_START_DELAY_MS = 70;
const MAX_START_DELAY_MS = 500;

export function startConsumerThread(
  settings: Omit<ConsumerSettings, 'command'>,
  ring: () => void,
  onProgress: (report: ConsumerReport) => void,
): ConsumerThread {
  let thread: RunningThread | undefined;
  const startDelayMs = Math.min(MAX_START_DELAY_MS, Math.max(MIN_START_DELAY_MS, performance.now()));
  const timer = setTimeout(() => {
    thread = new RunningThread(settings, ring, onProgress);
  }, startDelayMs);
  // Loaded while the program starts on another core.
  const loading = import('./consumer.ts');
  loading.catch(() => undefined);
  return {
    get progress() {
      return thread?.progress;
    },
    async stop() {
      clearTimeout(timer);
      if (thread !== undefined) return thread.stop();
      const { Consumer } = await loading;
      return new Consumer({
        ...settings,
        clockClass: clockClassFromJson(settings.clockClass),
        isKeepingBuffers: false,
        native: loadNative(),
      }).finish();
    },
  };
}

class RunningThread {
  progress: ConsumerReport | undefined;
  readonly #command = new Int32Array(new SharedArrayBuffer(4));
  readonly #ring: () => void;
  readonly #worker: Worker;
  readonly #finished: Promise<ConsumerReport>;

  constructor(
    settings: Omit<ConsumerSettings, 'command'>,
    ring: () => void,
    onProgress: (report: ConsumerReport) => void,
  ) {
    this.#ring = ring;
    const worker = new Worker(new URL('./consumer-worker.js', import.meta.url), {
      workerData: { ...settings, command: this.#command.buffer as SharedArrayBuffer } satisfies ConsumerSettings,
      // The user's NODE_OPTIONS and the tracer are for CMD.
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      name: 'lockstep consumer',
    });
    this.#worker = worker;
    this.#finished = new Promise((resolve, reject) => {
      worker.on('message', (message: ConsumerMessage) => {
        this.progress = message.report;
        if (message.type === 'finished') resolve(message.report);
        else onProgress(message.report);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('the consumer thread ended without a report')));
    });
    // Whoever stops the thread hears of its failure; until then it must not end the process.
    this.#finished.catch(() => undefined);
  }

  async stop(): Promise<ConsumerReport> {
    Atomics.store(this.#command, 0, COMMAND_STOP);
    Atomics.notify(this.#command, 0);
    this.#ring();
    const report = await this.#finished;
    this.#worker.unref();
    return report;
  }
}
