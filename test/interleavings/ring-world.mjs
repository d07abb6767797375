// SPDX-License-Identifier: MIT
// A ring buffer as a scenario: writers record, a reader takes, and what happened is held against what
// came out. One writer records by the tracer's generated function into CTF packets; several share a
// buffer by the client of the library's own tests. A sub-buffer holds one record or two here (its least
// size is the one setting that differs from what is shipped), so that few records go round.

import { finish } from './load-shipped.mjs';
import { ModelMemory, mix, Violation } from './model-memory.mjs';
import { Thread } from './explore.mjs';
import { plainFormat, tracerFormat } from './record-formats.mjs';

export const SMALL_SUB_BUFFERS = [
  {
    file: '/layout.js',
    from: 'export const MIN_SUB_BUFFER_SIZE_BYTES = 4096',
    to: 'export const MIN_SUB_BUFFER_SIZE_BYTES = 32',
  },
];

/**
 * A maker of worlds. Shape: mode, writerCount (1, or several at the same time), subBufferCount,
 * recordsPerSubBuffer (1 or 2), recordCount (of each writer), pollCount (of the reader), mayWriterDie,
 * mayReaderDie, hasNextWriter (takes over after release or death), isSnapshot (the reader copies and
 * takes nothing), order (of stores: see model-memory.mjs), maxPreemptions.
 */
export function ringWorlds(shipped, shape) {
  const { createRing, ringSizeBytes } = shipped.ring;
  const format = shape.writerCount === 1 ? tracerFormat(shipped, shape) : plainFormat(shipped, shape);
  const { mode, subBufferCount, writerCount } = shape;
  const geometry = { mode, subBufferCount, writerCount, subBufferSizeBytes: format.subBufferSizeBytes };
  const blank = new ModelMemory(finish(ringSizeBytes(geometry)));
  finish(createRing(blank, geometry, { channelId: 0, bufferNumber: 0 }));
  return () => new World(shipped, shape, format, blank.copy(shape.order));
}

class World {
  memory;
  threads = [];
  /** The explorer's: interruptions that are left; undefined for any number. */
  preemptionsLeft;
  #shipped;
  #shape;
  #format;
  #firstSubBufferWord;
  #slots;
  #deathCount = 0;
  /** id -> sequence number of the sub-buffer it was committed in. */
  #committed = new Map();
  #attemptCount = 0;
  /** What a reader got: packets in the order in which they came. */
  #consumed = [];
  /** Records whose writer died in them: committed or not, both are right. */
  #interrupted = 0;
  /** Of each writer's block, the thread that has it. */
  #blockUsers = new Map();

  constructor(shipped, shape, format, memory) {
    this.#shipped = shipped;
    this.#shape = shape;
    this.#format = format;
    this.memory = memory;
    this.preemptionsLeft = shape.maxPreemptions;
    const { layout } = shipped;
    this.#firstSubBufferWord = memory.words[layout.HEADER_SIZE_WORD] >> 2;
    this.#slots = finish(layout.slotsWord(shape.writerCount));
    memory.isUnseen = (word) => this.#isUnseen(word);
    memory.onStore = (thread, word, value) => {
      if (thread !== undefined && word < layout.NEXT_SEQUENCE_WORD)
        throw new Violation(`${thread.name} writes to word ${word}, which is written once`);
      if (thread?.pending !== undefined && this.#blockWordOf(word) === layout.COMMITTED)
        this.#noteCommit(thread, value);
    };
    const writers = Array.from({ length: shape.writerCount }, (_, index) => this.#addWriter(index + 1));
    if (shape.hasNextWriter) {
      const [first] = writers;
      const next = this.#addWriter(shape.writerCount + 1);
      // Who is known to be dead has left its CPU, and with that its stores are visible.
      next.isReady = () => first.isDone || (first.isDead && first.buffer.length === 0);
    }
    const reader = this.#addThread('reader', false, shape.isSnapshot ? this.#takeSnapshots() : this.#consume());
    if (shape.mayReaderDie) {
      const heir = this.#addThread('heir', false, this.#consume());
      heir.isReady = () => reader.isDead && reader.buffer.length === 0;
      // Without a death there is nothing for it to do.
      heir.isOptional = true;
    }
  }

  /**
   * What only the writer that has the block touches; and, where no reader copies beside the writers,
   * the bytes of sub-buffers: that nobody touches one that another has is checked at each access.
   */
  isAlone(thread, word) {
    if (word >= this.#firstSubBufferWord) return this.#isSubBufferAlone(thread, word);
    const { layout } = this.#shipped;
    // What is not written after creation, and counts that nobody here sleeps on.
    if (word < layout.NEXT_SEQUENCE_WORD || this.#isUnseen(word)) return true;
    const at = this.#blockWordOf(word);
    // Only who copies what is being written looks at where it ends.
    const isOwn =
      (at >= layout.LIMIT && at <= layout.DEPTH) ||
      (at >= layout.DISCARDED_FULL && at <= layout.OVERWRITTEN) ||
      (this.#shape.isSnapshot !== true && (at === layout.COMMITTED || at === layout.ACTIVE));
    if (!isOwn) return false;
    const block = word - at;
    const user = this.#blockUsers.get(block);
    if (user !== thread) {
      if (!thread.isWriter || (user !== undefined && !user.isDone && !user.isDead))
        throw new Violation(`${thread.name} touches word ${word}, which another has`);
      this.#blockUsers.set(block, thread);
    }
    return true;
  }

  #isUnseen(word) {
    const { DELIVERY_COUNT_WORD, FREED_COUNT_WORD } = this.#shipped.layout;
    return word === DELIVERY_COUNT_WORD || word === FREED_COUNT_WORD;
  }

  #isSubBufferAlone(thread, word) {
    const { held } = this.memory;
    const isHeld = held !== undefined && word >= held.from && word < held.to;
    if (thread.isWriter) {
      if (isHeld || !this.#isWritten(word))
        throw new Violation(`${thread.name} touches word ${word}, which another has`);
    } else if (!this.#shape.isSnapshot && !isHeld) {
      throw new Violation(`${thread.name} touches word ${word}, which another has`);
    }
    return this.#shape.isSnapshot ? !this.#isLookedAt(word) : true;
  }

  /** A slot names this sub-buffer as one that is written. */
  #isWritten(word) {
    const { layout } = this.#shipped;
    const physicalIndex = Math.floor((word - this.#firstSubBufferWord) / (this.#format.subBufferSizeBytes / 4));
    for (let slot = 0; slot < this.#shape.subBufferCount; slot++) {
      const value = this.memory.words[this.#slots + slot];
      if (((value >>> 2) & 0x3ff) === physicalIndex && (value & 3) === layout.SLOT_WRITING) return true;
    }
    return false;
  }

  /** Of a packet's header only some words say anything about the ring buffer; a copy of the others proves nothing. */
  #isLookedAt(word) {
    return this.#format.isLookedAt((word - this.#firstSubBufferWord) % (this.#format.subBufferSizeBytes / 4));
  }

  /** Which word of a writer's block this is; -1 when it is in none. */
  #blockWordOf(word) {
    const { WRITERS_WORD, WRITER_BLOCK_WORDS } = this.#shipped.layout;
    return word >= WRITERS_WORD && word < this.#slots ? (word - WRITERS_WORD) % WRITER_BLOCK_WORDS : -1;
  }

  /** On a weakly ordered machine: a word of the header that is seen before the bytes that it announces. */
  mayOvertake(word) {
    return word < this.#firstSubBufferWord;
  }

  mayDie(thread) {
    if (this.#deathCount > 0) return false;
    const { mayWriterDie, mayReaderDie } = this.#shape;
    return (mayWriterDie === true && thread.name === 'writer 1') || (mayReaderDie === true && thread.name === 'reader');
  }

  onDeath(thread) {
    this.#deathCount++;
    if (thread.pending !== undefined) this.#interrupted++;
    if (!thread.isWriter) this.memory.held = undefined;
    thread.heldSequence = thread.holding;
    // What it knew does not matter any more.
    thread.settle(99, thread.holding ?? -1, thread.seen ?? 0);
  }

  #addThread(name, isWriter, body) {
    const thread = new Thread(name, this.memory, body, isWriter);
    this.threads.push(thread);
    return thread;
  }

  #addWriter(number) {
    const world = this;
    const format = this.#format;
    const { recordCount } = this.#shape;
    return this.#addThread(`writer ${number}`, true, (thread) =>
      (function* () {
        thread.settle(0);
        yield 0;
        const attached = yield* format.attach(world.memory, number);
        if (attached === undefined) {
          // Who died before it said who it was has its block for ever; everybody else gets one.
          if (world.#deathCount === 0) throw new Violation('a buffer that nobody has cannot be taken');
          thread.settle(4);
          return;
        }
        const { writer, record } = attached;
        let truth = 0;
        for (let index = 0; index < recordCount; index++) {
          const id = number * 100 + index;
          // Whether a sub-buffer is active shows in its block.
          thread.settle(1, index, truth);
          thread.pending = id;
          world.#attemptCount++;
          yield* record(id);
          thread.pending = undefined;
          truth = mix(truth, world.#committed.get(id) ?? -1);
          thread.seen = truth;
        }
        thread.settle(2, truth);
        yield* writer.release();
        thread.settle(3, truth);
      })(),
    );
  }

  #noteCommit(thread, value) {
    const { layout } = this.#shipped;
    const { subBufferSizeBytes, headerSizeBytes } = this.#format;
    const within = value - this.#firstSubBufferWord * 4;
    // A switch stores here as well: 0, or the end of the header.
    if (value === 0 || within % subBufferSizeBytes === headerSizeBytes) return;
    const index = Math.floor((within - 1) / subBufferSizeBytes);
    const entry = finish(layout.physicalWord(this.#shape.writerCount, this.#shape.subBufferCount, index));
    this.#committed.set(thread.pending, this.memory.read(entry + layout.PHYSICAL_SEQUENCE));
  }

  #consume() {
    const { pollCount } = this.#shape;
    const { subBufferSizeBytes } = this.#format;
    const world = this;
    return (thread) =>
      (function* () {
        thread.settle(10);
        yield 0;
        const reader = world.#openReader();
        let seen = 0;
        for (let poll = 0; poll < pollCount; poll++) {
          thread.settle(11, poll, seen, reader.$spare, reader.$left?.sequence ?? -1, ...reader.$delivered);
          const packet = yield* reader.getNextSubBuffer();
          if (packet === undefined) continue;
          const from = packet.bytes.byteOffset >> 2;
          world.#checkNobodyWrites(packet.sequenceNumber, from * 4 + subBufferSizeBytes);
          world.memory.held = { from, to: from + subBufferSizeBytes / 4 };
          thread.holding = packet.sequenceNumber;
          const parsed = yield* world.#parse(packet);
          world.#consumed.push(parsed);
          seen = mix(seen, parsed.hash);
          thread.seen = seen;
          world.memory.held = undefined;
          yield* reader.putNextSubBuffer();
          thread.holding = undefined;
        }
        thread.settle(12, seen);
      })();
  }

  /** A writer whose active sub-buffer ends there. */
  #checkNobodyWrites(sequence, endBytes) {
    const { WRITERS_WORD, WRITER_BLOCK_WORDS, LIMIT } = this.#shipped.layout;
    for (let index = 0; index < this.#shape.writerCount; index++) {
      if (this.memory.words[WRITERS_WORD + index * WRITER_BLOCK_WORDS + LIMIT] === endBytes)
        throw new Violation(`owned by two: the reader takes packet ${sequence}, which a writer writes`);
    }
  }

  #takeSnapshots() {
    const { pollCount } = this.#shape;
    const world = this;
    return (thread) =>
      (function* () {
        thread.settle(20);
        yield 0;
        const reader = world.#openReader();
        let seen = 0;
        for (let poll = 0; poll < pollCount; poll++) {
          thread.settle(21, poll, seen);
          const { packets } = yield* reader.snapshot();
          const parsed = [];
          for (const packet of packets) parsed.push(yield* world.#parse(packet));
          world.#checkSnapshot(parsed);
          seen = parsed.reduce((hash, { hash: own }) => mix(hash, own), seen);
        }
        thread.settle(22, seen);
      })();
  }

  /** Its copies are made word by word, as slowly as a copy can be. */
  #openReader() {
    const { memory } = this;
    const isLookedAt = (word) => this.#isLookedAt(word);
    const tryCopy = function* (_memory, offset, target, targetOffset, sizeBytes) {
      const words = new Int32Array(target.buffer, target.byteOffset + targetOffset, sizeBytes >> 2);
      for (let index = 0; index < words.length; index++) {
        const word = (offset >> 2) + index;
        if (isLookedAt(word)) {
          yield word;
          memory.current?.note(word, memory.read(word));
        }
        words[index] = memory.read(word);
      }
      return true;
    };
    return this.#shipped.ring.openRingReader(memory, { tryCopy });
  }

  *#parse({ bytes, contentSizeBytes, sequenceNumber, isActive }) {
    const view = new Int32Array(contentSizeBytes / 4);
    const { memory } = this;
    const isBorrowed = bytes.buffer === memory;
    const copied = isBorrowed ? undefined : new Int32Array(bytes.buffer, bytes.byteOffset, view.length);
    for (let index = 0; index < view.length; index++) {
      if (copied !== undefined) view[index] = copied[index];
      else {
        const word = (bytes.byteOffset >> 2) + index;
        yield word;
        view[index] = memory.read(word);
        memory.current?.note(word, view[index]);
      }
    }
    const packet = this.#format.parse(view, sequenceNumber, isActive === true);
    const hash = packet.ids.reduce(mix, mix(packet.sequence, packet.discarded));
    return { ...packet, hash, isActive: isActive === true };
  }

  #checkSnapshot(packets) {
    const isHoleAllowed = this.#shape.writerCount > 1;
    packets.forEach(({ sequence }, index) => {
      const before = packets[index - 1]?.sequence;
      if (before !== undefined && (isHoleAllowed ? sequence <= before : sequence !== before + 1))
        throw new Violation(`a hole before packet ${sequence} of a snapshot`);
    });
    this.#checkOrder(packets);
  }

  /** Of each writer, the records in their order and once. */
  #checkOrder(packets) {
    const last = new Map();
    for (const id of packets.flatMap(({ ids }) => ids)) {
      const writer = Math.floor(id / 100);
      const before = last.get(writer) ?? -1;
      if (id < before) throw new Violation(`reordered: record ${id} after ${before}`);
      if (id === before) throw new Violation(`duplicated: record ${id}`);
      last.set(writer, id);
    }
  }

  /** Nobody can go on: what is left is taken by a last reader, and the accounts must balance. */
  checkEnd() {
    for (const thread of this.threads) {
      if (!thread.isDone && !thread.isDead && thread.isOptional !== true)
        throw new Violation(`${thread.name} waits for ever`);
    }
    const reader = this.#openReader();
    const consumed = [...this.#consumed];
    for (
      let packet = finish(reader.getNextSubBuffer());
      packet !== undefined;
      packet = finish(reader.getNextSubBuffer())
    ) {
      consumed.push(finish(this.#parse(packet)));
      finish(reader.putNextSubBuffer());
    }
    for (const packet of finish(reader.takeActive())) consumed.push(finish(this.#parse({ ...packet, isActive: true })));
    this.#balance(consumed, finish(reader.counters()).discarded);
  }

  #balance(consumed, discarded) {
    const deadHeld = this.threads.find((thread) => thread.heldSequence !== undefined)?.heldSequence;
    const packets = new Map();
    for (const packet of consumed) {
      const earlier = packets.get(packet.sequence);
      // Who died with it in his hands may have read it; his heir gets it again.
      if (earlier !== undefined && (packet.sequence !== deadHeld || packet.hash !== earlier.hash))
        throw new Violation(`duplicated: packet ${packet.sequence}`);
      if (earlier === undefined) packets.set(packet.sequence, packet);
    }
    const distinct = [...packets.values()];
    this.#checkOrder(distinct);
    const left = groupBySequence(this.#committed);
    for (const { sequence, ids } of distinct) {
      const expected = left.get(sequence) ?? [];
      if (ids.join() !== expected.join())
        throw new Violation(`lost or invented: packet ${sequence} has ${ids.join()} instead of ${expected.join()}`);
      left.delete(sequence);
    }
    for (const [sequence, ids] of left) {
      if (!this.#wasOverwritten(sequence))
        throw new Violation(`lost: records ${ids.join()} of packet ${sequence} are in no packet`);
    }
    const { mode, writerCount } = this.#shape;
    if (mode === 'overwrite' && writerCount === 1 && discarded > 0)
      throw new Violation(`stuck: ${discarded} records are discarded although the oldest must give way`);
    const uncounted = this.#attemptCount - this.#committed.size - discarded;
    if (uncounted < 0 || uncounted > this.#interrupted)
      throw new Violation(`lost without being counted: ${uncounted} records`);
    if (distinct.some((packet) => packet.discarded > discarded))
      throw new Violation('a packet counts more losses than there were');
  }

  #wasOverwritten(sequence) {
    if (this.#shape.mode === 'discard') return false;
    const tag = this.memory.words[this.#slots + (sequence % this.#shape.subBufferCount)] >>> 12;
    return tag > sequence;
  }
}

function groupBySequence(committed) {
  const groups = new Map();
  for (const [id, sequence] of committed) groups.set(sequence, [...(groups.get(sequence) ?? []), id]);
  return groups;
}
