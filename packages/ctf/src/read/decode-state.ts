// SPDX-License-Identifier: MIT
// What a decoder works on: the bytes of one packet, the place in them, the clock, and what the scopes
// decoded so far say. Generated decoders and their interpreting twin read and write the same object,
// so the two can be compared after every record. One state belongs to one data stream.
//
// A place is a byte `position` and a `bit` (0..7) inside it, not a count of bits: V8 keeps both as
// small integers for packets of up to 1 GiB, where a bit count leaves that range at 128 MiB.

import { CtfError, decodeUtf8 } from '@lockstep/base';
import type { StructureValue } from '../model/event-record.ts';

/** Why a packet cannot be decoded; the index is what generated code names. */
const REASONS = [
  'A field reaches beyond the content of its packet.',
  'A string has no end within the content of its packet.',
  'An array is longer than what is left of its packet.',
  'No option of a variant matches its selector.',
  'Two fields of different byte order share a byte.',
  'An integer of variable length is longer than 128 bytes.',
] as const;
export const FAIL_FIELD = 0;
export const FAIL_STRING = 1;
export const FAIL_ARRAY = 2;
export const FAIL_VARIANT = 3;
export const FAIL_BYTE_ORDER = 4;
export const FAIL_LONG_INTEGER = 5;

/** Elements of no size take no bytes, so only this bounds them; more than any trace was seen to use. */
export const EMPTY_ELEMENT_LIMIT = 65_536;

/** A field reaches beyond what is loaded of its packet; see `PacketReader.retry`. */
export class WindowEnd extends Error {}
/** One for all: making an error costs as much as decoding thousands of fields. */
const WINDOW_END = new WindowEnd('a record reaches beyond its window');

const EMPTY_BYTES = new Uint8Array(0);
const TEXT_CACHE_SIZE = 4096;
const TEXT_CACHE_LONGEST = 40;
/** Shared by all streams: a trace may have thousands, which say the same. */
const TEXTS: string[] = new Array<string>(TEXT_CACHE_SIZE).fill('');

export type TextDecode = (bytes: Uint8Array, begin: number, end: number) => string;

const decodeText: TextDecode = (bytes, begin, end) => decodeUtf8(bytes.subarray(begin, end));

/**
 * Bytes as text. Short ASCII is looked up by a hash of its bytes first: most strings of a trace
 * repeat (thread names, paths), and comparing is several times cheaper than making a string.
 */
export function shortText(bytes: Uint8Array, begin: number, end: number, textDecode: TextDecode): string {
  const length = end - begin;
  if (length === 0) return '';
  if (length > TEXT_CACHE_LONGEST) return textDecode(bytes, begin, end);
  let hash = length;
  let seen = 0;
  for (let i = begin; i < end; i++) {
    const byte = bytes[i] ?? 0;
    seen |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (seen >= 128) return textDecode(bytes, begin, end);
  const slot = (hash ^ (hash >>> 12)) & (TEXT_CACHE_SIZE - 1);
  const known = TEXTS[slot] ?? '';
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === bytes[begin + i]) i++;
    if (i === length) return known;
  }
  const made = textDecode(bytes, begin, end);
  TEXTS[slot] = made;
  return made;
}

export class DecodeState {
  /** The packet from its first byte on; longer than the packet. Replaced when a packet needs more room. */
  bytes: Uint8Array = EMPTY_BYTES;
  view: DataView = new DataView(EMPTY_BYTES.buffer);
  position = 0;
  bit = 0;
  /** What is loaded of the content ends at byte `end`, bit `endBit` (0..7). */
  end = 0;
  endBit = 0;
  /** Records begin before this place: the end, or in a part of a packet that is not its last one less. */
  stop = 0;
  stopBit = 0;
  /** More of the packet follows the bytes that are loaded. */
  isPartial = false;
  /** The default clock as last known. The words alias the value: little-endian hosts only, as all that Node runs on. */
  readonly clock: BigUint64Array = new BigUint64Array(1);
  readonly clockWords: Uint32Array = new Uint32Array(this.clock.buffer);
  /** Byte order of the last field of bits, where the trace class has such fields of both. */
  lastIsLittle = false;
  /** Lengths and selectors that fields in later scopes name, by slot. */
  readonly saved: (number | bigint)[] = [];

  // What fields with roles said; undefined = the packet has no such field.
  packetMagic: number | bigint | undefined = undefined;
  metadataUuidAt = -1;
  dataStreamClassId: number | bigint | undefined = undefined;
  dataStreamId: number | bigint | undefined = undefined;
  packetTotalLength: number | bigint | undefined = undefined;
  packetContentLength: number | bigint | undefined = undefined;
  packetBegin: bigint | undefined = undefined;
  packetEnd: number | bigint | undefined = undefined;
  packetSequenceNumber: number | bigint | undefined = undefined;
  discardedCounter: number | bigint | undefined = undefined;
  eventRecordClassId: number | bigint | undefined = undefined;

  // Values of the scopes, written by decoders that make values.
  packetHeader: StructureValue | undefined = undefined;
  packetContext: StructureValue | undefined = undefined;
  eventRecordHeader: StructureValue | undefined = undefined;
  commonContext: StructureValue | undefined = undefined;
  specificContext: StructureValue | undefined = undefined;
  payload: StructureValue | undefined = undefined;

  // For error messages.
  streamName = '';
  packetIndex = 0;
  packetOffset = 0;

  markedPosition = 0;
  #markedBit = 0;
  #markedLow = 0;
  #markedHigh = 0;
  #markedIsLittle = false;
  readonly textDecode: TextDecode;

  constructor(textDecode: TextDecode = decodeText) {
    this.textDecode = textDecode;
  }

  /** New bytes for a window: what was decoded from the old ones may still read them. */
  renew(sizeBytes: number): void {
    this.bytes = new Uint8Array(Math.ceil((sizeBytes + 8) / 4096) * 4096);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for a packet of `sizeBytes`, keeping what is there. 8 bytes more, so that wide loads stay inside. */
  reserve(sizeBytes: number): void {
    if (this.bytes.length >= sizeBytes + 8) return;
    const grown = new Uint8Array(Math.ceil((sizeBytes + 8) / 4096) * 4096);
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  beginPacket(): void {
    this.position = 0;
    this.bit = 0;
    this.packetMagic = undefined;
    this.metadataUuidAt = -1;
    this.dataStreamClassId = undefined;
    this.dataStreamId = undefined;
    this.packetTotalLength = undefined;
    this.packetContentLength = undefined;
    this.packetBegin = undefined;
    this.packetEnd = undefined;
    this.packetSequenceNumber = undefined;
    this.discardedCounter = undefined;
    this.packetHeader = undefined;
    this.packetContext = undefined;
  }

  isAtEnd(): boolean {
    return this.position > this.stop || (this.position === this.stop && this.bit >= this.stopBit);
  }

  /** Remembers place and clock, for `restore`. */
  mark(): void {
    this.markedPosition = this.position;
    this.#markedBit = this.bit;
    this.#markedLow = this.clockWords[0] ?? 0;
    this.#markedHigh = this.clockWords[1] ?? 0;
    this.#markedIsLittle = this.lastIsLittle;
  }

  restore(): void {
    this.position = this.markedPosition;
    this.bit = this.#markedBit;
    this.clockWords[0] = this.#markedLow;
    this.clockWords[1] = this.#markedHigh;
    this.lastIsLittle = this.#markedIsLittle;
  }

  fail(reason: number, position: number): never {
    if (this.isPartial && reason <= FAIL_ARRAY) throw WINDOW_END;
    throw this.error(REASONS[reason] ?? 'A field cannot be decoded.', position);
  }

  error(sentence: string, position: number = this.position): CtfError {
    return new CtfError(sentence, {
      stream: this.streamName,
      packet: this.packetIndex,
      offset: this.packetOffset + position,
    });
  }

  unknownClass(id: number | bigint | undefined, position: number): CtfError {
    const sentence =
      id === undefined
        ? 'An event record has no class id, and there is not exactly one class.'
        : `No event record class has the id ${id}.`;
    return this.error(sentence, position);
  }

  stuck(): CtfError {
    return this.error('An event record takes no bits, so that the packet would never end.');
  }

  text(begin: number, end: number): string {
    return shortText(this.bytes, begin, end, this.textDecode);
  }

  /** Bytes up to a NUL, at most to `end`. */
  textUntilNul(begin: number, end: number): string {
    return this.text(begin, this.endOfText(begin, end));
  }

  /** Where text of a known room ends: at its first NUL, or at `end`. */
  endOfText(begin: number, end: number): number {
    for (let at = begin; at < end; at++) if (this.bytes[at] === 0) return at;
    return end;
  }

  /** Extends the clock by a reading of `lengthBits` (at most 32): the nearest value not before the last. */
  extendClock(value: number, lengthBits: number): void {
    const words = this.clockWords;
    const low = words[0] ?? 0;
    if (lengthBits === 32) {
      if (value < low) words[1] = (words[1] ?? 0) + 1;
      words[0] = value;
      return;
    }
    const span = 2 ** lengthBits;
    const part = low % span;
    const next = low - part + value + (value < part ? span : 0);
    if (next >= 2 ** 32) words[1] = (words[1] ?? 0) + 1;
    words[0] = next;
  }

  /** The same for readings of more than 32 bits. */
  extendClockWide(value: bigint | number, lengthBits: number): void {
    const reading = BigInt(value);
    if (lengthBits >= 64) {
      this.clock[0] = reading;
      return;
    }
    const span = 1n << BigInt(lengthBits);
    const known = this.clock[0] ?? 0n;
    const part = known & (span - 1n);
    this.clock[0] = known - part + reading + (reading < part ? span : 0n);
  }
}
