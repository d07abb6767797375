// SPDX-License-Identifier: MIT
// How many threads one delivery wakes: four consumers on a futex, and on the per-CPU buffers of a tracefs
// instance, woken all, exclusively, or through one shared set. Counted as voluntary context switches.

import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNative, type Native } from '../src/index.ts';
import { startWaitingThreads, type WaitingThreads } from '../src/testing/wake-up.ts';
import { DELIVERIES } from '../src/testing/wake-up-worker.ts';

const THREAD_COUNT = 4;
const DELIVERY_COUNT = 100;
const TRACEFS = '/sys/kernel/tracing';

const native = loadNative();
if (native === undefined) console.log('Skipped: the native addon is missing.');
else await run(native);

async function run(addon: Native): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-wake-up-'));
  console.log(
    `${THREAD_COUNT} threads wait, ${DELIVERY_COUNT} deliveries; context switches a delivery, and by thread:`,
  );
  for (const [name, count] of [
    ['futex, wake all', 1000],
    ['futex, wake 1', 1],
  ] as const) {
    const waiting = { way: 'futex', fds: [], stopFd: -1, setFd: -1 } as const;
    const threads = await startWaitingThreads(addon, join(directory, name), THREAD_COUNT, waiting);
    await measure(name, threads, () => {
      Atomics.add(threads.board, DELIVERIES, 1);
      addon.futexWake(threads.memory, 0, count);
    });
    await threads.stop();
  }
  for (const way of ['all', 'exclusive', 'one-shot'] as const) await runOnKernel(addon, directory, way);
  rmSync(directory, { recursive: true, force: true });
}

async function runOnKernel(addon: Native, directory: string, way: 'all' | 'exclusive' | 'one-shot'): Promise<void> {
  const instance = `${TRACEFS}/instances/lockstep-wake_up-${process.pid}.0`;
  try {
    mkdirSync(instance);
  } catch {
    console.log(`epoll, ${way}: skipped, no tracefs instance can be made here`);
    return;
  }
  writeFileSync(`${instance}/buffer_percent`, '0');
  const fds = readdirSync(`${instance}/per_cpu`).map((cpu) =>
    openSync(`${instance}/per_cpu/${cpu}/trace_pipe_raw`, constants.O_RDONLY | constants.O_NONBLOCK),
  );
  const stopFd = addon.openEvent();
  const setFd = way === 'one-shot' ? addon.openWaitSet([...fds, stopFd], way) : -1;
  const threads = await startWaitingThreads(addon, join(directory, way), THREAD_COUNT, { way, fds, stopFd, setFd });
  const name = { all: 'epoll', exclusive: 'epoll, EPOLLEXCLUSIVE', 'one-shot': 'one shared epoll, EPOLLONESHOT' }[way];
  await measure(name, threads, () => writeFileSync(`${instance}/trace_marker`, 'x'));
  await threads.stop();
  for (const fd of [...fds, stopFd, ...(setFd < 0 ? [] : [setFd])]) closeSync(fd);
  rmdirSync(instance);
}

async function measure(name: string, threads: WaitingThreads, deliver: () => void): Promise<void> {
  await threads.settle();
  const before = threads.switches();
  for (let count = 0; count < DELIVERY_COUNT; count++) {
    deliver();
    await sleep(5);
  }
  const counts = threads.switches().map((count, index) => count - (before[index] ?? 0));
  const sum = counts.reduce((total, count) => total + count, 0);
  console.log(`${name.padEnd(32)} ${(sum / DELIVERY_COUNT).toFixed(2)}   ${counts.join(' ')}`);
}
