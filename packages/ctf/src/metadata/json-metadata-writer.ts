// SPDX-License-Identifier: MIT
// Trace class -> CTF 2 metadata: a JSON text sequence (RFC 7464), one fragment a line. What CTF 1.8 says
// by names of fields the model says by roles, and so does CTF 2.

import { assertUnreachable } from '@lockstep/base';
import type {
  Attributes,
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  IntegerRangeSet,
  StructureFieldClass,
} from '../model/field-class.ts';
import type { ClockClass, DataStreamClass, EventRecordClass, Identity, TraceClass } from '../model/trace-class.ts';
import { OWN_NAMESPACE } from './json-field-classes.ts';
import { ownAttributes } from './log-levels.ts';
import { uuidToBytes, isUuidText } from './uuid.ts';

/** What can be written as JSON; undefined properties are left out. */
type Json = string | number | bigint | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

const RECORD_SEPARATOR = '\u001e';

/** The whole metadata of a trace class as CTF 2. */
export function writeJsonMetadata(traceClass: TraceClass): string {
  const fragments: Json[] = [
    {
      type: 'preamble',
      version: 2,
      uuid:
        traceClass.uuid !== undefined && isUuidText(traceClass.uuid) ? [...uuidToBytes(traceClass.uuid)] : undefined,
      attributes: traceClass.preambleAttributes,
    },
    {
      type: 'trace-class',
      ...identity(traceClass),
      name: traceClass.name,
      environment: traceClass.environment.size === 0 ? undefined : Object.fromEntries(traceClass.environment),
      'packet-header-field-class': optionalStructure(traceClass.packetHeader),
      attributes: traceClass.attributes,
    },
    ...traceClass.clockClasses.map(clockClass),
  ];
  const lines = fragments.map(writeFragment);
  for (const dsc of traceClass.dataStreamClasses.values()) lines.push(writeJsonDataStreamClass(dsc));
  return lines.join('');
}

/** A data stream class with its event record classes. */
export function writeJsonDataStreamClass(dsc: DataStreamClass): string {
  const lines = [
    writeFragment({
      type: 'data-stream-class',
      id: dsc.id,
      ...identity(dsc),
      name: dsc.name,
      'default-clock-class-id': dsc.defaultClock === undefined ? undefined : clockId(dsc.defaultClock),
      'packet-context-field-class': optionalStructure(dsc.packetContext),
      'event-record-header-field-class': optionalStructure(dsc.eventRecordHeader),
      'event-record-common-context-field-class': optionalStructure(dsc.commonContext),
      attributes: dsc.attributes,
    }),
  ];
  for (const erc of dsc.eventRecordClasses.values()) lines.push(writeJsonEventRecordClass(dsc, erc));
  return lines.join('');
}

/** One event record class; what is appended when a class appears while recording. */
export function writeJsonEventRecordClass(dsc: DataStreamClass, erc: EventRecordClass): string {
  return writeFragment({
    type: 'event-record-class',
    id: erc.id,
    'data-stream-class-id': dsc.id,
    ...identity(erc),
    name: erc.name === '' ? undefined : erc.name,
    'specific-context-field-class': optionalStructure(erc.specificContext),
    'payload-field-class': optionalStructure(erc.payload),
    attributes: mergeAttributes(erc.attributes, ownAttributes(erc)),
  });
}

function writeFragment(fragment: Json): string {
  return `${RECORD_SEPARATOR}${writeJson(fragment)}\n`;
}

/** As JSON.stringify, with bigints as the integers that they are. */
function writeJson(value: Json): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`).join(',')}}`;
}

function isArray(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

function identity({ namespace, uid }: Identity): { readonly [name: string]: Json } {
  return { namespace, uid };
}

function clockId(clock: ClockClass): string {
  return clock.id ?? clock.name;
}

function clockClass(clock: ClockClass): Json {
  return {
    type: 'clock-class',
    id: clockId(clock),
    namespace: clock.namespace,
    name: clock.name,
    uid: clock.uid ?? clock.uuid,
    description: clock.description,
    frequency: clock.frequency,
    precision: clock.precision,
    accuracy: clock.accuracy,
    'offset-from-origin': { seconds: clock.offsetSeconds, cycles: clock.offsetCycles },
    origin: clock.absolute ? 'unix-epoch' : clock.origin === undefined ? undefined : { ...clock.origin },
    attributes: clock.attributes,
  };
}

function mergeAttributes(a: Attributes | undefined, b: Attributes | undefined): Attributes | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const merged: Record<string, Attributes[string]> = { ...a };
  for (const [namespace, value] of Object.entries(b)) {
    const known = merged[namespace];
    const isObject = typeof known === 'object' && known !== null && !Array.isArray(known);
    merged[namespace] = isObject ? { ...(known as Attributes), ...(value as Attributes) } : value;
  }
  return merged;
}

function optionalStructure(fc: StructureFieldClass | undefined): Json {
  return fc === undefined ? undefined : fieldClass(fc);
}

function rangeSet(ranges: IntegerRangeSet): Json {
  return ranges.map(([lower, upper]) => [lower, upper]);
}

function rangesByName(ranges: Readonly<Record<string, IntegerRangeSet>>): Json {
  // A label without ranges selects nothing, and CTF 2 has none.
  const used = Object.entries(ranges).filter(([, set]) => set.length > 0);
  return used.length === 0 ? undefined : Object.fromEntries(used.map(([name, set]) => [name, rangeSet(set)]));
}

function location({ origin, path }: FieldLocation): Json {
  return { origin, path: [...path] };
}

function integerProperties(fc: IntegerFieldClass): { readonly [name: string]: Json } {
  return {
    'preferred-display-base': fc.preferredDisplayBase,
    mappings: fc.mappings === undefined ? undefined : rangesByName(fc.mappings),
    roles: fc.roles === undefined || fc.roles.length === 0 ? undefined : [...fc.roles],
  };
}

/** CTF 2 has no clocks of fields that are no timestamps; kept so that CTF 1.8 can be written again. */
function clockAttributes(fc: IntegerFieldClass): Attributes | undefined {
  if (!('clock' in fc) || fc.clock === undefined || (fc.roles ?? []).length > 0) return fc.attributes;
  return mergeAttributes(fc.attributes, { [OWN_NAMESPACE]: { clock: fc.clock } });
}

function isUuidArray(fc: FieldClass): boolean {
  return fc.type === 'static-length-array' && fc.roles?.includes('metadata-stream-uuid') === true;
}

function fieldClass(fc: FieldClass): Json {
  if (isUuidArray(fc)) return { type: 'static-length-blob', length: 16, roles: ['metadata-stream-uuid'] };
  const { type } = fc;
  const attributes = fc.attributes;
  switch (fc.type) {
    case 'fixed-length-bit-array':
    case 'fixed-length-boolean':
    case 'fixed-length-floating-point-number':
      return { type, ...bits(fc), attributes };
    case 'fixed-length-bit-map':
      return { type, ...bits(fc), flags: rangesByName(fc.flags), attributes };
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
      return { type, ...bits(fc), ...integerProperties(fc), attributes: clockAttributes(fc) };
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer':
      return { type, ...integerProperties(fc), attributes };
    case 'null-terminated-string':
      return { type, encoding: fc.encoding, attributes };
    case 'static-length-string':
      return { type, length: fc.length, encoding: fc.encoding, attributes };
    case 'dynamic-length-string':
      return { type, 'length-field-location': location(fc.lengthFieldLocation), encoding: fc.encoding, attributes };
    case 'static-length-blob':
      return { type, length: fc.length, 'media-type': fc.mediaType, roles: fc.roles && [...fc.roles], attributes };
    case 'dynamic-length-blob':
      return {
        type,
        'length-field-location': location(fc.lengthFieldLocation),
        'media-type': fc.mediaType,
        attributes,
      };
    case 'structure':
      return {
        type,
        'member-classes': fc.memberClasses.map((member) => ({
          name: member.name,
          'field-class': fieldClass(member.fieldClass),
          attributes: member.attributes,
        })),
        'minimum-alignment': fc.minimumAlignment,
        attributes,
      };
    case 'static-length-array':
      return {
        type,
        length: fc.length,
        'element-field-class': fieldClass(fc.elementFieldClass),
        'minimum-alignment': fc.minimumAlignment,
        attributes,
      };
    case 'dynamic-length-array':
      return {
        type,
        'length-field-location': location(fc.lengthFieldLocation),
        'element-field-class': fieldClass(fc.elementFieldClass),
        'minimum-alignment': fc.minimumAlignment,
        attributes,
      };
    case 'optional':
      return {
        type,
        'selector-field-location': location(fc.selectorFieldLocation),
        'selector-field-ranges': fc.selectorFieldRanges === undefined ? undefined : rangeSet(fc.selectorFieldRanges),
        'field-class': fieldClass(fc.fieldClass),
        attributes,
      };
    case 'variant':
      return {
        type,
        'selector-field-location': location(fc.selectorFieldLocation),
        options: fc.options
          // An option that no value selects cannot be said, and is not missed.
          .filter((option) => option.selectorFieldRanges.length > 0)
          .map((option) => ({
            name: option.name === '' ? undefined : option.name,
            'selector-field-ranges': rangeSet(option.selectorFieldRanges),
            'field-class': fieldClass(option.fieldClass),
            attributes: option.attributes,
          })),
        attributes,
      };
    default:
      return assertUnreachable(fc);
  }
}

function bits(fc: Extract<FieldClass, { readonly byteOrder: string }>): { readonly [name: string]: Json } {
  return {
    length: fc.length,
    'byte-order': fc.byteOrder,
    'bit-order': fc.bitOrder,
    alignment: fc.alignment === 1 ? undefined : fc.alignment,
  };
}
