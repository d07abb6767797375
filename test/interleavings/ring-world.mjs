// SPDX-License-Identifier: MIT
// A ring buffer as a scenario: writers record, a reader takes, and what happened is held against what
// came out. One writer records by the tracer's generated function into CTF packets; several share a
// buffer by the client of the library's own tests. A sub-buffer holds one record or two here (its least
// size is the one setting that differs from what is shipped), so that few records go round.

import { balance, checkSnapshot } from './balance.mjs';
import { finish } from './load-shipped.mjs';
import { LOAD, mix, ModelMemory, Violation } from './model-memory.mjs';
import { plainFormat, tracerFormat } from './record-formats.mjs';
import { RingWords } from './ring-words.mjs';

export const SMALL_SUB_BUFFERS = [
  {
    file: '/layout.js',
    from: 'export const MIN_SUB_BUFFER_SIZE_BYTES = 4096',
    to: 'export const MIN_SUB_BUFFER_SIZE_BYTES = 32',
  },
];

const NOTHING = { truth: 0, committed: [], consumed: [], attempts: 0 };

/**
 * A scenario. Shape: mode, writerCount (1, or several at the same time), subBufferCount,
 * recordsPerSubBuffer (1 or 2), recordCount (of each writer; or a list), pollCount (of the reader), mayWriterDie,
 * mayReaderDie, hasNextWriter (takes over after release or death), isSnapshot (the reader copies and
 * takes nothing), order (of stores: see state.mjs), maxPreemptions.
 */
export class RingWorld {
  programs = [];
  blank;
  order;
  maxPreemptions;
  writerCount;
  #shipped;
  #shape;
  #format;
  #words;

  constructor(shipped, shape) {
    const { createRing, ringSizeBytes } = shipped.ring;
    const { mode, subBufferCount, writerCount } = shape;
    this.#shipped = shipped;
    this.#shape = shape;
    this.#format = writerCount === 1 ? tracerFormat(shipped, shape) : plainFormat(shipped, shape);
    this.order = shape.order;
    this.maxPreemptions = shape.maxPreemptions;
    this.writerCount = writerCount;
    const geometry = { mode, subBufferCount, writerCount, subBufferSizeBytes: this.#format.subBufferSizeBytes };
    this.blank = new ModelMemory(finish(ringSizeBytes(geometry)));
    finish(createRing(this.blank, geometry, { channelId: 0, bufferNumber: 0 }));
    this.#words = new RingWords(shipped.layout, shape, this.#format, this.blank.words);
    for (let number = 1; number <= writerCount; number++) this.#addWriter(number);
    if (shape.hasNextWriter) this.#addWriter(writerCount + 1, { waitsFor: 0 });
    const body = shape.isSnapshot ? this.#takeSnapshots() : this.#consume();
    const reader = this.programs.length;
    this.#add({ name: 'reader', isWriter: false, mayDie: shape.mayReaderDie, body });
    // Without a death there is nothing for it to do.
    const heir = { name: 'heir', isWriter: false, waitsFor: reader, isOptional: true, body: this.#consume() };
    if (shape.mayReaderDie) this.#add(heir);
  }

  #add(program) {
    this.programs.push({ facts: NOTHING, ...program });
  }

  isAlone(state, index, word, kind) {
    return this.#words.isAlone(state, index, word, kind);
  }

  mayTouch(state, index, word, isWrite) {
    return this.#words.mayTouch(state, index, word, isWrite);
  }

  isUnseen(word) {
    return this.#words.isUnseen(word);
  }

  /** On a weakly ordered machine: a word of the header that is seen before the bytes that it announces. */
  mayOvertake(word) {
    return word < this.#words.firstSubBufferWord;
  }

  checkStore(state, index, word) {
    if (word < this.#shipped.layout.NEXT_SEQUENCE_WORD)
      throw new Violation(`${state.threads[index].program.name} writes to word ${word}, which is written once`);
  }

  /** No writer's active sub-buffer ends where that which the reader has just taken does. */
  checkHeld({ words }, { to, sequence }) {
    const { WRITERS_WORD, WRITER_BLOCK_WORDS, LIMIT } = this.#shipped.layout;
    for (let index = 0; index < this.writerCount; index++) {
      if (words[WRITERS_WORD + index * WRITER_BLOCK_WORDS + LIMIT] === to * 4)
        throw new Violation(`owned by two: the reader takes packet ${sequence}, which a writer writes`);
    }
  }

  /**
   * Two writers that do the same differ in nothing but their names: of each two orders that are each
   * other's mirror image the one in which the second has the first block is left out.
   */
  isMirrored({ words }) {
    const { mayWriterDie, hasNextWriter, recordCount } = this.#shape;
    if (this.writerCount !== 2 || mayWriterDie || hasNextWriter || typeof recordCount !== 'number') return false;
    return words[this.#shipped.layout.WRITERS_WORD + this.#shipped.layout.OWNER_TID] === 2;
  }

  #addWriter(number, more) {
    const format = this.#format;
    const { mayWriterDie } = this.#shape;
    const counts = [this.#shape.recordCount].flat();
    const recordCount = counts[(number - 1) % counts.length];
    const mayDie = mayWriterDie === true && number === 1;
    const onStore = (thread, word, value) => this.#noteStore(thread, word, value);
    this.#add({ name: `writer ${number}`, isWriter: true, mayDie, onStore, ...more, body });

    function* body(thread, memory) {
      thread.settle(0);
      yield 0;
      const attached = yield* format.attach(memory, number);
      if (attached === undefined) {
        thread.settle(4);
        thread.tell({ hasFailed: true });
        return;
      }
      const { writer, record } = attached;
      thread.tell({ block: writer.block });
      for (let index = 0; index < recordCount; index++) {
        const id = number * 100 + index;
        const { truth, active } = thread.facts;
        // Which sub-buffer is active is all that a writer keeps in mind.
        thread.settle(1, index, truth, writer.block, active ?? -1);
        thread.tell({ pending: id, attempts: index + 1 });
        yield* record(id);
        if (!thread.facts.committed.some((commit) => commit.id === id)) thread.tell({ truth: mix(truth, -1) });
        thread.tell({ pending: undefined });
      }
      thread.settle(2, thread.facts.truth, writer.block, thread.facts.active ?? -1);
      yield* writer.release();
      thread.settle(3, thread.facts.truth);
    }
  }

  /** A commit of the record being made, and what the writer has claimed. */
  #noteStore(thread, word, value) {
    const { layout } = this.#shipped;
    const at = this.#words.blockWordOf(word);
    if (at === layout.ACTIVE) thread.tell({ claimed: value });
    if (at === layout.LIMIT) thread.tell({ active: value === 0 ? undefined : thread.facts.claimed });
    if (at !== layout.COMMITTED || thread.facts.pending === undefined) return;
    const { subBufferSizeBytes, headerSizeBytes } = this.#format;
    const within = value - this.#words.firstSubBufferWord * 4;
    // A switch stores here as well: 0, or the end of the header.
    if (value === 0 || within % subBufferSizeBytes === headerSizeBytes) return;
    const { pending, claimed, truth, committed } = thread.facts;
    thread.tell({ truth: mix(truth, claimed), committed: [...committed, { id: pending, sequence: claimed }] });
  }

  #consume() {
    const { pollCount } = this.#shape;
    const { subBufferSizeBytes } = this.#format;
    const world = this;
    return function* body(thread, memory) {
      thread.settle(10);
      yield 0;
      const reader = world.#openReader(memory);
      for (let poll = 0; poll < pollCount; poll++) {
        const { truth } = thread.facts;
        thread.settle(11, poll, truth, reader.$spare, reader.$left?.sequence ?? -1, ...reader.$delivered);
        const packet = yield* reader.getNextSubBuffer();
        if (packet === undefined) continue;
        const from = packet.bytes.byteOffset >> 2;
        const sequence = packet.sequenceNumber;
        thread.tell({ held: { from, to: from + subBufferSizeBytes / 4, sequence }, holding: sequence });
        const parsed = yield* world.#parse(packet, memory);
        const consumed = [...thread.facts.consumed, parsed];
        thread.tell({ consumed, truth: mix(truth, parsed.hash), held: undefined });
        yield* reader.putNextSubBuffer();
        thread.tell({ holding: undefined });
      }
      thread.settle(12, thread.facts.truth);
    };
  }

  #takeSnapshots() {
    const { pollCount, writerCount } = this.#shape;
    const world = this;
    return function* body(thread, memory) {
      thread.settle(20);
      yield 0;
      const reader = world.#openReader(memory);
      for (let poll = 0; poll < pollCount; poll++) {
        thread.settle(21, poll, thread.facts.truth);
        const { packets } = yield* reader.snapshot();
        const parsed = [];
        for (const packet of packets) parsed.push(yield* world.#parse(packet, memory));
        checkSnapshot(parsed, writerCount > 1);
        thread.tell({ truth: parsed.reduce((hash, { hash: own }) => mix(hash, own), thread.facts.truth) });
      }
      thread.settle(22, thread.facts.truth);
    };
  }

  /** Its copies are made word by word, as slowly as a copy can be. */
  #openReader(memory) {
    const isLookedAt = (word) => this.#words.isLookedAt(word);
    const tryCopy = function* (_memory, offset, target, targetOffset, sizeBytes) {
      const words = new Int32Array(target.buffer, target.byteOffset + targetOffset, sizeBytes >> 2);
      for (let index = 0; index < words.length; index++) {
        const word = (offset >> 2) + index;
        if (!isLookedAt(word)) {
          words[index] = 0;
          continue;
        }
        yield word + LOAD;
        words[index] = memory.read(word);
        memory.note(word, words[index]);
      }
      return true;
    };
    return this.#shipped.ring.openRingReader(memory, { tryCopy });
  }

  *#parse({ bytes, contentSizeBytes, sequenceNumber, isActive }, memory) {
    const view = new Int32Array(contentSizeBytes / 4);
    const isBorrowed = bytes.buffer === memory;
    const copied = isBorrowed ? undefined : new Int32Array(bytes.buffer, bytes.byteOffset, view.length);
    for (let index = 0; index < view.length; index++) {
      const word = (bytes.byteOffset >> 2) + index;
      if (copied !== undefined) view[index] = copied[index];
      else if (this.#format.isLookedAt(index)) {
        yield word + LOAD;
        view[index] = memory.read(word);
        memory.note(word, view[index]);
      }
    }
    const packet = this.#format.parse(view, sequenceNumber, isActive === true);
    const hash = packet.ids.reduce(mix, mix(packet.sequence, packet.discarded));
    return { ...packet, hash, isActive: isActive === true };
  }

  /** Nobody can go on: what is left is taken by a last reader, and the accounts must balance. */
  checkEnd(state) {
    for (const [index, { name, isOptional }] of this.programs.entries()) {
      const { isDone, facts } = state.points[index];
      if (!isDone && !state.isDead[index] && isOptional !== true) throw new Violation(`${name} waits for ever`);
      // Who died before it said who it was has its block for ever; everybody else gets one.
      if (facts.hasFailed && state.deathCount === 0) throw new Violation('a buffer that nobody has cannot be taken');
    }
    const memory = new ModelMemory(0);
    memory.words = state.words.slice();
    const reader = this.#openReader(memory);
    const consumed = state.points.flatMap(({ facts }) => facts.consumed);
    for (
      let packet = finish(reader.getNextSubBuffer());
      packet !== undefined;
      packet = finish(reader.getNextSubBuffer())
    ) {
      consumed.push(finish(this.#parse(packet, memory)));
      finish(reader.putNextSubBuffer());
    }
    for (const packet of finish(reader.takeActive()))
      consumed.push(finish(this.#parse({ ...packet, isActive: true }, memory)));
    const dead = state.isDead.indexOf(true);
    balance({
      consumed,
      committed: state.points.flatMap(({ facts }) => facts.committed),
      attemptCount: state.points.reduce((sum, { facts }) => sum + facts.attempts, 0),
      interruptedCount: dead >= 0 && state.points[dead].facts.pending !== undefined ? 1 : 0,
      deadHeld: dead < 0 ? undefined : state.points[dead].facts.holding,
      discarded: finish(reader.counters()).discarded,
      mode: this.#shape.mode,
      writerCount: this.writerCount,
      wasOverwritten: (sequence) => this.#wasOverwritten(memory.words, sequence),
    });
  }

  #wasOverwritten(words, sequence) {
    if (this.#shape.mode === 'discard') return false;
    const tag = words[this.#words.slots + (sequence % this.#shape.subBufferCount)] >>> 12;
    return tag > sequence;
  }
}
