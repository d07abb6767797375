// SPDX-License-Identifier: MIT
// The reader of a ring buffer: memory that other threads and processes write -> packets as bytes. One
// consuming reader takes delivered sub-buffers and gives them back; it may also look at any position
// without moving on. Snapshots copy and take nothing, and any number of readers may make them.
//
// The memory is hostile (ring-words.ts): every loop is bounded by the geometry read at opening.

import { InputError, ProtocolError } from '@lockstep/base';
import { readRingCounters, type RingCounters } from './counters.ts';
import type { RingHeader } from './header.ts';
import {
  CONSUMED_WORD,
  FREED_COUNT_WORD,
  isSlotOf,
  OWNER_LIVE,
  OWNER_NONE,
  OWNER_RELEASED,
  OWNER_STATE,
  OWNER_TAKING,
  packSlot,
  PHYSICAL_CONTENT_SIZE,
  PHYSICAL_IS_CONSUMED,
  SLOT_DELIVERED,
  SLOT_FREE,
  SLOT_WRITING,
  slotPhysicalIndex,
  slotState,
  writerWord,
} from './layout.ts';
import { RingWords, type RingPacket, type SnapshotPacket, type TryCopy } from './ring-words.ts';
import { readOwner, type RingOwner } from './writer.ts';

export interface RingPositions {
  /** Nothing before this position is left. */
  readonly consumed: number;
  /** Sub-buffers begun so far: the position that the next one gets. */
  readonly produced: number;
}

export interface RingSnapshot extends RingPositions {
  /** Copies, contiguous up to the sub-buffers being written, in the order asked for. */
  readonly packets: readonly SnapshotPacket[];
  /** Sub-buffers that writers took back while they were copied. */
  readonly goneCount: number;
}

export interface SnapshotOptions {
  /** 'newest-first' reads backwards until what writers took back: a writer at full speed leaves the most that way. */
  readonly order?: 'oldest-first' | 'newest-first';
}

export interface RingReader {
  readonly header: RingHeader;
  /** The next delivered sub-buffer, borrowed until `putNextSubBuffer`; undefined when there is none. */
  getNextSubBuffer(): RingPacket | undefined;
  /** Gives the sub-buffer that is held back to the writers and moves on. */
  putNextSubBuffer(): void;
  /** Where reader and writers are now. Both only grow; in overwrite mode writers push `consumed`. */
  snapshotPositions(): RingPositions;
  /**
   * The sub-buffer at a position, borrowed until `putSubBuffer`; the consumer does not move. 'busy':
   * not delivered yet. 'gone': overwritten, consumed, or, with several writers, passed over.
   */
  getSubBuffer(position: number): RingPacket | 'gone' | 'busy';
  /** Puts the sub-buffer that is held back where it was; it is 'gone' if writers came round meanwhile. */
  putSubBuffer(): void;
  /** Gives up everything delivered before `position`. Never moves back. */
  moveConsumer(position: number): void;
  /**
   * Copies of what is committed in the sub-buffers being written, oldest first, for the end of a
   * recording or after a crash; take the delivered ones first. `bytes` is as long as the content.
   */
  takeActive(): RingPacket[];
  /** Copies what the buffer holds now and takes nothing. */
  snapshot(options?: SnapshotOptions): RingSnapshot;
  counters(writerIndex?: number): RingCounters;
  /** All threads that wrote ended properly. */
  readonly isReleased: boolean;
  /** Thread that writes or wrote last, of the first writer; undefined before the first. */
  readonly owner: RingOwner | undefined;
}

export interface RingReaderOptions {
  /**
   * Copies from the memory; false when its pages are gone. The default copies plainly: give
   * native's `tryCopy` where the writer may shrink its file.
   */
  readonly tryCopy?: TryCopy;
  /** A sub-buffer was given back in discard mode: wakes writers that wait for one. */
  readonly onFreed?: () => void;
}

/** Opens the buffer in `memory`, which is mapped read-write. One consuming reader at a time. */
export function openRingReader(memory: ArrayBufferLike, options: RingReaderOptions = {}): RingReader {
  return new MemoryRingReader(memory, options);
}

interface HeldSubBuffer {
  readonly sequence: number;
  readonly slot: number;
  readonly physicalIndex: number;
  /** Overwrite mode: the slot's word since the exchange; undefined: no slot names it, a reader died with it. */
  readonly exchangedWord: number | undefined;
}

class MemoryRingReader implements RingReader {
  readonly header: RingHeader;
  readonly #ring: RingWords;
  readonly #words: Int32Array;
  readonly #onFreed: (() => void) | undefined;
  #held: HeldSubBuffer | undefined;
  /** Overwrite mode: the physical sub-buffer that no slot names; -1 until it is looked for. */
  #spare = -1;
  /** What a reader that died had in its hands and no slot can have back. It lies in the spare. */
  #left: HeldSubBuffer | undefined;
  /** Sequence numbers that were delivered at the last look, oldest last. */
  readonly #delivered: number[] = [];

  constructor(memory: ArrayBufferLike, options: RingReaderOptions) {
    this.#ring = new RingWords(memory, options.tryCopy);
    this.header = this.#ring.header;
    this.#words = this.#ring.words;
    this.#onFreed = options.onFreed;
  }

  getNextSubBuffer(): RingPacket | undefined {
    this.#refuseHeld();
    if (this.header.mode === 'overwrite') this.#findSpare();
    if (this.#left !== undefined) {
      const left = this.#left;
      this.#left = undefined;
      return this.#hold(left);
    }
    for (let look = 0; look < 2; look++) {
      if (this.#delivered.length === 0) this.#findDelivered();
      for (let count = this.#delivered.length; count > 0; count--) {
        const packet = this.#tryHold(this.#delivered.pop()!);
        if (typeof packet === 'object') return packet;
      }
    }
    return undefined;
  }

  putNextSubBuffer(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    if (this.header.mode === 'overwrite') {
      // A consumer that dies before this store finds the same sub-buffer in its spare again.
      Atomics.store(this.#words, this.#ring.entry(held.physicalIndex) + PHYSICAL_IS_CONSUMED, 1);
      this.#spare = held.physicalIndex;
      this.#raiseConsumed(held.sequence + 1);
      return;
    }
    // The slot first: dying between the two leaves CONSUMED at a slot that is FREE, and goes past it.
    Atomics.store(this.#words, this.#ring.slots + held.slot, packSlot(held.sequence, held.physicalIndex, SLOT_FREE));
    this.#raiseConsumed(held.sequence + 1);
    this.#tellFreed();
  }

  snapshotPositions(): RingPositions {
    const consumed = this.#consumed();
    const produced = this.#ring.nextSequence();
    // Writers in overwrite mode are never further ahead than the buffer is long.
    return { consumed: Math.min(Math.max(consumed, produced - this.header.subBufferCount), produced), produced };
  }

  getSubBuffer(position: number): RingPacket | 'gone' | 'busy' {
    this.#refuseHeld();
    if (!Number.isSafeInteger(position) || position < 0)
      throw new InputError('A position in a ring buffer is a whole number from 0 on', { position });
    if (this.header.mode === 'overwrite') this.#findSpare();
    if (this.#left?.sequence === position) {
      const left = this.#left;
      this.#left = undefined;
      return this.#hold(left);
    }
    return position >= this.#ring.nextSequence() ? 'busy' : this.#tryHold(position);
  }

  putSubBuffer(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    if (this.header.mode === 'discard') return;
    if (held.exchangedWord === undefined) {
      this.#left = held;
      return;
    }
    this.#putBack(held, held.exchangedWord);
  }

  moveConsumer(position: number): void {
    this.#refuseHeld();
    if (!Number.isSafeInteger(position) || position < 0 || position > this.#ring.nextSequence())
      throw new InputError('The consumer moves to a position that was produced', { position });
    if (this.#left !== undefined && this.#left.sequence < position) {
      Atomics.store(this.#words, this.#ring.entry(this.#left.physicalIndex) + PHYSICAL_IS_CONSUMED, 1);
      this.#left = undefined;
    }
    this.#findDelivered();
    for (const sequence of this.#delivered) {
      if (sequence >= position) continue;
      const slot = this.#ring.slots + (sequence % this.header.subBufferCount);
      const word = Atomics.load(this.#words, slot);
      // Lost to a writer that took it back: given up all the same.
      if (isSlotOf(word, sequence) && slotState(word) === SLOT_DELIVERED)
        Atomics.compareExchange(this.#words, slot, word, packSlot(sequence, slotPhysicalIndex(word), SLOT_FREE));
    }
    this.#delivered.length = 0;
    this.#raiseConsumed(position);
    if (this.header.mode === 'discard') this.#tellFreed();
  }

  takeActive(): RingPacket[] {
    const packets: RingPacket[] = [];
    const next = this.#ring.nextSequence();
    for (let slot = 0; slot < this.header.subBufferCount; slot++) {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const word = this.#ring.slotWord(slot);
        if (slotState(word) !== SLOT_WRITING) break;
        const sequence = nearestSequence(word, next);
        const packet = sequence < 0 ? undefined : this.#ring.copyActive(word, slot, sequence);
        if (packet === 'changed') continue;
        if (packet !== undefined) packets.push(packet);
        break;
      }
    }
    return packets.sort((a, b) => a.sequenceNumber - b.sequenceNumber);
  }

  snapshot(options: SnapshotOptions = {}): RingSnapshot {
    if (options.order === 'newest-first') return this.#snapshotBackwards();
    const snapshot = this.#snapshotForwards();
    if (snapshot.packets.length > 0 || snapshot.goneCount === 0) return snapshot;
    // Writers went round while it copied, for instance since this thread was stopped: the other way
    // they have to go round once more to take something.
    const backwards = this.#snapshotBackwards();
    return { ...backwards, packets: backwards.packets.toReversed() };
  }

  counters(writerIndex?: number): RingCounters {
    return readRingCounters(this.#words, writerIndex);
  }

  get isReleased(): boolean {
    let hasWritten = false;
    for (let index = 0; index < this.header.writerCount; index++) {
      const state = Atomics.load(this.#words, writerWord(index) + OWNER_STATE);
      if (state === OWNER_LIVE || state === OWNER_TAKING) return false;
      if (state === OWNER_RELEASED) hasWritten = true;
    }
    return hasWritten;
  }

  get owner(): RingOwner | undefined {
    const block = writerWord(0);
    if (Atomics.load(this.#words, block + OWNER_STATE) === OWNER_NONE) return undefined;
    return readOwner(this.#words, block);
  }

  /** Oldest first: it is the next that a writer takes back. */
  #snapshotForwards(): RingSnapshot {
    const { consumed, produced } = this.snapshotPositions();
    const packets: SnapshotPacket[] = [];
    let goneCount = 0;
    for (let sequence = consumed; sequence < produced; sequence++) {
      const packet = this.#ring.copySlot(sequence);
      if (packet === 'empty') continue;
      if (typeof packet === 'object') {
        packets.push(packet);
        continue;
      }
      // What was copied before the hole is not contiguous with the end.
      if (packet === 'gone') goneCount += packets.length + 1;
      packets.length = 0;
    }
    return { consumed, produced, packets, goneCount };
  }

  #snapshotBackwards(): RingSnapshot {
    const { consumed, produced } = this.snapshotPositions();
    const packets: SnapshotPacket[] = [];
    for (let sequence = produced - 1; sequence >= consumed; sequence--) {
      const packet = this.#ring.copySlot(sequence);
      if (packet === 'empty') continue;
      // What is older went before it.
      if (packet === 'gone') return { consumed, produced, packets, goneCount: sequence - consumed + 1 };
      if (packet === 'taken') break;
      packets.push(packet);
    }
    return { consumed, produced, packets, goneCount: 0 };
  }

  /**
   * Looks at every slot: writers deliver in any order, and one that was passed may begin late. Within
   * a writer the order of the numbers is the order of time; it is kept by leaving for the next look
   * what began after this one: a writer may deliver one behind the look and the next before it.
   */
  #findDelivered(): void {
    const { subBufferCount } = this.header;
    const end = this.#ring.nextSequence();
    this.#delivered.length = 0;
    for (let slot = 0; slot < subBufferCount; slot++) {
      const word = this.#ring.slotWord(slot);
      if (slotState(word) !== SLOT_DELIVERED) continue;
      const sequence = this.#ring.sequenceOf(slotPhysicalIndex(word));
      if (isSlotOf(word, sequence) && sequence >= 0 && sequence % subBufferCount === slot) {
        if (sequence < end) this.#delivered.push(sequence);
      } else if (this.#ring.isStill(slot, word)) {
        throw this.#ring.damaged('sequence number', sequence);
      }
    }
    this.#delivered.sort((a, b) => b - a);
  }

  #tryHold(sequence: number): RingPacket | 'gone' | 'busy' {
    const slot = sequence % this.header.subBufferCount;
    const word = this.#ring.slotWord(slot);
    if (!isSlotOf(word, sequence) || slotState(word) === SLOT_FREE) return 'gone';
    if (slotState(word) === SLOT_WRITING) return 'busy';
    const physicalIndex = slotPhysicalIndex(word);
    if (this.header.mode === 'discard') return this.#hold({ sequence, slot, physicalIndex, exchangedWord: undefined });
    // The spare is needed for the exchange: what no slot can have back is lost to a writer by now.
    this.#left = undefined;
    const exchangedWord = packSlot(sequence, this.#spare, SLOT_FREE);
    // Lost: a writer took it back between load and exchange.
    if (Atomics.compareExchange(this.#words, this.#ring.slots + slot, word, exchangedWord) !== word) return 'gone';
    return this.#hold({ sequence, slot, physicalIndex, exchangedWord });
  }

  #hold(held: HeldSubBuffer): RingPacket {
    const packet = this.#ring.borrow(held.physicalIndex, held.sequence);
    this.#held = held;
    return packet;
  }

  /** Into its slot, unless a writer has claimed that meanwhile. */
  #putBack(held: HeldSubBuffer, exchangedWord: number): void {
    const restored = packSlot(held.sequence, held.physicalIndex, SLOT_DELIVERED);
    const slot = this.#ring.slots + held.slot;
    if (Atomics.compareExchange(this.#words, slot, exchangedWord, restored) === exchangedWord) return;
    // A writer came round: as overwritten as if it had stayed in its place.
    Atomics.store(this.#words, this.#ring.entry(held.physicalIndex) + PHYSICAL_IS_CONSUMED, 1);
    this.#spare = held.physicalIndex;
  }

  /**
   * On the first call: finds the spare by what no slot names. A reader may have died with it in its
   * hands: then it goes back to its place, or is handed out again.
   */
  #findSpare(): void {
    if (this.#spare >= 0) return;
    const { subBufferCount } = this.header;
    const isNamed = new Uint8Array(subBufferCount + 1);
    for (let slot = 0; slot < subBufferCount; slot++) isNamed[slotPhysicalIndex(this.#ring.slotWord(slot))] = 1;
    const spare = isNamed.indexOf(0);
    // The writers never change which indexes are named, only readers do: two of them, or damage.
    if (isNamed.indexOf(0, spare + 1) >= 0)
      throw new ProtocolError('The slots of the ring buffer are damaged: one sub-buffer is named twice');
    this.#spare = spare;
    const entry = this.#ring.entry(spare);
    const sequence = this.#ring.sequenceOf(spare);
    const isUntaken =
      Atomics.load(this.#words, entry + PHYSICAL_CONTENT_SIZE) > 0 &&
      Atomics.load(this.#words, entry + PHYSICAL_IS_CONSUMED) === 0;
    if (!isUntaken || sequence < 0 || sequence >= this.#ring.nextSequence()) return;
    const slot = sequence % subBufferCount;
    const word = this.#ring.slotWord(slot);
    const other = slotPhysicalIndex(word);
    const restored = packSlot(sequence, spare, SLOT_DELIVERED);
    if (
      isSlotOf(word, sequence) &&
      slotState(word) === SLOT_FREE &&
      Atomics.compareExchange(this.#words, this.#ring.slots + slot, word, restored) === word
    ) {
      this.#spare = other;
    } else {
      this.#left = { sequence, slot, physicalIndex: spare, exchangedWord: undefined };
    }
  }

  #refuseHeld(): void {
    if (this.#held !== undefined)
      throw new ProtocolError('A sub-buffer is held already; put it back first', { sequence: this.#held.sequence });
  }

  #consumed(): number {
    const consumed = Atomics.load(this.#words, CONSUMED_WORD);
    if (consumed < 0) throw this.#ring.damaged('consumed sequence number', consumed);
    return consumed;
  }

  #raiseConsumed(position: number): void {
    if (Atomics.load(this.#words, CONSUMED_WORD) < position) Atomics.store(this.#words, CONSUMED_WORD, position);
  }

  #tellFreed(): void {
    Atomics.add(this.#words, FREED_COUNT_WORD, 1);
    this.#onFreed?.();
  }
}

const MAX_ATTEMPTS = 8;

/** The sequence number with the word's tag that is nearest to `next`. */
function nearestSequence(word: number, next: number): number {
  return next + ((((word >>> 12) - next) << 12) >> 12);
}
