// SPDX-License-Identifier: MIT
// The memory of a ring buffer: where every word is, who writes it, and in which order. Up to 255
// writers, one consuming reader, any number of snapshot readers, all in threads and processes that may
// die at any moment. The memory is a mapped file or a SharedArrayBuffer; all offsets are bytes from its
// start, words are int32 of the machine's byte order (little-endian everywhere Lockstep runs).
//
//   byte        word                       who writes, when
//   ----------- -------------------------- ---------------------------------------------------------
//        0   0  MAGIC                      creator, last of all at creation: no magic, no buffer
//        4   1  ABI_VERSION                creator
//        8   2  HEADER_SIZE                creator; bytes before physical sub-buffer 0, whole pages
//       12   3  SUB_BUFFER_SIZE            creator; bytes, a power of two
//       16   4  SUB_BUFFER_COUNT           creator; N, logical slots
//       20   5  PHYSICAL_COUNT             creator; N + 1: one is the consuming reader's spare
//       24   6  MODE                       creator; MODE_DISCARD, MODE_OVERWRITE
//       28   7  WRITER_COUNT               creator; W, writer blocks
//       32   8  CHANNEL_ID                 creator; for people and tests, not read by the ring buffer
//       36   9  BUFFER_NUMBER              creator; the same
//       40  10  RECORD_FORMAT              creator; 0 the client's own, else record-format.ts
//       64  16  NEXT_SEQUENCE              writers, CAS, grows: all sequence numbers below are given out
//                                          or passed over
//      128  32  CONSUMED                   consuming reader, grows: sequence number it takes next
//      132  33  FREED_COUNT                consuming reader, +1 a sub-buffer given back; blocked writers
//                                          sleep on it
//      136  34  READER_OWN                 consuming reader; its client's, not read by the ring buffer
//      192  48  DELIVERY_COUNT             writers, atomic +1 after each delivery
//      196  49  WAITING_READERS            readers, atomic +1 before they sleep, -1 after
//      200  50  WAITING_WRITERS            blocked writers, the same
//      204  51  DOORBELL                   writers of a channel, in its first buffer, atomic +1 after each
//                                          delivery; readers sleep on it
//      256  64  WRITERS                    W blocks of 128 bytes:
//        +0  0    COMMITTED                writer: end of the last whole record, or of the client's
//                                          header, as offset in the memory. Stored after the record's
//                                          bytes: this store is the commit. In no sub-buffer that the
//                                          writer holds: nothing is committed
//        +4  1    LIMIT                    writer, for itself: end of the active sub-buffer; 0 = none
//        +8  2    CLOCK_HIGH               writer, for itself: the client's word (the last high half of
//                                          the clock)
//       +12  3    RESERVED                 record writer: end of the last record begun; nested records
//                                          lie between COMMITTED and it
//       +16  4    DEPTH                    record writer without crash consistency: records being made
//       +20  5    ACTIVE                   writer: sequence number that it claims or holds, stored
//                                          before the slot is WRITING
//       +64 16    OWNER_STATE              OWNER_NONE, LIVE, RELEASED -> TAKING, by CAS: the thread that
//                                          wins writes; -> LIVE after PID and TID are its own. While it
//                                          is TAKING nobody judges by them whether the owner is dead
//       +68 17    OWNER_PID, 18 OWNER_TID  the owner, after it won
//       +76 19    OWNER_NAMESPACE          the owner: its PID namespace, 0 = not told
//       +80 20    DISCARDED_FULL           writer: records lost, no sub-buffer was read
//       +84 21    DISCARDED_TOO_BIG        writer: … larger than a sub-buffer
//       +88 22    DISCARDED_WRAPPED        writer: … every sub-buffer, or its own, has a record being made
//       +92 23    TRUNCATED_STRINGS        writer: the client's counter
//       +96 24    BAD_ARGUMENTS            writer: the client's counter
//      +100 25    OVERWRITTEN              writer: unread sub-buffers that it took back
//      then     SLOTS                      N words, see below
//      then     OWNERS                     N words: 1 + index of the writer that has the slot, 0 none;
//                                          writers, CAS from 0
//      then     PHYSICAL                   N + 1 entries of 4 words: SEQUENCE, CONTENT_SIZE (bytes;
//                                          writer, before the slot is DELIVERED), IS_CONSUMED (reader,
//                                          while no slot names it), unused
//   HEADER_SIZE physical sub-buffers, SUB_BUFFER_SIZE each
//
// A slot's word is {tag: 20 bits 31..12, physical index: 10 bits 11..2, state: 2 bits 1..0}. Sequence
// number s lives in slot s mod N; the tag is s mod 2^20, so a reader sees that a slot was reused.
//
//                      writer that has the slot, CAS
//        SLOT_FREE ------------------> SLOT_WRITING
//          ^   ^                         |      ^
//          |   | reader                  |      | writer that has it, CAS,
//          |   | (discard: store at put; | writer,  overwrite
//          |   |  overwrite: CAS at get, | store    mode only
//          |   |  leaves its spare)      v      |
//          |   +---------------------- SLOT_DELIVERED <-+
//          +- creation        |                         | reader, CAS, overwrite: put without
//                             +-------------------------+ having moved on
//
// A switch, in this order: client's end of packet, CONTENT_SIZE, LIMIT 0, slot DELIVERED, COMMITTED 0,
// OWNERS 0, DELIVERY_COUNT; the next slot's OWNERS, ACTIVE, slot WRITING (its old content is gone from
// here on, and a copy that saw another word is void), NEXT_SEQUENCE, the physical entry, client's begin
// of packet, RESERVED, LIMIT, COMMITTED.

export const RING_MAGIC = 0x4c_53_52_31; // 'LSR1'
export const RING_ABI_VERSION = 2;

export const MAGIC_WORD = 0;
export const ABI_VERSION_WORD = 1;
export const HEADER_SIZE_WORD = 2;
export const SUB_BUFFER_SIZE_WORD = 3;
export const SUB_BUFFER_COUNT_WORD = 4;
export const PHYSICAL_COUNT_WORD = 5;
export const MODE_WORD = 6;
export const WRITER_COUNT_WORD = 7;
export const CHANNEL_ID_WORD = 8;
export const BUFFER_NUMBER_WORD = 9;
export const RECORD_FORMAT_WORD = 10;
export const NEXT_SEQUENCE_WORD = 16;
export const CONSUMED_WORD = 32;
export const FREED_COUNT_WORD = 33;
export const READER_OWN_WORD = 34;
export const DELIVERY_COUNT_WORD = 48;
export const WAITING_READERS_WORD = 49;
export const WAITING_WRITERS_WORD = 50;
export const DOORBELL_WORD = 51;
export const WRITERS_WORD = 64;

// Words of a writer's block, from its begin.
export const WRITER_BLOCK_WORDS = 32;
export const COMMITTED = 0;
export const LIMIT = 1;
export const CLOCK_HIGH = 2;
export const RESERVED = 3;
export const DEPTH = 4;
export const ACTIVE = 5;
export const OWNER_STATE = 16;
export const OWNER_PID = 17;
export const OWNER_TID = 18;
export const OWNER_NAMESPACE = 19;
export const DISCARDED_FULL = 20;
export const DISCARDED_TOO_BIG = 21;
export const DISCARDED_WRAPPED = 22;
export const TRUNCATED_STRINGS = 23;
export const BAD_ARGUMENTS = 24;
export const OVERWRITTEN = 25;

// The first writer's, for buffers that have one only and code that is generated for them.
export const COMMITTED_WORD = WRITERS_WORD + COMMITTED;
export const LIMIT_WORD = WRITERS_WORD + LIMIT;
export const CLOCK_HIGH_WORD = WRITERS_WORD + CLOCK_HIGH;
export const DISCARDED_FULL_WORD = WRITERS_WORD + DISCARDED_FULL;
export const DISCARDED_TOO_BIG_WORD = WRITERS_WORD + DISCARDED_TOO_BIG;
export const DISCARDED_WRAPPED_WORD = WRITERS_WORD + DISCARDED_WRAPPED;
export const TRUNCATED_STRINGS_WORD = WRITERS_WORD + TRUNCATED_STRINGS;
export const BAD_ARGUMENTS_WORD = WRITERS_WORD + BAD_ARGUMENTS;

export const PHYSICAL_ENTRY_WORDS = 4;
export const PHYSICAL_SEQUENCE = 0;
export const PHYSICAL_CONTENT_SIZE = 1;
export const PHYSICAL_IS_CONSUMED = 2;

export const MODE_DISCARD = 1;
export const MODE_OVERWRITE = 2;

export const OWNER_NONE = 0;
export const OWNER_LIVE = 1;
export const OWNER_RELEASED = 2;
export const OWNER_TAKING = 3;

export const SLOT_FREE = 0;
export const SLOT_WRITING = 1;
export const SLOT_DELIVERED = 2;

const PAGE_SIZE_BYTES = 4096;
/** Ten bits of a slot's word hold the physical index. */
export const MAX_SUB_BUFFER_COUNT = 1023;
/** A header of 8 pages; more threads than these on one buffer want a buffer each. */
export const MAX_WRITER_COUNT = 255;
/** Offsets are int32. */
export const MAX_RING_SIZE_BYTES = 2 ** 31 - PAGE_SIZE_BYTES;
export const MIN_SUB_BUFFER_SIZE_BYTES = 4096;

/** Sizes that everything else follows from. */
export interface RingGeometry {
  readonly mode: 'discard' | 'overwrite';
  readonly subBufferSizeBytes: number;
  readonly subBufferCount: number;
  /** How many threads may write at the same time, each in a sub-buffer of its own; default 1. */
  readonly writerCount?: number;
}

export function slotsWord(writerCount: number): number {
  return WRITERS_WORD + writerCount * WRITER_BLOCK_WORDS;
}

/** Word index of a writer's block. */
export function writerWord(writerIndex: number): number {
  return WRITERS_WORD + writerIndex * WRITER_BLOCK_WORDS;
}

export function ownersWord(writerCount: number, subBufferCount: number): number {
  return slotsWord(writerCount) + subBufferCount;
}

export function physicalWord(writerCount: number, subBufferCount: number, physicalIndex: number): number {
  return slotsWord(writerCount) + subBufferCount * 2 + physicalIndex * PHYSICAL_ENTRY_WORDS;
}

export function ringHeaderSizeBytes(geometry: RingGeometry): number {
  const { subBufferCount, writerCount = 1 } = geometry;
  const words = physicalWord(writerCount, subBufferCount, subBufferCount + 1);
  return Math.ceil((words * 4) / PAGE_SIZE_BYTES) * PAGE_SIZE_BYTES;
}

/** Size of the memory that a ring buffer of this geometry needs. */
export function ringSizeBytes(geometry: RingGeometry): number {
  return ringHeaderSizeBytes(geometry) + (geometry.subBufferCount + 1) * geometry.subBufferSizeBytes;
}

export function packSlot(sequence: number, physicalIndex: number, state: number): number {
  return ((sequence & 0xf_ffff) << 12) | (physicalIndex << 2) | state;
}

export function slotState(word: number): number {
  return word & 3;
}

export function slotPhysicalIndex(word: number): number {
  return (word >>> 2) & 0x3ff;
}

/** Whether the word's tag is that of `sequence`. */
export function isSlotOf(word: number, sequence: number): boolean {
  return word >>> 12 === (sequence & 0xf_ffff);
}

/** Whether the word's tag is of a sequence number before `sequence`: the slot was not claimed for it. */
export function isSlotBefore(word: number, sequence: number): boolean {
  return ((word >>> 12) - sequence) << 12 < 0;
}
