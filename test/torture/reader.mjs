// SPDX-License-Identifier: MIT
// The consuming reader of a torture round: checks each record of each packet and writes a line a packet
// BEFORE it gives the sub-buffer back. Killed between the two, its heir writes that line again.

import { openSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, workerData } from 'node:worker_threads';
import { loadNative } from '../../packages/native/dist/src/index.js';
import { openRingReader } from '../../packages/ring-buffer/dist/src/index.js';
import { HEADER_BYTES, MARK } from '../../packages/ring-buffer/dist/src/testing/record-client.js';
import { makeRandom } from '../interleavings/explore.mjs';
import { checksum, STOP } from './board.mjs';

/** Throws for what no writer wrote. Runs of numbers of one incarnation: [incarnation, first, last, count]. */
export function describePacket(packet) {
  const copy = packet.bytes.slice(0, packet.contentSizeBytes);
  const words = new Int32Array(copy.buffer, 0, copy.length >> 2);
  if ((words[0] & 0xffff) !== MARK || words[1] !== packet.sequenceNumber)
    throw new Error(`packet ${packet.sequenceNumber} has the header of ${words[1]}`);
  const runs = [];
  for (let at = HEADER_BYTES / 4; at < words.length;) {
    const end = at + words[at] / 4;
    if (!(words[at] >= 16 && words[at] % 8 === 0 && end <= words.length))
      throw new Error(`packet ${packet.sequenceNumber} has a record of ${words[at]} bytes`);
    const [, incarnation, number] = words.subarray(at, end);
    if (words[end - 1] !== checksum(words, at, end - 1))
      throw new Error(`packet ${packet.sequenceNumber} has a torn record, ${incarnation}/${number}`);
    const last = runs.at(-1);
    if (last?.[0] === incarnation && number > last[2]) {
      last[2] = number;
      last[3]++;
    } else runs.push([incarnation, number, number, 1]);
    at = end;
  }
  return { sequence: packet.sequenceNumber, discarded: words[2], runs };
}

function run({ ringPath, boardPath, linesPath, seed, pauseEvery }) {
  const native = loadNative();
  const memory = native.mapFile(ringPath, { access: 'read-write' }).buffer;
  const board = new Int32Array(native.mapFile(boardPath, { access: 'read-write' }).buffer);
  const lines = openSync(linesPath, 'a');
  const random = makeRandom(seed);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const reader = openRingReader(memory);
  while (Atomics.load(board, STOP) === 0) {
    const packet = reader.getNextSubBuffer();
    if (packet === undefined) {
      Atomics.wait(pause, 0, 0, 1);
      continue;
    }
    let line;
    try {
      line = describePacket(packet);
    } catch (error) {
      line = { error: error.message };
    }
    writeSync(lines, `${JSON.stringify(line)}\n`);
    if (pauseEvery > 0 && random() * pauseEvery < 1) Atomics.wait(pause, 0, 0, 2);
    reader.putNextSubBuffer();
  }
}

if (!isMainThread) {
  if (workerData?.linesPath !== undefined) run(workerData);
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  run(JSON.parse(process.argv[2]));
}
