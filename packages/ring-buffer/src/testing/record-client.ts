// SPDX-License-Identifier: MIT
// A client for tests: each sub-buffer begins with 16 bytes {MARK, sequence, discarded, content size}
// and the writer's index in the upper half of the mark's word; a record is {size in bytes, value, then
// the value in every further word}, so a torn one shows.

import { COMMITTED, LIMIT } from '../layout.ts';
import type { RingClient, RingWriter } from '../index.ts';

export const MARK = 0x5151;
export const HEADER_BYTES = 16;

export interface TestClient extends RingClient {
  deliveries: number;
}

export function makeClient(memory: ArrayBufferLike): TestClient {
  const words = new Int32Array(memory);
  return {
    deliveries: 0,
    headerSizeBytes: HEADER_BYTES,
    bufferBegin(offset, sequence, writerIndex) {
      words.set([MARK | (writerIndex << 16), sequence, 0, 0], offset >> 2);
    },
    bufferEnd(offset, contentSizeBytes, discarded) {
      words[(offset >> 2) + 2] = discarded;
      words[(offset >> 2) + 3] = contentSizeBytes;
    },
    onDeliver() {
      this.deliveries++;
    },
  };
}

/** Records `value` in `wordCount` words (an even number); false when it was discarded. */
export function writeRecord(writer: RingWriter, value: number, wordCount: number): boolean {
  const { words, block } = writer;
  const size = wordCount * 4;
  let begin = (words[block + COMMITTED]! + 7) & -8;
  if (begin + size > words[block + LIMIT]!) begin = writer.reserveSlow(size);
  if (begin < 0) return false;
  let index = begin >> 2;
  words[index++] = size;
  for (let count = 1; count < wordCount; count++) words[index++] = value;
  words[block + COMMITTED] = begin + size;
  return true;
}

export interface ParsedPacket {
  readonly writerIndex: number;
  readonly sequence: number;
  readonly discarded: number;
  readonly values: number[];
}

/** Values of a packet's records; throws when one is torn. */
export function parsePacket(packet: { readonly bytes: Uint8Array; readonly contentSizeBytes: number }): ParsedPacket {
  const bytes = packet.bytes.slice(0, packet.contentSizeBytes);
  const words = new Int32Array(bytes.buffer, 0, bytes.length >> 2);
  if ((words[0]! & 0xffff) !== MARK) throw new Error('no mark');
  const values: number[] = [];
  for (let index = HEADER_BYTES / 4; index < words.length;) {
    const size = words[index]!;
    const value = words[index + 1]!;
    if (size < 8 || size % 8 !== 0 || index + size / 4 > words.length) throw new Error(`torn record: size ${size}`);
    for (let word = index + 2; word < index + size / 4; word++) {
      if (words[word] !== value) throw new Error(`torn record: ${words[word]} in record ${value}`);
    }
    values.push(value);
    index += size / 4;
  }
  return { writerIndex: words[0]! >>> 16, sequence: words[1]!, discarded: words[2]!, values };
}
