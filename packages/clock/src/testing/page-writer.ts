// SPDX-License-Identifier: MIT
// Changes the page of every CPU of this machine without a pause, until told to stop: for readers that
// must not notice. Counters that run evenly, so that a torn reading shows as a jump.

import { parentPort, workerData } from 'node:worker_threads';
import { loadNative } from '@lockstep/native';
import { applySegment, clockPageSize, ClockPageWriter, type ClockSegment } from '../clock-page.ts';
import { countPossibleCpus } from '../synthetic-clock.ts';

const { path, stop } = workerData as { readonly path: string; readonly stop: Int32Array };
const native = loadNative();
const readPair = native?.readPair;
if (native === undefined || readPair === undefined) throw new Error('needs the addon');
const { slot } = native;
const quads = new BigInt64Array(slot.buffer, slot.byteOffset, 8);
const cpuCount = countPossibleCpus();
const sample = (): { cycles: bigint; ns: bigint } => {
  readPair();
  return { cycles: quads[3] as bigint, ns: quads[2] as bigint };
};
const first = sample();
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
const second = sample();
const nsPerCycle = Number(second.ns - first.ns) / Number(second.cycles - first.cycles);
const { buffer } = native.mapFile(path, { access: 'read-write', createSizeBytes: clockPageSize(cpuCount) });
const page = new ClockPageWriter(buffer, cpuCount, 64, first);
const lead = Math.ceil(1_000_000 / nsPerCycle);
let before: ClockSegment = { startCycles: 0, startNs: 0, nsPerCycle };
let after: ClockSegment = before;
let count = 0;
while (Atomics.load(stop, 0) === 0) {
  const position = Number(sample().cycles - first.cycles);
  // As the keeper does: what begins is published before it does, and only one change lies ahead.
  if (position >= after.startCycles) {
    before = after;
    const startCycles = position + lead;
    after = {
      startCycles,
      startNs: applySegment(before, startCycles),
      nsPerCycle: nsPerCycle * (1 + ((count % 7) - 3) * 1e-6),
    };
  }
  for (let cpu = 0; cpu < cpuCount; cpu++) page.publish(cpu, before, after);
  if (count++ === 0) parentPort?.postMessage('ready');
}
parentPort?.postMessage([count]);
