// SPDX-License-Identifier: MIT
// The programs that the tracer's tests trace: argv = mode, arguments. What they tell their test goes
// through words of a mapped file, so that it outlives kill -9.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import { float64, int32, string, tracepoint } from '../index.ts';
import { CALLED, STARTED, STOP, TAKEN, textOf, WORKER_CALLED } from './progress.ts';

const called = tracepoint(
  'test:called',
  [
    ['id', int32],
    ['half', float64],
    ['text', string],
  ],
  { logLevel: 'info' },
);

const [mode = '', ...parameters] = isMainThread ? process.argv.slice(2) : (workerData as string[]);
const self = fileURLToPath(import.meta.url);

function openWords(path: string): Int32Array {
  const native = loadNative();
  if (native === undefined) throw new Error('needs the native addon');
  return new Int32Array(native.mapFile(path, { access: 'read-write' }).buffer);
}

/** Counts for ever; at most `lead` calls before what the test has taken. */
function countUp(words: Int32Array, word: number, lead: number): void {
  for (let id = 0; words[STOP] === 0; id++) {
    while (id - words[TAKEN]! >= lead && words[STOP] === 0);
    called(id, id / 2, textOf(id));
    words[word] = id + 1;
  }
}

const modes: Readonly<Record<string, () => unknown>> = {
  send() {
    const count = Number(parameters[0]);
    for (let id = 0; id < count; id++) called(id, id / 2, textOf(id));
  },
  count() {
    const words = openWords(parameters[0]!);
    words[STARTED] = 1;
    countUp(words, CALLED, Number(parameters[1]));
  },
  async blocked() {
    const words = openWords(parameters[0]!);
    const worker = new Worker(self, { workerData: ['blocked-worker', parameters[0]], execArgv: [] });
    await once(worker, 'online');
    while (words[WORKER_CALLED] === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    words[STARTED] = 1;
    countUp(words, CALLED, 0x7fff_ffff);
  },
  'blocked-worker': () => countUp(openWords(parameters[0]!), WORKER_CALLED, 0x7fff_ffff),
  async workers() {
    const count = Number(parameters[0]);
    for (let index = 0; index < count; index++) {
      const worker = new Worker(self, { workerData: ['send', '10'], execArgv: [] });
      await once(worker, 'exit');
    }
  },
  async fork() {
    const child = fork(self, ['send', '10']);
    await once(child, 'exit');
    for (let id = 0; id < 10; id++) called(id, id / 2, textOf(id));
  },
  /** A tracepoint that nothing wants: the test looks that nothing was created. */
  off() {
    called(1, 2, '3');
    process.stdout.write(String(called.enabled));
  },
};

await modes[mode]?.();
