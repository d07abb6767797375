// SPDX-License-Identifier: MIT
// One data stream: packets in, event records and discarded items out, in the order of the stream. What
// was decoded before a damaged place is delivered before the `CtfError` that tells of it.

import type { Nanoseconds } from '@lockstep/base';
import type { DataStream, DiscardedItems, EventRecord, PacketScopes } from '../model/event-record.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { LossFinder, type Loss } from './loss-finder.ts';
import type { Medium } from './medium.ts';
import type { PacketPlace } from './packet-index.ts';
import { PacketReader } from './packet-reader.ts';
import type { TextDecode } from './decode-state.ts';
import { checkStep, traceDecoderOf, type DataStreamDecoder, type DecoderKind } from './trace-decoder.ts';

export type StreamItem = EventRecord | DiscardedItems;

export function isEventRecord(item: StreamItem): item is EventRecord {
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
}

/** A reader of one data stream over a medium; many of them go into `mergeEventRecords`. */
export function createDataStreamReader(options: DataStreamReaderOptions): DataStreamReader {
  return new DataStreamReader(options);
}

export class DataStreamReader {
  readonly dataStream: DataStream;
  readonly #packets: PacketReader;
  readonly #begin: Nanoseconds | undefined;
  #decoder: DataStreamDecoder | undefined;
  #scopes: PacketScopes = { header: undefined, context: undefined };
  #pending: DiscardedItems[] = [];
  readonly #losses = new LossFinder();
  readonly #kind: DecoderKind;
  #isInPacket = false;

  constructor(options: DataStreamReaderOptions) {
    this.dataStream = options.dataStream;
    const { dataStream, medium, textDecode, start } = options;
    this.#kind = options.decoder ?? 'generated';
    this.#packets = new PacketReader({
      decoder: traceDecoderOf(dataStream.trace.traceClass, this.#kind),
      medium,
      streamName: dataStream.path ?? dataStream.name,
      ...(textDecode === undefined ? {} : { textDecode }),
      ...(start === undefined ? {} : { start }),
    });
    this.#begin = options.begin;
  }

  /** Metadata that grew, from the next packet on. */
  useTraceClass(traceClass: TraceClass): void {
    this.#packets.useDecoder(traceDecoderOf(traceClass, this.#kind));
  }

  /** The next item; undefined at the end of the stream, or until its medium has more. */
  next(): StreamItem | undefined {
    const { state } = this.#packets;
    for (;;) {
      const pending = this.#pending.shift();
      if (pending !== undefined) return pending;
      if (this.#isInPacket) {
        if (!state.isAtEnd()) return this.#record();
        this.#isInPacket = false;
        this.#packets.endPacket();
      }
      if (!this.#packets.next()) return undefined;
      this.#beginPacket();
    }
  }

  #beginPacket(): void {
    const { state, decoder } = this.#packets;
    this.#decoder = decoder;
    this.#isInPacket = true;
    this.#scopes = { header: state.packetHeader, context: state.packetContext };
    this.#queueLosses(this.#losses.next(state));
    const toTime = decoder?.toTime;
    if (
      this.#begin !== undefined &&
      toTime !== undefined &&
      state.packetEnd !== undefined &&
      toTime(BigInt(state.packetEnd)) < this.#begin
    ) {
      state.position = state.end;
      state.bit = state.endBit;
    }
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
    const { state } = this.#packets;
    const decoder = this.#decoder!;
    const { position, bit } = state;
    state.eventRecordClassId = undefined;
    decoder.decodeHeader(state);
    const header = state.eventRecordHeader;
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
}
