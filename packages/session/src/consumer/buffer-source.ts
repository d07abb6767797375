// SPDX-License-Identifier: MIT
// Where a stream's packets come from: a ring buffer file that a thread of the program maps, or an
// append-only file of packets from a program without the addon -> raw packets, copied out of memory
// that the program may change, shrink or delete at any moment.

import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { ProtocolError } from '@lockstep/base';
import {
  PACKET_CONTENT_SIZE_OFFSET,
  PACKET_PACKET_SIZE_OFFSET,
  PACKET_SEQ_NUM_OFFSET,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  type DiscardedByCause,
} from '@lockstep/ctf/write';
import type { Mapping, Native } from '@lockstep/native';
import {
  FREED_COUNT_WORD,
  makeWordWaiter,
  openRingReader,
  READER_OWN_WORD,
  recoverWriters,
  WAITING_WRITERS_WORD,
  type RingOwner,
  type RingReader,
} from '@lockstep/ring-buffer';
import { makeRecoveryClient, readTimestampEnd, RECOVERED_TIMESTAMP_END } from './recovery-client.ts';
import type { RawPacket } from './program-stream.ts';

/** Records that a program lost or spoilt, as its buffer counts them. */
export interface SourceCounters {
  readonly discarded: DiscardedByCause;
  readonly overwrittenPackets: number;
  readonly truncatedStrings: number;
  readonly badArguments: number;
}

export interface BufferSource {
  /** The next whole packet, valid until `put`; undefined: none now. */
  tryGet(): RawPacket | undefined;
  /** The packet that `tryGet` gave is safe on disk; its place may be used again. */
  put(): void;
  /** What was committed of a packet that is not ended; call when `tryGet` has no more. */
  takeActive(): RawPacket | undefined;
  /** Thread that writes or wrote last, as its process numbers it; undefined: none, or it cannot be known. */
  readonly writerTid: number | undefined;
  /** Packets of the stream that are further parts of a sub-buffer; kept with the buffer, for who goes on with it. */
  splitCount: number;
  /** Delivers what threads had committed that ended without a release, and frees their places; returns how many. */
  recoverDead(isDead: (owner: RingOwner) => boolean): number;
  /** Everything that the buffer holds now, oldest first; takes nothing. For flight recorders. */
  snapshot(): readonly RawPacket[];
  counters(): SourceCounters | undefined;
  close(): void;
  /** Deletes the file: all it held is taken. */
  remove(): void;
}

/** Refuses larger buffers of a program; the largest that a plan may ask for is 2 GiB. */
const MAX_BUFFER_SIZE_BYTES = 2 ** 31;

export class RingSource implements BufferSource {
  readonly #path: string;
  readonly #mapping: Mapping;
  readonly #reader: RingReader;
  #scratch: Uint8Array = new Uint8Array(0);

  /** Undefined: its owner has not finished making it. */
  static tryOpen(path: string, native: Native): RingSource | undefined {
    const mapping = native.mapFile(path, { access: 'read-write', maxSizeBytes: MAX_BUFFER_SIZE_BYTES });
    // The creator stores the magic number last.
    if (mapping.sizeBytes < 4 || Atomics.load(new Int32Array(mapping.buffer, 0, 1), 0) === 0) {
      mapping.unmap();
      return undefined;
    }
    try {
      const tryCopy = (
        source: ArrayBufferLike,
        sourceOffset: number,
        target: Uint8Array,
        targetOffset: number,
        sizeBytes: number,
      ): boolean => native.tryCopy(source as ArrayBuffer, sourceOffset, target, targetOffset, sizeBytes);
      const { wakeAll } = makeWordWaiter(mapping.buffer, FREED_COUNT_WORD, WAITING_WRITERS_WORD);
      const onFreed = (): void => {
        try {
          wakeAll();
        } catch {
          // The program cut its file short; the next look at the mapping says so.
        }
      };
      return new RingSource(path, mapping, openRingReader(mapping.buffer, { tryCopy, onFreed }), native);
    } catch (error) {
      mapping.unmap();
      throw error;
    }
  }

  readonly #native: Native;
  readonly #ownWord: Int32Array;

  private constructor(path: string, mapping: Mapping, reader: RingReader, native: Native) {
    this.#path = path;
    this.#mapping = mapping;
    this.#reader = reader;
    this.#native = native;
    this.#ownWord = new Int32Array(mapping.buffer, READER_OWN_WORD * 4, 1);
  }

  get writerTid(): number | undefined {
    return this.#reader.owner?.tid;
  }

  get splitCount(): number {
    return Atomics.load(this.#ownWord, 0);
  }

  set splitCount(count: number) {
    Atomics.store(this.#ownWord, 0, count);
  }

  tryGet(): RawPacket | undefined {
    const packet = this.#reader.getNextSubBuffer();
    this.#checkWhole();
    if (packet === undefined) return undefined;
    const { bytes, contentSizeBytes, sequenceNumber } = packet;
    if (this.#scratch.length < bytes.length) this.#scratch = new Uint8Array(bytes.length);
    if (!this.#native.tryCopy(this.#mapping.buffer, bytes.byteOffset, this.#scratch, 0, contentSizeBytes))
      throw this.#cutShort();
    const isActive = readTimestampEnd(this.#scratch) === RECOVERED_TIMESTAMP_END;
    return { bytes: this.#scratch, contentSizeBytes, sequenceNumber: BigInt(sequenceNumber), isActive };
  }

  put(): void {
    this.#reader.putNextSubBuffer();
  }

  takeActive(): RawPacket | undefined {
    // Before the copy: what is discarded in between shows in the closing packet.
    const { discarded } = this.counters();
    const [packet] = this.#reader.takeActive();
    this.#checkWhole();
    if (packet === undefined || packet.contentSizeBytes <= PROGRAM_PACKET_HEADER_SIZE_BYTES) return undefined;
    const { bytes, contentSizeBytes, sequenceNumber } = packet;
    return { bytes, contentSizeBytes, sequenceNumber: BigInt(sequenceNumber), isActive: true, discarded };
  }

  recoverDead(isDead: (owner: RingOwner) => boolean): number {
    const owner = { pid: process.pid, tid: this.#native.gettid() };
    const dead = recoverWriters(this.#mapping.buffer, owner, makeRecoveryClient(this.#mapping.buffer), isDead);
    this.#checkWhole();
    return dead.length;
  }

  snapshot(): readonly RawPacket[] {
    const { packets } = this.#reader.snapshot();
    const { discarded } = this.counters();
    this.#checkWhole();
    return packets
      .filter((packet) => !packet.isActive || packet.contentSizeBytes > PROGRAM_PACKET_HEADER_SIZE_BYTES)
      .map(({ bytes, contentSizeBytes, sequenceNumber, isActive }) => ({
        bytes,
        contentSizeBytes,
        sequenceNumber: BigInt(sequenceNumber),
        isActive,
        ...(isActive ? { discarded } : {}),
      }));
  }

  counters(): SourceCounters {
    const counters = this.#reader.counters();
    return {
      discarded: {
        full: BigInt(counters.discardedFull),
        wrapped: BigInt(counters.discardedWrapped),
        tooBig: BigInt(counters.discardedTooBig),
      },
      overwrittenPackets: counters.overwrittenSubBuffers,
      truncatedStrings: counters.truncatedStrings,
      badArguments: counters.badArguments,
    };
  }

  close(): void {
    this.#mapping.unmap();
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #checkWhole(): void {
    if (this.#mapping.faultCount > 0) throw this.#cutShort();
  }

  #cutShort(): ProtocolError {
    return new ProtocolError('A program made its buffer file shorter', { path: this.#path });
  }
}

export class PacketFileSource implements BufferSource {
  readonly writerTid = undefined;
  splitCount = 0;
  readonly #path: string;
  readonly #fd: number;
  #offset = 0;
  #nextOffset = 0;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      throw new ProtocolError('A packet file of a program cannot be opened', {
        path,
        errno: (error as NodeJS.ErrnoException).code,
      });
    }
    if (!fstatSync(this.#fd).isFile())
      throw new ProtocolError('A packet file of a program is no regular file', { path });
  }

  tryGet(): RawPacket | undefined {
    const available = fstatSync(this.#fd).size - this.#offset;
    if (available < 0) throw new ProtocolError('A program made its packet file shorter', { path: this.#path });
    if (available < PROGRAM_PACKET_HEADER_SIZE_BYTES) return undefined;
    const header = this.#read(PROGRAM_PACKET_HEADER_SIZE_BYTES);
    if (header === undefined) return undefined;
    const view = new DataView(header.buffer);
    const packetSizeBytes = Number(view.getBigUint64(PACKET_PACKET_SIZE_OFFSET, true) / 8n);
    const contentSizeBytes = Number(view.getBigUint64(PACKET_CONTENT_SIZE_OFFSET, true) / 8n);
    if (
      packetSizeBytes < PROGRAM_PACKET_HEADER_SIZE_BYTES ||
      packetSizeBytes > MAX_BUFFER_SIZE_BYTES ||
      contentSizeBytes > packetSizeBytes
    ) {
      throw new ProtocolError('A packet file of a program is damaged', { path: this.#path, offset: this.#offset });
    }
    if (packetSizeBytes > available) return undefined;
    const bytes = this.#read(packetSizeBytes);
    if (bytes === undefined) return undefined;
    this.#nextOffset = this.#offset + packetSizeBytes;
    return { bytes, contentSizeBytes, sequenceNumber: view.getBigUint64(PACKET_SEQ_NUM_OFFSET, true), isActive: false };
  }

  put(): void {
    this.#offset = this.#nextOffset;
  }

  takeActive(): undefined {
    return undefined;
  }

  recoverDead(): number {
    return 0;
  }

  snapshot(): readonly RawPacket[] {
    const packets: RawPacket[] = [];
    for (let packet = this.tryGet(); packet !== undefined; packet = this.tryGet()) {
      packets.push(packet);
      this.put();
    }
    return packets;
  }

  counters(): undefined {
    return undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #read(sizeBytes: number): Uint8Array | undefined {
    const bytes = new Uint8Array(sizeBytes);
    let count = 0;
    while (count < sizeBytes) {
      const read = readSync(this.#fd, bytes, count, sizeBytes - count, this.#offset + count);
      if (read === 0) return undefined;
      count += read;
    }
    return bytes;
  }
}
