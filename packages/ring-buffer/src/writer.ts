// SPDX-License-Identifier: MIT
// The writer's side, out of the hot path: creation, taking over a buffer, the switch to the next
// sub-buffer, release. A record itself is a handful of stores between `reserve` and `commit`; the
// tracer generates them in place from the words of layout.ts:
//
//   begin = words[COMMITTED] rounded up to 8; if begin + size > words[LIMIT]: begin = reserveSlow(size)
//   … the record's bytes …
//   words[COMMITTED] = end                                         <- the commit
//
// Plain stores suffice where stores become visible in program order (x86-64: TSO, and V8 keeps the
// order of stores that may alias); elsewhere the commit is an Atomics.store (`needsOrderedCommit`).
// Nothing here throws once the writer exists; every loss is counted in the header.

import { assert, isPowerOfTwo, ProtocolError } from '@lockstep/base';
import { readRingHeader } from './header.ts';
import {
  ABI_VERSION_WORD,
  BAD_ARGUMENTS_WORD,
  BUFFER_NUMBER_WORD,
  CHANNEL_ID_WORD,
  COMMITTED_WORD,
  DISCARDED_FULL_WORD,
  DISCARDED_TOO_BIG_WORD,
  DISCARDED_WRAPPED_WORD,
  HEADER_SIZE_WORD,
  isSlotOf,
  LIMIT_WORD,
  MAGIC_WORD,
  MAX_RING_SIZE_BYTES,
  MAX_SUB_BUFFER_COUNT,
  MIN_SUB_BUFFER_SIZE_BYTES,
  MODE_DISCARD,
  MODE_OVERWRITE,
  MODE_WORD,
  NEXT_SEQUENCE_WORD,
  OWNER_LIVE,
  OWNER_PID_WORD,
  OWNER_RELEASED,
  OWNER_STATE_WORD,
  OWNER_TID_WORD,
  packSlot,
  PHYSICAL_CONTENT_SIZE,
  PHYSICAL_COUNT_WORD,
  PHYSICAL_SEQUENCE,
  physicalWord,
  RING_ABI_VERSION,
  RING_MAGIC,
  ringHeaderSizeBytes,
  ringSizeBytes,
  SLOT_DELIVERED,
  SLOT_FREE,
  SLOT_WRITING,
  slotPhysicalIndex,
  SLOTS_WORD,
  slotState,
  SUB_BUFFER_COUNT_WORD,
  SUB_BUFFER_SIZE_WORD,
  TRUNCATED_STRINGS_WORD,
  WRITER_COUNT_WORD,
  type RingGeometry,
} from './layout.ts';

/** What the bytes mean is the client's business: it fills the head of each sub-buffer. Must not throw. */
export interface RingClient {
  /** Bytes that `bufferBegin` fills; records start after them, aligned to 8. */
  readonly headerSizeBytes: number;
  /** A sub-buffer begins at `offset` of the memory. */
  bufferBegin(offset: number, sequence: number): void;
  /** Its last record ends at `offset + contentSizeBytes`; `discarded` records were lost so far, modulo 2^32. */
  bufferEnd(offset: number, contentSizeBytes: number, discarded: number): void;
  /** A sub-buffer was delivered: wakes who waits for one. */
  onDeliver(): void;
}

export interface RingOwner {
  readonly pid: number;
  readonly tid: number;
}

/** True where a plain store may become visible before the stores in front of it. */
export const needsOrderedCommit: boolean = !isStoreOrdered();

const MAX_SEQUENCE = 0x7fff_ffff;

function isStoreOrdered(): boolean {
  const runtime = globalThis as { readonly process?: { readonly arch?: string } };
  return runtime.process?.arch === 'x64' || runtime.process?.arch === 'ia32';
}

/** Makes an empty ring buffer of zeroed memory. It has no owner yet. */
export function createRing(
  memory: ArrayBufferLike,
  geometry: RingGeometry,
  identity: { readonly channelId: number; readonly bufferNumber: number },
): void {
  checkGeometry(geometry);
  if (memory.byteLength < ringSizeBytes(geometry)) {
    throw new ProtocolError('The memory is too small for its ring buffer', {
      sizeBytes: memory.byteLength,
      neededBytes: ringSizeBytes(geometry),
    });
  }
  const words = new Int32Array(memory, 0, ringHeaderSizeBytes(geometry.subBufferCount) / 4);
  assert(words[MAGIC_WORD] === 0, 'a ring buffer is made of zeroed memory');
  words[ABI_VERSION_WORD] = RING_ABI_VERSION;
  words[HEADER_SIZE_WORD] = ringHeaderSizeBytes(geometry.subBufferCount);
  words[SUB_BUFFER_SIZE_WORD] = geometry.subBufferSizeBytes;
  words[SUB_BUFFER_COUNT_WORD] = geometry.subBufferCount;
  words[PHYSICAL_COUNT_WORD] = geometry.subBufferCount + 1;
  words[MODE_WORD] = geometry.mode === 'discard' ? MODE_DISCARD : MODE_OVERWRITE;
  words[WRITER_COUNT_WORD] = 1;
  words[CHANNEL_ID_WORD] = identity.channelId;
  words[BUFFER_NUMBER_WORD] = identity.bufferNumber;
  for (let slot = 0; slot < geometry.subBufferCount; slot++) words[SLOTS_WORD + slot] = packSlot(slot, slot, SLOT_FREE);
  Atomics.store(words, MAGIC_WORD, RING_MAGIC);
}

function checkGeometry(geometry: RingGeometry): void {
  const { subBufferSizeBytes, subBufferCount } = geometry;
  if (!isPowerOfTwo(subBufferSizeBytes) || subBufferSizeBytes < MIN_SUB_BUFFER_SIZE_BYTES) {
    throw new ProtocolError('The size of a sub-buffer is a power of two of at least 4096 bytes', {
      subBufferSizeBytes,
    });
  }
  if (!Number.isSafeInteger(subBufferCount) || subBufferCount < 2 || subBufferCount > MAX_SUB_BUFFER_COUNT) {
    throw new ProtocolError('A ring buffer has 2 to 1023 sub-buffers', { subBufferCount });
  }
  if (ringSizeBytes(geometry) > MAX_RING_SIZE_BYTES) {
    throw new ProtocolError('A ring buffer is smaller than 2 GiB', { sizeBytes: ringSizeBytes(geometry) });
  }
}

/** One thread's hold on a ring buffer that it writes. */
export interface RingWriter {
  readonly words: Int32Array;
  readonly subBufferSizeBytes: number;
  /**
   * Begin of a record of `sizeBytes` in a sub-buffer that has room for it, switching to the next one
   * when needed; -1 when the record is discarded (counted) or the buffer released.
   */
  reserveSlow(sizeBytes: number): number;
  /** Delivers the active sub-buffer if it holds records; the next record begins another. */
  flush(): void;
  /** The thread ends: delivers what there is and lets another thread have the buffer. */
  release(): void;
}

/**
 * Takes the buffer for the calling thread, if nobody has it (or `isAbandoned` says so of its owner).
 * What a dead owner had committed is delivered first. Undefined when another thread has it.
 */
export function tryAttachWriter(
  memory: ArrayBufferLike,
  owner: RingOwner,
  client: RingClient,
  isAbandoned: (owner: RingOwner) => boolean = () => false,
): RingWriter | undefined {
  const header = readRingHeader(memory);
  const words = new Int32Array(memory, 0, memory.byteLength >> 2);
  const state = Atomics.load(words, OWNER_STATE_WORD);
  if (state === OWNER_LIVE) {
    const previous = { pid: words[OWNER_PID_WORD] ?? 0, tid: words[OWNER_TID_WORD] ?? 0 };
    if (!isAbandoned(previous)) return undefined;
    // Two threads may find the same dead owner: its tid is the ticket.
    if (Atomics.compareExchange(words, OWNER_TID_WORD, previous.tid, owner.tid) !== previous.tid) return undefined;
  } else {
    if (Atomics.compareExchange(words, OWNER_STATE_WORD, state, OWNER_LIVE) !== state) return undefined;
    Atomics.store(words, OWNER_TID_WORD, owner.tid);
  }
  Atomics.store(words, OWNER_PID_WORD, owner.pid);
  const writer = makeWriter(words, header, client);
  writer.flush();
  return writer;
}

function makeWriter(
  words: Int32Array,
  geometry: RingGeometry & { readonly headerSizeBytes: number },
  client: RingClient,
): RingWriter {
  const { subBufferCount, subBufferSizeBytes, headerSizeBytes } = geometry;
  const isOverwriting = geometry.mode === 'overwrite';
  const recordsBegin = Math.ceil(client.headerSizeBytes / 8) * 8;
  let isReleased = false;

  const offsetOf = (physicalIndex: number): number => headerSizeBytes + physicalIndex * subBufferSizeBytes;
  const discardedCount = (): number =>
    (words[DISCARDED_FULL_WORD]! + words[DISCARDED_TOO_BIG_WORD]! + words[DISCARDED_WRAPPED_WORD]!) >>> 0;

  /** Index into `words` of the active sub-buffer's slot; -1 when there is none. */
  function activeSlot(): number {
    const sequence = (words[NEXT_SEQUENCE_WORD]! - 1) | 0;
    if (sequence < 0) return -1;
    const slot = SLOTS_WORD + (sequence % subBufferCount);
    const word = Atomics.load(words, slot);
    return slotState(word) === SLOT_WRITING && isSlotOf(word, sequence) ? slot : -1;
  }

  function deliver(slot: number): void {
    const word = words[slot]!;
    const physicalIndex = slotPhysicalIndex(word);
    const begin = offsetOf(physicalIndex);
    const committed = words[COMMITTED_WORD]!;
    // A predecessor that died inside a switch left COMMITTED in another sub-buffer: an empty packet.
    const isBegun = committed >= begin + client.headerSizeBytes && committed <= begin + subBufferSizeBytes;
    if (!isBegun) client.bufferBegin(begin, words[NEXT_SEQUENCE_WORD]! - 1);
    const contentSize = isBegun ? committed - begin : client.headerSizeBytes;
    client.bufferEnd(begin, contentSize, discardedCount());
    words[physicalWord(subBufferCount, physicalIndex) + PHYSICAL_CONTENT_SIZE] = contentSize;
    words[LIMIT_WORD] = 0;
    Atomics.store(words, slot, (word & ~3) | SLOT_DELIVERED);
    // Nothing is committed in the next sub-buffer until its header is. After the slot's word: who
    // still sees the slot WRITING must find its records.
    Atomics.store(words, COMMITTED_WORD, 0);
    client.onDeliver();
  }

  /** Turns the next slot into the active sub-buffer; false when it is not free. */
  function claim(): boolean {
    const sequence = words[NEXT_SEQUENCE_WORD]!;
    // 8 TiB of the smallest sub-buffers: from there on records are discarded, counted.
    if (sequence === MAX_SEQUENCE) return false;
    const slot = SLOTS_WORD + (sequence % subBufferCount);
    // A consuming reader may exchange the slot once between load and CAS; then it stays FREE.
    for (let attempt = 0; attempt < 4; attempt++) {
      const word = Atomics.load(words, slot);
      const state = slotState(word);
      const physicalIndex = slotPhysicalIndex(word);
      if (physicalIndex > subBufferCount) return false;
      if (state !== SLOT_FREE && !(isOverwriting && state === SLOT_DELIVERED)) return false;
      if (Atomics.compareExchange(words, slot, word, packSlot(sequence, physicalIndex, SLOT_WRITING)) !== word)
        continue;
      const entry = physicalWord(subBufferCount, physicalIndex);
      const begin = offsetOf(physicalIndex);
      words[entry + PHYSICAL_CONTENT_SIZE] = 0;
      words[entry + PHYSICAL_SEQUENCE] = sequence;
      Atomics.store(words, NEXT_SEQUENCE_WORD, sequence + 1);
      client.bufferBegin(begin, sequence);
      words[LIMIT_WORD] = begin + subBufferSizeBytes;
      Atomics.store(words, COMMITTED_WORD, begin + client.headerSizeBytes);
      return true;
    }
    return false;
  }

  function isNextFree(): boolean {
    if (isOverwriting) return true;
    return slotState(Atomics.load(words, SLOTS_WORD + (words[NEXT_SEQUENCE_WORD]! % subBufferCount))) === SLOT_FREE;
  }

  function reserveSlow(sizeBytes: number): number {
    if (isReleased) return -1;
    if (sizeBytes > subBufferSizeBytes - recordsBegin) {
      words[DISCARDED_TOO_BIG_WORD] = words[DISCARDED_TOO_BIG_WORD]! + 1;
      return -1;
    }
    const active = activeSlot();
    if (active >= 0 && words[LIMIT_WORD]! > 0) {
      const begin = (words[COMMITTED_WORD]! + 7) & -8;
      if (begin + sizeBytes <= words[LIMIT_WORD]!) return begin;
    }
    // While the next is not free the active one stays undelivered, so that its packet still counts
    // what is discarded now.
    if (!isNextFree()) {
      words[DISCARDED_FULL_WORD] = words[DISCARDED_FULL_WORD]! + 1;
      return -1;
    }
    if (active >= 0) deliver(active);
    if (!claim()) {
      words[DISCARDED_FULL_WORD] = words[DISCARDED_FULL_WORD]! + 1;
      return -1;
    }
    return (words[COMMITTED_WORD]! + 7) & -8;
  }

  function flush(): void {
    const active = activeSlot();
    if (active < 0) return;
    deliver(active);
  }

  function release(): void {
    if (isReleased) return;
    flush();
    isReleased = true;
    words[LIMIT_WORD] = 0;
    Atomics.store(words, OWNER_STATE_WORD, OWNER_RELEASED);
  }

  return { words, subBufferSizeBytes, reserveSlow, flush, release };
}

export interface RingCounters {
  readonly discardedFull: number;
  readonly discardedTooBig: number;
  readonly discardedWrapped: number;
  /** Sum of the three, modulo 2^32, as in the packets. */
  readonly discarded: number;
  readonly truncatedStrings: number;
  readonly badArguments: number;
}

export function readRingCounters(words: Int32Array): RingCounters {
  const discardedFull = Atomics.load(words, DISCARDED_FULL_WORD) >>> 0;
  const discardedTooBig = Atomics.load(words, DISCARDED_TOO_BIG_WORD) >>> 0;
  const discardedWrapped = Atomics.load(words, DISCARDED_WRAPPED_WORD) >>> 0;
  return {
    discardedFull,
    discardedTooBig,
    discardedWrapped,
    discarded: (discardedFull + discardedTooBig + discardedWrapped) >>> 0,
    truncatedStrings: Atomics.load(words, TRUNCATED_STRINGS_WORD) >>> 0,
    badArguments: Atomics.load(words, BAD_ARGUMENTS_WORD) >>> 0,
  };
}
