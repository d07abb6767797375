// SPDX-License-Identifier: MIT
// The writer's side, out of the hot path: taking a writer's block, the switch to the next sub-buffer,
// release. Each writer fills a sub-buffer of its own, so that a record is a handful of stores between
// `reserve` and `commit`, however many writers there are; only a switch is contended. The tracer
// generates records in place from the words of layout.ts:
//
//   begin = words[COMMITTED] rounded up to 8; if begin + size > words[LIMIT]: begin = reserveSlow(size)
//   … the record's bytes …
//   words[COMMITTED] = end                                         <- the commit
//
// Plain stores suffice where stores become visible in program order (x86-64: TSO, and V8 keeps the
// order of stores that may alias); elsewhere the commit is an Atomics.store (`needsOrderedCommit`).
// Nothing here throws once the writer exists; every loss is counted in the writer's block.

import { readRingHeader, type RingHeader } from './header.ts';
import {
  ACTIVE,
  COMMITTED,
  DELIVERY_COUNT_WORD,
  DEPTH,
  DISCARDED_FULL,
  DISCARDED_TOO_BIG,
  DISCARDED_WRAPPED,
  FREED_COUNT_WORD,
  isSlotOf,
  LIMIT,
  NEXT_SEQUENCE_WORD,
  OVERWRITTEN,
  OWNER_LIVE,
  OWNER_NAMESPACE,
  OWNER_PID,
  OWNER_RELEASED,
  OWNER_STATE,
  OWNER_TAKING,
  OWNER_TID,
  ownersWord,
  packSlot,
  PHYSICAL_CONTENT_SIZE,
  PHYSICAL_IS_CONSUMED,
  PHYSICAL_SEQUENCE,
  physicalWord,
  RESERVED,
  SLOT_DELIVERED,
  SLOT_FREE,
  SLOT_WRITING,
  slotPhysicalIndex,
  slotState,
  slotsWord,
  writerWord,
} from './layout.ts';

/** What the bytes mean is the client's business: it fills the head of each sub-buffer. Must not throw, nor record. */
export interface RingClient {
  /** Bytes that `bufferBegin` fills; records start after them, aligned to 8. */
  readonly headerSizeBytes: number;
  /** A sub-buffer begins at `offset` of the memory, written by the `writerIndex`-th writer. */
  bufferBegin(offset: number, sequence: number, writerIndex: number): void;
  /** Its last record ends at `offset + contentSizeBytes`; its writer lost `discarded` records so far, modulo 2^32. */
  bufferEnd(offset: number, contentSizeBytes: number, discarded: number, writerIndex: number): void;
  /** A sub-buffer was delivered: wakes who waits for one. */
  onDeliver(): void;
  /**
   * No sub-buffer is free. True: it has waited until FREED_COUNT was no longer `freedCount`, and
   * the writer looks again. Without it, or when it is false, the record is discarded.
   */
  onFull?(freedCount: number): boolean;
}

export interface RingOwner {
  readonly pid: number;
  /** Whether the owner lives is decided by this: while a block changes hands, `pid` is stored a moment later. */
  readonly tid: number;
  /** Which PID namespace the two are of, as a number that is the same for all in it. */
  readonly pidNamespace?: number;
}

/** True where a plain store may become visible before the stores in front of it. */
export const needsOrderedCommit: boolean = !isStoreOrdered();

const MAX_SEQUENCE = 0x7fff_ffff;
/** A reader changes a slot's word once between a writer's load and its CAS, or races it deliberately. */
const MAX_CLAIM_ATTEMPTS = 4;

function isStoreOrdered(): boolean {
  const runtime = globalThis as { readonly process?: { readonly arch?: string } };
  return runtime.process?.arch === 'x64' || runtime.process?.arch === 'ia32';
}

/** One thread's hold on a writer's block of a ring buffer. */
export interface RingWriter {
  readonly words: Int32Array;
  /** Index of the writer's block in `words`: COMMITTED and the others are relative to it. */
  readonly block: number;
  readonly writerIndex: number;
  readonly subBufferSizeBytes: number;
  /**
   * Begin of a record of `sizeBytes` in a sub-buffer that has room for it, switching to the next one
   * when needed; -1 when the record is discarded (counted) or the buffer released.
   */
  reserveSlow(sizeBytes: number): number;
  /** Delivers the active sub-buffer if it holds records; the next record begins another. Nothing while a record is being made. */
  flush(): void;
  /** The thread ends: delivers what there is and lets another thread have the block. */
  release(): void;
}

/**
 * Takes a writer's block for the calling thread: one that nobody has, or whose owner `isAbandoned`.
 * What a dead owner had committed is delivered first. Undefined when other threads have all of them.
 */
export function tryAttachWriter(
  memory: ArrayBufferLike,
  owner: RingOwner,
  client: RingClient,
  isAbandoned: (owner: RingOwner) => boolean = () => false,
): RingWriter | undefined {
  const header = readRingHeader(memory);
  const words = new Int32Array(memory, 0, memory.byteLength >> 2);
  for (let writerIndex = 0; writerIndex < header.writerCount; writerIndex++) {
    if (!tryTakeBlock(words, writerWord(writerIndex), owner, isAbandoned)) continue;
    return makeWriter(words, header, writerIndex, client);
  }
  return undefined;
}

/**
 * Delivers what writers that ended without a release had committed, and frees their blocks; returns
 * the owners. `client` ends their packets.
 */
export function recoverWriters(
  memory: ArrayBufferLike,
  owner: RingOwner,
  client: RingClient,
  isAbandoned: (owner: RingOwner) => boolean,
): RingOwner[] {
  const header = readRingHeader(memory);
  const words = new Int32Array(memory, 0, memory.byteLength >> 2);
  const recovered: RingOwner[] = [];
  for (let writerIndex = 0; writerIndex < header.writerCount; writerIndex++) {
    const block = writerWord(writerIndex);
    if (Atomics.load(words, block + OWNER_STATE) !== OWNER_LIVE) continue;
    const previous = readOwner(words, block);
    if (!isAbandoned(previous) || !tryTakeBlock(words, block, owner, isAbandoned)) continue;
    makeWriter(words, header, writerIndex, client).release();
    recovered.push(previous);
  }
  return recovered;
}

export function readOwner(words: Int32Array, block: number): RingOwner {
  const pidNamespace = Atomics.load(words, block + OWNER_NAMESPACE);
  const owner = { pid: Atomics.load(words, block + OWNER_PID), tid: Atomics.load(words, block + OWNER_TID) };
  return pidNamespace === 0 ? owner : { ...owner, pidNamespace };
}

function tryTakeBlock(
  words: Int32Array,
  block: number,
  owner: RingOwner,
  isAbandoned: (owner: RingOwner) => boolean,
): boolean {
  const state = Atomics.load(words, block + OWNER_STATE);
  if (state === OWNER_TAKING) return false;
  const previous = readOwner(words, block);
  if (state === OWNER_LIVE && !isAbandoned(previous)) return false;
  if (Atomics.compareExchange(words, block + OWNER_STATE, state, OWNER_TAKING) !== state) return false;
  if (state === OWNER_LIVE) {
    const current = readOwner(words, block);
    if (current.pid !== previous.pid || current.tid !== previous.tid) {
      // Another thread took it since that look. Unless it has released it already, it goes on.
      Atomics.compareExchange(words, block + OWNER_STATE, OWNER_TAKING, OWNER_LIVE);
      return false;
    }
  }
  Atomics.store(words, block + OWNER_TID, owner.tid);
  Atomics.store(words, block + OWNER_PID, owner.pid);
  Atomics.store(words, block + OWNER_NAMESPACE, owner.pidNamespace ?? 0);
  Atomics.store(words, block + OWNER_STATE, OWNER_LIVE);
  return true;
}

function makeWriter(words: Int32Array, header: RingHeader, writerIndex: number, client: RingClient): RingWriter {
  const { subBufferCount, subBufferSizeBytes, headerSizeBytes, writerCount } = header;
  const isOverwriting = header.mode === 'overwrite';
  const block = writerWord(writerIndex);
  const slots = slotsWord(writerCount);
  const owners = ownersWord(writerCount, subBufferCount);
  const recordsBegin = Math.ceil(client.headerSizeBytes / 8) * 8;
  /** One writer goes round; of several, one that holds its sub-buffer for long must not stop the others. */
  const lookAhead = writerCount === 1 ? 1 : subBufferCount;
  /** The slot of the active sub-buffer; -1 when there is none. */
  let active = -1;
  let isReleased = false;

  const offsetOf = (physicalIndex: number): number => headerSizeBytes + physicalIndex * subBufferSizeBytes;
  const entryOf = (physicalIndex: number): number => physicalWord(writerCount, subBufferCount, physicalIndex);
  const discardedCount = (): number =>
    (words[block + DISCARDED_FULL]! + words[block + DISCARDED_TOO_BIG]! + words[block + DISCARDED_WRAPPED]!) >>> 0;

  function count(counter: number): -1 {
    words[block + counter] = words[block + counter]! + 1;
    return -1;
  }

  /** A predecessor died with a slot: delivers what it had committed. There is one, or none. */
  function recover(): void {
    words[block + DEPTH] = 0;
    for (let slot = 0; slot < subBufferCount; slot++) {
      if (Atomics.load(words, owners + slot) !== writerIndex + 1) continue;
      const word = Atomics.load(words, slots + slot);
      const sequence = words[block + ACTIVE]!;
      const isHeld =
        slotState(word) === SLOT_WRITING && isSlotOf(word, sequence) && slotPhysicalIndex(word) <= subBufferCount;
      if (isHeld) {
        // It may have died before it did these.
        raiseNextSequence(sequence + 1);
        beginEntry(slotPhysicalIndex(word), sequence);
        deliver(slot, sequence);
      } else {
        Atomics.store(words, owners + slot, 0);
      }
    }
    words[block + LIMIT] = 0;
    // It may have died between delivery and this.
    Atomics.store(words, block + COMMITTED, 0);
  }

  function deliver(slot: number, sequence: number): void {
    const word = words[slots + slot]!;
    const physicalIndex = slotPhysicalIndex(word);
    const begin = offsetOf(physicalIndex);
    const committed = words[block + COMMITTED]!;
    // A predecessor that died inside a switch left COMMITTED in another sub-buffer: an empty packet.
    const isBegun = committed >= begin + client.headerSizeBytes && committed <= begin + subBufferSizeBytes;
    if (!isBegun) client.bufferBegin(begin, sequence, writerIndex);
    const contentSize = isBegun ? committed - begin : client.headerSizeBytes;
    client.bufferEnd(begin, contentSize, discardedCount(), writerIndex);
    words[entryOf(physicalIndex) + PHYSICAL_CONTENT_SIZE] = contentSize;
    words[block + LIMIT] = 0;
    active = -1;
    Atomics.store(words, slots + slot, (word & ~3) | SLOT_DELIVERED);
    // Nothing is committed in the next sub-buffer until its header is. After the slot's word: who
    // still sees the slot WRITING must find its records.
    Atomics.store(words, block + COMMITTED, 0);
    Atomics.store(words, owners + slot, 0);
    Atomics.add(words, DELIVERY_COUNT_WORD, 1);
    client.onDeliver();
  }

  function beginEntry(physicalIndex: number, sequence: number): void {
    const entry = entryOf(physicalIndex);
    words[entry + PHYSICAL_CONTENT_SIZE] = 0;
    words[entry + PHYSICAL_IS_CONSUMED] = 0;
    Atomics.store(words, entry + PHYSICAL_SEQUENCE, sequence);
  }

  /** Other writers raise it, too; never lowered. */
  function raiseNextSequence(value: number): void {
    for (;;) {
      const next = Atomics.load(words, NEXT_SEQUENCE_WORD);
      if (next >= value || Atomics.compareExchange(words, NEXT_SEQUENCE_WORD, next, value) === next) return;
    }
  }

  function canClaim(word: number): boolean {
    const state = slotState(word);
    if (slotPhysicalIndex(word) > subBufferCount) return false;
    return state === SLOT_FREE || (isOverwriting && state === SLOT_DELIVERED);
  }

  /** Turns a slot into the active sub-buffer; false when it cannot be had. */
  function claimSlot(slot: number): boolean {
    if (Atomics.compareExchange(words, owners + slot, 0, writerIndex + 1) !== 0) return false;
    // Nobody else claims this slot now, so its next number is this writer's. Other writers may pass
    // it meanwhile: then a sub-buffer begins late, which is why readers look at every slot.
    const next = Atomics.load(words, NEXT_SEQUENCE_WORD);
    const sequence = next + ((slot + subBufferCount - (next % subBufferCount)) % subBufferCount);
    Atomics.store(words, block + ACTIVE, sequence);
    for (let attempt = 0; attempt < MAX_CLAIM_ATTEMPTS; attempt++) {
      const word = Atomics.load(words, slots + slot);
      if (!canClaim(word)) break;
      const physicalIndex = slotPhysicalIndex(word);
      const claimed = packSlot(sequence, physicalIndex, SLOT_WRITING);
      if (Atomics.compareExchange(words, slots + slot, word, claimed) !== word) continue;
      if (slotState(word) === SLOT_DELIVERED) count(OVERWRITTEN);
      raiseNextSequence(sequence + 1);
      beginEntry(physicalIndex, sequence);
      const begin = offsetOf(physicalIndex);
      client.bufferBegin(begin, sequence, writerIndex);
      words[block + RESERVED] = begin + recordsBegin;
      words[block + LIMIT] = begin + subBufferSizeBytes;
      active = slot;
      Atomics.store(words, block + COMMITTED, begin + client.headerSizeBytes);
      return true;
    }
    Atomics.store(words, owners + slot, 0);
    return false;
  }

  /** Index of a slot that can be claimed, from the next one on; or why there is none. */
  function findSlot(): number {
    const next = Atomics.load(words, NEXT_SEQUENCE_WORD);
    // 8 TiB of the smallest sub-buffers: from there on records are discarded, counted.
    if (next < 0 || next >= MAX_SEQUENCE - subBufferCount) return NONE_UNREAD;
    let isUnread = false;
    for (let step = 0; step < lookAhead; step++) {
      const slot = (next + step) % subBufferCount;
      const word = Atomics.load(words, slots + slot);
      if (canClaim(word) && Atomics.load(words, owners + slot) === 0) return slot;
      if (slotState(word) === SLOT_DELIVERED) isUnread = true;
    }
    return isUnread ? NONE_UNREAD : NONE_HELD;
  }

  function reserveSlow(sizeBytes: number): number {
    if (isReleased) return -1;
    if (sizeBytes > subBufferSizeBytes - recordsBegin) return count(DISCARDED_TOO_BIG);
    if (active >= 0) {
      const begin = (words[block + COMMITTED]! + 7) & -8;
      if (begin + sizeBytes <= words[block + LIMIT]!) return begin;
    }
    // Each turn that goes on means that another writer claimed what this one had found.
    for (let turn = 0; turn < subBufferCount; turn++) {
      const freedCount = Atomics.load(words, FREED_COUNT_WORD);
      const slot = findSlot();
      if (slot < 0) {
        if (client.onFull !== undefined) {
          // Who waits keeps nothing back: what it holds may be all that the reader can free.
          if (active >= 0) deliver(active, words[block + ACTIVE]!);
          if (client.onFull(freedCount)) {
            turn = -1;
            continue;
          }
        }
        // Otherwise the active one stays undelivered while there is none, so that its packet still
        // counts what is discarded now.
        return count(slot === NONE_UNREAD ? DISCARDED_FULL : DISCARDED_WRAPPED);
      }
      if (active >= 0) deliver(active, words[block + ACTIVE]!);
      if (claimSlot(slot)) return (words[block + COMMITTED]! + 7) & -8;
    }
    return count(DISCARDED_WRAPPED);
  }

  function flush(): void {
    if (active < 0 || words[block + DEPTH] !== 0) return;
    deliver(active, words[block + ACTIVE]!);
  }

  function release(): void {
    if (isReleased) return;
    words[block + DEPTH] = 0;
    flush();
    isReleased = true;
    words[block + LIMIT] = 0;
    Atomics.store(words, block + OWNER_STATE, OWNER_RELEASED);
  }

  recover();
  return { words, block, writerIndex, subBufferSizeBytes, reserveSlow, flush, release };
}

// What findSlot says when there is no slot.
const NONE_UNREAD = -1;
const NONE_HELD = -2;
