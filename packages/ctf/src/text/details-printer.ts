// SPDX-License-Identifier: MIT
// Prints every message of a trace with all that is known of it, as babeltrace2's `sink.text.details`
// does: classes of the trace first, then data streams, packets, event records and losses. Messages in
// order in, text out. Plain rather than fast: it is for reading.

import { printableName, withoutControls } from './format-string.ts';
import type {
  Boundary,
  DiscardedItems,
  EventRecord,
  FieldValue,
  StructureValue,
  Trace,
} from '../model/event-record.ts';
import {
  isIntegerFieldClass,
  type FieldClass,
  type ScopeName,
  type StructureFieldClass,
} from '../model/field-class.ts';
import type { DataStream } from '../model/event-record.ts';
import { isEventRecord, type TraceMessage } from '../read/data-stream-reader.ts';
import { cyclesToTime } from '../read/clock-time.ts';
import { isInRanges, resolveLocation, type Enclosing } from '../read/field-layout.ts';
import { traceClassDetails } from './details-classes.ts';
import { isShown } from './format-fields.ts';
import { groupDigits } from './group-digits.ts';
import { traceName } from './record-head.ts';

const SECOND_NS = 1_000_000_000n;

export interface DetailsOptions {
  readonly write: (text: string) => void;
  /** One line a message, without fields. */
  readonly compact?: boolean;
  /** Escapes control characters of strings, which babeltrace2 hands on; those of names always are. */
  readonly isForTerminal?: boolean;
}

export interface DetailsPrinter {
  print(message: TraceMessage): void;
}

export function createDetailsPrinter(options: DetailsOptions): DetailsPrinter {
  const traces = new Map<Trace, number>();
  const isCompact = options.compact === true;
  let isFirst = true;
  return {
    print(message) {
      const { dataStream } = message;
      let text = '';
      if (!traces.has(dataStream.trace)) {
        traces.set(dataStream.trace, traces.size);
        if (isCompact && !isFirst) text += '\n';
        else if (!isFirst) text += '\n';
        text += `${traceClassDetails(dataStream.trace.traceClass)}\n`;
      } else if (!isCompact && !isFirst) {
        text += '\n';
      }
      isFirst = false;
      text += messageText(message, traces.get(dataStream.trace)!, isCompact);
      options.write(options.isForTerminal === true ? withoutControls(text) : text);
    },
  };
}

function messageText(message: TraceMessage, traceNumber: number, isCompact: boolean): string {
  const tag = followTag(message.dataStream, traceNumber, isCompact);
  if (isEventRecord(message)) return recordText(message, tag, isCompact);
  switch (message.type) {
    case 'discarded-event-records':
    case 'discarded-packets':
      return lossText(message, tag, isCompact);
    default:
      return boundaryText(message, tag, isCompact);
  }
}

function followTag({ dataStreamClass, id }: DataStream, traceNumber: number, isCompact: boolean): string {
  // babeltrace2 numbers streams that have no id.
  const streamId = id ?? 0n;
  return isCompact
    ? `{${traceNumber} ${dataStreamClass.id} ${streamId}} `
    : `{Trace ${traceNumber}, Stream class ID ${dataStreamClass.id}, Stream ID ${streamId}}\n`;
}

function timeText(cycles: bigint, ns: bigint, isCompact: boolean): string {
  return isCompact
    ? `[${groupDigits(cycles, 10)} ${groupDigits(ns, 10)}] `
    : `[${groupDigits(cycles, 10)} cycles, ${groupDigits(ns, 10)} ns from origin]\n`;
}

function recordText(record: EventRecord, tag: string, isCompact: boolean): string {
  const { eventRecordClass: erc, clockSnapshot, timeNs, dataStream } = record;
  const time = clockSnapshot === undefined || timeNs === undefined ? '' : timeText(clockSnapshot, timeNs, isCompact);
  const name = erc.name === '' ? '' : ` \`${printableName(erc.name)}\``;
  const id = groupDigits(erc.id, 10);
  if (isCompact) return `${time}${tag}Event${name} (${id})\n`;
  const values = scopeValues(record);
  const { dataStreamClass } = dataStream;
  const root = (title: string, scope: ScopeName, fc: StructureFieldClass | undefined): string =>
    fc === undefined || !isShown(fc, scope) ? '' : rootText(title, scope, fc, values);
  return (
    `${time}${tag}Event${name} (Class ID ${id}):\n` +
    root('Common context', 'event-record-common-context', dataStreamClass.commonContext) +
    root('Specific context', 'event-record-specific-context', erc.specificContext) +
    root('Payload', 'event-record-payload', erc.payload)
  );
}

function lossText(items: DiscardedItems, tag: string, isCompact: boolean): string {
  const { beginNs, endNs, count, dataStream } = items;
  const clock = dataStream.dataStreamClass.defaultClock;
  let times = '';
  if (clock !== undefined && beginNs !== undefined && endNs !== undefined) {
    // Only times are kept of a loss; at 1 GHz the readings follow exactly.
    const base = cyclesToTime(clock)(0n);
    const cycles = (ns: bigint): bigint => ((ns - base) * clock.frequency) / SECOND_NS;
    times = timeText(cycles(beginNs), beginNs, isCompact) + timeText(cycles(endNs), endNs, isCompact);
  }
  const noun = items.type === 'discarded-packets' ? 'packets' : 'events';
  return `${times}${tag}Discarded ${noun}${count === undefined ? '' : ` (${groupDigits(count, 10)} ${noun})`}\n`;
}

function boundaryText(boundary: Boundary, tag: string, isCompact: boolean): string {
  const { type, dataStream, clockSnapshot, timeNs, packet } = boundary;
  const isStream = type === 'stream-beginning' || type === 'stream-end';
  const hasClock = dataStream.dataStreamClass.defaultClock !== undefined;
  let time = '';
  if (isStream && hasClock) time = isCompact ? '[Unknown] ' : '[Unknown]\n';
  else if (clockSnapshot !== undefined && timeNs !== undefined) time = timeText(clockSnapshot, timeNs, isCompact);
  const title = TITLES[type];
  if (isCompact || type === 'stream-end' || type === 'packet-end') return `${time}${tag}${title}\n`;
  if (type === 'stream-beginning')
    return `${time}${tag}${title}:\n  Name: ${printableName(dataStream.path ?? dataStream.name)}\n${traceText(dataStream.trace)}`;
  const fc = dataStream.dataStreamClass.packetContext;
  if (fc === undefined || !isShown(fc, 'packet-context')) return `${time}${tag}${title}\n`;
  const values = new Map<ScopeName, ScopeValue>([['packet-context', { fieldClass: fc, value: packet?.context ?? {} }]]);
  return `${time}${tag}${title}:\n${rootText('Context', 'packet-context', fc, values)}`;
}

const TITLES = {
  'stream-beginning': 'Stream beginning',
  'stream-end': 'Stream end',
  'packet-beginning': 'Packet beginning',
  'packet-end': 'Packet end',
} as const;

function traceText(trace: Trace): string {
  const { uuid, environment } = trace.traceClass;
  const name = traceName(trace);
  const entries = [...environment].sort(([a], [b]) => (a < b ? -1 : 1));
  const streams = [...trace.dataStreams].sort((a, b) => Number((a.id ?? 0n) - (b.id ?? 0n)));
  return [
    `  Trace${name === undefined ? '' : ` \`${name}\``}:`,
    ...(uuid === undefined ? [] : [`    UUID: ${uuid}`]),
    ...(entries.length === 0
      ? []
      : [
          `    Environment (${entries.length} entr${entries.length === 1 ? 'y' : 'ies'}):`,
          ...entries.map(
            ([key, value]) =>
              `      ${printableName(key)}: ${typeof value === 'bigint' ? groupDigits(value, 10) : printableName(value)}`,
          ),
        ]),
    ...streams.map((stream) => `    Stream (ID ${stream.id ?? 0n}, Class ID ${stream.dataStreamClass.id})`),
    '',
  ].join('\n');
}

interface ScopeValue {
  readonly fieldClass: StructureFieldClass;
  readonly value: StructureValue;
}

function scopeValues(record: EventRecord): Map<ScopeName, ScopeValue> {
  const { dataStream, eventRecordClass, packet } = record;
  const { dataStreamClass } = dataStream;
  const all: readonly (readonly [ScopeName, StructureFieldClass | undefined, StructureValue | undefined])[] = [
    ['packet-header', dataStream.trace.traceClass.packetHeader, packet.header],
    ['packet-context', dataStreamClass.packetContext, packet.context],
    ['event-record-header', dataStreamClass.eventRecordHeader, record.header],
    ['event-record-common-context', dataStreamClass.commonContext, record.commonContext],
    ['event-record-specific-context', eventRecordClass.specificContext, record.specificContext],
    ['event-record-payload', eventRecordClass.payload, record.payload],
  ];
  const values = new Map<ScopeName, ScopeValue>();
  for (const [scope, fieldClass, value] of all)
    if (fieldClass !== undefined) values.set(scope, { fieldClass, value: value ?? {} });
  return values;
}

function rootText(
  title: string,
  scope: ScopeName,
  fc: StructureFieldClass,
  values: ReadonlyMap<ScopeName, ScopeValue>,
): string {
  const writer = new ValueDetails(scope, values);
  return `  ${title}:${writer.field(fc, values.get(scope)?.value ?? {}, 2, scope, [])}\n`;
}

/** Values of fields, each on its line, below its name. */
class ValueDetails {
  readonly #scope: ScopeName;
  readonly #scopes: (Enclosing & { readonly name: ScopeName })[];
  /** Values by the key of their place, for selectors. */
  readonly #values = new Map<string, FieldValue>();

  constructor(scope: ScopeName, values: ReadonlyMap<ScopeName, ScopeValue>) {
    this.#scope = scope;
    this.#scopes = [...values].map(([name, { fieldClass, value }]) => {
      this.#values.set(name, value);
      return { name, fieldClass, key: name };
    });
  }

  field(fc: FieldClass, value: FieldValue, indent: number, key: string, enclosing: readonly Enclosing[]): string {
    this.#values.set(key, value);
    switch (fc.type) {
      case 'structure': {
        const inner = [...enclosing, { fieldClass: fc, key }];
        const members = fc.memberClasses.filter((member) => isShown(member.fieldClass, this.#scope));
        if (members.length === 0) return ' Empty';
        return members
          .map(({ name, fieldClass }) => {
            const own = (value as StructureValue)[name];
            const text = this.field(fieldClass, own, indent + 2, `${key}/${name}`, inner);
            return `\n${' '.repeat(indent + 2)}${printableName(name)}:${text}`;
          })
          .join('');
      }
      case 'static-length-array':
      case 'dynamic-length-array':
      case 'static-length-blob':
      case 'dynamic-length-blob': {
        const elements = value as ArrayLike<FieldValue>;
        if (elements.length === 0) return ' Empty';
        const lines = Array.from(elements, (element, index) => {
          const text =
            'elementFieldClass' in fc
              ? this.field(fc.elementFieldClass, element, indent + 2, `${key}/[]`, enclosing)
              : ` ${groupDigits(element as number, 16)}`;
          return `\n${' '.repeat(indent + 2)}[${groupDigits(index, 10)}]:${text}`;
        });
        return ` Length ${groupDigits(elements.length, 10)}:${lines.join('')}`;
      }
      case 'optional':
        return value === undefined ? ' None' : this.field(fc.fieldClass, value, indent, key, enclosing);
      case 'variant': {
        const target = resolveLocation(fc.selectorFieldLocation, enclosing, this.#scopes, (parent, name, isOption) =>
          isOption ? parent : this.#join(parent, name),
        );
        const selector = target === undefined ? undefined : (this.#values.get(target.key) as number | bigint);
        const option =
          selector === undefined
            ? undefined
            : fc.options.find(({ selectorFieldRanges }) => isInRanges(selectorFieldRanges, selector));
        return option === undefined ? ' None' : this.field(option.fieldClass, value, indent, key, enclosing);
      }
      case 'fixed-length-floating-point-number':
        return ` ${fixedText(value as number)}`;
      case 'fixed-length-boolean':
        return ` ${value === true ? 'Yes' : 'No'}`;
      case 'fixed-length-bit-array':
      case 'fixed-length-bit-map':
        return ` ${groupDigits(value as number | bigint, 16)}`;
      default:
        return isIntegerFieldClass(fc)
          ? ` ${groupDigits(value as number | bigint, fc.preferredDisplayBase ?? 10)}`
          : ` ${value as string}`;
    }
  }

  #join(parent: string, name: string): string {
    const key = `${parent}/${name}`;
    const member = (this.#values.get(parent) as StructureValue | undefined)?.[name];
    if (member !== undefined) this.#values.set(key, member);
    return key;
  }
}

/** `printf("%f")`. */
function fixedText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  // toFixed goes over to exponents at 10^21; beyond 2^53 a double is an integer, which a bigint shows whole.
  return sign + (magnitude < 2 ** 53 ? magnitude.toFixed(6) : `${BigInt(magnitude)}.000000`);
}
