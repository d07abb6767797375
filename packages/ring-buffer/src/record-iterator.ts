// SPDX-License-Identifier: MIT
// The records of all buffers of a channel, merged by time: delivered sub-buffers -> one sequence. Each
// writer's records are in order already, so this is a merge of as many queues as there are writers.
// A writer that is silent may still come with something older than what the others have: while
// writers run, records are given out once they are `latency` cycles old.

import type { RingReader } from './reader.ts';
import { PacketRecords } from './packet-records.ts';

export interface RingRecord {
  /** Cycles of the channel's clock. */
  readonly time: bigint;
  /** Index of the buffer in the channel, and of the writer in the buffer. */
  readonly bufferIndex: number;
  readonly writerIndex: number;
  /** Borrowed until the next step. */
  readonly payload: Uint8Array;
}

export interface RecordIteratorOptions {
  /**
   * Only records before this time, in cycles: now less the time within which every writer delivers.
   * Without it everything is given out, also what is committed and not delivered.
   */
  readonly before?: bigint;
}

interface Queue {
  readonly bufferIndex: number;
  readonly writerIndex: number;
  /** Packets that are not begun, oldest first. */
  readonly packets: PacketRecords[];
  /** The record it stands at is not given out yet. */
  current: PacketRecords | undefined;
}

/** Goes on where it stopped, so that one lasts for a channel's life. */
export class RecordIterator {
  readonly #readers: readonly RingReader[];
  /** By buffer and writer. */
  readonly #queues = new Map<number, Queue>();
  /** By buffer and position, of sub-buffers that were taken before they were delivered: bytes that were seen. */
  readonly #seen = new Map<string, number>();

  constructor(readers: readonly RingReader[]) {
    this.#readers = readers;
  }

  *records(options: RecordIteratorOptions = {}): Generator<RingRecord> {
    const { before } = options;
    this.#readers.forEach((reader, index) => this.#take(reader, index, before === undefined));
    const queues = [...this.#queues.values()].filter(advance);
    // A writer or two per CPU: looking at all costs less than a heap would.
    for (;;) {
      let oldest: Queue | undefined;
      for (const queue of queues) if (queue.current !== undefined && isBefore(queue, oldest)) oldest = queue;
      const record = oldest?.current;
      if (oldest === undefined || record === undefined) return;
      const { time, payloadOffset, payloadSizeBytes } = record;
      if (before !== undefined && time >= before) return;
      yield {
        time,
        bufferIndex: oldest.bufferIndex,
        writerIndex: oldest.writerIndex,
        payload: record.bytes.subarray(payloadOffset, payloadOffset + payloadSizeBytes),
      };
      oldest.current = record.next() ? record : undefined;
      advance(oldest);
    }
  }

  /** Copies what is delivered: a merge holds packets of several writers, the reader lends one. */
  #take(reader: RingReader, bufferIndex: number, isWithActive: boolean): void {
    // As many as the buffer holds: writers at full speed would never let it end.
    for (let count = 0; count < reader.header.subBufferCount; count++) {
      const packet = reader.getNextSubBuffer();
      if (packet === undefined) break;
      this.#add(packet.bytes.slice(0, packet.contentSizeBytes), bufferIndex, packet.sequenceNumber, false);
      reader.putNextSubBuffer();
    }
    if (!isWithActive) return;
    for (const { bytes, sequenceNumber } of reader.takeActive()) this.#add(bytes, bufferIndex, sequenceNumber, true);
  }

  #add(bytes: Uint8Array, bufferIndex: number, sequenceNumber: number, isActive: boolean): void {
    const packet = new PacketRecords(bytes, bytes.length);
    const name = `${bufferIndex}/${sequenceNumber}`;
    packet.skipTo(this.#seen.get(name) ?? 0);
    if (isActive) this.#remember(name, bytes.length);
    else this.#seen.delete(name);
    // A writer's index is 8 bits in an honest buffer.
    const writerIndex = packet.writerIndex & 0xff;
    const key = bufferIndex * 256 + writerIndex;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { bufferIndex, writerIndex, packets: [], current: undefined };
      this.#queues.set(key, queue);
    }
    queue.packets.push(packet);
  }

  #remember(name: string, sizeBytes: number): void {
    this.#seen.set(name, sizeBytes);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_SEEN_COUNT && oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** Buffers in overwrite mode never deliver what writers took back. */
const MAX_SEEN_COUNT = 10_000;

/** Steps over packets without records; whether the queue has a record. */
function advance(queue: Queue): boolean {
  while (queue.current === undefined) {
    const packet = queue.packets.shift();
    if (packet === undefined) return false;
    if (packet.next()) queue.current = packet;
  }
  return true;
}

/** By time; of equal times the first buffer and writer, so that the order does not depend on who came first. */
function isBefore(queue: Queue, other: Queue | undefined): boolean {
  const a = queue.current;
  const b = other?.current;
  if (a === undefined) return false;
  if (other === undefined || b === undefined) return true;
  if (a.timeHigh !== b.timeHigh) return a.timeHigh < b.timeHigh;
  if (a.timeLow !== b.timeLow) return a.timeLow < b.timeLow;
  if (queue.bufferIndex !== other.bufferIndex) return queue.bufferIndex < other.bufferIndex;
  return queue.writerIndex < other.writerIndex;
}
