// SPDX-License-Identifier: MIT
// Reads a clock page many times, without the clamp's help: a value before the last one, or one far from
// it, is counted.

import { parentPort, workerData } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import { ClockPageReader } from '../clock-page.ts';

const { path, readCount, index } = workerData as {
  readonly path: string;
  readonly readCount: number;
  readonly index: number;
};
/** A preempted thread may be away for long; a torn reading is off by far more. */
const MAX_STEP_NS = 20_000_000_000;

const native = loadNative();
if (native === undefined) throw new Error('needs the addon');
native.bindClockPage(path);
const { slot, readClockPage } = native;
let lastLow = 0;
let lastHigh = 0;
let backward = 0;
let far = 0;
for (let turn = 0; turn < readCount; turn++) {
  readClockPage();
  const low = (slot[0] as number) >>> 0;
  const high = slot[1] as number;
  if (high < lastHigh || (high === lastHigh && low < lastLow)) backward++;
  else if (turn > 0 && (high - lastHigh) * 4_294_967_296 + (low - lastLow) > MAX_STEP_NS) far++;
  lastLow = low;
  lastHigh = high;
}
// The addon clamps; the reader in JavaScript does not, and is slower: a share of the readings.
const page = new ClockPageReader(native.mapFile(path, { access: 'read' }).buffer);
const quads = new BigInt64Array(slot.buffer, slot.byteOffset, 2);
let last = 0n;
for (let turn = 0; turn < readCount / 20; turn++) {
  native.readTsc?.();
  const told = page.tryRead(index % page.cpuCount, quads[0] as bigint);
  if (told === undefined) continue;
  if (told < last) backward++;
  last = told;
}
parentPort?.postMessage({ backward, far });
