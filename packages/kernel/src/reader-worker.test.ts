// SPDX-License-Identifier: MIT
// The reader thread over files of raw pages that stand in for trace_pipe_raw: when a page is unfinished
// is the kernel's choice, and here it has to be the test's.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ARE_INSTANCES_THERE, PageQueue, READ_BYTES, READER_ENDED, STOP } from './page-queue.ts';
import type { ReaderWorkerData } from './reader-worker.ts';

const PAGE_SIZE_BYTES = 4096;

/** Pages of which only the size of their records matters to the reader. */
function pages(recordSizes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(recordSizes.length * PAGE_SIZE_BYTES);
  const view = new DataView(bytes.buffer);
  recordSizes.forEach((size, index) => view.setUint32(index * PAGE_SIZE_BYTES + 8, size, true));
  return bytes;
}

test('a stop reads what lies behind an unfinished page, of every CPU', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-reader-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const cpus = [pages([100, 4000, 4000, 50, 4000]), pages([4000]), pages([8, 8, 8])];
  writeFileSync(join(directory, 'buffer_subbuf_size_kb'), String(PAGE_SIZE_BYTES / 1024));
  const sources = cpus.map((bytes, cpuId) => {
    mkdirSync(join(directory, `per_cpu/cpu${cpuId}`), { recursive: true });
    writeFileSync(join(directory, `per_cpu/cpu${cpuId}/trace_pipe_raw`), bytes);
    return { instancePath: directory, cpuId, bufferSizeBytes: 1 << 20 };
  });
  const queue = new PageQueue();
  Atomics.store(queue.control, ARE_INSTANCES_THERE, 1);
  Atomics.store(queue.control, STOP, 1);
  const workerData: ReaderWorkerData = {
    memory: queue.memory,
    stateDirectory: directory,
    sources,
    clock: 'mono',
    clockPagePath: undefined,
    isFlightRecorder: false,
    stopFd: -1,
    captureStream: 1,
    captureSet: undefined,
  };
  const reader = new Worker(new URL('./reader-worker.js', import.meta.url), { workerData });
  await once(reader, 'exit');
  assert.equal(Atomics.load(queue.control, READER_ENDED), 1);
  assert.equal(Atomics.load(queue.counters, READ_BYTES), BigInt(9 * PAGE_SIZE_BYTES));
});
