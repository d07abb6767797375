// SPDX-License-Identifier: MIT
export { readRingHeader, type RingHeader } from './header.ts';
export {
  BAD_ARGUMENTS_WORD,
  CLOCK_HIGH_WORD,
  COMMITTED_WORD,
  LIMIT_WORD,
  MAX_SUB_BUFFER_COUNT,
  MIN_SUB_BUFFER_SIZE_BYTES,
  ringSizeBytes,
  TRUNCATED_STRINGS_WORD,
  type RingGeometry,
} from './layout.ts';
export {
  openRingReader,
  type RingPacket,
  type RingReader,
  type RingReaderOptions,
  type RingSnapshot,
  type SnapshotPacket,
} from './reader.ts';
export {
  createRing,
  needsOrderedCommit,
  readRingCounters,
  tryAttachWriter,
  type RingClient,
  type RingCounters,
  type RingOwner,
  type RingWriter,
} from './writer.ts';
