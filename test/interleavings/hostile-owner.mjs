// SPDX-License-Identifier: MIT
// A reader over memory whose owner may change any word between any two of the reader's accesses: the
// shipped reader, stepped by the tool of this folder, and random words changed on the way.

import { finish } from './load-shipped.mjs';
import { ModelMemory } from './model-memory.mjs';

const HOSTILE_VALUES = [0, 1, -1, 2, 3, 4, 5, 0x7fff_ffff, -0x8000_0000, 4096, 0x1_0000, 0x5151];
/** A reader that needs more steps for one call goes round for ever: a whole copy of such a buffer takes less. */
const MAX_STEPS = 20_000;

/**
 * Makes `mutationCount` changes during calls of the reader; returns what came of them. Throws for an
 * exception that is no ProtocolError, a call without an end, and an access outside of the memory.
 */
export function attackReaders(shipped, random, mutationCount) {
  const outcome = { mutations: 0, packets: 0, errors: 0, calls: 0 };
  const worlds = ['discard', 'overwrite'].flatMap((mode) =>
    [1, 2].map((writerCount) => makeFilled(shipped, mode, writerCount)),
  );
  while (outcome.mutations < mutationCount) {
    const filled = worlds[Math.floor(random() * worlds.length)];
    attackOnce(shipped, filled.copy(), random, outcome);
  }
  return outcome;
}

/** Some delivered, one being written. */
function makeFilled(shipped, mode, writerCount) {
  const { ring, client: testing } = shipped;
  const geometry = { mode, writerCount, subBufferCount: 3, subBufferSizeBytes: 64 };
  const memory = new ModelMemory(finish(ring.ringSizeBytes(geometry)));
  finish(ring.createRing(memory, geometry, { channelId: 0, bufferNumber: 0 }));
  const client = finish(testing.makeClient(memory));
  client.onDeliver = () => {};
  for (let index = 0; index < writerCount; index++) {
    const writer = finish(ring.tryAttachWriter(memory, { pid: 1, tid: index + 1 }, client));
    for (let value = 0; value < 7; value++) finish(testing.writeRecord(writer, value, 4));
  }
  return memory;
}

function attackOnce(shipped, memory, random, outcome) {
  const { layout } = shipped;
  const headerWords = layout.SLOTS_END ?? memory.words[layout.HEADER_SIZE_WORD] >> 2;
  const tablesEnd = finish(layout.physicalWord(2, 3, 4));
  // Some attackers change a word at each step, others one in a hundred.
  const rate = random() ** 3;

  function mutate() {
    outcome.mutations++;
    const isTable = random() < 0.9;
    const word = Math.floor(
      isTable ? random() * tablesEnd : headerWords + random() * (memory.words.length - headerWords),
    );
    const value = memory.words[word];
    const kind = random();
    memory.words[word] =
      kind < 0.4
        ? HOSTILE_VALUES[Math.floor(random() * HOSTILE_VALUES.length)]
        : kind < 0.7
          ? value ^ (1 << Math.floor(random() * 32))
          : kind < 0.85
            ? value + (random() < 0.5 ? 1 : -1)
            : Math.floor(random() * 2 ** 32);
  }

  /** Runs a call of the reader under attack; undefined when it refused. */
  function run(call) {
    outcome.calls++;
    try {
      const running = call();
      if (typeof running?.next !== 'function') return running;
      for (let step = 0; step < MAX_STEPS; step++) {
        const { done, value } = running.next();
        if (done) return value;
        if (random() < rate) mutate();
      }
    } catch (error) {
      if (error?.constructor?.name !== 'ProtocolError') throw error;
      outcome.errors++;
      return undefined;
    }
    throw new Error('a call of the reader does not end');
  }

  if (random() < 0.5) mutate();
  const tryCopy = function* (_memory, offset, target, targetOffset, sizeBytes) {
    if (
      offset < 0 ||
      sizeBytes < 0 ||
      offset + sizeBytes > memory.byteLength ||
      targetOffset + sizeBytes > target.length
    )
      throw new Error(`a copy outside of the memory: offset=${offset} sizeBytes=${sizeBytes}`);
    yield offset >> 2;
    return true;
  };
  const reader = run(() => shipped.ring.openRingReader(memory, { tryCopy }));
  if (reader === undefined) return;
  for (let turn = 0; turn < 8; turn++) {
    const packet = run(() => reader.getNextSubBuffer());
    if (packet !== undefined) {
      outcome.packets++;
      checkPacket(packet, memory);
    }
    run(() => reader.putNextSubBuffer());
  }
  run(() => reader.snapshot({ order: random() < 0.5 ? 'oldest-first' : 'newest-first' }));
  const positions = run(() => reader.snapshotPositions());
  for (let position = positions?.consumed ?? 0; position < (positions?.consumed ?? 0) + 4; position++) {
    const packet = run(() => reader.getSubBuffer(Math.max(0, position)));
    if (typeof packet === 'object') checkPacket(packet, memory);
    run(() => reader.putSubBuffer());
  }
  for (const packet of run(() => reader.takeActive()) ?? []) {
    if (packet.contentSizeBytes !== packet.bytes.length) throw new Error('a copy is not as long as its content');
  }
  run(() => reader.counters());
}

function checkPacket({ bytes, contentSizeBytes }, memory) {
  const isInside = bytes.byteOffset >= 0 && bytes.byteOffset + bytes.length <= memory.byteLength;
  if (!isInside || contentSizeBytes <= 0 || contentSizeBytes > bytes.length)
    throw new Error(`a packet outside of the memory: offset=${bytes.byteOffset} contentSizeBytes=${contentSizeBytes}`);
}
