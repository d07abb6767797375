// SPDX-License-Identifier: MIT
// The readers of a ring buffer: memory that another process writes -> packets as bytes. One consuming
// reader takes delivered sub-buffers in order and gives them back; snapshots copy and take nothing.
//
// The memory is hostile: each word may change at any time. Words are loaded once, checked, and only
// the checked copy is used; every loop is bounded by the geometry read at opening. A damaged word
// throws ProtocolError, a race never does.

import { ProtocolError } from '@lockstep/base';
import { readRingHeader, type RingHeader } from './header.ts';
import {
  COMMITTED_WORD,
  CONSUMED_WORD,
  isSlotOf,
  NEXT_SEQUENCE_WORD,
  OWNER_NONE,
  OWNER_PID_WORD,
  OWNER_RELEASED,
  OWNER_STATE_WORD,
  OWNER_TID_WORD,
  packSlot,
  PHYSICAL_CONTENT_SIZE,
  PHYSICAL_SEQUENCE,
  physicalWord,
  ringSizeBytes,
  SLOT_DELIVERED,
  SLOT_FREE,
  SLOT_WRITING,
  slotPhysicalIndex,
  SLOTS_WORD,
  slotState,
} from './layout.ts';
import { readRingCounters, type RingCounters, type RingOwner } from './writer.ts';

/** A sub-buffer that the reader holds, or a copy of one. */
export interface RingPacket {
  /** The whole sub-buffer; content ends at `contentSizeBytes`. Says there whether borrowed or a copy. */
  readonly bytes: Uint8Array;
  readonly contentSizeBytes: number;
  readonly sequenceNumber: number;
}

export interface SnapshotPacket extends RingPacket {
  /** Its writer was still in it: the end of its header is not filled. */
  readonly isActive: boolean;
}

export interface RingSnapshot {
  /** Copies, oldest first, contiguous sequence numbers up to the active sub-buffer. */
  readonly packets: readonly SnapshotPacket[];
  /** Sub-buffers that the writer took back while they were copied. */
  readonly goneCount: number;
}

export interface RingReader {
  readonly header: RingHeader;
  /** The next delivered sub-buffer, borrowed until `putSubBuffer`; undefined when there is none. */
  tryGetSubBuffer(): RingPacket | undefined;
  /** Gives it back to the writer. */
  putSubBuffer(): void;
  /**
   * A copy of what is committed in the sub-buffer being written, for the end of a recording or after
   * a crash; take the delivered ones first. `bytes` is as long as the content. Undefined when there is none.
   */
  takeActive(): RingPacket | undefined;
  /** Copies what the buffer holds now and takes nothing. */
  snapshot(): RingSnapshot;
  counters(): RingCounters;
  /** The thread that wrote ended properly. */
  readonly isReleased: boolean;
  /** Thread that writes or wrote last; undefined before the first. */
  readonly owner: RingOwner | undefined;
}

export interface RingReaderOptions {
  /**
   * Copies from the memory; false when its pages are gone. The default copies plainly: give
   * native's `tryCopy` where the writer may shrink its file.
   */
  readonly tryCopy?: (
    source: ArrayBufferLike,
    sourceOffset: number,
    target: Uint8Array,
    targetOffset: number,
    sizeBytes: number,
  ) => boolean;
}

const MAX_ATTEMPTS = 8;

/** Opens the buffer in `memory`, which is mapped read-write. One consuming reader at a time. */
export function openRingReader(memory: ArrayBufferLike, options: RingReaderOptions = {}): RingReader {
  return new MemoryRingReader(memory, options);
}

class MemoryRingReader implements RingReader {
  readonly header: RingHeader;
  readonly #memory: ArrayBufferLike;
  readonly #words: Int32Array;
  readonly #tryCopy: NonNullable<RingReaderOptions['tryCopy']>;
  /** Own memory: an atomic add on it is the fence between a copy and the look whether it is valid. */
  readonly #fence = new Int32Array(new SharedArrayBuffer(4));
  /** Slot, or physical index in overwrite mode, of the sub-buffer held; undefined = none. */
  #held: { readonly sequence: number; readonly slot: number; readonly physicalIndex: number } | undefined;
  /** Overwrite mode: the physical sub-buffer that no slot names. */
  #spare = -1;

  constructor(memory: ArrayBufferLike, options: RingReaderOptions) {
    this.header = readRingHeader(memory);
    this.#memory = memory;
    this.#words = new Int32Array(memory, 0, ringSizeBytes(this.header) >> 2);
    this.#tryCopy = options.tryCopy ?? copyPlainly;
  }

  tryGetSubBuffer(): RingPacket | undefined {
    if (this.#held !== undefined)
      throw new ProtocolError('A sub-buffer is held already; put it back first', { sequence: this.#held.sequence });
    return this.header.mode === 'discard' ? this.#getInPlace() : this.#getByExchange();
  }

  putSubBuffer(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    if (this.header.mode === 'overwrite') {
      // A consumer that dies before this store finds the same sub-buffer in its spare again.
      Atomics.store(this.#words, CONSUMED_WORD, held.sequence + 1);
      this.#spare = held.physicalIndex;
      return;
    }
    // The slot first: dying between the two leaves CONSUMED at a slot that is FREE, and goes past it.
    Atomics.store(this.#words, SLOTS_WORD + held.slot, packSlot(held.sequence, held.physicalIndex, SLOT_FREE));
    Atomics.store(this.#words, CONSUMED_WORD, held.sequence + 1);
  }

  takeActive(): RingPacket | undefined {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const sequence = this.#nextSequence() - 1;
      if (sequence < 0) return undefined;
      const slot = sequence % this.header.subBufferCount;
      const word = Atomics.load(this.#words, SLOTS_WORD + slot);
      if (!isSlotOf(word, sequence) || slotState(word) !== SLOT_WRITING) return undefined;
      const packet = this.#copyActive(word, slot, sequence);
      if (packet !== 'changed') return packet;
    }
    return undefined;
  }

  snapshot(): RingSnapshot {
    const { subBufferCount } = this.header;
    const packets: SnapshotPacket[] = [];
    const end = this.#nextSequence();
    let goneCount = 0;
    // Oldest first: it is the next that the writer takes back.
    for (let sequence = Math.max(0, end - subBufferCount); sequence < end; sequence++) {
      const packet = this.#copySlot(sequence);
      if (packet === 'empty') continue;
      if (packet === 'taken') {
        packets.length = 0;
        continue;
      }
      if (packet === 'gone') {
        // What was copied before the hole is not contiguous with the end.
        goneCount += packets.length + 1;
        packets.length = 0;
        continue;
      }
      packets.push(packet);
    }
    return { packets, goneCount };
  }

  counters(): RingCounters {
    return readRingCounters(this.#words);
  }

  get isReleased(): boolean {
    return Atomics.load(this.#words, OWNER_STATE_WORD) === OWNER_RELEASED;
  }

  get owner(): RingOwner | undefined {
    if (Atomics.load(this.#words, OWNER_STATE_WORD) === OWNER_NONE) return undefined;
    return { pid: Atomics.load(this.#words, OWNER_PID_WORD), tid: Atomics.load(this.#words, OWNER_TID_WORD) };
  }

  #getInPlace(): RingPacket | undefined {
    const { subBufferCount } = this.header;
    const end = this.#nextSequence();
    for (let sequence = this.#firstSequence(end); sequence < end; sequence++) {
      const slot = sequence % subBufferCount;
      const word = Atomics.load(this.#words, SLOTS_WORD + slot);
      // Taken before this reader opened: go past it.
      if (!isSlotOf(word, sequence) || slotState(word) === SLOT_FREE) continue;
      if (slotState(word) !== SLOT_DELIVERED) return undefined;
      const physicalIndex = this.#checkPhysicalIndex(word);
      this.#held = { sequence, slot, physicalIndex };
      return this.#borrow(physicalIndex, sequence);
    }
    return undefined;
  }

  #getByExchange(): RingPacket | undefined {
    const { subBufferCount } = this.header;
    const left = this.#findSpare();
    if (left !== undefined) return left;
    const end = this.#nextSequence();
    for (let sequence = this.#firstSequence(end); sequence < end; sequence++) {
      const slot = sequence % subBufferCount;
      const word = Atomics.load(this.#words, SLOTS_WORD + slot);
      // The writer came round, or it was taken before: go past it.
      if (!isSlotOf(word, sequence) || slotState(word) === SLOT_FREE) continue;
      if (slotState(word) !== SLOT_DELIVERED) return undefined;
      const physicalIndex = this.#checkPhysicalIndex(word);
      const exchanged = packSlot(sequence, this.#spare, SLOT_FREE);
      // Lost: the writer took it back between load and exchange.
      if (Atomics.compareExchange(this.#words, SLOTS_WORD + slot, word, exchanged) !== word) continue;
      this.#held = { sequence, slot, physicalIndex };
      return this.#borrow(physicalIndex, sequence);
    }
    return undefined;
  }

  /**
   * On the first call: finds the spare by what no slot names. If a reader died with it in its hands,
   * that sub-buffer is handed out again.
   */
  #findSpare(): RingPacket | undefined {
    if (this.#spare >= 0) return undefined;
    const { subBufferCount } = this.header;
    const isNamed = new Uint8Array(subBufferCount + 1);
    for (let slot = 0; slot < subBufferCount; slot++) {
      isNamed[this.#checkPhysicalIndex(Atomics.load(this.#words, SLOTS_WORD + slot))] = 1;
    }
    const spare = isNamed.indexOf(0);
    // The writer never changes which indexes are named, only readers do: two of them, or damage.
    if (isNamed.indexOf(0, spare + 1) >= 0)
      throw new ProtocolError('The slots of the ring buffer are damaged: one sub-buffer is named twice');
    this.#spare = spare;
    const entry = physicalWord(subBufferCount, spare);
    const sequence = Atomics.load(this.#words, entry + PHYSICAL_SEQUENCE);
    const isUntaken =
      Atomics.load(this.#words, entry + PHYSICAL_CONTENT_SIZE) > 0 &&
      sequence >= Atomics.load(this.#words, CONSUMED_WORD);
    if (!isUntaken || sequence < 0 || sequence >= this.#nextSequence()) return undefined;
    this.#held = { sequence, slot: sequence % subBufferCount, physicalIndex: spare };
    return this.#borrow(spare, sequence);
  }

  #borrow(physicalIndex: number, sequenceNumber: number): RingPacket {
    const contentSizeBytes = this.#contentSize(physicalIndex);
    const bytes = new Uint8Array(this.#memory, this.#offsetOf(physicalIndex), this.header.subBufferSizeBytes);
    return { bytes, contentSizeBytes, sequenceNumber };
  }

  /** A whole copy, or why there is none: 'taken' by the consumer, 'gone' to the writer, 'empty' as yet. */
  #copySlot(sequence: number): SnapshotPacket | 'gone' | 'taken' | 'empty' {
    const { subBufferCount, subBufferSizeBytes } = this.header;
    const slot = sequence % subBufferCount;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const word = Atomics.load(this.#words, SLOTS_WORD + slot);
      if (!isSlotOf(word, sequence)) return 'gone';
      const state = slotState(word);
      if (state === SLOT_FREE) return 'taken';
      if (state === SLOT_WRITING) {
        const packet = this.#copyActive(word, slot, sequence);
        if (packet === 'changed') continue;
        return packet === undefined ? 'empty' : { ...packet, isActive: true };
      }
      const physicalIndex = this.#checkPhysicalIndex(word);
      const entry = physicalWord(subBufferCount, physicalIndex);
      const contentSizeBytes = Atomics.load(this.#words, entry + PHYSICAL_CONTENT_SIZE);
      const isPlausible = contentSizeBytes > 0 && contentSizeBytes <= subBufferSizeBytes;
      const bytes = new Uint8Array(subBufferSizeBytes);
      if (isPlausible) this.#copy(this.#offsetOf(physicalIndex), bytes, contentSizeBytes);
      if (!this.#isStill(slot, word)) continue;
      if (!isPlausible) throw this.#damaged('content size', contentSizeBytes);
      return { bytes, contentSizeBytes, sequenceNumber: sequence, isActive: false };
    }
    return 'gone';
  }

  /** Copy of the committed part; 'changed' when the slot's word moved on meanwhile. */
  #copyActive(word: number, slot: number, sequence: number): RingPacket | undefined | 'changed' {
    const begin = this.#offsetOf(this.#checkPhysicalIndex(word));
    const committed = Atomics.load(this.#words, COMMITTED_WORD);
    // Elsewhere: its header is not complete yet, or its writer died there.
    if (committed <= begin || committed > begin + this.header.subBufferSizeBytes) {
      return this.#isStill(slot, word) ? undefined : 'changed';
    }
    const bytes = new Uint8Array(committed - begin);
    this.#copy(begin, bytes, bytes.length);
    if (!this.#isStill(slot, word)) return 'changed';
    return { bytes, contentSizeBytes: bytes.length, sequenceNumber: sequence };
  }

  /** Whether the slot's word is unchanged since before the copy; if so the copy is whole. */
  #isStill(slot: number, word: number): boolean {
    // The copy's loads must be done before the word is loaded again.
    Atomics.add(this.#fence, 0, 1);
    return Atomics.load(this.#words, SLOTS_WORD + slot) === word;
  }

  #copy(offset: number, target: Uint8Array, sizeBytes: number): void {
    if (!this.#tryCopy(this.#memory, offset, target, 0, sizeBytes)) {
      throw new ProtocolError('The ring buffer was cut short by its owner', { offset, sizeBytes });
    }
  }

  #nextSequence(): number {
    const next = Atomics.load(this.#words, NEXT_SEQUENCE_WORD);
    if (next < 0) throw this.#damaged('next sequence number', next);
    return next;
  }

  /** Where a consuming reader starts to look: not before what the buffer can hold. */
  #firstSequence(end: number): number {
    const consumed = Atomics.load(this.#words, CONSUMED_WORD);
    if (consumed < 0 || consumed > end) throw this.#damaged('consumed sequence number', consumed);
    return Math.max(consumed, end - this.header.subBufferCount);
  }

  #contentSize(physicalIndex: number): number {
    const size = Atomics.load(
      this.#words,
      physicalWord(this.header.subBufferCount, physicalIndex) + PHYSICAL_CONTENT_SIZE,
    );
    if (size <= 0 || size > this.header.subBufferSizeBytes) {
      this.#held = undefined;
      throw this.#damaged('content size', size);
    }
    return size;
  }

  #checkPhysicalIndex(word: number): number {
    const physicalIndex = slotPhysicalIndex(word);
    if (physicalIndex > this.header.subBufferCount || slotState(word) > SLOT_DELIVERED)
      throw this.#damaged('slot', word);
    return physicalIndex;
  }

  #offsetOf(physicalIndex: number): number {
    return this.header.headerSizeBytes + physicalIndex * this.header.subBufferSizeBytes;
  }

  #damaged(what: string, value: number): ProtocolError {
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
