// SPDX-License-Identifier: MIT
// Walks the packets of a data stream: bytes of a medium in, one packet after another in a decode
// state, ready for its records. Checks magic, UUID and sizes; the sizes that a packet claims are
// believed only as far as the medium has bytes.
//
// A packet that is larger than a window is loaded in parts. In a part that is not the last, records
// may begin only before `state.stop`, which lies a margin before `state.end`, so that nearly all of
// them end in it. One that does not throws `WindowEnd`; `retry` then loads a larger window from where
// the state was marked.
//
//   window      base            stop        end
//               |---- records ----|- margin -|
//   next window                 |---- records ----| ...

import type { TraceClass } from '../model/trace-class.ts';
import { DecodeState, WindowEnd, type TextDecode } from './decode-state.ts';
import { MissingBytes, type Medium } from './medium.ts';
import type { PacketPlace } from './packet-index.ts';
import { chooseDataStreamDecoder, type DataStreamDecoder, type TraceDecoder } from './trace-decoder.ts';

const PACKET_MAGIC = 0xc1fc1fc1;
/** First read of a stream; later ones ask for the size of the packet before, which seldom changes. */
const FIRST_READ_BYTES = 65_536;
/** When only the header is wanted. */
const HEADER_READ_BYTES = 4096;
/** Fits the second-level cache of most machines: larger windows are slower (bench `read`). */
export const DEFAULT_WINDOW_BYTES = 1 << 18;
/** An event record, or a header with its context, is refused if it does not fit. */
const LARGEST_WINDOW_BYTES = 1 << 25;
const LEAST_WINDOW_BYTES = 256;
/** Part of a window in which no record begins. */
const MARGIN_SHARE = 16;

export interface PacketReaderOptions {
  readonly decoder: TraceDecoder;
  readonly medium: Medium;
  readonly streamName: string;
  readonly textDecode?: TextDecode;
  /** Where to begin instead of the first packet. */
  readonly start?: PacketPlace;
  /** Bytes that are held of a larger packet. */
  readonly windowBytes?: number;
  /** Each window has bytes of its own, which stay as they are. */
  readonly keepsWindows?: boolean;
}

export class PacketReader {
  readonly state: DecodeState;
  /** Of the packet that is loaded. */
  decoder: DataStreamDecoder | undefined = undefined;
  /** True after a `next` that loaded a further part of the same packet. */
  isContinuation = false;
  /** Where the packet begins in its medium. */
  packetOffset = 0;
  /** Bytes of the medium that the packet takes, its padding included. */
  packetSizeBytes = 0;
  contentSizeBits = 0;
  isTruncated = false;
  #traceDecoder: TraceDecoder;
  readonly #medium: Medium;
  #uuid: Uint8Array | undefined;
  #alignment: number;
  #nextOffset = 0;
  #readGuess = FIRST_READ_BYTES;
  #windowBytes: number;
  readonly #keepsWindows: boolean;
  /** Byte of the packet that the first byte of the window is. */
  #base = 0;
  /** Where the content that there is ends: bytes of the packet, and bits. */
  #endBytes = 0;
  #endBits = 0;

  constructor(options: PacketReaderOptions) {
    this.#traceDecoder = options.decoder;
    this.#medium = options.medium;
    this.#uuid = uuidBytes(options.decoder.traceClass);
    this.#alignment = windowAlignment(options.decoder);
    const wanted = Math.min(options.windowBytes ?? DEFAULT_WINDOW_BYTES, LARGEST_WINDOW_BYTES);
    this.#windowBytes = Math.max(wanted, LEAST_WINDOW_BYTES, this.#alignment * 2);
    this.#keepsWindows = options.keepsWindows === true;
    this.state = new DecodeState(options.textDecode);
    this.state.streamName = options.streamName;
    this.state.packetIndex = (options.start?.index ?? 0) - 1;
    this.#nextOffset = options.start?.offset ?? 0;
  }

  /** Metadata that grew: the packets from the next one on are read with it. */
  useDecoder(decoder: TraceDecoder): void {
    this.#traceDecoder = decoder;
    this.#uuid = uuidBytes(decoder.traceClass);
    this.#alignment = windowAlignment(decoder);
    this.decoder = undefined;
  }

  /**
   * Loads the next packet, or the next part of a large one (`isContinuation`); false at the end of the
   * medium. After `MissingBytes` it can be called again.
   */
  next(): boolean {
    if (this.state.isPartial) {
      this.#slide();
      this.isContinuation = true;
      return true;
    }
    this.isContinuation = false;
    return this.#nextPacket(this.#readGuess, true);
  }

  /** Loads only header and context of the next packet; its records cannot be read after that. */
  nextHeader(): boolean {
    this.state.isPartial = false;
    return this.#nextPacket(HEADER_READ_BYTES, false);
  }

  /** Leaves out what is left of the packet. */
  skipPacket(): void {
    const { state } = this;
    state.isPartial = false;
    state.position = state.end = state.stop;
    state.bit = state.endBit = state.stopBit;
  }

  /** To be called when the records of a packet, or of a part of it, are done. */
  endPacket(): void {
    const { state } = this;
    if (state.isPartial) return;
    if (this.isTruncated) throw state.error('The last packet is truncated.', state.end);
    // As babeltrace2: a next packet without a begin of its own continues from this one's end.
    if (state.packetEnd !== undefined) state.clock[0] = BigInt.asUintN(64, BigInt(state.packetEnd));
  }

  /**
   * After an error: true if a record reached beyond the window. Then the state is where it was marked
   * and more bytes follow it; decode again from there.
   */
  retry(error: unknown): boolean {
    const { state } = this;
    if (!(error instanceof WindowEnd)) return false;
    if (this.#windowBytes >= LARGEST_WINDOW_BYTES) {
      throw state.error(`An event record is larger than ${LARGEST_WINDOW_BYTES} bytes.`, state.markedPosition);
    }
    state.restore();
    this.#windowBytes *= 2;
    this.#slide();
    return true;
  }

  #nextPacket(readGuess: number, loadsContent: boolean): boolean {
    const { state } = this;
    const offset = this.#nextOffset;
    const remaining = this.#remaining(offset);
    if (remaining <= 0) {
      if (this.#medium.isOpen === true) throw new MissingBytes(this.#medium, offset, 1);
      return false;
    }
    const clock = state.clock[0] ?? 0n;
    const index = state.packetIndex;
    try {
      this.#loadScopes(offset, remaining, readGuess);
      this.#setSizes(remaining, offset, loadsContent);
    } catch (error) {
      if (error instanceof MissingBytes) {
        state.clock[0] = clock;
        state.packetIndex = index;
        state.isPartial = false;
      }
      throw error;
    }
    this.#nextOffset = offset + this.packetSizeBytes;
    return true;
  }

  #remaining(offset: number): number {
    return (this.#medium.endOfPart?.(offset) ?? this.#medium.sizeBytes) - offset;
  }

  /** Loads as much as header and context take, and maybe more. */
  #loadScopes(offset: number, remaining: number, readGuess: number): void {
    const { state } = this;
    const clock = state.clock[0] ?? 0n;
    state.packetIndex++;
    this.packetOffset = state.packetOffset = offset;
    this.#base = 0;
    this.isTruncated = false;
    let available = Math.min(remaining, readGuess, this.#windowBytes);
    this.#load(0, available);
    for (;;) {
      state.clock[0] = clock;
      state.beginPacket();
      state.end = state.stop = available;
      state.endBit = state.stopBit = 0;
      state.isPartial = available < remaining;
      try {
        this.#decodeScopes();
        return;
      } catch (error) {
        if (!(error instanceof WindowEnd)) throw error;
        if (available >= LARGEST_WINDOW_BYTES) {
          state.isPartial = false;
          throw state.error(`The header and context of a packet are larger than ${LARGEST_WINDOW_BYTES} bytes.`, 0);
        }
      }
      available = Math.min(remaining, available * 4, LARGEST_WINDOW_BYTES);
      this.#load(0, available);
    }
  }

  /** Fills the window with `sizeBytes` bytes from byte `base` of the packet on. */
  #load(base: number, sizeBytes: number): void {
    const { state } = this;
    if (this.#keepsWindows) state.renew(sizeBytes);
    else state.reserve(sizeBytes);
    const read = this.#medium.read(this.packetOffset + base, state.bytes.subarray(0, sizeBytes));
    if (read < sizeBytes) throw state.error('The stream ended while it was read.', base + read - this.#base);
  }

  #decodeScopes(): void {
    const { state } = this;
    this.#traceDecoder.decodePacketHeader(state);
    this.#checkHeader();
    const decoder = chooseDataStreamDecoder(this.#traceDecoder, state);
    if (this.decoder !== undefined && decoder !== this.decoder) {
      throw state.error('Packets of one stream belong to different data stream classes.', 0);
    }
    this.decoder = decoder;
    decoder.decodePacketContext(state);
    // Padding of alignment may have stepped over the end without reading.
    if (state.position > state.end || (state.position === state.end && state.bit > 0)) state.fail(0, state.end);
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

  #setSizes(remaining: number, offset: number, loadsContent: boolean): void {
    const { state } = this;
    state.isPartial = false;
    const total = state.packetTotalLength ?? state.packetContentLength;
    const content = state.packetContentLength ?? state.packetTotalLength;
    const totalBits = total === undefined ? remaining * 8 : Number(total);
    const contentBits = content === undefined ? remaining * 8 : Number(content);
    // What such a packet has in place of records is no record, so none is decoded.
    if (totalBits > Number.MAX_SAFE_INTEGER || contentBits > Number.MAX_SAFE_INTEGER)
      throw state.error('A packet claims a size that no packet has.', 0);
    if (totalBits % 8 !== 0) throw state.error('A packet does not take whole bytes.', 0);
    if (contentBits > totalBits) throw state.error('The content of a packet is larger than the packet.', 0);
    if (contentBits < state.position * 8 + state.bit)
      throw state.error('The content of a packet is smaller than its header and context.', 0);
    const totalBytes = totalBits / 8;
    const present = Math.min(totalBytes, remaining);
    if (present <= 0) throw state.error('A packet has no size.', 0);
    this.isTruncated = totalBytes > remaining;
    const endBits = Math.min(contentBits, present * 8);
    this.#endBytes = Math.floor(endBits / 8);
    this.#endBits = endBits % 8;
    this.packetSizeBytes = present;
    this.contentSizeBits = contentBits;
    if (loadsContent) {
      this.#loadWindow(0, state.end);
      this.#readGuess = Math.max(HEADER_READ_BYTES, Math.min(present, this.#windowBytes));
      state.mark();
    }
    state.packetOffset = offset;
  }

  /** Makes the window begin at byte `base` of the packet; its first `loaded` bytes are there. */
  #loadWindow(base: number, loaded: number): void {
    const { state } = this;
    const endBytes = this.#endBytes + (this.#endBits > 0 ? 1 : 0);
    const sizeBytes = Math.min(endBytes - base, Math.max(this.#windowBytes, loaded));
    if (sizeBytes > loaded) this.#load(base, sizeBytes);
    const isLast = base + sizeBytes === endBytes;
    state.isPartial = !isLast;
    state.end = isLast ? this.#endBytes - base : sizeBytes;
    state.endBit = isLast ? this.#endBits : 0;
    state.stop = isLast ? state.end : sizeBytes - Math.floor(this.#windowBytes / MARGIN_SHARE);
    state.stopBit = isLast ? state.endBit : 0;
  }

  /** Moves the window so that it begins just before the state's place. */
  #slide(): void {
    const { state } = this;
    const step = Math.floor(state.position / this.#alignment) * this.#alignment;
    const base = this.#base + step;
    this.#loadWindow(base, 0);
    this.#base = base;
    state.position -= step;
    state.packetOffset = this.packetOffset + base;
    state.mark();
  }
}

/** Steps over the records of what `next` loaded, and counts them. */
export function countPacket(reader: PacketReader): number {
  for (;;) {
    try {
      return reader.decoder!.countPacket(reader.state);
    } catch (error) {
      // The state goes back to where the window began.
      if (!reader.retry(error)) throw error;
    }
  }
}

/** A window begins where alignments are those of the packet. Bytes. */
function windowAlignment(decoder: TraceDecoder): number {
  return Math.max(64, decoder.slots.greatestAlignment / 8);
}

function uuidBytes(traceClass: TraceClass): Uint8Array | undefined {
  const digits = traceClass.uuid?.replaceAll('-', '');
  if (digits === undefined || !/^[0-9a-fA-F]{32}$/.test(digits)) return undefined;
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16));
}
