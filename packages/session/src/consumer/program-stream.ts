// SPDX-License-Identifier: MIT
// One data stream of a program's trace: raw packets as a buffer gives them -> checked, completed
// packets on disk. Everything a packet's header claims is compared with what the session knows, the
// records are walked, and what is wrong is cut off or ends this stream and no other.

import { alignUp, ProtocolError } from '@lockstep/base';
import {
  encodePacketHeader,
  EVENT_RECORD_ALIGNMENT_BYTES,
  PACKET_CPU_ID_OFFSET,
  PACKET_MAGIC,
  PACKET_MAGIC_OFFSET,
  PACKET_TIMESTAMP_BEGIN_OFFSET,
  PACKET_TIMESTAMP_END_OFFSET,
  PACKET_UUID_OFFSET,
  PACKET_VTID_OFFSET,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  readDiscardedByCause,
  uuidToBytes,
  type DiscardedByCause,
} from '@lockstep/ctf/write';
import type { HostIds } from '../process-status.ts';
import type { DataStreamFile, LastPacket } from './data-stream-file.ts';
import type { PayloadSizes } from './payload-sizes.ts';
import { walkRecords } from './record-walk.ts';

export interface ProgramStreamOptions {
  readonly file: DataStreamFile;
  /** Where a stream that is gone on with ended. */
  readonly last: LastPacket | undefined;
  readonly traceUuid: string;
  readonly streamId: number;
  readonly bufferNumber: number;
  readonly vpid: number;
  readonly hostIds: HostIds;
  /** Packets that are further parts of a sub-buffer: their number is kept with the buffer. */
  readonly splits: { splitCount: number };
}

/** A packet as a buffer hands it over. `bytes` belongs to the caller, who lets it be changed. */
export interface RawPacket {
  readonly bytes: Uint8Array;
  readonly contentSizeBytes: number;
  readonly sequenceNumber: bigint;
  /** True: its writer had not ended it, so its end and its counter are filled in here. */
  readonly isActive: boolean;
  /** The buffer's own count of discarded records; for a packet that is not ended. */
  readonly discarded?: DiscardedByCause;
}

/** What a stream amounted to; sums are kept by the trace. */
export interface StreamTotals {
  recordCount: number;
  packetCount: number;
  byteCount: number;
  discarded: DiscardedByCause;
  /** Packets of which something had to be cut off, and why the last was. */
  damagedPacketCount: number;
  damage: string | undefined;
}

export class ProgramStream {
  readonly totals: StreamTotals = {
    recordCount: 0,
    packetCount: 0,
    byteCount: 0,
    discarded: NOTHING_DISCARDED,
    damagedPacketCount: 0,
    damage: undefined,
  };
  readonly #options: ProgramStreamOptions;
  readonly #uuid: Uint8Array;
  #nextSequenceNumber: bigint;
  #lastTimestamp: bigint;
  #lastVtid = 0;
  /** What the last packet is of its sub-buffer. */
  #lastBegin: bigint;
  #lastContentSizeBytes: number;
  /** Numbers of packets are this much higher than those of sub-buffers. */
  #splitCount: number;

  constructor(options: ProgramStreamOptions) {
    this.#options = options;
    this.#uuid = uuidToBytes(options.traceUuid);
    this.#nextSequenceNumber =
      options.last?.index.sequenceNumber === undefined ? 0n : options.last.index.sequenceNumber + 1n;
    this.#lastTimestamp = options.last?.index.timestampEnd ?? 0n;
    this.totals.discarded = options.last?.discarded ?? NOTHING_DISCARDED;
    this.#lastBegin = options.last?.index.timestampBegin ?? 0n;
    this.#lastContentSizeBytes = Number(options.last?.index.contentSizeBits ?? 0n) / 8;
    this.#splitCount = Math.max(0, options.splits.splitCount);
  }

  /** Checks and writes one packet. ProtocolError: it is none of this stream. SystemError: it cannot be written. */
  append(packet: RawPacket, classes: ReadonlyMap<number, PayloadSizes>): void {
    if (this.#numberOf(packet) < this.#nextSequenceNumber) {
      const rest = this.#restOf(packet);
      if (rest !== undefined) this.append(rest, classes);
      return;
    }
    const { bytes, contentSizeBytes } = packet;
    if (contentSizeBytes < PROGRAM_PACKET_HEADER_SIZE_BYTES || contentSizeBytes > bytes.length) {
      throw this.#refuse('its content does not fit into it', packet);
    }
    // Its writer died before the first record, perhaps before the head was whole.
    if (packet.isActive && contentSizeBytes === PROGRAM_PACKET_HEADER_SIZE_BYTES) {
      this.#writeEmpty(packet, this.#monotonic(packet.discarded ?? readDiscardedByCause(bytes)));
      return;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(PACKET_MAGIC_OFFSET, true) !== PACKET_MAGIC)
      throw this.#refuse('it has no magic number', packet);
    if (this.#uuid.some((byte, index) => byte !== bytes[PACKET_UUID_OFFSET + index]))
      throw this.#refuse('it is of another trace', packet);
    const timestampBegin = view.getBigUint64(PACKET_TIMESTAMP_BEGIN_OFFSET, true);
    const claimedEnd = packet.isActive ? undefined : view.getBigUint64(PACKET_TIMESTAMP_END_OFFSET, true);
    if (timestampBegin < this.#lastTimestamp) throw this.#refuse('it begins before the packet before it ended', packet);
    if (claimedEnd !== undefined && claimedEnd < timestampBegin) throw this.#refuse('it ends before it begins', packet);

    const walk = walkRecords(bytes, contentSizeBytes, classes, timestampBegin, claimedEnd);
    if (walk.problem !== undefined && !packet.isActive) {
      this.totals.damagedPacketCount++;
      this.totals.damage = walk.problem;
    }
    const timestampEnd = claimedEnd ?? walk.lastTimestamp;
    const claimedDiscarded = packet.discarded ?? readDiscardedByCause(bytes);
    this.#write(packet, walk.endBytes, { timestampBegin, timestampEnd }, this.#monotonic(claimedDiscarded), {
      cpuId: view.getUint32(PACKET_CPU_ID_OFFSET, true),
      vtid: view.getInt32(PACKET_VTID_OFFSET, true),
    });
    this.totals.recordCount += walk.recordCount;
  }

  #numberOf({ sequenceNumber }: RawPacket): bigint {
    return sequenceNumber + BigInt(this.#splitCount);
  }

  /**
   * A sub-buffer that was written before, handed out again: since the reader was killed before it gave it back,
   * and nothing is new, or since its writer stood still, and what it wrote afterwards becomes a packet of
   * its own.
   */
  #restOf(packet: RawPacket): RawPacket | undefined {
    const { bytes, contentSizeBytes } = packet;
    const isLast = this.#numberOf(packet) === this.#nextSequenceNumber - 1n;
    if (!isLast || contentSizeBytes <= this.#lastContentSizeBytes || contentSizeBytes > bytes.length) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getBigUint64(PACKET_TIMESTAMP_BEGIN_OFFSET, true) !== this.#lastBegin) return undefined;
    const from = alignUp(this.#lastContentSizeBytes, EVENT_RECORD_ALIGNMENT_BYTES);
    if (from >= contentSizeBytes) return undefined;
    const rest = new Uint8Array(PROGRAM_PACKET_HEADER_SIZE_BYTES + contentSizeBytes - from);
    rest.set(bytes.subarray(0, PROGRAM_PACKET_HEADER_SIZE_BYTES));
    rest.set(bytes.subarray(from, contentSizeBytes), PROGRAM_PACKET_HEADER_SIZE_BYTES);
    // The high half of the clock, which compact records lack, is that of the record before.
    new DataView(rest.buffer).setBigUint64(PACKET_TIMESTAMP_BEGIN_OFFSET, this.#lastTimestamp, true);
    // Before the packet is written: who goes on after a kill in between leaves out a number, not records.
    this.#splitCount++;
    this.#options.splits.splitCount = this.#splitCount;
    return { ...packet, bytes: rest, contentSizeBytes: rest.length };
  }

  /**
   * Ends the stream. Records that were discarded after the last packet would be in no packet's
   * counter, so an empty packet carries them.
   */
  end(claimedDiscarded: DiscardedByCause): void {
    const discarded = this.#monotonic(claimedDiscarded);
    if (sumDiscarded(discarded) === sumDiscarded(this.totals.discarded)) return;
    const bytes = new Uint8Array(PROGRAM_PACKET_HEADER_SIZE_BYTES);
    const packet: RawPacket = {
      bytes,
      contentSizeBytes: bytes.length,
      sequenceNumber: this.#nextSequenceNumber - BigInt(this.#splitCount),
      isActive: true,
    };
    this.#writeEmpty(packet, discarded);
  }

  close(): void {
    this.#options.file.close();
  }

  #writeEmpty(packet: RawPacket, discarded: DiscardedByCause): void {
    const times = { timestampBegin: this.#lastTimestamp, timestampEnd: this.#lastTimestamp };
    this.#write(packet, PROGRAM_PACKET_HEADER_SIZE_BYTES, times, discarded, { cpuId: 0, vtid: this.#lastVtid });
  }

  #write(
    packet: RawPacket,
    contentSizeBytes: number,
    times: { readonly timestampBegin: bigint; readonly timestampEnd: bigint },
    discarded: DiscardedByCause,
    writer: { readonly cpuId: number; readonly vtid: number },
  ): void {
    const { file, streamId, bufferNumber, vpid, hostIds } = this.#options;
    const packetSizeBytes = alignUp(contentSizeBytes, EVENT_RECORD_ALIGNMENT_BYTES);
    const bytes = packetSizeBytes <= packet.bytes.length ? packet.bytes : enlarge(packet.bytes, packetSizeBytes);
    bytes.fill(0, contentSizeBytes, packetSizeBytes);
    const sequenceNumber = this.#numberOf(packet);
    encodePacketHeader(bytes, 0, {
      uuid: this.#uuid,
      streamId,
      streamInstanceId: BigInt(bufferNumber),
      ...times,
      contentSizeBytes,
      packetSizeBytes,
      sequenceNumber,
      discardedEventRecordCount: sumDiscarded(discarded),
      cpuId: writer.cpuId,
      program: { vpid, vtid: writer.vtid, tid: hostIds.hostTid(writer.vtid), discarded },
    });
    file.append(bytes, packetSizeBytes, {
      packetSizeBits: BigInt(packetSizeBytes) * 8n,
      contentSizeBits: BigInt(contentSizeBytes) * 8n,
      ...times,
      discardedEventRecordCount: sumDiscarded(discarded),
      streamId: BigInt(streamId),
      streamInstanceId: BigInt(bufferNumber),
      sequenceNumber,
    });
    this.#nextSequenceNumber = sequenceNumber + 1n;
    this.#lastBegin = times.timestampBegin;
    this.#lastContentSizeBytes = contentSizeBytes;
    this.#lastTimestamp = times.timestampEnd;
    this.#lastVtid = writer.vtid;
    this.totals.packetCount++;
    this.totals.byteCount += packetSizeBytes;
    this.totals.discarded = discarded;
  }

  /** A counter that went back is a program's lie or a restart; readers would take it for 2^64 losses. */
  #monotonic({ full, wrapped, tooBig }: DiscardedByCause): DiscardedByCause {
    const before = this.totals.discarded;
    return {
      full: laterCount(before.full, full),
      wrapped: laterCount(before.wrapped, wrapped),
      tooBig: laterCount(before.tooBig, tooBig),
    };
  }

  #refuse(what: string, packet: RawPacket): ProtocolError {
    return new ProtocolError(`A program handed over a packet that cannot be used: ${what}`, {
      stream: this.#options.file.path,
      packet: packet.sequenceNumber,
      contentSizeBytes: packet.contentSizeBytes,
    });
  }
}

const NOTHING_DISCARDED: DiscardedByCause = { full: 0n, wrapped: 0n, tooBig: 0n };
/** A buffer counts modulo 2^32, so more is a lie; the sum fits its field. */
const MAX_DISCARDED = 0xffff_ffffn;

export function sumDiscarded({ full, wrapped, tooBig }: DiscardedByCause): bigint {
  return full + wrapped + tooBig;
}

function laterCount(before: bigint, count: bigint): bigint {
  return count < before || count > MAX_DISCARDED ? before : count;
}

function enlarge(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const larger = new Uint8Array(sizeBytes);
  larger.set(bytes);
  return larger;
}
