// SPDX-License-Identifier: MIT
export { readRingCounters, type RingCounters } from './counters.ts';
export { createRing, readRingHeader, type RingHeader, type RingIdentity } from './header.ts';
export {
  BAD_ARGUMENTS_WORD,
  CLOCK_HIGH_WORD,
  COMMITTED_WORD,
  LIMIT_WORD,
  MAX_SUB_BUFFER_COUNT,
  MAX_WRITER_COUNT,
  MIN_SUB_BUFFER_SIZE_BYTES,
  ringSizeBytes,
  TRUNCATED_STRINGS_WORD,
  type RingGeometry,
} from './layout.ts';
export {
  openRingReader,
  type RingPositions,
  type RingReader,
  type RingReaderOptions,
  type RingSnapshot,
  type SnapshotOptions,
} from './reader.ts';
export type { RingPacket, SnapshotPacket } from './ring-words.ts';
export {
  needsOrderedCommit,
  recoverWriters,
  tryAttachWriter,
  type RingClient,
  type RingOwner,
  type RingWriter,
} from './writer.ts';
