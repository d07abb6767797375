// SPDX-License-Identifier: MIT
export {
  createChannel,
  currentThread,
  isThreadAlive,
  openChannel,
  RingChannel,
  type AttachOptions,
  type ChannelHandle,
} from './channel.ts';
export { checkChannelOptions, explainRefusal, type Backing, type ChannelOptions } from './channel-options.ts';
export { ChannelReader, type ChannelPacket, type WrittenPackets } from './channel-reader.ts';
export { readRingCounters, type RingCounters } from './counters.ts';
export { createRing, readRingHeader, type RingHeader, type RingIdentity } from './header.ts';
export {
  BAD_ARGUMENTS_WORD,
  CLOCK_HIGH_WORD,
  DISCARDED_FULL_WORD,
  DISCARDED_TOO_BIG_WORD,
  DISCARDED_WRAPPED_WORD,
  FREED_COUNT_WORD,
  READER_OWN_WORD,
  WAITING_WRITERS_WORD,
  COMMITTED_WORD,
  LIMIT_WORD,
  MAX_SUB_BUFFER_COUNT,
  MAX_WRITER_COUNT,
  MIN_SUB_BUFFER_SIZE_BYTES,
  ringSizeBytes,
  TRUNCATED_STRINGS_WORD,
  type RingGeometry,
} from './layout.ts';
export { readPacketHeader, type LossCounts, type PacketHeader } from './packet-header.ts';
export { PacketRecords } from './packet-records.ts';
export {
  openRingReader,
  type RingPositions,
  type RingReader,
  type RingReaderOptions,
  type RingSnapshot,
  type SnapshotOptions,
} from './reader.ts';
export type { RingClock } from './record-format.ts';
export { RecordIterator, type RecordIteratorOptions, type RingRecord } from './record-iterator.ts';
export { makeRecordWriter, type RecordWriter, type RecordWriterOptions } from './record-writer.ts';
export { monotonicClock, tscClock } from './ring-clock.ts';
export type { RingPacket, SnapshotPacket } from './ring-words.ts';
export { makeWordWaiter, type WordWaiter } from './waiting.ts';
export { WriterWatchdog, type StalledWriter, type WatchdogOptions, type WatchdogReport } from './watchdog.ts';
export {
  needsOrderedCommit,
  recoverWriters,
  tryAttachWriter,
  type RingClient,
  type RingOwner,
  type RingWriter,
} from './writer.ts';
