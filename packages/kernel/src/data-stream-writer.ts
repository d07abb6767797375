// SPDX-License-Identifier: MIT
// Converted packets of one stream -> its data stream file and its index. Files are made with the first
// packet: a CPU on which nothing happened leaves none.

import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { alignUp } from '@lockstep/base';
import {
  decodeIndex,
  encodeIndexEntry,
  encodeIndexHeader,
  encodePacketHeader,
  INDEX_ENTRY_SIZE_BYTES,
  INDEX_HEADER_SIZE_BYTES,
  uuidToBytes,
} from '@lockstep/ctf/write';
import type { ConvertedPacket } from './page-converter.ts';
import { writeFully, type StreamDescription } from './spool.ts';

export class DataStreamWriter {
  readonly #directory: string;
  readonly #uuid: Uint8Array;
  readonly #stream: StreamDescription;
  readonly #indexEntry = new Uint8Array(INDEX_ENTRY_SIZE_BYTES);
  #fd: number | undefined;
  #indexFd: number | undefined;
  #patchFd: number | undefined;
  #sizeBytes = 0;
  #packetCount = 0;

  constructor(directory: string, uuid: string, stream: StreamDescription) {
    this.#directory = directory;
    this.#uuid = uuidToBytes(uuid);
    this.#stream = stream;
  }

  get packetCount(): number {
    return this.#packetCount;
  }
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Writes the packet and then its index entry. Throws what write(2) says; the file then ends with its last whole packet. */
  write(packet: ConvertedPacket): void {
    const packetSizeBytes = alignUp(packet.contentSizeBytes, 8);
    const bytes = packet.bytes;
    bytes.fill(0, packet.contentSizeBytes, packetSizeBytes);
    encodePacketHeader(bytes, 0, {
      uuid: this.#uuid,
      streamId: this.#stream.streamClassId,
      streamInstanceId: BigInt(this.#stream.cpuId),
      timestampBegin: packet.timestampBegin,
      timestampEnd: packet.timestampEnd,
      contentSizeBytes: packet.contentSizeBytes,
      packetSizeBytes,
      sequenceNumber: BigInt(this.#packetCount),
      discardedEventRecordCount: packet.discardedCount,
      cpuId: this.#stream.cpuId,
    });
    const { fd, indexFd } = this.#open();
    const indexSizeBytes = INDEX_HEADER_SIZE_BYTES + this.#packetCount * INDEX_ENTRY_SIZE_BYTES;
    encodeIndexEntry(
      {
        offsetBytes: BigInt(this.#sizeBytes),
        packetSizeBits: BigInt(packetSizeBytes) * 8n,
        contentSizeBits: BigInt(packet.contentSizeBytes) * 8n,
        timestampBegin: packet.timestampBegin,
        timestampEnd: packet.timestampEnd,
        discardedEventRecordCount: packet.discardedCount,
        streamId: BigInt(this.#stream.streamClassId),
        streamInstanceId: BigInt(this.#stream.cpuId),
        sequenceNumber: BigInt(this.#packetCount),
      },
      this.#indexEntry,
    );
    try {
      writeFully(fd, bytes.subarray(0, packetSizeBytes));
      writeFully(indexFd, this.#indexEntry);
    } catch (error) {
      // A full disk may have taken a part: readers must meet whole packets only.
      ftruncateSync(fd, this.#sizeBytes);
      ftruncateSync(indexFd, indexSizeBytes);
      throw error;
    }
    this.#sizeBytes += packetSizeBytes;
    this.#packetCount++;
  }

  #open(): { readonly fd: number; readonly indexFd: number } {
    this.#fd ??= openSync(this.path, 'a');
    if (this.#indexFd === undefined) {
      this.#indexFd = openSync(this.indexPath, 'a');
      if (this.#packetCount === 0) writeSync(this.#indexFd, encodeIndexHeader());
    }
    return { fd: this.#fd, indexFd: this.#indexFd };
  }

  /** Changes bytes of a packet that is on disk. Throws what write(2) says. */
  patch(offset: number, bytes: Uint8Array): void {
    // Not the descriptor that appends: it would write to the end whatever the offset.
    this.#patchFd ??= openSync(this.path, 'r+');
    writeSync(this.#patchFd, bytes, 0, bytes.length, offset);
  }

  get path(): string {
    return `${this.#directory}/${this.#stream.fileName}`;
  }
  get indexPath(): string {
    return `${this.#directory}/index/${this.#stream.fileName}.idx`;
  }

  /**
   * Goes on behind the first `packetCount` packets on disk (all that are whole when undefined) and cuts
   * off what follows. Returns the events that were discarded by then.
   */
  resume(packetCount: number | undefined): bigint {
    if (!existsSync(this.path) || !existsSync(this.indexPath)) return 0n;
    const sizeOnDisk = statSync(this.path).size;
    const entries = decodeIndex(readFileSync(this.indexPath), this.indexPath).slice(0, packetCount);
    while (entries.length > 0) {
      const last = entries[entries.length - 1];
      if (last === undefined || Number(last.offsetBytes + last.packetSizeBits / 8n) <= sizeOnDisk) break;
      (entries as unknown[]).pop();
    }
    const last = entries[entries.length - 1];
    this.#packetCount = entries.length;
    this.#sizeBytes = last === undefined ? 0 : Number(last.offsetBytes + last.packetSizeBits / 8n);
    const { fd, indexFd } = this.#open();
    ftruncateSync(fd, this.#sizeBytes);
    ftruncateSync(indexFd, INDEX_HEADER_SIZE_BYTES + entries.length * INDEX_ENTRY_SIZE_BYTES);
    return last?.discardedEventRecordCount ?? 0n;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    if (this.#indexFd !== undefined) closeSync(this.#indexFd);
    if (this.#patchFd !== undefined) closeSync(this.#patchFd);
    this.#patchFd = undefined;
    this.#fd = undefined;
    this.#indexFd = undefined;
  }
}
