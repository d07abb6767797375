// SPDX-License-Identifier: MIT
// The immutable part of a ring buffer's header: geometry -> a new, empty buffer; memory of unknown
// origin -> its geometry, checked. The copy is what readers go by: the words may change under them.

import { assert, InputError, isPowerOfTwo, ProtocolError } from '@lockstep/base';
import {
  ABI_VERSION_WORD,
  BUFFER_NUMBER_WORD,
  CHANNEL_ID_WORD,
  HEADER_SIZE_WORD,
  MAGIC_WORD,
  MAX_RING_SIZE_BYTES,
  MAX_SUB_BUFFER_COUNT,
  MAX_WRITER_COUNT,
  MIN_SUB_BUFFER_SIZE_BYTES,
  MODE_DISCARD,
  MODE_OVERWRITE,
  MODE_WORD,
  packSlot,
  PHYSICAL_COUNT_WORD,
  RECORD_FORMAT_WORD,
  RING_ABI_VERSION,
  RING_MAGIC,
  ringHeaderSizeBytes,
  ringSizeBytes,
  SLOT_FREE,
  slotsWord,
  SUB_BUFFER_COUNT_WORD,
  SUB_BUFFER_SIZE_WORD,
  WRITER_COUNT_WORD,
  WRITERS_WORD,
  type RingGeometry,
} from './layout.ts';

export interface RingIdentity {
  readonly channelId: number;
  readonly bufferNumber: number;
  /** RECORD_FORMAT: 0 (default), what records look like is the client's business. */
  readonly recordFormat?: number;
}

export interface RingHeader extends Required<RingGeometry>, Required<RingIdentity> {
  readonly headerSizeBytes: number;
}

/** Makes an empty ring buffer of zeroed memory. It has no owner yet. Throws InputError. */
export function createRing(memory: ArrayBufferLike, geometry: RingGeometry, identity: RingIdentity): void {
  checkGeometry(geometry);
  if (memory.byteLength < ringSizeBytes(geometry)) {
    throw new InputError('The memory is too small for its ring buffer', {
      sizeBytes: memory.byteLength,
      neededBytes: ringSizeBytes(geometry),
    });
  }
  const { subBufferCount, writerCount = 1 } = geometry;
  const words = new Int32Array(memory, 0, ringHeaderSizeBytes(geometry) / 4);
  assert(words[MAGIC_WORD] === 0, 'a ring buffer is made of zeroed memory');
  words[ABI_VERSION_WORD] = RING_ABI_VERSION;
  words[HEADER_SIZE_WORD] = ringHeaderSizeBytes(geometry);
  words[SUB_BUFFER_SIZE_WORD] = geometry.subBufferSizeBytes;
  words[SUB_BUFFER_COUNT_WORD] = subBufferCount;
  words[PHYSICAL_COUNT_WORD] = subBufferCount + 1;
  words[MODE_WORD] = geometry.mode === 'discard' ? MODE_DISCARD : MODE_OVERWRITE;
  words[WRITER_COUNT_WORD] = writerCount;
  words[CHANNEL_ID_WORD] = identity.channelId;
  words[BUFFER_NUMBER_WORD] = identity.bufferNumber;
  words[RECORD_FORMAT_WORD] = identity.recordFormat ?? 0;
  const slots = slotsWord(writerCount);
  // As if each slot had been read once: its tag is of the round before the first.
  for (let slot = 0; slot < subBufferCount; slot++) {
    words[slots + slot] = packSlot(slot - subBufferCount, slot, SLOT_FREE);
  }
  Atomics.store(words, MAGIC_WORD, RING_MAGIC);
}

/** Throws InputError when no ring buffer can have this geometry. */
export function checkGeometry(geometry: RingGeometry): void {
  const { subBufferSizeBytes, subBufferCount, writerCount = 1 } = geometry;
  if (!isPowerOfTwo(subBufferSizeBytes) || subBufferSizeBytes < MIN_SUB_BUFFER_SIZE_BYTES)
    throw new InputError('The size of a sub-buffer is a power of two of at least 4096 bytes', { subBufferSizeBytes });
  if (!Number.isSafeInteger(subBufferCount) || subBufferCount < 2 || subBufferCount > MAX_SUB_BUFFER_COUNT)
    throw new InputError('A ring buffer has 2 to 1023 sub-buffers', { subBufferCount });
  if (!Number.isSafeInteger(writerCount) || writerCount < 1 || writerCount > MAX_WRITER_COUNT)
    throw new InputError('A ring buffer has 1 to 255 writers at a time', { writerCount });
  if (ringSizeBytes(geometry) > MAX_RING_SIZE_BYTES)
    throw new InputError('A ring buffer is smaller than 2 GiB', { sizeBytes: ringSizeBytes(geometry) });
}

/** Throws ProtocolError when the memory holds no ring buffer of this version. */
export function readRingHeader(memory: ArrayBufferLike): RingHeader {
  if (memory.byteLength < WRITERS_WORD * 4)
    throw new ProtocolError('The memory is too small for a ring buffer', { sizeBytes: memory.byteLength });
  const words = new Int32Array(memory, 0, WRITERS_WORD);
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
  const writerCount = Atomics.load(words, WRITER_COUNT_WORD);
  const mode = Atomics.load(words, MODE_WORD);
  const geometry = {
    mode: mode === MODE_DISCARD ? 'discard' : 'overwrite',
    subBufferSizeBytes,
    subBufferCount,
    writerCount,
  } as const;
  const headerSizeBytes = Atomics.load(words, HEADER_SIZE_WORD);
  if (
    !isPowerOfTwo(subBufferSizeBytes) ||
    subBufferSizeBytes < MIN_SUB_BUFFER_SIZE_BYTES ||
    subBufferCount < 2 ||
    subBufferCount > MAX_SUB_BUFFER_COUNT ||
    writerCount < 1 ||
    writerCount > MAX_WRITER_COUNT ||
    Atomics.load(words, PHYSICAL_COUNT_WORD) !== subBufferCount + 1 ||
    headerSizeBytes !== ringHeaderSizeBytes(geometry) ||
    (mode !== MODE_DISCARD && mode !== MODE_OVERWRITE)
  ) {
    throw new ProtocolError('The header of the ring buffer is damaged', {
      subBufferSizeBytes,
      subBufferCount,
      writerCount,
      headerSizeBytes,
      mode,
    });
  }
  const neededBytes = ringSizeBytes(geometry);
  if (neededBytes > MAX_RING_SIZE_BYTES || neededBytes > memory.byteLength) {
    throw new ProtocolError('The ring buffer is larger than its memory', { neededBytes, sizeBytes: memory.byteLength });
  }
  return {
    ...geometry,
    headerSizeBytes,
    channelId: Atomics.load(words, CHANNEL_ID_WORD),
    bufferNumber: Atomics.load(words, BUFFER_NUMBER_WORD),
    recordFormat: Atomics.load(words, RECORD_FORMAT_WORD),
  };
}
