// SPDX-License-Identifier: MIT
// Shared memory between the reader thread, the converter thread and the session: counters, and slots
// that chunks of raw pages (several sub-buffers of one CPU) pass through. One writer a word.
//
//   int32 words  0 stop wish (session)     1 wake word (reader: after every hand-over)
//                2 chunks queued (reader)  3 chunks converted (converter)    4 reader ended (reader)
//                5 instances are there (session)   6 rounds over all CPUs (reader)   7 wake after each (converter)
//                8 the threads of now are known (converter)
//                9 descriptor of the capturing programs' ring buffer + 1; 0: none (session)
//   uint64 words from byte 64: see WORD_
//   slot table from byte 256: 4 int32 a slot: stream, bytes, page size, rounds so far
//   chunks from byte 4096: SLOT_COUNT + 1, the last one is the converter's, for what it reads from the spool
//
// Order: the reader queues to memory only while the spool is drained, and else writes to the spool.
// The converter reads `spoolWritten` BEFORE `queued`, and takes from the spool only when the queue is
// empty: whatever was queued before those spooled bytes is then seen and converted first.

export const CHUNK_SIZE_BYTES = 1 << 20;
/** 16 MiB: what a write to disk may stall without the spool being used. Bench dd. */
export const SLOT_COUNT = 16;
const SLOT_TABLE_OFFSET = 256;
const CHUNKS_OFFSET = 4096;

export const STOP = 0;
export const WAKE = 1;
export const QUEUED = 2;
export const CONVERTED = 3;
export const READER_ENDED = 4;
export const ARE_INSTANCES_THERE = 5;
/** How often the reader has asked every CPU. What was recorded before a chunk of round r is queued by round r + 2. */
export const ROUND = 6;
export const IS_ROUND_AWAITED = 7;
export const ARE_THREADS_KNOWN = 8;
export const CAPTURE_RING = 9;

export const SPOOL_WRITTEN = 0;
export const SPOOL_CONVERTED = 1;
export const RECORD_COUNT = 2;
export const WRITTEN_BYTES = 3;
export const DISCARDED_COUNT = 4;
export const READ_BYTES = 5;
/** CPU time of the two threads, ns: for the bench. */
export const READER_CPU_NS = 6;
export const CONVERTER_CPU_NS = 7;
export const UNKNOWN_LOSS_COUNT = 8;
export const DAMAGED_PAGE_COUNT = 9;
/** Of what system calls' pointers point to. */
export const CAPTURE_FAULT_COUNT = 10;
export const CAPTURE_TRUNCATED_COUNT = 11;
export const CAPTURE_MISSING_COUNT = 12;

export interface Slot {
  readonly stream: number;
  readonly sizeBytes: number;
  readonly pageSizeBytes: number;
}

export interface QueuedSlot extends Slot {
  readonly index: number;
  /** Rounds that the reader had ended when it queued the chunk. */
  readonly round: number;
}

export class PageQueue {
  readonly memory: SharedArrayBuffer;
  readonly control: Int32Array;
  readonly counters: BigInt64Array;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly #slots: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(CHUNKS_OFFSET + (SLOT_COUNT + 1) * CHUNK_SIZE_BYTES)) {
    this.memory = memory;
    this.control = new Int32Array(memory, 0, 16);
    this.counters = new BigInt64Array(memory, 64, 16);
    this.#slots = new Int32Array(memory, SLOT_TABLE_OFFSET, SLOT_COUNT * 4);
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  /** Byte offset of the chunk of slot `index`; SLOT_COUNT is the converter's own. */
  chunkOffset(index: number): number {
    return CHUNKS_OFFSET + index * CHUNK_SIZE_BYTES;
  }

  /** Reader: the slot to fill, or undefined while all are full. */
  tryReserve(): number | undefined {
    const queued = Atomics.load(this.control, QUEUED);
    const waiting = (queued - Atomics.load(this.control, CONVERTED)) | 0;
    return waiting < SLOT_COUNT ? (queued >>> 0) % SLOT_COUNT : undefined;
  }

  /** Reader: hands over what it filled the reserved slot with. */
  commit(slot: Slot): void {
    const at = ((Atomics.load(this.control, QUEUED) >>> 0) % SLOT_COUNT) * 4;
    this.#slots[at] = slot.stream;
    this.#slots[at + 1] = slot.sizeBytes;
    this.#slots[at + 2] = slot.pageSizeBytes;
    this.#slots[at + 3] = Atomics.load(this.control, ROUND);
    Atomics.add(this.control, QUEUED, 1);
    this.wake();
  }

  /** Converter: the oldest chunk and its index, or undefined. */
  tryTake(): QueuedSlot | undefined {
    return this.tryPeek(0);
  }

  /** Converter: the chunk that `ahead` others stand before. */
  tryPeek(ahead: number): QueuedSlot | undefined {
    const number = Atomics.load(this.control, CONVERTED) + ahead;
    if (((Atomics.load(this.control, QUEUED) - number) | 0) <= 0) return undefined;
    const index = (number >>> 0) % SLOT_COUNT;
    const at = index * 4;
    return {
      index,
      stream: this.#slots[at] as number,
      sizeBytes: this.#slots[at + 1] as number,
      pageSizeBytes: this.#slots[at + 2] as number,
      round: this.#slots[at + 3] as number,
    };
  }

  /** Chunks that wait for the converter. */
  get waitingCount(): number {
    return (Atomics.load(this.control, QUEUED) - Atomics.load(this.control, CONVERTED)) | 0;
  }

  /** Converter: the chunk it took may be filled again. */
  release(): void {
    Atomics.add(this.control, CONVERTED, 1);
  }

  wake(): void {
    Atomics.add(this.control, WAKE, 1);
    Atomics.notify(this.control, WAKE);
  }

  get isSpoolDrained(): boolean {
    return Atomics.load(this.counters, SPOOL_CONVERTED) === Atomics.load(this.counters, SPOOL_WRITTEN);
  }
}
