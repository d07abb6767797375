// SPDX-License-Identifier: MIT
// A writer of a torture round, in a thread or a process of its own: records of random sizes, each with
// its writer's incarnation, a number that counts up, and a checksum, until it is told to stop or killed.

import { isMainThread, workerData } from 'node:worker_threads';
import { loadNative } from '../../packages/native/dist/src/index.js';
import { tryAttachWriter } from '../../packages/ring-buffer/dist/src/index.js';
import { COMMITTED, LIMIT } from '../../packages/ring-buffer/dist/src/layout.js';
import { makeClient } from '../../packages/ring-buffer/dist/src/testing/record-client.js';
import { makeRandom } from '../interleavings/explore.mjs';
import { ACCEPTED, BEGUN, checksum, DEAD, ENDED, STOP, wordsOf } from './board.mjs';

const options = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const { ringPath, boardPath, incarnation, seed, maxRecordWords, pauseEvery } = options;
const native = loadNative();
const memory = native.mapFile(ringPath, { access: 'read-write' }).buffer;
const board = new Int32Array(native.mapFile(boardPath, { access: 'read-write' }).buffer);
const own = wordsOf(incarnation);
const random = makeRandom(seed);
const pause = new Int32Array(new SharedArrayBuffer(4));

const isDead = (owner) => board[wordsOf(owner.tid) + DEAD] === 1;
let writer;
while (writer === undefined && Atomics.load(board, STOP) === 0) {
  writer = tryAttachWriter(memory, { pid: process.pid, tid: incarnation }, makeClient(memory), isDead);
  // Another incarnation had the same thought about the same block.
  if (writer === undefined) Atomics.wait(pause, 0, 0, 1);
}
let number = 0;
if (writer === undefined) process.exit(0);
while (Atomics.load(board, STOP) === 0) {
  for (let count = 0; count < 50; count++) {
    Atomics.store(board, own + BEGUN, number + 1);
    // Four words around what may vary: size, incarnation, number, checksum.
    const wordCount = (4 + Math.floor(random() * (maxRecordWords - 4))) & -2;
    if (record(number++, wordCount)) Atomics.store(board, own + ACCEPTED, board[own + ACCEPTED] + 1);
  }
  if (pauseEvery > 0 && random() * pauseEvery < 1) Atomics.wait(pause, 0, 0, 1);
}
writer.release();
Atomics.store(board, own + ENDED, 1);

function record(value, wordCount) {
  const { words, block } = writer;
  const sizeBytes = wordCount * 4;
  let begin = (words[block + COMMITTED] + 7) & -8;
  if (begin + sizeBytes > words[block + LIMIT]) begin = writer.reserveSlow(sizeBytes);
  if (begin < 0) return false;
  const from = begin >> 2;
  const to = from + wordCount;
  words[from] = sizeBytes;
  words[from + 1] = incarnation;
  words[from + 2] = value;
  for (let index = from + 3; index < to - 1; index++) words[index] = Math.imul(index, value + 1);
  words[to - 1] = checksum(words, from, to - 1);
  words[block + COMMITTED] = begin + sizeBytes;
  return true;
}
