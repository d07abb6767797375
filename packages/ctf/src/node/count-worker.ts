// SPDX-License-Identifier: MIT
// A thread that counts event records: what to do in its `workerData`, its results in one message.

import { parentPort, workerData } from 'node:worker_threads';
import { countRange } from './count-records.ts';
import { takeRanges, type PacketRange } from './packet-ranges.ts';
import { openTraceDirectory } from './trace-set.ts';

const { path, ranges, next } = workerData as { path: string; ranges: readonly PacketRange[]; next: Int32Array };
const traceSet = openTraceDirectory(path);
try {
  parentPort?.postMessage(Array.from(takeRanges(ranges, next), ([at, range]) => [at, countRange(traceSet, range)]));
} finally {
  traceSet.close();
}
