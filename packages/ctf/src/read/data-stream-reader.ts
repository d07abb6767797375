// SPDX-License-Identifier: MIT
// One data stream: packets in, event records and discarded items out, in the order of the stream. What
// was decoded before a damaged place is delivered before the `CtfError` that tells of it.

import type { Nanoseconds } from '@lockstep/base';
import type { Boundary, DataStream, DiscardedItems, EventRecord, PacketScopes } from '../model/event-record.ts';
import type { TraceClass } from '../model/trace-class.ts';
import type { CyclesToTime } from './clock-time.ts';
import { ClockReader } from './clock-words.ts';
import { LossFinder, type Loss } from './loss-finder.ts';
import type { Medium } from './medium.ts';
import type { PacketPlace } from './packet-index.ts';
import { PacketReader } from './packet-reader.ts';
import { quirksOf, type Quirks } from './quirks.ts';
import type { TextDecode } from './decode-state.ts';
import { type ValueMode } from './generated-code.ts';
import { LazyRecord } from './lazy-record.ts';
import { checkStep, traceDecoderOf, type DataStreamDecoder, type DecoderKind } from './trace-decoder.ts';

export type StreamItem = EventRecord | DiscardedItems;
/** What a reader hands out that was asked for boundaries, too. */
export type TraceMessage = StreamItem | Boundary;

export function isEventRecord(item: TraceMessage): item is EventRecord {
  return !('type' in item);
}

export interface DataStreamReaderOptions {
  readonly dataStream: DataStream;
  readonly medium: Medium;
  /** Records of packets that end before are not decoded. */
  readonly begin?: Nanoseconds;
  readonly decoder?: DecoderKind;
  /** Faster than the default where the host has one. */
  readonly textDecode?: TextDecode;
  /** Where to begin instead of the first packet. */
  readonly start?: PacketPlace;
  /** Also hands out where the stream and its packets begin and end. */
  readonly boundaries?: boolean;
  readonly windowBytes?: number;
  /** Event records are `LazyEventRecord`s. */
  readonly lazy?: boolean;
  /** Integer fields of more than 53 bits: as they are, or as numbers that are rounded beyond 2^53. */
  readonly wideIntegers?: 'bigint' | 'number';
}

/** A reader of one data stream over a medium; many of them go into `mergeEventRecords`. */
export function createDataStreamReader(
  options: DataStreamReaderOptions & { readonly boundaries: true },
): DataStreamReader<TraceMessage>;
export function createDataStreamReader(options: DataStreamReaderOptions): DataStreamReader;
export function createDataStreamReader(options: DataStreamReaderOptions): DataStreamReader<TraceMessage> {
  return new DataStreamReader<TraceMessage>(options);
}

export class DataStreamReader<Item extends TraceMessage = StreamItem> {
  readonly dataStream: DataStream;
  readonly #packets: PacketReader;
  readonly #begin: Nanoseconds | undefined;
  #decoder: DataStreamDecoder | undefined;
  #scopes: PacketScopes = { header: undefined, context: undefined };
  #pending: (DiscardedItems | Boundary)[] = [];
  readonly #losses = new LossFinder();
  readonly #kind: DecoderKind;
  readonly #quirks: Quirks;
  /** Of the last record, or the packet's begin. */
  #lastReading = 0n;
  #isInPacket = false;
  #isFirst = true;
  #isEnded = false;
  readonly #hasBoundaries: boolean;
  readonly #values: ValueMode;
  /** Of lazy records. */
  #clock: ClockReader | undefined;

  constructor(options: DataStreamReaderOptions) {
    this.dataStream = options.dataStream;
    const { dataStream, medium, textDecode, start, windowBytes } = options;
    this.#kind = options.decoder ?? 'generated';
    this.#values = { isLazy: options.lazy === true, hasWideNumbers: options.wideIntegers === 'number' };
    this.#packets = new PacketReader({
      decoder: traceDecoderOf(dataStream.trace.traceClass, this.#kind, this.#values),
      keepsWindows: this.#values.isLazy,
      medium,
      streamName: dataStream.path ?? dataStream.name,
      ...(textDecode === undefined ? {} : { textDecode }),
      ...(start === undefined ? {} : { start }),
      ...(windowBytes === undefined ? {} : { windowBytes }),
    });
    this.#begin = options.begin;
    this.#quirks = quirksOf(dataStream.trace.traceClass);
    this.#hasBoundaries = options.boundaries ?? false;
  }

  /** Whether its event records are `LazyEventRecord`s. */
  get isLazy(): boolean {
    return this.#values.isLazy;
  }

  /** Metadata that grew, from the next packet on. */
  useTraceClass(traceClass: TraceClass): void {
    this.#packets.useDecoder(traceDecoderOf(traceClass, this.#kind, this.#values));
  }

  /** The next item; undefined at the end of the stream, or until its medium has more. After `MissingBytes` it can be called again. */
  next(): Item | undefined {
    // Boundaries are made only where the options ask for them, which is what `Item` says.
    return this.#next() as Item | undefined;
  }

  #next(): TraceMessage | undefined {
    const { state } = this.#packets;
    for (;;) {
      const pending = this.#pending.shift();
      if (pending !== undefined) return pending;
      if (this.#isInPacket) {
        if (!state.isAtEnd()) return this.#record();
        if (!state.isPartial) {
          this.#isInPacket = false;
          this.#lastReading = state.clock[0] ?? 0n;
          this.#packets.endPacket();
          if (this.#hasBoundaries) return this.#boundary('packet-end');
        }
      }
      if (!this.#packets.next()) {
        if (!this.#hasBoundaries || this.#isEnded) return undefined;
        this.#isEnded = true;
        return this.#boundary('stream-end');
      }
      if (!this.#packets.isContinuation) this.#beginPacket();
    }
  }

  #beginPacket(): void {
    const { state, decoder } = this.#packets;
    this.#decoder = decoder;
    this.#isInPacket = true;
    this.#scopes = { header: state.packetHeader, context: state.packetContext };
    this.#queueLosses(this.#losses.next(state));
    const toTime = decoder?.toTime;
    if (this.#begin !== undefined && toTime !== undefined && this.#endsBefore(toTime, this.#begin)) {
      this.#packets.skipPacket();
    }
    if (!this.#hasBoundaries) return;
    if (this.#isFirst) this.#pending.unshift(this.#boundary('stream-beginning'));
    this.#isFirst = false;
    this.#pending.push(this.#boundary('packet-beginning'));
  }

  /** Whether the packet surely has no record at or after a time. */
  #endsBefore(toTime: CyclesToTime, time: Nanoseconds): boolean {
    const { packetBegin, packetEnd } = this.#packets.state;
    if (packetEnd === undefined || this.#quirks.hasRecordsAfterPacket) return false;
    const end = BigInt.asUintN(64, BigInt(packetEnd));
    return (packetBegin === undefined || end >= packetBegin) && toTime(end) < time;
  }

  /** When the packet begins or ends, mended where its tracer was wrong. */
  #readingOf(type: Boundary['type']): bigint | undefined {
    const { state } = this.#packets;
    if (type === 'packet-beginning') {
      if (!this.#quirks.hasRecordsBeforePacket || state.packetBegin === undefined || state.isAtEnd())
        return state.packetBegin;
      state.mark();
      this.#decoder!.decodeHeader(state);
      const first = state.clock[0] ?? 0n;
      state.restore();
      return first < state.packetBegin ? first : state.packetBegin;
    }
    if (type !== 'packet-end' || state.packetEnd === undefined) return undefined;
    const end = BigInt.asUintN(64, BigInt(state.packetEnd));
    return end < this.#lastReading ? this.#lastReading : end;
  }

  #boundary(type: Boundary['type']): Boundary {
    const { state } = this.#packets;
    const ofPacket = type === 'packet-beginning' || type === 'packet-end';
    const toTime = this.#decoder?.toTime;
    const clockSnapshot = toTime === undefined ? undefined : this.#readingOf(type);
    return {
      type,
      dataStream: this.dataStream,
      packet: ofPacket ? this.#scopes : undefined,
      packetIndex: type === 'stream-end' ? state.packetIndex + 1 : type === 'stream-beginning' ? 0 : state.packetIndex,
      offsetBytes: this.#packets.packetOffset,
      sizeBytes: this.#packets.packetSizeBytes,
      contentSizeBits: this.#packets.contentSizeBits,
      clockSnapshot,
      timeNs: clockSnapshot === undefined ? undefined : toTime!(clockSnapshot),
    };
  }

  #queueLosses(losses: readonly Loss[]): void {
    const toTime = this.#decoder?.toTime;
    for (const { type, count, begin, end } of losses) {
      const hasRange = toTime !== undefined && begin !== undefined && end !== undefined;
      this.#pending.push({
        type,
        dataStream: this.dataStream,
        count,
        beginNs: hasRange ? toTime(begin) : undefined,
        endNs: hasRange ? toTime(end) : undefined,
      });
    }
  }

  #record(): EventRecord {
    this.#packets.state.mark();
    for (;;) {
      try {
        return this.#decodeRecord();
      } catch (error) {
        if (!this.#packets.retry(error)) throw error;
      }
    }
  }

  #decodeRecord(): EventRecord {
    const { state } = this.#packets;
    const decoder = this.#decoder!;
    const { position, bit } = state;
    state.eventRecordClassId = undefined;
    decoder.decodeHeader(state);
    const header = state.eventRecordHeader;
    if (this.#values.isLazy) return this.#decodeLazyRecord(position, bit);
    const cycles = decoder.toTime === undefined ? undefined : state.clock[0];
    const record = decoder.recordDecoder(state, position);
    state.commonContext = undefined;
    state.specificContext = undefined;
    state.payload = undefined;
    record.decode(state);
    checkStep(state, position, bit);
    return {
      eventRecordClass: record.eventRecordClass,
      dataStream: this.dataStream,
      packet: this.#scopes,
      clockSnapshot: cycles,
      timeNs: cycles === undefined ? undefined : decoder.toTime!(cycles),
      header,
      commonContext: state.commonContext,
      specificContext: state.specificContext,
      payload: state.payload,
    };
  }

  /** What follows the header, of which the clock is known. */
  #decodeLazyRecord(position: number, bit: number): EventRecord {
    const { state } = this.#packets;
    const decoder = this.#decoder!;
    const { defaultClock } = decoder.dataStreamClass;
    const clock = defaultClock === undefined ? undefined : (this.#clock ??= new ClockReader(defaultClock));
    clock?.read(state);
    const [low, high] = [state.clockWords[0]!, state.clockWords[1]!];
    const header = state.eventRecordHeader;
    const { eventRecordClass, decode } = decoder.recordDecoder(state, position);
    state.commonContext = undefined;
    state.specificContext = undefined;
    state.payload = undefined;
    decode(state);
    checkStep(state, position, bit);
    return new LazyRecord(this.dataStream, this.#scopes, eventRecordClass, state, header, clock, high, low);
  }
}
