// SPDX-License-Identifier: MIT
// Ends the packets of threads that died: the ring's writer code, run by the consumer, delivers what
// such a thread had committed, and this fills what its packet's head lacks. The consumer does not read
// the program's clock, so the packet's end is told as 0 and found when its records are walked.

import {
  PACKET_CONTENT_SIZE_OFFSET,
  PACKET_DISCARDED_FULL_OFFSET,
  PACKET_DISCARDED_TOO_BIG_OFFSET,
  PACKET_DISCARDED_WRAPPED_OFFSET,
  PACKET_TIMESTAMP_END_OFFSET,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
} from '@lockstep/ctf/write';
import { readRingCounters, type RingClient } from '@lockstep/ring-buffer';

/** Instead of the time at which a packet ended: its writer had not. */
export const RECOVERED_TIMESTAMP_END = 0n;

export function readTimestampEnd(packet: Uint8Array): bigint {
  return new DataView(packet.buffer, packet.byteOffset).getBigUint64(PACKET_TIMESTAMP_END_OFFSET, true);
}

export function makeRecoveryClient(memory: ArrayBuffer): RingClient {
  const words = new Int32Array(memory, 0, memory.byteLength >> 2);
  const view = new DataView(memory);
  return {
    headerSizeBytes: PROGRAM_PACKET_HEADER_SIZE_BYTES,
    // Its writer died inside of a switch: an empty packet.
    bufferBegin(offset) {
      new Uint8Array(memory, offset, PROGRAM_PACKET_HEADER_SIZE_BYTES).fill(0);
    },
    bufferEnd(offset, contentSizeBytes, _discarded, writerIndex) {
      const { discardedFull, discardedWrapped, discardedTooBig } = readRingCounters(words, writerIndex);
      view.setBigUint64(offset + PACKET_TIMESTAMP_END_OFFSET, RECOVERED_TIMESTAMP_END, true);
      view.setBigUint64(offset + PACKET_CONTENT_SIZE_OFFSET, BigInt(contentSizeBytes) * 8n, true);
      view.setBigUint64(offset + PACKET_DISCARDED_FULL_OFFSET, BigInt(discardedFull), true);
      view.setBigUint64(offset + PACKET_DISCARDED_WRAPPED_OFFSET, BigInt(discardedWrapped), true);
      view.setBigUint64(offset + PACKET_DISCARDED_TOO_BIG_OFFSET, BigInt(discardedTooBig), true);
    },
    onDeliver() {},
  };
}
