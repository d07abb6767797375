// SPDX-License-Identifier: MIT
// The words of a ring buffer as readers see them: memory that may change at any time -> values that
// were loaded once and checked, and copies that are whole or void. A damaged word throws
// ProtocolError, a race never does.

import { ProtocolError } from '@lockstep/base';
import { readRingHeader, type RingHeader } from './header.ts';
import {
  COMMITTED,
  isSlotBefore,
  isSlotOf,
  NEXT_SEQUENCE_WORD,
  ownersWord,
  PHYSICAL_CONTENT_SIZE,
  PHYSICAL_SEQUENCE,
  physicalWord,
  ringSizeBytes,
  SLOT_DELIVERED,
  SLOT_FREE,
  SLOT_WRITING,
  slotPhysicalIndex,
  slotsWord,
  slotState,
  writerWord,
} from './layout.ts';

/** A sub-buffer that the reader holds, or a copy of one. */
export interface RingPacket {
  /** The whole sub-buffer; content ends at `contentSizeBytes`. Says there whether borrowed or a copy. */
  readonly bytes: Uint8Array;
  readonly contentSizeBytes: number;
  /** Its position: grows from sub-buffer to sub-buffer, over all writers. */
  readonly sequenceNumber: number;
}

export interface SnapshotPacket extends RingPacket {
  /** Its writer was still in it: the end of its header is not filled. */
  readonly isActive: boolean;
}

export type TryCopy = (
  source: ArrayBufferLike,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  sizeBytes: number,
) => boolean;

const MAX_ATTEMPTS = 8;

export class RingWords {
  readonly header: RingHeader;
  readonly memory: ArrayBufferLike;
  readonly words: Int32Array;
  /** Index of slot 0's word. */
  readonly slots: number;
  readonly #owners: number;
  readonly #tryCopy: TryCopy;
  /** Own memory: an atomic add on it is the fence between a copy and the look whether it is valid. */
  readonly #fence = new Int32Array(new SharedArrayBuffer(4));

  constructor(memory: ArrayBufferLike, tryCopy: TryCopy | undefined) {
    this.header = readRingHeader(memory);
    this.memory = memory;
    this.words = new Int32Array(memory, 0, ringSizeBytes(this.header) >> 2);
    this.slots = slotsWord(this.header.writerCount);
    this.#owners = ownersWord(this.header.writerCount, this.header.subBufferCount);
    this.#tryCopy = tryCopy ?? copyPlainly;
  }

  nextSequence(): number {
    const next = Atomics.load(this.words, NEXT_SEQUENCE_WORD);
    if (next < 0) throw this.damaged('next sequence number', next);
    return next;
  }

  /** A slot's word; its physical index and state are within bounds. */
  slotWord(slot: number): number {
    const word = Atomics.load(this.words, this.slots + slot);
    if (slotPhysicalIndex(word) > this.header.subBufferCount || slotState(word) > SLOT_DELIVERED)
      throw this.damaged('slot', word);
    return word;
  }

  entry(physicalIndex: number): number {
    return physicalWord(this.header.writerCount, this.header.subBufferCount, physicalIndex);
  }

  offsetOf(physicalIndex: number): number {
    return this.header.headerSizeBytes + physicalIndex * this.header.subBufferSizeBytes;
  }

  /** Sequence number of what lies in a physical sub-buffer; checked by whoever uses it. */
  sequenceOf(physicalIndex: number): number {
    return Atomics.load(this.words, this.entry(physicalIndex) + PHYSICAL_SEQUENCE);
  }

  /** Of a sub-buffer that is delivered and out of the writers' reach. */
  contentSize(physicalIndex: number): number {
    const size = Atomics.load(this.words, this.entry(physicalIndex) + PHYSICAL_CONTENT_SIZE);
    if (size <= 0 || size > this.header.subBufferSizeBytes) throw this.damaged('content size', size);
    return size;
  }

  borrow(physicalIndex: number, sequenceNumber: number): RingPacket {
    const contentSizeBytes = this.contentSize(physicalIndex);
    const bytes = new Uint8Array(this.memory, this.offsetOf(physicalIndex), this.header.subBufferSizeBytes);
    return { bytes, contentSizeBytes, sequenceNumber };
  }

  /**
   * A whole copy of what lies at a position, or why there is none: 'taken' by the consumer, 'gone' to
   * a writer, 'empty' as yet.
   */
  copySlot(sequence: number): SnapshotPacket | 'gone' | 'taken' | 'empty' {
    const { subBufferCount, subBufferSizeBytes } = this.header;
    const slot = sequence % subBufferCount;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const word = this.slotWord(slot);
      if (!isSlotOf(word, sequence)) return isSlotBefore(word, sequence) ? 'empty' : 'gone';
      const state = slotState(word);
      if (state === SLOT_FREE) return 'taken';
      if (state === SLOT_WRITING) {
        const packet = this.copyActive(word, slot, sequence);
        if (packet === 'changed') continue;
        return packet === undefined ? 'empty' : { ...packet, isActive: true };
      }
      const physicalIndex = slotPhysicalIndex(word);
      const contentSizeBytes = Atomics.load(this.words, this.entry(physicalIndex) + PHYSICAL_CONTENT_SIZE);
      const isPlausible = contentSizeBytes > 0 && contentSizeBytes <= subBufferSizeBytes;
      const bytes = new Uint8Array(subBufferSizeBytes);
      if (isPlausible) this.copy(this.offsetOf(physicalIndex), bytes, contentSizeBytes);
      if (!this.isStill(slot, word)) continue;
      if (!isPlausible) throw this.damaged('content size', contentSizeBytes);
      return { bytes, contentSizeBytes, sequenceNumber: sequence, isActive: false };
    }
    return 'gone';
  }

  /** Copy of what is committed in a slot that is WRITING; 'changed' when its word moved on meanwhile. */
  copyActive(word: number, slot: number, sequence: number): RingPacket | undefined | 'changed' {
    const begin = this.offsetOf(slotPhysicalIndex(word));
    const writerIndex = Atomics.load(this.words, this.#owners + slot) - 1;
    const hasWriter = writerIndex >= 0 && writerIndex < this.header.writerCount;
    const committed = hasWriter ? Atomics.load(this.words, writerWord(writerIndex) + COMMITTED) : 0;
    // Elsewhere: its header is not complete yet, or its writer died there.
    if (committed <= begin || committed > begin + this.header.subBufferSizeBytes) {
      return this.isStill(slot, word) ? undefined : 'changed';
    }
    const bytes = new Uint8Array(committed - begin);
    this.copy(begin, bytes, bytes.length);
    if (!this.isStill(slot, word)) return 'changed';
    return { bytes, contentSizeBytes: bytes.length, sequenceNumber: sequence };
  }

  /** Whether the slot's word is unchanged since before the copy; if so the copy is whole. */
  isStill(slot: number, word: number): boolean {
    // The copy's loads must be done before the word is loaded again.
    Atomics.add(this.#fence, 0, 1);
    return Atomics.load(this.words, this.slots + slot) === word;
  }

  copy(offset: number, target: Uint8Array, sizeBytes: number): void {
    if (!this.#tryCopy(this.memory, offset, target, 0, sizeBytes)) {
      throw new ProtocolError('The ring buffer was cut short by its owner', { offset, sizeBytes });
    }
  }

  damaged(what: string, value: number): ProtocolError {
    return new ProtocolError(`The ring buffer is damaged: its ${what} cannot be`, {
      value,
      bufferNumber: this.header.bufferNumber,
    });
  }
}

function copyPlainly(
  source: ArrayBufferLike,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  sizeBytes: number,
): boolean {
  target.set(new Uint8Array(source, sourceOffset, sizeBytes), targetOffset);
  return true;
}
