// SPDX-License-Identifier: MIT
// One round of torture: a ring buffer of random shape in a mapped file, writers and a reader in threads
// and processes, some of them stopped, killed and replaced; then the books are balanced.

import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { loadNative } from '../../packages/native/dist/src/index.js';
import { createRing, openRingReader, ringSizeBytes } from '../../packages/ring-buffer/dist/src/index.js';
import { ACCEPTED, BEGUN, BOARD_SIZE_BYTES, DEAD, ENDED, STOP, wordsOf } from './board.mjs';
import { describePacket } from './reader.mjs';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));

/** What happened, with `problems`: sentences, none when all is well. */
export async function runRound({ directory, random, roundMs }) {
  const round = new Round(directory, random);
  try {
    return await round.run(roundMs);
  } finally {
    round.remove();
  }
}

class Round {
  #random;
  #shape;
  #paths;
  #memory;
  #board;
  #mappings = [];
  /** {kind, incarnation, isEnded, kill, stop, go} */
  #writers = [];
  #reader;
  #incarnationCount = 0;
  #actions = { killedWriters: 0, killedReaders: 0, stops: 0 };

  constructor(directory, random) {
    this.#random = random;
    const pick = (...choices) => choices[Math.floor(random() * choices.length)];
    const subBufferSizeBytes = pick(4096, 8192, 65_536);
    this.#shape = {
      mode: pick('discard', 'overwrite'),
      subBufferSizeBytes,
      subBufferCount: pick(2, 3, 4, 8, 16),
      writerCount: pick(1, 1, 2, 3),
      // A record may be as large as a sub-buffer's room, and larger: then it is counted as too big.
      maxRecordWords: pick(8, 64, 512, subBufferSizeBytes / 4 + 16),
      writerPause: pick(0, 20, 200),
      readerPause: pick(0, 0, 10),
    };
    this.#paths = {
      ringPath: join(directory, 'ring'),
      boardPath: join(directory, 'board'),
      linesPath: join(directory, 'lines'),
    };
    this.remove();
    const native = loadNative();
    const map = (path, createSizeBytes) => {
      const mapping = native.mapFile(path, { access: 'read-write', createSizeBytes });
      this.#mappings.push(mapping);
      return mapping.buffer;
    };
    this.#memory = map(this.#paths.ringPath, ringSizeBytes(this.#shape));
    this.#board = new Int32Array(map(this.#paths.boardPath, BOARD_SIZE_BYTES));
    createRing(this.#memory, this.#shape, { channelId: 0, bufferNumber: 0 });
  }

  remove() {
    for (const path of Object.values(this.#paths)) rmSync(path, { force: true });
  }

  async run(roundMs) {
    for (let index = 0; index < this.#shape.writerCount; index++) this.#addWriter();
    this.#startReader();
    const end = performance.now() + roundMs;
    while (performance.now() < end) {
      await sleep(5 + this.#random() * 60);
      await this.#disturb();
    }
    Atomics.store(this.#board, STOP, 1);
    await Promise.all([...this.#writers, this.#reader].map((actor) => actor.ended));
    const problems = this.#balance();
    for (const mapping of this.#mappings) mapping.unmap();
    return { shape: this.#shape, actions: this.#actions, problems, ...this.#sums };
  }

  #sums = { begun: 0, accepted: 0, consumed: 0, discarded: 0, packets: 0 };

  #start(file, options) {
    const isThread = this.#random() < 0.5;
    const actor = { isThread, hasEnded: false };
    if (isThread) {
      const worker = new Worker(pathOf(file), { workerData: options });
      actor.ended = new Promise((resolve) => worker.on('exit', resolve));
      worker.on('error', (error) => (actor.error = error.message));
      actor.kill = () => worker.terminate();
    } else {
      const child = spawn(process.execPath, [pathOf(file), JSON.stringify(options)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      actor.ended = new Promise((resolve) => child.on('exit', resolve)).then((status) => {
        // Killed, it has none.
        if (status !== 0 && status !== null) actor.error = `${file} ended with status ${status}`;
      });
      actor.kill = () => child.kill('SIGKILL');
      actor.stop = () => child.kill('SIGSTOP');
      actor.go = () => child.kill('SIGCONT');
    }
    actor.ended = actor.ended.then(() => (actor.hasEnded = true));
    return actor;
  }

  #addWriter() {
    const incarnation = ++this.#incarnationCount;
    const { maxRecordWords, writerPause } = this.#shape;
    const seed = Math.floor(this.#random() * 2 ** 31);
    const options = { ...this.#paths, incarnation, seed, maxRecordWords, pauseEvery: writerPause };
    this.#writers.push({ ...this.#start('./writer.mjs', options), incarnation });
  }

  #startReader() {
    const options = { ...this.#paths, seed: Math.floor(this.#random() * 2 ** 31), pauseEvery: this.#shape.readerPause };
    this.#reader = this.#start('./reader.mjs', options);
  }

  async #disturb() {
    const choice = this.#random();
    if (choice < 0.25) {
      const index = Math.floor(this.#random() * this.#writers.length);
      const writer = this.#writers[index];
      // Started and not yet dead; one that is only stopped may come back.
      if (writer.isDead === true || this.#incarnationCount > 200) return;
      writer.isDead = true;
      await writer.kill();
      await writer.ended;
      this.#actions.killedWriters++;
      Atomics.store(this.#board, wordsOf(writer.incarnation) + DEAD, 1);
      this.#addWriter();
    } else if (choice < 0.4) {
      const reader = this.#reader;
      await reader.kill();
      await reader.ended;
      this.#actions.killedReaders++;
      this.#startReader();
    } else if (choice < 0.6) {
      const stopped = [...this.#writers, this.#reader].filter(
        (actor) => actor.stop !== undefined && actor.isDead !== true,
      );
      const actor = stopped[Math.floor(this.#random() * stopped.length)];
      if (actor === undefined) return;
      actor.stop();
      this.#actions.stops++;
      await sleep(this.#random() * 50);
      actor.go();
    }
  }

  #balance() {
    const problems = [];
    const packets = new Map();
    for (const text of readLines(this.#paths.linesPath)) {
      let packet;
      try {
        packet = JSON.parse(text);
      } catch {
        // Cut off by a kill: its packet comes again.
        continue;
      }
      if (packet.error !== undefined) problems.push(packet.error);
      else this.#addPacket(packets, packet, problems);
    }
    this.#takeRest(packets, problems);
    this.#compare(packets, problems);
    for (const actor of [...this.#writers, this.#reader]) if (actor.error !== undefined) problems.push(actor.error);
    return problems;
  }

  #addPacket(packets, packet, problems) {
    const earlier = packets.get(packet.sequence);
    if (earlier === undefined) packets.set(packet.sequence, packet);
    else if (this.#actions.killedReaders === 0) problems.push(`packet ${packet.sequence} was consumed twice`);
    else if (JSON.stringify(earlier) !== JSON.stringify(packet))
      problems.push(`packet ${packet.sequence} came again with other content`);
  }

  #takeRest(packets, problems) {
    const reader = openRingReader(this.#memory);
    try {
      for (let packet = reader.getNextSubBuffer(); packet !== undefined; packet = reader.getNextSubBuffer()) {
        this.#addPacket(packets, describePacket(packet), problems);
        reader.putNextSubBuffer();
      }
      for (const packet of reader.takeActive()) {
        if (packet.contentSizeBytes > 16) this.#addPacket(packets, describePacket(packet), problems);
      }
    } catch (error) {
      problems.push(error.message);
    }
    this.#sums.discarded = reader.counters().discarded;
    this.#sums.packets = packets.size;
  }

  #compare(packets, problems) {
    const seen = new Map();
    const ordered = [...packets.values()].sort((a, b) => a.sequence - b.sequence);
    for (const [incarnation, first, last, count] of ordered.flatMap(({ runs }) => runs)) {
      const before = seen.get(incarnation) ?? { last: -1, count: 0 };
      if (first <= before.last) problems.push(`writer ${incarnation}: record ${first} comes after ${before.last}`);
      seen.set(incarnation, { last, count: before.count + count });
      this.#sums.consumed += count;
    }
    let killed = 0;
    for (let incarnation = 1; incarnation <= this.#incarnationCount; incarnation++) {
      const own = wordsOf(incarnation);
      const [begun, accepted] = [this.#board[own + BEGUN], this.#board[own + ACCEPTED]];
      const isKilled = this.#board[own + ENDED] !== 1;
      if (isKilled) killed++;
      this.#sums.begun += begun;
      this.#sums.accepted += accepted;
      const consumed = seen.get(incarnation)?.count ?? 0;
      // A killed writer may have committed one that it did not come to count.
      const isBalanced = consumed === accepted || (isKilled && consumed === accepted + 1);
      if (this.#shape.mode === 'discard' ? !isBalanced : consumed > accepted + (isKilled ? 1 : 0))
        problems.push(`writer ${incarnation}: ${accepted} records were accepted, ${consumed} came out`);
    }
    const missing = this.#sums.begun - this.#sums.accepted - this.#sums.discarded;
    if (missing < 0 || missing > killed)
      problems.push(`${missing} records are neither accepted nor counted; ${killed} writers were killed`);
  }
}

function readLines(path) {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
