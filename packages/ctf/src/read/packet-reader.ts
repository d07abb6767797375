// SPDX-License-Identifier: MIT
// Walks the packets of a data stream: bytes of a medium in, one packet after another in a decode
// state, ready for its records. Checks magic, UUID and sizes. A packet is loaded whole; the sizes that
// it claims are believed only as far as the medium has bytes.

import type { TraceClass } from '../model/trace-class.ts';
import { DecodeState, type TextDecode } from './decode-state.ts';
import type { Medium } from './medium.ts';
import type { PacketPlace } from './packet-index.ts';
import { chooseDataStreamDecoder, type DataStreamDecoder, type TraceDecoder } from './trace-decoder.ts';

const PACKET_MAGIC = 0xc1fc1fc1;
/** First read of a stream; later ones ask for the size of the packet before, which seldom changes. */
const FIRST_READ_BYTES = 65_536;
/** When only the header is wanted. */
const HEADER_READ_BYTES = 4096;
/** Larger packets are refused: the cursor is a 31-bit integer. */
const LARGEST_PACKET_BYTES = 2 ** 30;

export interface PacketReaderOptions {
  readonly decoder: TraceDecoder;
  readonly medium: Medium;
  readonly streamName: string;
  readonly textDecode?: TextDecode;
  /** Where to begin instead of the first packet. */
  readonly start?: PacketPlace;
}

export class PacketReader {
  readonly state: DecodeState;
  /** Of the packet that is loaded. */
  decoder: DataStreamDecoder | undefined = undefined;
  /** Bytes of the medium that the packet takes, its padding included. */
  packetSizeBytes = 0;
  contentSizeBits = 0;
  isTruncated = false;
  #traceDecoder: TraceDecoder;
  readonly #medium: Medium;
  #uuid: Uint8Array | undefined;
  #nextOffset = 0;
  #readGuess = FIRST_READ_BYTES;

  constructor(options: PacketReaderOptions) {
    this.#traceDecoder = options.decoder;
    this.#medium = options.medium;
    this.#uuid = uuidBytes(options.decoder.traceClass);
    this.state = new DecodeState(options.textDecode);
    this.state.streamName = options.streamName;
    this.state.packetIndex = (options.start?.index ?? 0) - 1;
    this.#nextOffset = options.start?.offset ?? 0;
  }

  /** Metadata that grew: the packets from the next one on are read with it. */
  useDecoder(decoder: TraceDecoder): void {
    this.#traceDecoder = decoder;
    this.#uuid = uuidBytes(decoder.traceClass);
    this.decoder = undefined;
  }

  /** Loads the next packet; false at the end of the medium. */
  next(): boolean {
    const offset = this.#nextOffset;
    const remaining = this.#remaining(offset);
    if (remaining <= 0) return false;
    this.#setSizes(this.#loadScopes(offset, remaining), remaining, offset);
    return true;
  }

  /** Loads only header and context of the next packet; nothing can be read after that. */
  readHeader(): boolean {
    const remaining = this.#remaining(this.#nextOffset);
    if (remaining <= 0) return false;
    this.#readGuess = HEADER_READ_BYTES;
    this.#loadScopes(this.#nextOffset, remaining);
    return true;
  }

  #remaining(offset: number): number {
    return (this.#medium.endOfPart?.(offset) ?? this.#medium.sizeBytes) - offset;
  }

  /** Returns how many bytes are loaded. */
  #loadScopes(offset: number, remaining: number): number {
    this.state.packetIndex++;
    this.state.packetOffset = offset;
    let available = this.#load(offset, 0, Math.min(remaining, this.#readGuess));
    while (!this.#decodeScopes(available, remaining)) {
      available += this.#load(offset + available, available, Math.min(remaining - available, available * 4));
    }
    return available;
  }

  #load(offset: number, at: number, sizeBytes: number): number {
    this.state.reserve(at + sizeBytes);
    const read = this.#medium.read(offset, this.state.bytes.subarray(at, at + sizeBytes));
    if (read < sizeBytes) throw this.state.error('The stream ended while it was read.', at + read);
    return read;
  }

  /** Decodes header and context; false if more bytes may help. */
  #decodeScopes(available: number, remaining: number): boolean {
    const { state } = this;
    const clock = state.clock[0] ?? 0n;
    state.beginPacket();
    state.end = available;
    state.endBit = 0;
    try {
      this.#traceDecoder.decodePacketHeader(state);
      this.#checkHeader();
      const decoder = chooseDataStreamDecoder(this.#traceDecoder, state);
      if (this.decoder !== undefined && decoder !== this.decoder) {
        throw state.error('Packets of one stream belong to different data stream classes.', 0);
      }
      this.decoder = decoder;
      decoder.decodePacketContext(state);
    } catch (error) {
      if (available >= remaining || available >= LARGEST_PACKET_BYTES) throw error;
      state.clock[0] = clock;
      return false;
    }
    return true;
  }

  #checkHeader(): void {
    const { state } = this;
    if (state.packetMagic !== undefined && Number(state.packetMagic) !== PACKET_MAGIC) {
      throw state.error(`A packet does not begin with CTF's magic number.`, 0);
    }
    const at = state.metadataUuidAt;
    if (at < 0 || this.#uuid === undefined) return;
    if (this.#uuid.some((byte, index) => state.bytes[at + index] !== byte)) {
      throw state.error('A packet belongs to another trace: its UUID is not that of the metadata.', at);
    }
  }

  #setSizes(available: number, remaining: number, offset: number): void {
    const { state } = this;
    const total = state.packetTotalLength ?? state.packetContentLength;
    const content = state.packetContentLength ?? state.packetTotalLength;
    const totalBits = total === undefined ? remaining * 8 : Number(total);
    const contentBits = content === undefined ? remaining * 8 : Number(content);
    if (totalBits % 8 !== 0) throw state.error('A packet does not take whole bytes.', 0);
    if (contentBits > totalBits) throw state.error('The content of a packet is larger than the packet.', 0);
    if (contentBits < state.position * 8 + state.bit)
      throw state.error('The content of a packet is smaller than its header and context.', 0);
    const totalBytes = totalBits / 8;
    const present = Math.min(totalBytes, remaining);
    if (present > LARGEST_PACKET_BYTES) throw state.error('A packet is larger than 1 GiB.', 0);
    this.isTruncated = totalBytes > remaining;
    if (present > available) this.#load(offset + available, available, present - available);
    const endBits = Math.min(contentBits, present * 8);
    state.end = Math.floor(endBits / 8);
    state.endBit = endBits % 8;
    this.packetSizeBytes = present;
    this.contentSizeBits = contentBits;
    this.#nextOffset = offset + present;
    this.#readGuess = Math.max(4096, present);
  }

  /** To be called when the records are done. */
  endPacket(): void {
    const { state } = this;
    if (this.isTruncated) throw state.error('The last packet is truncated.', state.end);
    // As babeltrace2: a next packet without a begin of its own continues from this one's end.
    if (state.packetEnd !== undefined) state.clock[0] = BigInt(state.packetEnd);
  }
}

function uuidBytes(traceClass: TraceClass): Uint8Array | undefined {
  const digits = traceClass.uuid?.replaceAll('-', '');
  if (digits === undefined || !/^[0-9a-fA-F]{32}$/.test(digits)) return undefined;
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16));
}
