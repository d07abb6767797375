// SPDX-License-Identifier: MIT
// A thread that counts event records: what to do in its `workerData`, its results in one message.

import { parentPort, workerData } from 'node:worker_threads';
import { takeRanges, type PacketRange } from './count-records.ts';
import { openTraceDirectory } from './trace-set.ts';

const { path, ranges, next } = workerData as { path: string; ranges: readonly PacketRange[]; next: Int32Array };
const traceSet = openTraceDirectory(path);
try {
  parentPort?.postMessage([...takeRanges(traceSet, ranges, next)]);
} finally {
  traceSet.close();
}
