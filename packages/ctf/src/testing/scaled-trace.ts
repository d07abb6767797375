// SPDX-License-Identifier: MIT
// A long LTTng-UST trace out of a short one: its packets again and again, later each time. Times move by
// a multiple of 2^32 ns, which leaves the low words that event headers hold as they are.

import { closeSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMetadata } from '../metadata/metadata-packets.ts';
import { memoryMedium } from '../read/medium.ts';
import { PacketReader } from '../read/packet-reader.ts';
import { traceDecoderOf } from '../read/trace-decoder.ts';
import { encodeIndexEntry, encodeIndexHeader } from '../write/data-stream-index.ts';

// Bytes of LTTng-UST 2.13's packet header and context.
const TIMESTAMP_BEGIN = 32;
const TIMESTAMP_END = 40;
const CONTENT_SIZE = 48;
const PACKET_SIZE = 56;
const SEQUENCE_NUMBER = 64;
const STREAM_ID = 20;
const INSTANCE_ID = 24;
const LARGEST_PACKET = 1 << 25;

/** Writes `times` repetitions of the trace in `from` (the directory of its metadata) to `to`. */
export function scaleTrace(from: string, to: string, times: number): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(join(to, 'index'), { recursive: true });
  cpSync(join(from, 'metadata'), join(to, 'metadata'));
  const metadata = readFileSync(join(from, 'metadata'));
  for (const name of readdirSync(from)) {
    if (name === 'metadata' || name === 'index') continue;
    scaleStream(readFileSync(join(from, name)), metadata, join(to, name), join(to, 'index', `${name}.idx`), times);
  }
}

/** Where in each packet records have all 64 bits of their time (large header: id 0xffff, u32 id, u64 time). */
function fullTimestamps(source: Buffer, metadata: Uint8Array): Map<number, number[]> {
  const traceClass = decodeMetadata(metadata);
  const decoder = traceDecoderOf(traceClass, 'generated');
  const medium = memoryMedium(source);
  const reader = new PacketReader({ decoder, medium, streamName: 'source', windowBytes: LARGEST_PACKET });
  const found = new Map<number, number[]>();
  while (reader.next()) {
    const { state } = reader;
    const places: number[] = [];
    while (!state.isAtEnd()) {
      const at = state.position;
      if (state.view.getUint16(at, true) === 0xffff) places.push(at + 6);
      state.eventRecordClassId = undefined;
      reader.decoder!.stepHeader(state);
      reader.decoder!.stepRecord(state, at);
    }
    found.set(reader.packetOffset, places);
    reader.endPacket();
  }
  return found;
}

function scaleStream(source: Buffer, metadata: Uint8Array, path: string, indexPath: string, times: number): void {
  const stamps = fullTimestamps(source, metadata);
  const packets: number[] = [];
  for (let at = 0; at < source.length; at += Number(source.readBigUInt64LE(at + PACKET_SIZE)) / 8) packets.push(at);
  const begin = source.readBigUInt64LE(TIMESTAMP_BEGIN);
  const end = source.readBigUInt64LE((packets.at(-1) ?? 0) + TIMESTAMP_END);
  const step = ((end - begin) / 2n ** 32n + 1n) * 2n ** 32n;
  const out = openSync(path, 'w');
  const index = openSync(indexPath, 'w');
  writeSync(index, encodeIndexHeader());
  let offset = 0n;
  let sequence = 0n;
  for (let repetition = 0; repetition < times; repetition++) {
    for (const at of packets) {
      const sizeBits = source.readBigUInt64LE(at + PACKET_SIZE);
      const packet = Buffer.from(source.subarray(at, at + Number(sizeBits) / 8));
      const timestampBegin = packet.readBigUInt64LE(TIMESTAMP_BEGIN) + step * BigInt(repetition);
      const timestampEnd = packet.readBigUInt64LE(TIMESTAMP_END) + step * BigInt(repetition);
      packet.writeBigUInt64LE(timestampBegin, TIMESTAMP_BEGIN);
      packet.writeBigUInt64LE(timestampEnd, TIMESTAMP_END);
      packet.writeBigUInt64LE(sequence, SEQUENCE_NUMBER);
      for (const place of stamps.get(at) ?? [])
        packet.writeBigUInt64LE(packet.readBigUInt64LE(place) + step * BigInt(repetition), place);
      writeSync(out, packet);
      const entry = encodeIndexEntry({
        offsetBytes: offset,
        packetSizeBits: sizeBits,
        contentSizeBits: packet.readBigUInt64LE(CONTENT_SIZE),
        timestampBegin,
        timestampEnd,
        discardedEventRecordCount: 0n,
        streamId: BigInt(packet.readUInt32LE(STREAM_ID)),
        streamInstanceId: packet.readBigUInt64LE(INSTANCE_ID),
        sequenceNumber: sequence++,
      });
      writeSync(index, entry);
      offset += sizeBits / 8n;
    }
  }
  closeSync(out);
  closeSync(index);
}
