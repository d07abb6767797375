// SPDX-License-Identifier: MIT
// The session's side of the consumer's thread: starts it, hears its progress, stops it.

import { Worker } from 'node:worker_threads';
import type { ChannelPlan } from '@lockstep/protocol';
import type { ClockClassJson } from '../clock-class-json.ts';
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

export function startConsumerThread(
  settings: Omit<ConsumerSettings, 'command'>,
  ring: () => void,
  onProgress: (report: ConsumerReport) => void,
): ConsumerThread {
  const command = new SharedArrayBuffer(4);
  const worker = new Worker(new URL('./consumer-worker.js', import.meta.url), {
    workerData: { ...settings, command } satisfies ConsumerSettings,
    // The user's NODE_OPTIONS and the tracer are for CMD.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
    name: 'lockstep consumer',
  });
  let progress: ConsumerReport | undefined;
  const finished = new Promise<ConsumerReport>((resolve, reject) => {
    worker.on('message', (message: ConsumerMessage) => {
      progress = message.report;
      if (message.type === 'finished') resolve(message.report);
      else onProgress(message.report);
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the consumer thread ended without a report')));
  });
  // Whoever stops the thread hears of its failure; until then it must not end the process.
  finished.catch(() => undefined);
  return {
    get progress() {
      return progress;
    },
    async stop() {
      Atomics.store(new Int32Array(command), 0, COMMAND_STOP);
      Atomics.notify(new Int32Array(command), 0);
      ring();
      const report = await finished;
      worker.unref();
      return report;
    },
  };
}
