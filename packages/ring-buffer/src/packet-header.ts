// SPDX-License-Identifier: MIT
// The client that gives each sub-buffer the packet header of record-format.ts, and the check of one
// that comes back: bytes that anybody may have written -> its fields.

import { ProtocolError } from '@lockstep/base';
import { CLOCK_HIGH, DISCARDED_FULL, DISCARDED_TOO_BIG, DISCARDED_WRAPPED, writerWord } from './layout.ts';
import {
  PACKET_BEGIN,
  PACKET_CONTENT_SIZE,
  PACKET_CPU,
  PACKET_END,
  PACKET_FULL,
  PACKET_HEADER_SIZE_BYTES,
  PACKET_MAGIC,
  PACKET_MAGIC_VALUE,
  PACKET_PID,
  PACKET_SEQUENCE,
  PACKET_TID,
  PACKET_TOO_BIG,
  PACKET_WRAPPED,
  PACKET_WRITER,
  type RingClock,
} from './record-format.ts';
import type { RingClient, RingOwner } from './writer.ts';

/** Losses of one writer by cause, so far, each modulo 2^32. */
export interface LossCounts {
  readonly full: number;
  readonly tooBig: number;
  readonly wrapped: number;
}

export interface PacketHeader {
  readonly sequenceNumber: number;
  readonly writerIndex: number;
  readonly beginTime: bigint;
  /** 0 while its writer is in it. */
  readonly endTime: bigint;
  readonly discarded: LossCounts;
  readonly cpu: number;
  readonly owner: RingOwner;
}

export function makePacketHeaderClient(
  memory: ArrayBufferLike,
  clock: RingClock,
  owner: RingOwner,
  calls: Pick<RingClient, 'onDeliver' | 'onFull'>,
): RingClient {
  const words = new Int32Array(memory, 0, memory.byteLength >> 2);
  const { slot } = clock;
  return {
    headerSizeBytes: PACKET_HEADER_SIZE_BYTES,
    bufferBegin(offset, sequence, writerIndex) {
      clock.readWithCpu();
      words[writerWord(writerIndex) + CLOCK_HIGH] = slot[1]!;
      const index = offset >> 2;
      words.fill(0, index, index + PACKET_HEADER_SIZE_BYTES / 4);
      words[index + PACKET_MAGIC] = PACKET_MAGIC_VALUE;
      words[index + PACKET_SEQUENCE] = sequence;
      words[index + PACKET_WRITER] = writerIndex;
      words[index + PACKET_BEGIN] = slot[0]!;
      words[index + PACKET_BEGIN + 1] = slot[1]!;
      words[index + PACKET_CPU] = slot[2]!;
      words[index + PACKET_PID] = owner.pid;
      words[index + PACKET_TID] = owner.tid;
    },
    bufferEnd(offset, contentSizeBytes, _discarded, writerIndex) {
      clock.read();
      const index = offset >> 2;
      const block = writerWord(writerIndex);
      words[index + PACKET_CONTENT_SIZE] = contentSizeBytes;
      words[index + PACKET_END] = slot[0]!;
      words[index + PACKET_END + 1] = slot[1]!;
      words[index + PACKET_FULL] = words[block + DISCARDED_FULL]!;
      words[index + PACKET_TOO_BIG] = words[block + DISCARDED_TOO_BIG]!;
      words[index + PACKET_WRAPPED] = words[block + DISCARDED_WRAPPED]!;
    },
    ...calls,
  };
}

/** Throws ProtocolError when the packet is not of this format. */
export function readPacketHeader(bytes: Uint8Array): PacketHeader {
  if (bytes.length < PACKET_HEADER_SIZE_BYTES)
    throw new ProtocolError('A packet of the ring buffer is shorter than its header', { sizeBytes: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getInt32(PACKET_MAGIC * 4, true) !== PACKET_MAGIC_VALUE)
    throw new ProtocolError("A packet of the ring buffer is not of the library's own format");
  const word = (index: number): number => view.getUint32(index * 4, true);
  return {
    sequenceNumber: word(PACKET_SEQUENCE),
    writerIndex: word(PACKET_WRITER),
    beginTime: view.getBigUint64(PACKET_BEGIN * 4, true),
    endTime: view.getBigUint64(PACKET_END * 4, true),
    discarded: { full: word(PACKET_FULL), tooBig: word(PACKET_TOO_BIG), wrapped: word(PACKET_WRAPPED) },
    cpu: word(PACKET_CPU),
    owner: { pid: view.getInt32(PACKET_PID * 4, true), tid: view.getInt32(PACKET_TID * 4, true) },
  };
}
