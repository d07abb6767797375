// SPDX-License-Identifier: MIT
// Byte layout of the packets that Lockstep writes (the classes that describe them to readers are in
// packet-classes.ts) -> packet headers in a sub-buffer, and the words that are patched later.
// Little-endian, natural alignment, as lttng-modules' `struct packet_header` with program identity added.
//
//   0 magic u32 | 4 uuid u8[16] | 20 stream_id u32 | 24 stream_instance_id u64
//  32 timestamp_begin u64 | 40 timestamp_end u64 | 48 content_size u64 | 56 packet_size u64  (bits)
//  64 packet_seq_num u64 | 72 events_discarded u64 | 80 cpu_id u32
//  program: 84 vpid i32 | 88 vtid i32 | 92 tid i32
//           96 discarded {full u64 | 104 wrapped u64 | 112 too_big u64}
//          120 first event record
//  kernel:  84 padding | 88 first event record
//
// The three causes are cumulative, as `events_discarded` is, which is their sum.

import { assert } from '@lockstep/base';
import { UUID_SIZE_BYTES } from '../metadata/uuid.ts';

export const PACKET_MAGIC = 0xc1fc1fc1;

export const PACKET_MAGIC_OFFSET = 0;
export const PACKET_UUID_OFFSET = 4;
export const PACKET_STREAM_ID_OFFSET = 20;
export const PACKET_STREAM_INSTANCE_ID_OFFSET = 24;
export const PACKET_TIMESTAMP_BEGIN_OFFSET = 32;
export const PACKET_TIMESTAMP_END_OFFSET = 40;
export const PACKET_CONTENT_SIZE_OFFSET = 48;
export const PACKET_PACKET_SIZE_OFFSET = 56;
export const PACKET_SEQ_NUM_OFFSET = 64;
export const PACKET_EVENTS_DISCARDED_OFFSET = 72;
export const PACKET_CPU_ID_OFFSET = 80;
export const PACKET_VPID_OFFSET = 84;
export const PACKET_VTID_OFFSET = 88;
export const PACKET_TID_OFFSET = 92;
export const PACKET_DISCARDED_FULL_OFFSET = 96;
export const PACKET_DISCARDED_WRAPPED_OFFSET = 104;
export const PACKET_DISCARDED_TOO_BIG_OFFSET = 112;

/** Bytes before the first event record; a multiple of the event header's alignment of 8. */
export const PROGRAM_PACKET_HEADER_SIZE_BYTES = 120;
export const KERNEL_PACKET_HEADER_SIZE_BYTES = 88;

/** Event header: u16 id and u32 low half of the clock at +4; or this id, u32 id at +8, u64 clock at +16. */
export const EXTENDED_EVENT_ID = 0xffff;
/** Largest id that the compact event header holds. */
export const MAX_COMPACT_EVENT_ID = 0xfffe;
export const EVENT_RECORD_ALIGNMENT_BYTES = 8;
export const COMPACT_EVENT_HEADER_SIZE_BYTES = 8;
export const EXTENDED_EVENT_HEADER_SIZE_BYTES = 24;

/** Records that a program lost, by cause, since its stream began. */
export interface DiscardedByCause {
  /** Every sub-buffer was unread. */
  readonly full: bigint;
  /** Every sub-buffer, or the writer's own, had a record in the making. */
  readonly wrapped: bigint;
  /** Larger than a sub-buffer. */
  readonly tooBig: bigint;
}

export interface PacketHeaderFields {
  readonly uuid: Uint8Array;
  readonly streamId: number;
  readonly streamInstanceId: bigint;
  readonly timestampBegin: bigint;
  readonly timestampEnd: bigint;
  readonly contentSizeBytes: number;
  readonly packetSizeBytes: number;
  readonly sequenceNumber: bigint;
  /** Cumulative since the stream began. */
  readonly discardedEventRecordCount: bigint;
  readonly cpuId: number;
  /** Present in packets of programs, absent in the kernel's. */
  readonly program?: {
    readonly vpid: number;
    readonly vtid: number;
    readonly tid: number;
    readonly discarded: DiscardedByCause;
  };
}

/** Writes a whole packet header and context at `offset`; returns its size in bytes. */
export function encodePacketHeader(bytes: Uint8Array, offset: number, fields: PacketHeaderFields): number {
  assert(fields.uuid.length === UUID_SIZE_BYTES, 'a packet header needs a uuid of 16 bytes');
  const sizeBytes = fields.program === undefined ? KERNEL_PACKET_HEADER_SIZE_BYTES : PROGRAM_PACKET_HEADER_SIZE_BYTES;
  const view = viewOf(bytes, offset, sizeBytes);
  view.setUint32(PACKET_MAGIC_OFFSET, PACKET_MAGIC, true);
  bytes.set(fields.uuid, offset + PACKET_UUID_OFFSET);
  view.setUint32(PACKET_STREAM_ID_OFFSET, fields.streamId, true);
  view.setBigUint64(PACKET_STREAM_INSTANCE_ID_OFFSET, fields.streamInstanceId, true);
  view.setBigUint64(PACKET_TIMESTAMP_BEGIN_OFFSET, fields.timestampBegin, true);
  view.setBigUint64(PACKET_TIMESTAMP_END_OFFSET, fields.timestampEnd, true);
  view.setBigUint64(PACKET_CONTENT_SIZE_OFFSET, BigInt(fields.contentSizeBytes) * 8n, true);
  view.setBigUint64(PACKET_PACKET_SIZE_OFFSET, BigInt(fields.packetSizeBytes) * 8n, true);
  view.setBigUint64(PACKET_SEQ_NUM_OFFSET, fields.sequenceNumber, true);
  view.setBigUint64(PACKET_EVENTS_DISCARDED_OFFSET, fields.discardedEventRecordCount, true);
  view.setUint32(PACKET_CPU_ID_OFFSET, fields.cpuId, true);
  if (fields.program === undefined) {
    view.setUint32(PACKET_VPID_OFFSET, 0, true);
  } else {
    view.setInt32(PACKET_VPID_OFFSET, fields.program.vpid, true);
    view.setInt32(PACKET_VTID_OFFSET, fields.program.vtid, true);
    view.setInt32(PACKET_TID_OFFSET, fields.program.tid, true);
    view.setBigUint64(PACKET_DISCARDED_FULL_OFFSET, fields.program.discarded.full, true);
    view.setBigUint64(PACKET_DISCARDED_WRAPPED_OFFSET, fields.program.discarded.wrapped, true);
    view.setBigUint64(PACKET_DISCARDED_TOO_BIG_OFFSET, fields.program.discarded.tooBig, true);
  }
  return sizeBytes;
}

export function patchPacketSizes(
  bytes: Uint8Array,
  offset: number,
  contentSizeBytes: number,
  packetSizeBytes: number,
): void {
  const view = viewOf(bytes, offset, KERNEL_PACKET_HEADER_SIZE_BYTES);
  view.setBigUint64(PACKET_CONTENT_SIZE_OFFSET, BigInt(contentSizeBytes) * 8n, true);
  view.setBigUint64(PACKET_PACKET_SIZE_OFFSET, BigInt(packetSizeBytes) * 8n, true);
}

export function patchPacketTimestampEnd(bytes: Uint8Array, offset: number, timestampEnd: bigint): void {
  viewOf(bytes, offset, KERNEL_PACKET_HEADER_SIZE_BYTES).setBigUint64(PACKET_TIMESTAMP_END_OFFSET, timestampEnd, true);
}

/** `count` is cumulative since the stream began. */
export function patchPacketEventsDiscarded(bytes: Uint8Array, offset: number, count: bigint): void {
  viewOf(bytes, offset, KERNEL_PACKET_HEADER_SIZE_BYTES).setBigUint64(PACKET_EVENTS_DISCARDED_OFFSET, count, true);
}

/** The host's thread id, which a program in a container cannot know. Packets of programs only. */
export function patchPacketTid(bytes: Uint8Array, offset: number, tid: number): void {
  viewOf(bytes, offset, PROGRAM_PACKET_HEADER_SIZE_BYTES).setInt32(PACKET_TID_OFFSET, tid, true);
}

/** What a packet of a program says that its writer lost. */
export function readDiscardedByCause(bytes: Uint8Array): DiscardedByCause {
  const view = viewOf(bytes, 0, PROGRAM_PACKET_HEADER_SIZE_BYTES);
  return {
    full: view.getBigUint64(PACKET_DISCARDED_FULL_OFFSET, true),
    wrapped: view.getBigUint64(PACKET_DISCARDED_WRAPPED_OFFSET, true),
    tooBig: view.getBigUint64(PACKET_DISCARDED_TOO_BIG_OFFSET, true),
  };
}

/** Gives a packet another trace and stream: a program's buffer does not know the trace it ends up in. */
export function patchPacketIdentity(
  bytes: Uint8Array,
  offset: number,
  uuid: Uint8Array,
  streamId: number,
  streamInstanceId: bigint,
): void {
  assert(uuid.length === UUID_SIZE_BYTES, 'a packet header needs a uuid of 16 bytes');
  const view = viewOf(bytes, offset, KERNEL_PACKET_HEADER_SIZE_BYTES);
  bytes.set(uuid, offset + PACKET_UUID_OFFSET);
  view.setUint32(PACKET_STREAM_ID_OFFSET, streamId, true);
  view.setBigUint64(PACKET_STREAM_INSTANCE_ID_OFFSET, streamInstanceId, true);
}

function viewOf(bytes: Uint8Array, offset: number, sizeBytes: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, sizeBytes);
}
