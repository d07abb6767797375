// SPDX-License-Identifier: MIT
// Without the native addon no other process can see a ring buffer: a worker of the program itself
// takes the delivered sub-buffers from shared memory and appends them to a file as CTF packets. What
// is left at the end is written by the thread that recorded it. kill -9 loses what was not drained.

import { appendFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import {
  FREED_COUNT_WORD,
  makeWordWaiter,
  openRingReader,
  WAITING_WRITERS_WORD,
  type RingReader,
} from '@lockstep/ring-buffer';

export interface Drain {
  /** Stops the worker and writes what it has not. Synchronous, for the process's last moments. */
  finish(): void;
}

const LOCK_FREE = 0;
const LOCK_TAKEN = 1;
const POLL_INTERVAL_MS = 20;

let isSaid = false;

export function startDrain(memory: SharedArrayBuffer, path: string): Drain {
  // Workers would say the same again.
  if (!isSaid && isMainThread) {
    isSaid = true;
    process.stderr.write(
      'lockstep: without the native addon, events are drained by a thread of the program and lost if it is killed\n',
    );
  }
  const lock = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { lockstepDrain: { memory, path, lock } },
    // Not traced itself: it would drain its own records.
    env: {},
    execArgv: [],
    stdout: false,
    stderr: false,
  });
  worker.unref();
  // A program may have no room for one more thread; then all is written at the end.
  worker.on('error', () => {});
  return {
    finish() {
      // For ever: the worker never takes it again.
      while (Atomics.compareExchange(lock, 0, LOCK_FREE, LOCK_TAKEN) !== LOCK_FREE)
        Atomics.wait(lock, 0, LOCK_TAKEN, 1);
      drainTo(openReader(memory), path);
    },
  };
}

/** Wakes a thread of the program that blocks until there is room. */
function openReader(memory: SharedArrayBuffer): RingReader {
  return openRingReader(memory, { onFreed: makeWordWaiter(memory, FREED_COUNT_WORD, WAITING_WRITERS_WORD).wakeAll });
}

function drainTo(reader: RingReader, path: string): void {
  for (let packet = reader.getNextSubBuffer(); packet !== undefined; packet = reader.getNextSubBuffer()) {
    appendFileSync(path, packet.bytes.slice());
    reader.putNextSubBuffer();
  }
}

interface DrainData {
  readonly memory: SharedArrayBuffer;
  readonly path: string;
  readonly lock: Int32Array;
}

function runDrain({ memory, path, lock }: DrainData): void {
  const reader = openReader(memory);
  setInterval(() => {
    if (Atomics.compareExchange(lock, 0, LOCK_FREE, LOCK_TAKEN) !== LOCK_FREE) return;
    try {
      drainTo(reader, path);
    } finally {
      Atomics.store(lock, 0, LOCK_FREE);
      Atomics.notify(lock, 0);
    }
  }, POLL_INTERVAL_MS);
}

// This file is the worker's program, too, and so is any bundle that holds it.
const drainData = (workerData as { readonly lockstepDrain?: DrainData } | null | undefined)?.lockstepDrain;
if (drainData !== undefined) runDrain(drainData);
