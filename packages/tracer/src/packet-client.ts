// SPDX-License-Identifier: MIT
// Makes a CTF packet of each sub-buffer: header and context as LTTng-UST's, with vpid, vtid and the
// host's tid (filled in by the consumer) and the losses by cause. Then event records.

import {
  CLOCK_HIGH_WORD,
  DISCARDED_FULL_WORD,
  DISCARDED_TOO_BIG_WORD,
  DISCARDED_WRAPPED_WORD,
  type RingClient,
} from '@lockstep/ring-buffer';
import type { RingViews } from './record-target.ts';
import type { ThreadClock } from './thread-clock.ts';

const PACKET_MAGIC = 0xc1fc1fc1;
export const PACKET_HEADER_BYTES = 120;

// Words from the packet's begin.
const MAGIC = 0;
const STREAM_ID = 5;
const STREAM_INSTANCE_ID = 6;
const TIMESTAMP_BEGIN = 8;
const TIMESTAMP_END = 10;
const CONTENT_SIZE = 12;
const PACKET_SIZE = 14;
const SEQUENCE = 16;
const EVENTS_DISCARDED = 18;
const CPU_ID = 20;
const VPID = 21;
const VTID = 22;
const TID = 23;
const EVENTS_DISCARDED_FULL = 24;
const EVENTS_DISCARDED_WRAPPED = 26;
const EVENTS_DISCARDED_TOO_BIG = 28;

export interface PacketIdentity {
  /** 16 bytes. */
  readonly traceUuid: Uint8Array;
  readonly channelId: number;
  readonly bufferNumber: number;
  readonly vpid: number;
  readonly vtid: number;
  readonly subBufferSizeBytes: number;
}

export function makePacketClient(
  views: RingViews,
  clock: ThreadClock,
  identity: PacketIdentity,
  calls: Pick<RingClient, 'onDeliver' | 'onFull'>,
): RingClient {
  const { words, bytes } = views;
  return {
    headerSizeBytes: PACKET_HEADER_BYTES,
    bufferBegin(offset, sequence) {
      clock.readWithCpu();
      const [low = 0, high = 0, cpu = 0] = clock.slot;
      words[CLOCK_HIGH_WORD] = high;
      const index = offset >> 2;
      words.fill(0, index, index + PACKET_HEADER_BYTES / 4);
      words[index + MAGIC] = PACKET_MAGIC;
      bytes.set(identity.traceUuid, offset + 4);
      words[index + STREAM_ID] = identity.channelId;
      words[index + STREAM_INSTANCE_ID] = identity.bufferNumber;
      words[index + TIMESTAMP_BEGIN] = low;
      words[index + TIMESTAMP_BEGIN + 1] = high;
      words[index + TIMESTAMP_END] = low;
      words[index + TIMESTAMP_END + 1] = high;
      words[index + CONTENT_SIZE] = PACKET_HEADER_BYTES * 8;
      storeBits(words, index + PACKET_SIZE, identity.subBufferSizeBytes);
      words[index + SEQUENCE] = sequence;
      words[index + CPU_ID] = cpu;
      words[index + VPID] = identity.vpid;
      words[index + VTID] = identity.vtid;
      words[index + TID] = 0;
    },
    bufferEnd(offset, contentSizeBytes, discarded) {
      clock.read();
      const [low = 0, high = 0] = clock.slot;
      const index = offset >> 2;
      words[index + TIMESTAMP_END] = low;
      words[index + TIMESTAMP_END + 1] = high;
      storeBits(words, index + CONTENT_SIZE, contentSizeBytes);
      words[index + EVENTS_DISCARDED] = discarded;
      words[index + EVENTS_DISCARDED_FULL] = words[DISCARDED_FULL_WORD]!;
      words[index + EVENTS_DISCARDED_WRAPPED] = words[DISCARDED_WRAPPED_WORD]!;
      words[index + EVENTS_DISCARDED_TOO_BIG] = words[DISCARDED_TOO_BIG_WORD]!;
    },
    ...calls,
  };
}

/** A size in bytes as a 64-bit count of bits. */
function storeBits(words: Int32Array, index: number, sizeBytes: number): void {
  words[index] = sizeBytes << 3;
  words[index + 1] = sizeBytes >>> 29;
}
