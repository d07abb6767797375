// SPDX-License-Identifier: MIT
// The memory of a ring buffer: where every word is, who writes it, and in which order. One writer
// thread, one consuming reader, any number of snapshot readers, all in processes that may die at any
// moment. The memory is a mapped file or a SharedArrayBuffer; all offsets are bytes from its start,
// words are int32 of the machine's byte order (little-endian everywhere Lockstep runs).
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
//       28   7  WRITER_COUNT               creator; 1. Several writers: a block of 128 bytes each like
//                                          the one at byte 128, placed after the tables
//       32   8  CHANNEL_ID                 creator; for people and tests, not read by the ring buffer
//       36   9  BUFFER_NUMBER              creator; the same
//       64  16  OWNER_STATE                OWNER_NONE -> LIVE -> RELEASED -> LIVE …, by CAS: the
//                                          thread that wins writes
//       68  17  OWNER_PID, 72 18 OWNER_TID the owner, after it won
//      128  32  COMMITTED                  writer: end of the last whole record, or of the client's
//                                          header, as offset in the memory. Stored after the record's
//                                          bytes: this store is the commit. In no sub-buffer that is
//                                          WRITING: nothing is committed in it
//      132  33  LIMIT                      writer, for itself: end of the active sub-buffer; 0 = none
//      136  34  CLOCK_HIGH                 writer, for itself: the client's word (the tracer's last
//                                          high half of the clock)
//      140  35  NEXT_SEQUENCE              writer, after the slot's word is WRITING: sequence numbers
//                                          given out so far
//      192  48  DISCARDED_FULL             writer: records lost since the next sub-buffer is not free
//      196  49  DISCARDED_TOO_BIG          writer: records larger than a sub-buffer
//      200  50  DISCARDED_WRAPPED          writer: 0; with several writers, a slot still written by one
//      204  51  TRUNCATED_STRINGS          writer: the client's counter
//      208  52  BAD_ARGUMENTS              writer: the client's counter
//      256  64  CONSUMED                   consuming reader: the sequence number it takes next
//      512 128  SLOTS                      N words, see below
//      then     PHYSICAL                   N + 1 entries of 4 words: SEQUENCE, CONTENT_SIZE (bytes;
//                                          writer, before the slot is DELIVERED), 2 unused
//   HEADER_SIZE physical sub-buffers, SUB_BUFFER_SIZE each
//
// A slot's word is {tag: 20 bits 31..12, physical index: 10 bits 11..2, state: 2 bits 1..0}. Sequence
// number s lives in slot s mod N; the tag is s mod 2^20, so a reader sees that a slot was reused.
//
//                      writer, CAS
//        SLOT_FREE ------------------> SLOT_WRITING
//          ^   ^                         |      ^
//          |   | reader                  |      | writer, CAS,
//          |   | (discard: store at put; | writer,  overwrite
//          |   |  overwrite: CAS at get, | store    mode only
//          |   |  leaves its spare)      v      |
//          |   +---------------------- SLOT_DELIVERED
//          +- creation
//
// A switch, in this order: client's end of packet, CONTENT_SIZE, slot DELIVERED, doorbell; next slot
// WRITING (its old content is gone from here on, and a copy that saw another word is void),
// SEQUENCE, NEXT_SEQUENCE, client's begin of packet, LIMIT, COMMITTED.

export const RING_MAGIC = 0x4c_53_52_31; // 'LSR1'
export const RING_ABI_VERSION = 1;

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
export const OWNER_STATE_WORD = 16;
export const OWNER_PID_WORD = 17;
export const OWNER_TID_WORD = 18;
export const COMMITTED_WORD = 32;
export const LIMIT_WORD = 33;
export const CLOCK_HIGH_WORD = 34;
export const NEXT_SEQUENCE_WORD = 35;
export const DISCARDED_FULL_WORD = 48;
export const DISCARDED_TOO_BIG_WORD = 49;
export const DISCARDED_WRAPPED_WORD = 50;
export const TRUNCATED_STRINGS_WORD = 51;
export const BAD_ARGUMENTS_WORD = 52;
export const CONSUMED_WORD = 64;
export const SLOTS_WORD = 128;

export const PHYSICAL_ENTRY_WORDS = 4;
export const PHYSICAL_SEQUENCE = 0;
export const PHYSICAL_CONTENT_SIZE = 1;

export const MODE_DISCARD = 1;
export const MODE_OVERWRITE = 2;

export const OWNER_NONE = 0;
export const OWNER_LIVE = 1;
export const OWNER_RELEASED = 2;

export const SLOT_FREE = 0;
export const SLOT_WRITING = 1;
export const SLOT_DELIVERED = 2;

const PAGE_SIZE_BYTES = 4096;
/** Ten bits of a slot's word hold the physical index. */
export const MAX_SUB_BUFFER_COUNT = 1023;
/** Offsets are int32. */
export const MAX_RING_SIZE_BYTES = 2 ** 31 - PAGE_SIZE_BYTES;
export const MIN_SUB_BUFFER_SIZE_BYTES = 4096;

/** Sizes that everything else follows from. */
export interface RingGeometry {
  readonly mode: 'discard' | 'overwrite';
  readonly subBufferSizeBytes: number;
  readonly subBufferCount: number;
}

export function ringHeaderSizeBytes(subBufferCount: number): number {
  const words = SLOTS_WORD + subBufferCount + (subBufferCount + 1) * PHYSICAL_ENTRY_WORDS;
  return Math.ceil((words * 4) / PAGE_SIZE_BYTES) * PAGE_SIZE_BYTES;
}

/** Size of the memory that a ring buffer of this geometry needs. */
export function ringSizeBytes(geometry: RingGeometry): number {
  return ringHeaderSizeBytes(geometry.subBufferCount) + (geometry.subBufferCount + 1) * geometry.subBufferSizeBytes;
}

export function physicalWord(subBufferCount: number, physicalIndex: number): number {
  return SLOTS_WORD + subBufferCount + physicalIndex * PHYSICAL_ENTRY_WORDS;
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
