// SPDX-License-Identifier: MIT
// Checks the immutable part of a ring buffer's header: memory of unknown origin -> its geometry. The
// copy is what readers go by: the words may change under them.

import { isPowerOfTwo, ProtocolError } from '@lockstep/base';
import {
  ABI_VERSION_WORD,
  BUFFER_NUMBER_WORD,
  CHANNEL_ID_WORD,
  HEADER_SIZE_WORD,
  MAGIC_WORD,
  MAX_RING_SIZE_BYTES,
  MAX_SUB_BUFFER_COUNT,
  MIN_SUB_BUFFER_SIZE_BYTES,
  MODE_DISCARD,
  MODE_OVERWRITE,
  MODE_WORD,
  PHYSICAL_COUNT_WORD,
  RING_ABI_VERSION,
  RING_MAGIC,
  ringHeaderSizeBytes,
  ringSizeBytes,
  SLOTS_WORD,
  SUB_BUFFER_COUNT_WORD,
  SUB_BUFFER_SIZE_WORD,
  type RingGeometry,
} from './layout.ts';

export interface RingHeader extends RingGeometry {
  readonly headerSizeBytes: number;
  readonly channelId: number;
  readonly bufferNumber: number;
}

/** Throws ProtocolError when the memory holds no ring buffer of this version. */
export function readRingHeader(memory: ArrayBufferLike): RingHeader {
  if (memory.byteLength < SLOTS_WORD * 4)
    throw new ProtocolError('The memory is too small for a ring buffer', { sizeBytes: memory.byteLength });
  const words = new Int32Array(memory, 0, SLOTS_WORD);
  if (Atomics.load(words, MAGIC_WORD) !== RING_MAGIC)
    throw new ProtocolError('The memory holds no ring buffer of Lockstep');
  const version = Atomics.load(words, ABI_VERSION_WORD);
  if (version !== RING_ABI_VERSION) {
    throw new ProtocolError('The ring buffer is of another version of Lockstep', {
      version,
      expected: RING_ABI_VERSION,
    });
  }
  // Each word is loaded once; what is checked is what is used.
  const subBufferSizeBytes = Atomics.load(words, SUB_BUFFER_SIZE_WORD);
  const subBufferCount = Atomics.load(words, SUB_BUFFER_COUNT_WORD);
  const physicalCount = Atomics.load(words, PHYSICAL_COUNT_WORD);
  const headerSizeBytes = Atomics.load(words, HEADER_SIZE_WORD);
  const mode = Atomics.load(words, MODE_WORD);
  if (
    !isPowerOfTwo(subBufferSizeBytes) ||
    subBufferSizeBytes < MIN_SUB_BUFFER_SIZE_BYTES ||
    subBufferCount < 2 ||
    subBufferCount > MAX_SUB_BUFFER_COUNT ||
    physicalCount !== subBufferCount + 1 ||
    headerSizeBytes !== ringHeaderSizeBytes(subBufferCount) ||
    (mode !== MODE_DISCARD && mode !== MODE_OVERWRITE)
  ) {
    throw new ProtocolError('The header of the ring buffer is damaged', {
      subBufferSizeBytes,
      subBufferCount,
      physicalCount,
      headerSizeBytes,
      mode,
    });
  }
  const geometry: RingGeometry = {
    mode: mode === MODE_DISCARD ? 'discard' : 'overwrite',
    subBufferSizeBytes,
    subBufferCount,
  };
  const neededBytes = ringSizeBytes(geometry);
  if (neededBytes > MAX_RING_SIZE_BYTES || neededBytes > memory.byteLength) {
    throw new ProtocolError('The ring buffer is larger than its memory', { neededBytes, sizeBytes: memory.byteLength });
  }
  return {
    ...geometry,
    headerSizeBytes,
    channelId: Atomics.load(words, CHANNEL_ID_WORD),
    bufferNumber: Atomics.load(words, BUFFER_NUMBER_WORD),
  };
}
