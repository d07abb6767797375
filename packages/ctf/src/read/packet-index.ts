// SPDX-License-Identifier: MIT
// Where the packets of a data stream lie, and when: LTTng's index file in, or the headers of all packets,
// and the packet to begin with for a time out. An index file is a claim of another file, so it is
// believed only if its packets cover the stream without a gap and their times make sense.

import type { PacketReader } from './packet-reader.ts';

export interface PacketPlace {
  readonly index: number;
  readonly offset: number;
}

// Layout of LTTng's index file: write/data-stream-index.ts, which also makes objects of the entries.
const MAGIC = 0xc1f1dcc1;
const HEADER_BYTES = 16;
const LEAST_ENTRY_BYTES = 56;
/** Less than this is surely not the index of a stream. */
const GREATEST_ENTRY_BYTES = 4096;

/** Packets of a data stream in their order. Times are readings of its clock; 0 where packets have none. */
export class PacketIndex {
  readonly packetCount: number;
  /** One more than packets: the last is where the stream ends. */
  readonly offsets: Float64Array;
  readonly begins: BigUint64Array;
  readonly ends: BigUint64Array;
  /** Whether all packets say when they begin and end. */
  readonly hasTimes: boolean;

  constructor(packets: readonly IndexedPacket[], sizeBytes: number) {
    const count = packets.length;
    this.packetCount = count;
    this.offsets = new Float64Array(count + 1);
    this.begins = new BigUint64Array(count);
    this.ends = new BigUint64Array(count);
    packets.forEach((packet, i) => {
      this.offsets[i] = packet.offset;
      this.begins[i] = packet.begin ?? 0n;
      this.ends[i] = packet.end ?? 0n;
    });
    this.offsets[count] = sizeBytes;
    this.hasTimes = packets.every((packet) => packet.begin !== undefined && packet.end !== undefined);
  }

  /** The times that it covers; undefined without packets or times. */
  get range(): { readonly begin: bigint; readonly end: bigint } | undefined {
    if (!this.hasTimes || this.packetCount === 0) return undefined;
    return { begin: this.begins[0]!, end: this.ends[this.packetCount - 1]! };
  }

  /**
   * The packet before the first that ends at or after what is wanted: losses are told between packets,
   * so its counters are needed, though not its records.
   */
  placeBefore(isTooEarly: (end: bigint) => boolean): PacketPlace | undefined {
    if (!this.hasTimes) return undefined;
    let [low, high] = [0, this.packetCount];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isTooEarly(this.ends[middle]!)) low = middle + 1;
      else high = middle;
    }
    const index = Math.max(0, low - 1);
    return { index, offset: this.offsets[index] ?? 0 };
  }
}

export interface IndexedPacket {
  readonly offset: number;
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

/** An index file's packets, if it is one of a stream of `sizeBytes` bytes and right as far as it can be seen. */
export function readPacketIndex(bytes: Uint8Array, sizeBytes: number): PacketIndex | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEADER_BYTES || view.getUint32(0) !== MAGIC || view.getUint32(4) !== 1) return undefined;
  const entryBytes = view.getUint32(12);
  if (entryBytes < LEAST_ENTRY_BYTES || entryBytes > GREATEST_ENTRY_BYTES || entryBytes % 8 !== 0) return undefined;
  const packets: IndexedPacket[] = [];
  let next = 0n;
  for (let at = HEADER_BYTES; at + entryBytes <= bytes.byteLength; at += entryBytes) {
    const packetBits = view.getBigUint64(at + 8);
    const begin = view.getBigUint64(at + 24);
    const end = view.getBigUint64(at + 32);
    if (view.getBigUint64(at) !== next || packetBits === 0n || packetBits % 8n !== 0n) return undefined;
    if (view.getBigUint64(at + 16) > packetBits || end < begin) return undefined;
    packets.push({ offset: Number(next), begin, end });
    next += packetBits / 8n;
  }
  return next === BigInt(sizeBytes) && hasOrder(packets) ? new PacketIndex(packets, sizeBytes) : undefined;
}

/** A search needs that packets end one after another. */
function hasOrder(packets: readonly IndexedPacket[]): boolean {
  return packets.every((packet, i) => i === 0 || packet.end! >= packets[i - 1]!.end!);
}

/**
 * The index made anew from the headers of all packets. Where the end of a packet cannot be believed
 * (`isEndDoubtful`, or it lies before its begin) the begin of the next one stands for it.
 */
export function buildPacketIndex(reader: PacketReader, sizeBytes: number, isEndDoubtful: boolean): PacketIndex {
  const packets: { offset: number; begin: bigint | undefined; end: bigint | undefined }[] = [];
  while (reader.nextHeader()) {
    const { state } = reader;
    const begin = state.packetBegin;
    const end = state.packetEnd === undefined ? undefined : BigInt.asUintN(64, BigInt(state.packetEnd));
    const before = packets.at(-1);
    if (
      before?.end !== undefined &&
      begin !== undefined &&
      begin > before.end &&
      (isEndDoubtful || before.end < before.begin!)
    )
      before.end = begin;
    packets.push({ offset: reader.packetOffset, begin, end });
    if (end !== undefined) state.clock[0] = end;
  }
  const last = packets.at(-1);
  if (last?.end !== undefined && last.begin !== undefined && (isEndDoubtful || last.end < last.begin))
    last.end = 2n ** 64n - 1n;
  return new PacketIndex(
    hasOrder(packets.filter((packet) => packet.end !== undefined)) ? packets : withoutTimes(packets),
    sizeBytes,
  );
}

function withoutTimes(packets: readonly IndexedPacket[]): IndexedPacket[] {
  return packets.map(({ offset }) => ({ offset, begin: undefined, end: undefined }));
}
