// SPDX-License-Identifier: MIT
// The records of one packet in the library's own format: bytes that anybody may have written -> time
// and payload of each. What is damaged ends the packet.

import {
  COMPACT_RECORD_BYTES,
  EXTENDED_RECORD_BYTES,
  PACKET_BEGIN,
  PACKET_HEADER_SIZE_BYTES,
  PACKET_WRITER,
  RECORD_CANCELLED,
  RECORD_EXTENDED,
} from './record-format.ts';

/** Walks a packet; the fields are of the record that the last `next` stood at. */
export class PacketRecords {
  /** Clock, both halves as unsigned numbers: comparing them costs less than a bigint. */
  timeHigh = 0;
  timeLow = 0;
  payloadOffset = 0;
  payloadSizeBytes = 0;
  readonly writerIndex: number;
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #end: number;
  #position = PACKET_HEADER_SIZE_BYTES;

  /** `bytes` begins at a multiple of 4 of its memory. */
  constructor(bytes: Uint8Array, contentSizeBytes: number) {
    this.bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
    this.#end = Math.min(contentSizeBytes, bytes.length);
    this.writerIndex = this.#words[PACKET_WRITER] ?? 0;
    this.timeHigh = (this.#words[PACKET_BEGIN + 1] ?? 0) >>> 0;
  }

  /** Steps to the next record; false at the content's end. */
  next(): boolean {
    for (;;) {
      const position = this.#position;
      if (position + COMPACT_RECORD_BYTES > this.#end) return false;
      const index = position >> 2;
      const head = this.#words[index]!;
      const size = head >>> 2;
      const isExtended = (head & RECORD_EXTENDED) !== 0;
      const headerSize = isExtended ? EXTENDED_RECORD_BYTES : COMPACT_RECORD_BYTES;
      if (size < headerSize || position + size > this.#end) return false;
      if (isExtended) {
        this.timeLow = this.#words[index + 2]! >>> 0;
        this.timeHigh = this.#words[index + 3]! >>> 0;
      } else {
        this.timeLow = this.#words[index + 1]! >>> 0;
      }
      this.payloadOffset = position + headerSize;
      this.payloadSizeBytes = size - headerSize;
      this.#position = (position + size + 7) & -8;
      if ((head & RECORD_CANCELLED) === 0) return true;
    }
  }

  /** Passes over the records before `offset`, which were seen in an earlier copy of the packet. */
  skipTo(offset: number): void {
    while (this.#position < offset && this.next());
  }

  get time(): bigint {
    return (BigInt(this.timeHigh) << 32n) | BigInt(this.timeLow);
  }
}
