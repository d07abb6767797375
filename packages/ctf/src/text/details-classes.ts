// SPDX-License-Identifier: MIT
// Trace classes in words, as babeltrace2's `sink.text.details` writes them: what a trace can contain.

import { printableName } from './format-string.ts';
import { assertUnreachable } from '@lockstep/base';
import type {
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  IntegerRangeSet,
  ScopeName,
  StructureFieldClass,
} from '../model/field-class.ts';
import type { ClockClass, DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { resolveLocation, type Enclosing } from '../read/field-layout.ts';
import { isShown } from './format-fields.ts';
import { groupDigits } from './group-digits.ts';

const LOG_LEVELS = [
  'Emergency',
  'Alert',
  'Critical',
  'Error',
  'Warning',
  'Notice',
  'Info',
  'Debug (system)',
  'Debug (program)',
  'Debug (process)',
  'Debug (module)',
  'Debug (unit)',
  'Debug (function)',
  'Debug (line)',
  'Debug',
] as const;

const SCOPE_WORDS: Readonly<Record<ScopeName, string>> = {
  'packet-header': 'Packet header',
  'packet-context': 'Packet context',
  'event-record-header': 'Event header',
  'event-record-common-context': 'Event common context',
  'event-record-specific-context': 'Event specific context',
  'event-record-payload': 'Event payload',
};

type Scopes = readonly (Enclosing & { readonly name: ScopeName; readonly fieldClass: StructureFieldClass })[];

const yesNo = (value: boolean): string => (value ? 'Yes' : 'No');

export function traceClassDetails(traceClass: TraceClass): string {
  const streams = [...traceClass.dataStreamClasses.values()].sort(byId);
  if (streams.length === 0) return 'Trace class\n';
  return `Trace class:\n${streams.map((dsc) => streamClassDetails(traceClass, dsc)).join('')}`;
}

function byId(a: { readonly id: bigint }, b: { readonly id: bigint }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function streamClassDetails(traceClass: TraceClass, dsc: DataStreamClass): string {
  const roles = new Set(
    (dsc.packetContext?.memberClasses ?? []).flatMap(({ fieldClass }) =>
      'roles' in fieldClass ? (fieldClass.roles ?? []) : [],
    ),
  );
  const hasBegin = dsc.defaultClock !== undefined && roles.has('default-clock-timestamp');
  const hasEnd = dsc.defaultClock !== undefined && roles.has('packet-end-default-clock-timestamp');
  const countsRecords = roles.has('discarded-event-record-counter-snapshot');
  const countsPackets = roles.has('packet-sequence-number');
  const lines = [
    `  Stream class${dsc.name === undefined ? '' : ` \`${printableName(dsc.name)}\``} (ID ${groupDigits(dsc.id, 10)}):`,
    '    Supports packets: Yes',
    `    Packets have beginning default clock snapshot: ${yesNo(hasBegin)}`,
    `    Packets have end default clock snapshot: ${yesNo(hasEnd)}`,
    `    Supports discarded events: ${yesNo(countsRecords)}`,
    ...(countsRecords ? [`    Discarded events have default clock snapshots: ${yesNo(hasBegin && hasEnd)}`] : []),
    `    Supports discarded packets: ${yesNo(countsPackets)}`,
    ...(countsPackets ? [`    Discarded packets have default clock snapshots: ${yesNo(hasBegin && hasEnd)}`] : []),
    ...(dsc.defaultClock === undefined ? [] : ['    Default clock class:', ...clockLines(dsc.defaultClock)]),
  ];
  const scopes = scopesOf(traceClass, dsc, undefined);
  const root = (title: string, scope: ScopeName, fc: StructureFieldClass | undefined): string =>
    rootDetails(title, scope, fc, scopes);
  const text =
    root('Packet context field class', 'packet-context', dsc.packetContext) +
    root('Event common context field class', 'event-record-common-context', dsc.commonContext);
  const events = [...dsc.eventRecordClasses.values()].sort(byId);
  return `${lines.join('\n')}\n${text}${events.map((erc) => eventClassDetails(traceClass, dsc, erc)).join('')}`;
}

function clockLines(clock: ClockClass): string[] {
  return [
    `      Name: ${printableName(clock.name)}`,
    ...(clock.description === undefined ? [] : [`      Description: ${printableName(clock.description)}`]),
    `      Frequency (Hz): ${groupDigits(clock.frequency, 10)}`,
    `      Precision (cycles): ${groupDigits(clock.precision ?? 0n, 10)}`,
    `      Offset (s): ${groupDigits(clock.offsetSeconds, 10)}`,
    `      Offset (cycles): ${groupDigits(clock.offsetCycles, 10)}`,
    `      Origin is Unix epoch: ${yesNo(clock.origin === undefined)}`,
    ...(clock.uuid === undefined ? [] : [`      UUID: ${clock.uuid}`]),
  ];
}

function eventClassDetails(traceClass: TraceClass, dsc: DataStreamClass, erc: EventRecordClass): string {
  const scopes = scopesOf(traceClass, dsc, erc);
  const level = erc.logLevel === undefined ? undefined : LOG_LEVELS[erc.logLevel];
  const name = erc.name === '' ? '' : ` \`${printableName(erc.name)}\``;
  return (
    `    Event class${name} (ID ${groupDigits(erc.id, 10)}):\n` +
    (level === undefined ? '' : `      Log level: ${level}\n`) +
    (erc.emfUri === undefined ? '' : `      EMF URI: ${printableName(erc.emfUri)}\n`) +
    rootDetails('Specific context field class', 'event-record-specific-context', erc.specificContext, scopes, 6) +
    rootDetails('Payload field class', 'event-record-payload', erc.payload, scopes, 6)
  );
}

function scopesOf(traceClass: TraceClass, dsc: DataStreamClass, erc: EventRecordClass | undefined): Scopes {
  const all: readonly (readonly [ScopeName, StructureFieldClass | undefined])[] = [
    ['packet-header', traceClass.packetHeader],
    ['packet-context', dsc.packetContext],
    ['event-record-header', dsc.eventRecordHeader],
    ['event-record-common-context', dsc.commonContext],
    ['event-record-specific-context', erc?.specificContext],
    ['event-record-payload', erc?.payload],
  ];
  return all.flatMap(([name, fieldClass]) =>
    fieldClass === undefined ? [] : [{ name, fieldClass, key: SCOPE_WORDS[name] }],
  );
}

function rootDetails(
  title: string,
  scope: ScopeName,
  fc: StructureFieldClass | undefined,
  scopes: Scopes,
  indent = 4,
): string {
  if (fc === undefined || !isShown(fc, scope)) return '';
  const writer = new ClassDetails(scope, scopes);
  return `${' '.repeat(indent)}${title}: ${writer.describe(fc, indent, [])}\n`;
}

/** Field classes in words; what contains others ends its line and goes on deeper. */
class ClassDetails {
  readonly #scope: ScopeName;
  readonly #scopes: Scopes;

  constructor(scope: ScopeName, scopes: Scopes) {
    this.#scope = scope;
    this.#scopes = scopes;
  }

  describe(fc: FieldClass, indent: number, enclosing: readonly Enclosing[]): string {
    switch (fc.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
        return integerDetails(fc, indent);
      case 'fixed-length-bit-array':
        return `Bit array (${fc.length}-bit)`;
      case 'fixed-length-bit-map':
        return `Bit array (${fc.length}-bit, ${plural(Object.keys(fc.flags).length, 'flag')})`;
      case 'fixed-length-boolean':
        return 'Boolean';
      case 'fixed-length-floating-point-number':
        return `${fc.length === 32 ? 'Single' : fc.length === 64 ? 'Double' : `${fc.length}-bit`}-precision real`;
      case 'null-terminated-string':
      case 'static-length-string':
      case 'dynamic-length-string':
        return 'String';
      case 'static-length-blob':
        return `Static BLOB (Length ${groupDigits(fc.length, 10)})`;
      case 'dynamic-length-blob':
        return `Dynamic BLOB (with length field) (Length field path ${this.#path(fc.lengthFieldLocation, enclosing)})`;
      case 'structure':
        return this.#structure(fc, indent, enclosing);
      case 'static-length-array':
        return `Static array (Length ${groupDigits(fc.length, 10)}):${this.#element(fc.elementFieldClass, indent, enclosing)}`;
      case 'dynamic-length-array':
        return `Dynamic array (with length field) (Length field path ${this.#path(fc.lengthFieldLocation, enclosing)}):${this.#element(fc.elementFieldClass, indent, enclosing)}`;
      case 'optional':
        return `Option (Selector field path ${this.#path(fc.selectorFieldLocation, enclosing)}):\n${' '.repeat(indent + 2)}Content: ${this.describe(fc.fieldClass, indent + 2, enclosing)}`;
      case 'variant': {
        const options = fc.options.map(
          ({ name, fieldClass, selectorFieldRanges }) =>
            `\n${' '.repeat(indent + 2)}${printableName(name)}: ${ranges(selectorFieldRanges)}: ${this.describe(fieldClass, indent + 2, enclosing)}`,
        );
        return `Variant (${plural(fc.options.length, 'option')}, Selector field path ${this.#path(fc.selectorFieldLocation, enclosing)}):${options.join('')}`;
      }
      default:
        return assertUnreachable(fc);
    }
  }

  #structure(fc: StructureFieldClass, indent: number, enclosing: readonly Enclosing[]): string {
    const members = fc.memberClasses.filter(({ fieldClass }) => isShown(fieldClass, this.#scope));
    const key = enclosing.length === 0 ? SCOPE_WORDS[this.#scope] : '';
    const inner = [...enclosing, { fieldClass: fc, key }];
    const lines = members.map(
      ({ name, fieldClass }) =>
        `\n${' '.repeat(indent + 2)}${printableName(name)}: ${this.describe(fieldClass, indent + 2, inner)}`,
    );
    return `Structure (${plural(members.length, 'member')})${members.length === 0 ? '' : ':'}${lines.join('')}`;
  }

  #element(fc: FieldClass, indent: number, enclosing: readonly Enclosing[]): string {
    return `\n${' '.repeat(indent + 2)}Element: ${this.describe(fc, indent + 2, enclosing)}`;
  }

  /** babeltrace2 counts the members that it shows. */
  #path(location: FieldLocation, enclosing: readonly Enclosing[]): string {
    const scopeOf = (name: ScopeName): string => SCOPE_WORDS[name];
    const found = resolveLocation(location, enclosing, this.#scopes, (key, name) => `${key}\n${name}`);
    if (found === undefined) return '[?]';
    const [scope = scopeOf(this.#scope), ...names] = found.key.split('\n');
    let at: FieldClass | undefined = this.#scopes.find(({ key }) => key === scope)?.fieldClass;
    const indexes = names.map((name) => {
      if (at?.type !== 'structure') return name;
      const shown = at.memberClasses.filter(({ fieldClass }) => isShown(fieldClass, this.#scope));
      const index = shown.findIndex((member) => member.name === name);
      at = shown[index]?.fieldClass;
      return String(index);
    });
    return `[${scope === '' ? scopeOf(this.#scope) : scope}: ${indexes.join(', ')}]`;
  }
}

function integerDetails(fc: IntegerFieldClass, indent: number): string {
  const isSigned = fc.type.endsWith('-signed-integer');
  const length = 'length' in fc ? fc.length : 64;
  const kind = `${isSigned ? 'Signed' : 'Unsigned'} ${fc.mappings === undefined ? 'integer' : 'enumeration'}`;
  const base = `${length}-bit, Base ${fc.preferredDisplayBase ?? 10}`;
  if (fc.mappings === undefined) return `${kind} (${base})`;
  const labels = Object.keys(fc.mappings).sort((a, b) => (a < b ? -1 : 1));
  const lines = labels.map(
    (label) => `\n${' '.repeat(indent + 2)}${printableName(label)}: ${ranges(fc.mappings![label]!)}`,
  );
  return `${kind} (${base}, ${plural(labels.length, 'mapping')})${labels.length === 0 ? '' : ':'}${lines.join('')}`;
}

function ranges(set: IntegerRangeSet): string {
  return set
    .map(([lower, upper]) =>
      BigInt(lower) === BigInt(upper)
        ? `[${groupDigits(lower, 10)}]`
        : `[${groupDigits(lower, 10)}, ${groupDigits(upper, 10)}]`,
    )
    .join(' ');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
