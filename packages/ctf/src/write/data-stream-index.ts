// SPDX-License-Identifier: MIT
// LTTng's packet index of a data stream file (`index/STREAM.idx`, src/common/index/ctf-index.hpp):
// entries of one packet each <-> bytes. Everything in it is big-endian.
//
//   header: 0 magic u32 | 4 major u32 | 8 minor u32 | 12 entry size u32
//   entry:  0 offset u64 (bytes) | 8 packet size u64 | 16 content size u64 (bits) | 24 timestamp begin u64
//          32 timestamp end u64 | 40 events discarded u64 | 48 stream id u64
//          56 stream instance id u64 | 64 packet sequence number u64          (minor version 1 only)

import { CtfError } from '@lockstep/base';

export const INDEX_MAGIC = 0xc1f1dcc1;
export const INDEX_MAJOR = 1;
export const INDEX_MINOR = 1;
export const INDEX_HEADER_SIZE_BYTES = 16;
export const INDEX_ENTRY_SIZE_BYTES = 72;
/** Entries of minor version 0 end before the stream instance id. */
const MIN_ENTRY_SIZE_BYTES = 56;

export interface IndexEntry {
  /** Of the packet in its data stream file. */
  readonly offsetBytes: bigint;
  readonly packetSizeBits: bigint;
  readonly contentSizeBits: bigint;
  readonly timestampBegin: bigint;
  readonly timestampEnd: bigint;
  /** Cumulative, as in the packet. */
  readonly discardedEventRecordCount: bigint;
  readonly streamId: bigint;
  readonly streamInstanceId: bigint | undefined;
  readonly sequenceNumber: bigint | undefined;
}

export function encodeIndexHeader(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(INDEX_HEADER_SIZE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, INDEX_MAGIC);
  view.setUint32(4, INDEX_MAJOR);
  view.setUint32(8, INDEX_MINOR);
  view.setUint32(12, INDEX_ENTRY_SIZE_BYTES);
  return bytes;
}

/** An entry as new bytes, or into `target` at `offset`. */
export function encodeIndexEntry(
  entry: IndexEntry,
  target: Uint8Array = new Uint8Array(INDEX_ENTRY_SIZE_BYTES),
  offset = 0,
): Uint8Array {
  const view = new DataView(target.buffer, target.byteOffset + offset, INDEX_ENTRY_SIZE_BYTES);
  const words = [
    entry.offsetBytes,
    entry.packetSizeBits,
    entry.contentSizeBits,
    entry.timestampBegin,
    entry.timestampEnd,
    entry.discardedEventRecordCount,
    entry.streamId,
    entry.streamInstanceId ?? 0n,
    entry.sequenceNumber ?? 0n,
  ];
  words.forEach((word, index) => view.setBigUint64(index * 8, word));
  return target;
}

/** Decodes a whole index file. A last entry that is cut off is left out: its writer may be at work. */
export function decodeIndex(bytes: Uint8Array, name: string): readonly IndexEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < INDEX_HEADER_SIZE_BYTES || view.getUint32(0) !== INDEX_MAGIC) {
    throw new CtfError('This file is not a packet index.', { index: name });
  }
  const major = view.getUint32(4);
  const minor = view.getUint32(8);
  const entrySizeBytes = view.getUint32(12);
  if (major !== INDEX_MAJOR)
    throw new CtfError('This packet index has a version that Lockstep does not know.', { index: name, major, minor });
  if (entrySizeBytes < MIN_ENTRY_SIZE_BYTES || entrySizeBytes % 8 !== 0 || entrySizeBytes > 4096) {
    throw new CtfError('The entries of this packet index have an impossible size.', {
      index: name,
      entrySize: entrySizeBytes,
    });
  }
  const entries: IndexEntry[] = [];
  for (let at = INDEX_HEADER_SIZE_BYTES; at + entrySizeBytes <= bytes.byteLength; at += entrySizeBytes) {
    const isMinor1 = entrySizeBytes >= INDEX_ENTRY_SIZE_BYTES;
    entries.push({
      offsetBytes: view.getBigUint64(at),
      packetSizeBits: view.getBigUint64(at + 8),
      contentSizeBits: view.getBigUint64(at + 16),
      timestampBegin: view.getBigUint64(at + 24),
      timestampEnd: view.getBigUint64(at + 32),
      discardedEventRecordCount: view.getBigUint64(at + 40),
      streamId: view.getBigUint64(at + 48),
      streamInstanceId: isMinor1 ? view.getBigUint64(at + 56) : undefined,
      sequenceNumber: isMinor1 ? view.getBigUint64(at + 64) : undefined,
    });
  }
  return entries;
}
