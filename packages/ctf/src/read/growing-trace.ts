// SPDX-License-Identifier: MIT
// Traces whose packets come one after another, and whose metadata may grow: a live session, a
// directory that is being written, a file that is fetched in parts. Sources of packets in, items of
// single streams out; `mergeGrowing` puts them in order.

import { CtfError, type Nanoseconds } from '@lockstep/base';
import type { DataStream, Trace } from '../model/event-record.ts';
import type { DataStreamClass, TraceClass } from '../model/trace-class.ts';
import { cyclesToTime } from './clock-time.ts';
import { createDataStreamReader, type DataStreamReader, type StreamItem } from './data-stream-reader.ts';
import type { TextDecode } from './decode-state.ts';
import { timeOf } from './merge.ts';
import { packetExtent } from './packet-extent.ts';
import { PacketFeed } from './packet-feed.ts';

/** What a source of packets has. */
export type Pulled =
  | { readonly type: 'packet'; readonly bytes: Uint8Array }
  /** Nothing now, and nothing before this reading of the clock will come. */
  | { readonly type: 'quiet'; readonly cycles: bigint }
  /** Nothing now, and nothing is known. */
  | { readonly type: 'nothing' }
  | { readonly type: 'end' };

export interface PacketSource {
  pull(): Promise<Pulled>;
}

export class GrowingTrace implements Trace {
  readonly name: string;
  readonly dataStreams: GrowingDataStream[] = [];
  #traceClass: TraceClass | undefined;

  constructor(name: string, traceClass?: TraceClass) {
    this.name = name;
    this.#traceClass = traceClass;
  }

  get hasTraceClass(): boolean {
    return this.#traceClass !== undefined;
  }

  get traceClass(): TraceClass {
    if (this.#traceClass === undefined) throw new CtfError('The trace has no metadata yet.', { trace: this.name });
    return this.#traceClass;
  }

  /** Newer metadata, which has everything that the older had. */
  setTraceClass(traceClass: TraceClass): void {
    this.#traceClass = traceClass;
    for (const stream of this.dataStreams) stream.useTraceClass();
  }
}

export interface GrowingDataStreamOptions {
  readonly trace: GrowingTrace;
  readonly name: string;
  readonly path?: string;
  readonly source: PacketSource;
  readonly textDecode?: TextDecode;
}

export class GrowingDataStream implements DataStream {
  readonly name: string;
  readonly path?: string;
  readonly trace: GrowingTrace;
  id: bigint | undefined;
  /** The item that comes next, once it is known. */
  head: StreamItem | undefined;
  headNs: bigint = BEFORE_ALL;
  isOver = false;
  /** Nothing earlier than this will come. */
  quietNs: bigint = BEFORE_ALL;
  readonly #source: PacketSource;
  readonly #feed = new PacketFeed();
  readonly #textDecode: TextDecode | undefined;
  #reader: DataStreamReader | undefined;
  #classId: bigint | undefined;

  constructor(options: GrowingDataStreamOptions) {
    this.name = options.name;
    if (options.path !== undefined) this.path = options.path;
    this.trace = options.trace;
    this.#source = options.source;
    this.#textDecode = options.textDecode;
    options.trace.dataStreams.push(this);
  }

  get dataStreamClass(): DataStreamClass {
    const { dataStreamClasses } = this.trace.traceClass;
    const known =
      this.#classId === undefined ? [...dataStreamClasses.values()][0] : dataStreamClasses.get(this.#classId);
    if (known === undefined) throw new CtfError('A data stream has no class in the metadata.', { stream: this.name });
    return known;
  }

  useTraceClass(): void {
    this.#reader?.useTraceClass(this.trace.traceClass);
  }

  /** Gets the next head without waiting longer than its source does; false when nothing came. */
  async fill(): Promise<boolean> {
    for (;;) {
      if (this.#takeHead()) return true;
      if (this.isOver) return false;
      const pulled = await this.#source.pull();
      switch (pulled.type) {
        case 'packet':
          this.#append(pulled.bytes);
          break;
        case 'quiet':
          this.quietNs = this.#toNs(pulled.cycles);
          return false;
        case 'nothing':
          return false;
        case 'end':
          this.isOver = true;
          return false;
      }
    }
  }

  /** Moves to the next item if its packet is there; false = a packet is needed. */
  #takeHead(): boolean {
    this.head = this.#reader?.next();
    if (this.head === undefined) return false;
    this.headNs = timeOf(this.head) ?? this.headNs;
    return true;
  }

  #append(bytes: Uint8Array): void {
    this.#feed.append(bytes);
    if (this.#reader !== undefined) return;
    const extent = packetExtent(bytes, bytes.length, this.trace.traceClass, this.path ?? this.name);
    this.#classId = extent?.dataStreamClassId;
    this.id = extent?.dataStreamId;
    this.#reader = createDataStreamReader({
      dataStream: this,
      medium: this.#feed,
      ...(this.#textDecode === undefined ? {} : { textDecode: this.#textDecode }),
    });
  }

  #toNs(cycles: bigint): Nanoseconds | bigint {
    if (!this.trace.hasTraceClass) return BEFORE_ALL;
    const clock = this.dataStreamClass.defaultClock;
    return clock === undefined ? BEFORE_ALL : cyclesToTime(clock)(cycles);
  }
}

export const BEFORE_ALL = -(2n ** 63n);
