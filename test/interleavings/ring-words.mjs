// SPDX-License-Identifier: MIT
// Which words of a ring buffer a thread has for itself, and which it shares: what the search may leave
// out. Each rule is checked at each access; who touches what another has is found.

import { LOAD, Violation } from './model-memory.mjs';

const HEADER = 0;
const NEXT_SEQUENCE = 1;
const CONSUMED = 2;
const OWNER = 3;
const OWN = 4;
const SHOWN = 5;
const SLOTS = 6;
const OWNERS = 7;
const PHYSICAL_SEQUENCE = 8;
const PHYSICAL_OTHER = 9;
const CONTENT = 10;

export class RingWords {
  firstSubBufferWord;
  slots;
  #layout;
  #shape;
  #format;
  #kinds;
  #subBufferWords;
  #physical;

  constructor(layout, shape, format, words) {
    this.#layout = layout;
    this.#shape = shape;
    this.#format = format;
    this.firstSubBufferWord = words[layout.HEADER_SIZE_WORD] >> 2;
    this.slots = layout.WRITERS_WORD + shape.writerCount * layout.WRITER_BLOCK_WORDS;
    this.#physical = this.slots + 2 * shape.subBufferCount;
    this.#subBufferWords = format.subBufferSizeBytes / 4;
    this.#kinds = Uint8Array.from(words, (_, word) => this.#kindOf(word));
  }

  #kindOf(word) {
    const { layout, slots } = { layout: this.#layout, slots: this.slots };
    const { subBufferCount } = this.#shape;
    if (word >= this.firstSubBufferWord) return CONTENT;
    if (word === layout.NEXT_SEQUENCE_WORD) return NEXT_SEQUENCE;
    if (word === layout.CONSUMED_WORD) return CONSUMED;
    if (word < layout.WRITERS_WORD) return HEADER;
    if (word < slots) {
      const at = this.blockWordOf(word);
      if (at >= layout.OWNER_STATE && at <= layout.OWNER_NAMESPACE) return OWNER;
      return at === layout.COMMITTED || at === layout.ACTIVE ? SHOWN : OWN;
    }
    if (word < slots + subBufferCount) return SLOTS;
    if (word < this.#physical) return OWNERS;
    const at = (word - this.#physical) % layout.PHYSICAL_ENTRY_WORDS;
    return at === layout.PHYSICAL_SEQUENCE ? PHYSICAL_SEQUENCE : PHYSICAL_OTHER;
  }

  /** Counts that nobody here sleeps on. */
  isUnseen(word) {
    return word === this.#layout.DELIVERY_COUNT_WORD || word === this.#layout.FREED_COUNT_WORD;
  }

  /** Which word of a writer's block this is; -1 when it is in none. */
  blockWordOf(word) {
    const { WRITERS_WORD, WRITER_BLOCK_WORDS } = this.#layout;
    return word >= WRITERS_WORD && word < this.slots ? (word - WRITERS_WORD) % WRITER_BLOCK_WORDS : -1;
  }

  /** Of a packet's header only some words say anything about the ring buffer; a copy of the others proves nothing. */
  isLookedAt(word) {
    return this.#format.isLookedAt((word - this.firstSubBufferWord) % this.#subBufferWords);
  }

  /** Whether no other thread can touch the word before this one is done with it. */
  isAlone(state, index, word, kind) {
    const { isWriter } = state.threads[index].program;
    const { isSnapshot, writerCount, mode } = this.#shape;
    switch (this.#kinds[word]) {
      case HEADER:
        // Not written after creation, or not looked at.
        return true;
      case CONSUMED:
        if (isWriter) throw this.#touched(state, index, word);
        return isSnapshot !== true;
      case OWN:
        return this.#isOwnBlock(state, index, word);
      case SHOWN:
        // Only who copies what is being written looks at where it ends.
        return isSnapshot === true ? false : this.#isOwnBlock(state, index, word);
      case OWNER:
      case OWNERS:
        if (isSnapshot === true) return false;
        if (!isWriter) throw this.#touched(state, index, word);
        // The next one begins when the first is over.
        return writerCount === 1;
      case PHYSICAL_SEQUENCE:
        if (isSnapshot === true) return false;
        if (isWriter) return this.#isEntryOfWriter(state, index, word) && mode === 'discard';
        return mode === 'discard' ? this.#isEntryOfReader(state, index, word) : this.#isUnnamed(state, word);
      case PHYSICAL_OTHER:
        if (isSnapshot === true) return false;
        return isWriter ? this.#isEntryOfWriter(state, index, word) : this.#isEntryOfReader(state, index, word);
      case CONTENT:
        return this.#isContentAlone(state, index, word, kind);
      default:
        return false;
    }
  }

  /** Whether the thread may one day make an access to the word that conflicts with one that writes, or only loads. */
  mayTouch(state, index, word, isWrite) {
    const kind = this.#kinds[word];
    const { isWriter } = state.threads[index].program;
    if (!isWriter) {
      if (this.#shape.isSnapshot === true) return isWrite;
      if (kind === OWNER || kind === OWNERS || kind === OWN || kind === SHOWN) return false;
      return kind === NEXT_SEQUENCE || kind === PHYSICAL_SEQUENCE ? isWrite : true;
    }
    if (kind === CONSUMED) return false;
    // Who has its block looks at no other.
    const { block } = state.points[index].facts;
    if (kind !== OWNER || block === undefined) return true;
    return word >= block && word < block + this.#layout.WRITER_BLOCK_WORDS;
  }

  #isOwnBlock(state, index, word) {
    const { WRITERS_WORD, WRITER_BLOCK_WORDS } = this.#layout;
    const block = Math.floor((word - WRITERS_WORD) / WRITER_BLOCK_WORDS);
    const user = state.users[block];
    if (user === index) return true;
    if (!state.threads[index].program.isWriter || (user >= 0 && !state.isOver(user)))
      throw this.#touched(state, index, word);
    state.users[block] = index;
    return true;
  }

  #isContentAlone(state, index, word, kind) {
    const isHeld = word >= state.heldFrom && word < state.heldTo;
    const { isSnapshot } = this.#shape;
    if (state.threads[index].program.isWriter) {
      const physicalIndex = Math.floor((word - this.firstSubBufferWord) / this.#subBufferWords);
      if (isHeld || this.#stateOf(state, physicalIndex) !== this.#layout.SLOT_WRITING)
        throw this.#touched(state, index, word);
    } else if (isSnapshot !== true && (!isHeld || kind !== LOAD)) {
      throw this.#touched(state, index, word);
    }
    return isSnapshot === true ? !this.isLookedAt(word) : true;
  }

  #isEntryOfWriter(state, index, word) {
    if (this.#stateOf(state, this.#physicalOf(word)) !== this.#layout.SLOT_WRITING)
      throw this.#touched(state, index, word);
    return true;
  }

  /** In overwrite mode the reader exchanges a sub-buffer before it looks; in discard mode nobody takes it back. */
  #isEntryOfReader(state, index, word) {
    const slotState = this.#stateOf(state, this.#physicalOf(word));
    const isOwn =
      slotState === undefined || (this.#shape.mode === 'discard' && slotState === this.#layout.SLOT_DELIVERED);
    if (!isOwn) throw this.#touched(state, index, word);
    return true;
  }

  #isUnnamed(state, word) {
    return this.#stateOf(state, this.#physicalOf(word)) === undefined;
  }

  #physicalOf(word) {
    return Math.floor((word - this.#physical) / this.#layout.PHYSICAL_ENTRY_WORDS);
  }

  /** State of the slot that names this sub-buffer; undefined when none does. */
  #stateOf(state, physicalIndex) {
    for (let slot = 0; slot < this.#shape.subBufferCount; slot++) {
      const value = state.words[this.slots + slot];
      if (((value >>> 2) & 0x3ff) === physicalIndex) return value & 3;
    }
    return undefined;
  }

  #touched(state, index, word) {
    return new Violation(`${state.threads[index].program.name} touches word ${word}, which another has`);
  }
}
