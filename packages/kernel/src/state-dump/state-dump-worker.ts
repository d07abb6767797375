// SPDX-License-Identifier: MIT
// The thread that reads /proc for a state dump and ends with it.

import { parentPort, workerData } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import { errorCode } from '../tracefs.ts';
import {
  DUMP_END,
  DUMP_MAY_READ,
  type StateDumpMessage,
  type StateDumpWorkerData,
  type WorkerClock,
} from './dump-messages.ts';
import { dumpState } from './dump-state.ts';

/** What a dump may still take when the recording ends: all of it, on a machine of some hundred processes. */
const GRACE_MS = 1000;

function readerOf(clock: WorkerClock): () => bigint {
  if (clock.kind === 'monotonic') return () => process.hrtime.bigint() + clock.offsetNs;
  const native = loadNative();
  const readTsc = native?.readTsc;
  if (native === undefined || readTsc === undefined) throw new Error('the TSC cannot be read');
  const { slot } = native;
  return () => {
    readTsc();
    return (BigInt((slot[1] as number) >>> 0) << 32n) | BigInt((slot[0] as number) >>> 0);
  };
}

function endAfterGrace(control: Int32Array): () => string | undefined {
  let end = Infinity;
  return () => {
    if (end === Infinity && Atomics.load(control, DUMP_END) !== 0) end = performance.now() + GRACE_MS;
    return performance.now() >= end ? 'the recording ended' : undefined;
  };
}

function run({ options, clock, control }: StateDumpWorkerData): StateDumpMessage {
  Atomics.wait(new Int32Array(control), DUMP_MAY_READ, 0);
  try {
    return { type: 'done', result: dumpState(options, readerOf(clock), endAfterGrace(new Int32Array(control))) };
  } catch (error) {
    return { type: 'failed', code: errorCode(error), message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(run(workerData as StateDumpWorkerData));
