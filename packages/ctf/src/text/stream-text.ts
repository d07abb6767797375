// SPDX-License-Identifier: MIT
// One data stream as text: packets in, one printed record after another out, for a merge that asks
// for the time of the next record before it is printed. Times are two numbers, seconds and
// nanoseconds, so that no bigint is made for a record.

import type { Nanoseconds } from '@lockstep/base';
import type { DataStream, DiscardedItems } from '../model/event-record.ts';
import type { EventRecordClass } from '../model/trace-class.ts';
import { ClockReader, floorDivide } from '../read/clock-words.ts';
import { compileScopes, type CompiledScopes } from '../read/compile.ts';
import type { DecodeState } from '../read/decode-state.ts';
import { commonContextScope, eventRecordHeaderScope, eventRecordScopes, type Scope } from '../read/field-layout.ts';
import type { ScopesDecoder } from '../read/interpret.ts';
import { LossFinder } from '../read/loss-finder.ts';
import { PacketReader, type PacketReaderOptions } from '../read/packet-reader.ts';
import { checkStep, traceDecoderOf, type TraceDecoder } from '../read/trace-decoder.ts';
import { makeScopeFormatter, isShown, type ScopeFormatter } from './format-fields.ts';
import { PRINTED_SCOPES, recordHead, type HeadOptions } from './record-head.ts';
import { compileRecordPrinter, type RecordPrinter } from './record-text.ts';
import { textConstant, type TextBuffer, type TextConstant } from './text-buffer.ts';

const SECOND_NS = 1_000_000_000n;
/** While no time is known: in 1901. */
const BEFORE_ALL_SECONDS = -(2 ** 31);
const EMPTY = textConstant('');

export interface StreamTextOptions extends Omit<PacketReaderOptions, 'decoder' | 'streamName'> {
  readonly dataStream: DataStream;
  readonly begin?: Nanoseconds;
  readonly end?: Nanoseconds;
}

export interface LayoutOptions extends HeadOptions {
  /** Text between a printed time and the head. */
  readonly afterTime: string;
}

/** The printers of a trace's classes; shared by its streams. */
export class TraceLayouts {
  readonly #options: LayoutOptions;
  readonly #printers = new Map<EventRecordClass, RecordPrinter>();
  readonly #steps = new Map<EventRecordClass, ScopesDecoder>();

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  printer(stream: StreamText, erc: EventRecordClass): RecordPrinter {
    let printer = this.#printers.get(erc);
    if (printer === undefined) this.#printers.set(erc, (printer = this.#make(stream, erc)));
    return printer;
  }

  /** Steps over a record that is not printed. */
  step(stream: StreamText, erc: EventRecordClass): ScopesDecoder {
    let step = this.#steps.get(erc);
    if (step === undefined) {
      const scopes = recordScopes(stream, erc);
      const { slots } = stream.decoder;
      step = compileScopes(scopes, {
        slots,
        wantsValues: false,
        exportsSlots: false,
        place: stream.header.place,
      }).decode;
      this.#steps.set(erc, step);
    }
    return step;
  }

  /** Of a packet's context; undefined when it shows nothing. */
  contextFormatter(stream: DataStream): ScopeFormatter | undefined {
    const { names, colors } = this.#options;
    const [eventRecordClass] = stream.dataStreamClass.eventRecordClasses.values();
    if (eventRecordClass === undefined) return undefined;
    return makeScopeFormatter(
      {
        traceClass: stream.trace.traceClass,
        dataStreamClass: stream.dataStreamClass,
        eventRecordClass,
        scope: 'packet-context',
        withNames: names.has('context'),
        colors,
      },
      true,
    );
  }

  #make(stream: StreamText, erc: EventRecordClass): RecordPrinter {
    const { names, colors, afterTime } = this.#options;
    const { dataStream, hasContext } = stream;
    let shownCount = 0;
    let head = recordHead(dataStream.trace, erc, stream.hasClock, this.#options);
    if (stream.hasClock) head = afterTime + head;
    const scopes = recordScopes(stream, erc);
    const printed = PRINTED_SCOPES.flatMap(({ scope, label, names: kind }) => {
      const labelText = names.has('scope') ? `${colors.name}${label}${colors.reset} = ` : '';
      if (scope === 'packet-context') {
        if (!hasContext) return [];
        shownCount++;
        head += labelText;
        return [];
      }
      const found = scopes.find((candidate) => candidate.name === scope);
      if (found === undefined) return [];
      const comma = shownCount === 0 ? '' : ', ';
      const isPrinted = isShown(found.fieldClass, scope);
      if (isPrinted) shownCount++;
      return [{ scope: found, lead: isPrinted ? comma + labelText : undefined, withNames: names.has(kind) }];
    });
    const { slots } = stream.decoder;
    return compileRecordPrinter({ slots, place: stream.header.place, scopes: printed, head, hasContext, colors });
  }
}

function recordScopes(stream: StreamText, erc: EventRecordClass): Scope[] {
  const dsc = stream.dataStream.dataStreamClass;
  return [...commonContextScope(dsc), ...eventRecordScopes(dsc, erc)];
}

export type HeadKind = 'record' | 'loss' | 'end';

export class StreamText {
  readonly dataStream: DataStream;
  readonly decoder: TraceDecoder;
  readonly header: CompiledScopes;
  readonly hasClock: boolean;
  readonly hasContext: boolean;
  /** What comes next, and its time. Both are small integers, of which V8 makes no objects. */
  kind: HeadKind = 'end';
  seconds: number = BEFORE_ALL_SECONDS;
  nanoseconds = 0;
  /** Place among streams, for equal times. */
  rank = 0;
  /** When `kind` is `loss`. */
  loss: DiscardedItems | undefined;
  readonly state: DecodeState;
  readonly #packets: PacketReader;
  readonly #layouts: TraceLayouts;
  readonly #printers: (RecordPrinter | undefined)[] = [];
  readonly #losses = new LossFinder();
  #pending: DiscardedItems[] = [];
  #isInPacket = false;
  #context: TextConstant = EMPTY;
  readonly #formatContext: ScopeFormatter | undefined;
  readonly #time: ClockReader | undefined;
  readonly #begin: Nanoseconds | undefined;
  readonly #end: Nanoseconds | undefined;
  #recordAt = 0;
  #recordBit = 0;

  constructor(options: StreamTextOptions, layouts: TraceLayouts) {
    const { dataStream, begin, end, ...packetOptions } = options;
    this.dataStream = dataStream;
    this.#layouts = layouts;
    this.decoder = traceDecoderOf(dataStream.trace.traceClass, 'generated');
    this.#packets = new PacketReader({
      ...packetOptions,
      decoder: this.decoder,
      streamName: dataStream.path ?? dataStream.name,
    });
    this.state = this.#packets.state;
    const dsc = dataStream.dataStreamClass;
    this.header = compileScopes(eventRecordHeaderScope(dsc), {
      slots: this.decoder.slots,
      wantsValues: false,
      exportsSlots: true,
    });
    this.hasClock = dsc.defaultClock !== undefined;
    this.#time = dsc.defaultClock === undefined ? undefined : new ClockReader(dsc.defaultClock);
    this.#formatContext = layouts.contextFormatter(dataStream);
    this.hasContext = this.#formatContext !== undefined;
    this.#begin = begin;
    this.#end = end;
  }

  /** Prints the record that comes next, its time aside. */
  print(buffer: TextBuffer): void {
    const { state } = this;
    for (;;) {
      try {
        this.#print(buffer);
        return;
      } catch (error) {
        if (!this.#packets.retry(error)) throw error;
        this.#recordAt = state.position;
        this.#recordBit = state.bit;
        state.eventRecordClassId = undefined;
        this.header.decode(state);
      }
    }
  }

  #print(buffer: TextBuffer): void {
    const { state } = this;
    const id = state.eventRecordClassId;
    const printer = (typeof id === 'number' ? this.#printers[id] : undefined) ?? this.#findPrinter(id);
    printer(state, buffer, this.#context);
    checkStep(state, this.#recordAt, this.#recordBit);
  }

  #findPrinter(id: number | bigint | undefined): RecordPrinter {
    const printer = this.#layouts.printer(this, this.#classOf(id));
    if (typeof id === 'number' && id < 65_536) this.#printers[id] = printer;
    return printer;
  }

  #classOf(id: number | bigint | undefined): EventRecordClass {
    const { eventRecordClasses } = this.dataStream.dataStreamClass;
    const found =
      id !== undefined
        ? eventRecordClasses.get(BigInt(id))
        : eventRecordClasses.size === 1
          ? [...eventRecordClasses.values()][0]
          : undefined;
    if (found === undefined) throw this.state.unknownClass(id, this.#recordAt);
    return found;
  }

  /** Full-width reading of the clock of the record that comes next. */
  get cycles(): bigint {
    return this.state.clock[0] ?? 0n;
  }

  /** Goes to what comes next. */
  advance(): void {
    for (;;) {
      try {
        this.#advance();
        return;
      } catch (error) {
        if (!this.#packets.retry(error)) throw error;
      }
    }
  }

  #advance(): void {
    const { state } = this;
    for (;;) {
      if (this.#pending.length > 0 && this.#takeLoss()) return;
      if (this.#isInPacket) {
        if (state.position < state.stop || (state.position === state.stop && state.bit < state.stopBit)) {
          state.mark();
          this.#recordAt = state.position;
          this.#recordBit = state.bit;
          state.eventRecordClassId = undefined;
          this.header.decode(state);
          const time = this.#time;
          if (time !== undefined) {
            time.read(state);
            this.seconds = time.seconds;
            this.nanoseconds = time.nanoseconds;
            if (this.#begin !== undefined && this.#isEarly(this.#begin)) {
              this.#layouts.step(this, this.#classOf(state.eventRecordClassId))(state);
              checkStep(state, this.#recordAt, this.#recordBit);
              continue;
            }
            if (this.#end !== undefined && this.#ns > this.#end) break;
          }
          this.kind = 'record';
          return;
        }
        if (!state.isPartial) {
          this.#isInPacket = false;
          this.#packets.endPacket();
        }
      }
      if (!this.#packets.next()) break;
      if (!this.#packets.isContinuation) this.#beginPacket();
    }
    this.kind = 'end';
  }

  get #ns(): bigint {
    return BigInt(this.seconds) * SECOND_NS + BigInt(this.nanoseconds);
  }

  #isEarly(begin: Nanoseconds): boolean {
    return this.#ns < begin;
  }

  /** False when the loss lies outside of what is wanted. */
  #takeLoss(): boolean {
    const loss = this.#pending.shift()!;
    const { beginNs, endNs } = loss;
    if (beginNs !== undefined) {
      if (this.#end !== undefined && beginNs > this.#end) return false;
      if (this.#begin !== undefined && (endNs ?? beginNs) < this.#begin) return false;
      this.seconds = Number(floorDivide(beginNs));
      this.nanoseconds = Number(beginNs - floorDivide(beginNs) * SECOND_NS);
    }
    this.loss = loss;
    this.kind = 'loss';
    return true;
  }

  #beginPacket(): void {
    const { state } = this;
    this.#isInPacket = true;
    const toTime = this.#time?.toTime;
    for (const { type, count, begin, end } of this.#losses.next(state)) {
      const hasRange = toTime !== undefined && begin !== undefined && end !== undefined;
      this.#pending.push({
        type,
        dataStream: this.dataStream,
        count,
        beginNs: hasRange ? toTime(begin) : undefined,
        endNs: hasRange ? toTime(end) : undefined,
      });
    }
    if (
      this.#begin !== undefined &&
      toTime !== undefined &&
      state.packetEnd !== undefined &&
      toTime(BigInt(state.packetEnd)) < this.#begin
    ) {
      this.#packets.skipPacket();
      return;
    }
    if (this.#formatContext === undefined) return;
    const text = this.#formatContext({
      packet: { header: state.packetHeader, context: state.packetContext },
    } as Parameters<ScopeFormatter>[0]);
    this.#context = textConstant(text);
  }
}
