// SPDX-License-Identifier: MIT
// Prints event records as babeltrace2's `sink.text.pretty` does, byte for byte (differences:
// docs/text-output.md). Input: the items of a merge. Output: text handed to `write` in large pieces;
// losses as warnings to `writeWarning`, which is standard error where babeltrace2 prints.

import type { Nanoseconds } from '@lockstep/base';
import type { EventRecord, Trace } from '../model/event-record.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { canGenerateCode } from '../read/compile.ts';
import { isEventRecord, type StreamItem } from '../read/data-stream-reader.ts';
import { makeScopeFormatter, type ScopeFormatter } from './format-fields.ts';
import { COLORS, NO_COLORS, type Colors } from './colors.ts';
import { formatDelta, nineDigits, TimeFormatter, type TimeFormatOptions } from './format-time.ts';
import {
  DEFAULT_FIELDS,
  DEFAULT_NAMES,
  lossText,
  PRINTED_SCOPES,
  recordHead,
  type PrintedFields,
  type PrintedNames,
} from './record-head.ts';

/** What `babeltrace2`'s options of the same names choose. */
export interface TextOptions extends TimeFormatOptions {
  /** Readings of the clock instead of times. */
  readonly clockCycles?: boolean;
  readonly noDelta?: boolean;
  readonly names?: readonly PrintedNames[];
  readonly fields?: readonly PrintedFields[];
  /** Terminal codes around names and values. */
  readonly color?: boolean;
}

export interface TextPrinterOptions extends TextOptions {
  /** Receives text, about 64 KiB at a time. */
  readonly write: (text: string) => void;
  /** Receives whole lines about losses. */
  readonly writeWarning?: (text: string) => void;
  /** For tests: format by closures instead of generated code. */
  readonly withoutGeneratedCode?: boolean;
}

export interface TextPrinter {
  print(item: StreamItem): void;
  /** Writes what is held back. To be called at the end. */
  flush(): void;
}

/** Characters held back before they are written: fewer, larger writes. */
const CHUNK_LENGTH = 65_536;

/** What all records of a class in a trace share. */
interface RecordLayout {
  /** Text between the time and the scopes. */
  readonly head: string;
  readonly scopes: readonly { readonly lead: string; readonly format: ScopeFormatter }[];
}

export function createTextPrinter(options: TextPrinterOptions): TextPrinter {
  return new Printer(options);
}

class Printer implements TextPrinter {
  readonly #options: TextPrinterOptions;
  readonly #names: ReadonlySet<PrintedNames>;
  readonly #fields: ReadonlySet<PrintedFields>;
  readonly #time: TimeFormatter;
  /** Of its own, since the printed differences are between records. */
  readonly #warningTime: TimeFormatter;
  readonly #colors: Colors;
  readonly #writeWarning: (text: string) => void;
  readonly #layouts = new Map<Trace, Map<EventRecordClass, RecordLayout>>();
  #held = '';
  /** Time or cycles of the record before. */
  #last: bigint | undefined;
  #delta = '';

  constructor(options: TextPrinterOptions) {
    this.#options = options;
    this.#names = new Set(options.names ?? DEFAULT_NAMES);
    this.#fields = new Set(options.fields ?? DEFAULT_FIELDS);
    this.#colors = options.color === true ? COLORS : NO_COLORS;
    this.#writeWarning = options.writeWarning ?? ((): void => {});
    this.#time = new TimeFormatter(options, this.#writeWarning);
    this.#warningTime = new TimeFormatter(options, this.#writeWarning);
  }

  print(item: StreamItem): void {
    if (!isEventRecord(item)) {
      this.#writeWarning(lossText(item, this.#warningTime));
      return;
    }
    const { dataStream } = item;
    const layout = this.#layouts.get(dataStream.trace)?.get(item.eventRecordClass) ?? this.#makeLayout(item);
    let line = (item.timeNs === undefined ? '' : this.#timestamp(item)) + layout.head;
    for (const { lead, format } of layout.scopes) line += lead + format(item);
    this.#held += `${line}\n`;
    if (this.#held.length >= CHUNK_LENGTH) this.flush();
  }

  flush(): void {
    const text = this.#held;
    this.#held = '';
    if (text !== '') this.#options.write(text);
  }

  #timestamp(record: EventRecord): string {
    const time =
      this.#options.clockCycles === true ? this.#cycles(record.clockSnapshot ?? 0n) : this.#wall(record.timeNs!);
    const { timestamp, reset, name } = this.#colors;
    const shown = `${timestamp}${time}${reset}`;
    if (this.#names.has('header')) {
      const start = `${name}timestamp${reset} = ${shown}`;
      return this.#options.noDelta === true ? start : `${start}, ${name}delta${reset} = ${this.#delta}`;
    }
    return this.#options.noDelta === true ? `[${shown}] ` : `[${shown}] (${this.#delta}) `;
  }

  /** Sets the difference beside the text that it returns. */
  #cycles(cycles: bigint): string {
    if (this.#last !== undefined) this.#delta = `+${String(BigInt.asUintN(64, cycles - this.#last)).padStart(12, '0')}`;
    else this.#delta = '+????????????';
    this.#last = cycles;
    return String(cycles).padStart(20, '0');
  }

  #wall(time: Nanoseconds): string {
    const text = this.#time.format(time);
    if (this.#time.delta >= 0) this.#delta = `+0.${nineDigits(this.#time.delta)}`;
    // babeltrace2 keeps "no difference" as -1, so a difference of -1 ns prints as none.
    else if (this.#last === undefined || time - this.#last === -1n) this.#delta = '+?.?????????';
    else this.#delta = formatDelta(time - this.#last);
    this.#last = time;
    return text;
  }

  #makeLayout(record: EventRecord): RecordLayout {
    const { trace, dataStreamClass } = record.dataStream;
    const { eventRecordClass } = record;
    const layout: RecordLayout = {
      head: recordHead(trace, eventRecordClass, record.timeNs !== undefined, {
        names: this.#names,
        fields: this.#fields,
        colors: this.#colors,
      }),
      scopes: this.#scopes(trace.traceClass, dataStreamClass, eventRecordClass),
    };
    let layouts = this.#layouts.get(trace);
    if (layouts === undefined) this.#layouts.set(trace, (layouts = new Map()));
    layouts.set(eventRecordClass, layout);
    return layout;
  }

  #scopes(
    traceClass: TraceClass,
    dataStreamClass: DataStreamClass,
    eventRecordClass: EventRecordClass,
  ): RecordLayout['scopes'] {
    const scopes: { lead: string; format: ScopeFormatter }[] = [];
    for (const { scope, label, names } of PRINTED_SCOPES) {
      const format = makeScopeFormatter(
        {
          traceClass,
          dataStreamClass,
          eventRecordClass,
          scope,
          withNames: this.#names.has(names),
          colors: this.#colors,
        },
        this.#options.withoutGeneratedCode !== true && canGenerateCode(),
      );
      if (format === undefined) continue;
      const comma = scopes.length === 0 ? '' : ', ';
      scopes.push({
        lead: comma + (this.#names.has('scope') ? `${this.#colors.name}${label}${this.#colors.reset} = ` : ''),
        format,
      });
    }
    return scopes;
  }
}
