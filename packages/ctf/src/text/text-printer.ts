// SPDX-License-Identifier: MIT
// Prints event records as babeltrace2's `sink.text.pretty` does, byte for byte (differences:
// docs/text-output.md). Input: the items of a merge. Output: text handed to `write` in large pieces;
// losses as warnings to `writeWarning`, which is standard error where babeltrace2 prints.

import type { Nanoseconds } from '@lockstep/base';
import type { DataStream, DiscardedItems, EventRecord, Trace } from '../model/event-record.ts';
import type { DataStreamClass, EnvironmentValue, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { canGenerateCode } from '../read/compile.ts';
import { isEventRecord, type StreamItem } from '../read/data-stream-reader.ts';
import { makeScopeFormatter, type ScopeFormatter } from './format-fields.ts';
import { formatDelta, nineDigits, TimeFormatter, type TimeFormatOptions } from './format-time.ts';

/** Names that can be printed before values, as in `babeltrace2 --names`. */
export type PrintedNames = 'payload' | 'context' | 'header' | 'scope';
/** Facts that can be printed before an event record's name, as in `babeltrace2 --fields`. */
export type PrintedFields =
  | 'trace'
  | 'trace:hostname'
  | 'trace:domain'
  | 'trace:procname'
  | 'trace:vpid'
  | 'loglevel'
  | 'emf';

export const DEFAULT_NAMES: readonly PrintedNames[] = ['payload', 'context'];
export const DEFAULT_FIELDS: readonly PrintedFields[] = ['trace:hostname', 'trace:procname', 'trace:vpid'];

export interface TextPrinterOptions extends TimeFormatOptions {
  /** Receives text, about 64 KiB at a time. */
  readonly write: (text: string) => void;
  /** Receives whole lines about losses. */
  readonly writeWarning?: (text: string) => void;
  /** Readings of the clock instead of times. */
  readonly clockCycles?: boolean;
  readonly noDelta?: boolean;
  readonly names?: readonly PrintedNames[];
  readonly fields?: readonly PrintedFields[];
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

const LOG_LEVEL_NAMES = [
  'EMERG',
  'ALERT',
  'CRIT',
  'ERR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG_SYSTEM',
  'DEBUG_PROGRAM',
  'DEBUG_PROCESS',
  'DEBUG_MODULE',
  'DEBUG_UNIT',
  'DEBUG_FUNCTION',
  'DEBUG_LINE',
  'DEBUG',
] as const;

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
    this.#writeWarning = options.writeWarning ?? ((): void => {});
    this.#time = new TimeFormatter(options, this.#writeWarning);
    this.#warningTime = new TimeFormatter(options, this.#writeWarning);
  }

  print(item: StreamItem): void {
    if (!isEventRecord(item)) {
      this.#printDiscarded(item);
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
    if (this.#names.has('header'))
      return this.#options.noDelta === true ? `timestamp = ${time}` : `timestamp = ${time}, delta = ${this.#delta}`;
    return this.#options.noDelta === true ? `[${time}] ` : `[${time}] (${this.#delta}) `;
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
      head: this.#head(trace, eventRecordClass, record.timeNs !== undefined),
      scopes: this.#scopes(trace.traceClass, dataStreamClass, eventRecordClass),
    };
    let layouts = this.#layouts.get(trace);
    if (layouts === undefined) this.#layouts.set(trace, (layouts = new Map()));
    layouts.set(eventRecordClass, layout);
    return layout;
  }

  /** Everything between the time and the scopes; the odd commas are babeltrace2's. */
  #head(trace: Trace, erc: EventRecordClass, hasTime: boolean): string {
    const withNames = this.#names.has('header');
    const separator = hasTime && withNames ? ', ' : '';
    let text = '';
    let hasDomain = false;
    const add = (name: PrintedFields | 'model.emf.uri', value: string | undefined): void => {
      if (value === undefined) return;
      text += separator + (withNames ? `${name} = ` : hasDomain ? ':' : '') + value;
      hasDomain = true;
    };
    const { environment } = trace.traceClass;
    const name = traceName(trace);
    if (this.#fields.has('trace') && name !== undefined) text += separator + (withNames ? `trace = ${name}, ` : name);
    if (this.#fields.has('trace:hostname')) add('trace:hostname', textOf(environment.get('hostname')));
    if (this.#fields.has('trace:domain')) add('trace:domain', textOf(environment.get('domain')));
    if (this.#fields.has('trace:procname')) add('trace:procname', textOf(environment.get('procname')));
    const vpid = environment.get('vpid');
    if (this.#fields.has('trace:vpid') && typeof vpid === 'bigint') add('trace:vpid', `(${vpid})`);
    const level = erc.logLevel === undefined ? undefined : LOG_LEVEL_NAMES[erc.logLevel];
    if (this.#fields.has('loglevel') && level !== undefined) add('loglevel', `TRACE_${level} (${erc.logLevel})`);
    if (this.#fields.has('emf')) add('model.emf.uri', erc.emfUri);
    if (hasDomain && !withNames) text += ' ';
    return `${text}${separator}${withNames ? `name = ${erc.name}, ` : `${erc.name}: `}`;
  }

  #scopes(
    traceClass: TraceClass,
    dataStreamClass: DataStreamClass,
    eventRecordClass: EventRecordClass,
  ): RecordLayout['scopes'] {
    const kinds = [
      ['packet-context', 'stream.packet.context', 'context'],
      ['event-record-common-context', 'stream.event.context', 'context'],
      ['event-record-specific-context', 'event.context', 'context'],
      ['event-record-payload', 'event.fields', 'payload'],
    ] as const;
    const scopes: { lead: string; format: ScopeFormatter }[] = [];
    for (const [scope, label, names] of kinds) {
      const format = makeScopeFormatter(
        { traceClass, dataStreamClass, eventRecordClass, scope, withNames: this.#names.has(names) },
        this.#options.withoutGeneratedCode !== true && canGenerateCode(),
      );
      if (format === undefined) continue;
      const comma = scopes.length === 0 ? '' : ', ';
      scopes.push({ lead: comma + (this.#names.has('scope') ? `${label} = ` : ''), format });
    }
    return scopes;
  }

  #printDiscarded(items: DiscardedItems): void {
    const { dataStream, count } = items;
    const { trace } = dataStream;
    const kind = items.type === 'discarded-event-records' ? 'event' : 'packet';
    const what =
      count === undefined
        ? `Tracer may have discarded ${kind}s`
        : `Tracer discarded ${count} ${kind}${count === 1n ? '' : 's'}`;
    const range =
      items.beginNs === undefined || items.endNs === undefined
        ? '(unknown time range)'
        : `between [${this.#warningTime.format(items.beginNs)}] and [${this.#warningTime.format(items.endNs)}]`;
    const { uuid } = trace.traceClass;
    this.#writeWarning(
      `WARNING: ${what} ${range} in trace "${traceName(trace) ?? '(unknown)'}" ${uuid === undefined ? '(no UUID)' : `(UUID: ${uuid})`} ` +
        `within stream "${dataStream.path ?? dataStream.name}" (stream class ID: ${dataStream.dataStreamClass.id}, ${streamId(dataStream)}).\n`,
    );
  }
}

function streamId(dataStream: DataStream): string {
  return dataStream.id === undefined ? 'no stream ID' : `stream ID: ${dataStream.id}`;
}

/** babeltrace2's name of a trace: its host, then its directory below the one that was opened. */
function traceName(trace: Trace): string | undefined {
  const host = textOf(trace.traceClass.environment.get('hostname'));
  const parts = [host, trace.name === '' ? undefined : trace.name].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('/');
}

function textOf(value: EnvironmentValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
