// SPDX-License-Identifier: MIT
// Trace class -> TSDL 1.8 metadata text, in the shape that LTTng writes, which babeltrace2 and Trace
// Compass read. While recording, event record classes are appended one by one as they appear.

import type { FieldClass, StructureFieldClass, ScopeName } from '../model/field-class.ts';
import type {
  ClockClass,
  DataStreamClass,
  EnvironmentValue,
  EventRecordClass,
  TraceClass,
} from '../model/trace-class.ts';
import { type FieldClassWriterOptions, writeScope, writeTypeAliases } from './field-class-writer.ts';
import { quoteTsdlString, replaceForeignCharacters } from './tsdl-words.ts';

/** Text-only metadata begins with exactly this (section 7.1); Trace Compass knows the format by it. */
export const METADATA_SIGNATURE = '/* CTF 1.8 */';

/** The whole metadata of a trace class. */
export function writeMetadata(traceClass: TraceClass): string {
  const parts = [
    `${METADATA_SIGNATURE}\n`,
    `${writeTypeAliases(traceClass.byteOrder)}\n`,
    writeTrace(traceClass),
    writeEnvironment(traceClass.environment),
    ...traceClass.clockClasses.map(writeClock),
  ];
  for (const dataStreamClass of traceClass.dataStreamClasses.values())
    parts.push(writeDataStreamClass(traceClass, dataStreamClass));
  return parts.filter((part) => part !== '').join('\n');
}

/** A data stream class with its event record classes. */
export function writeDataStreamClass(traceClass: TraceClass, dataStreamClass: DataStreamClass): string {
  const options = writerOptions(traceClass, dataStreamClass);
  const definition = definitionWriter(options);
  const stream =
    `stream {\n${hasStreamId(traceClass) ? `\tid = ${dataStreamClass.id};\n` : ''}` +
    definition('event.header', 'event-record-header', dataStreamClass.eventRecordHeader) +
    definition('packet.context', 'packet-context', dataStreamClass.packetContext) +
    definition('event.context', 'event-record-common-context', dataStreamClass.commonContext) +
    '};\n';
  const events = [...dataStreamClass.eventRecordClasses.values()].map((eventRecordClass) =>
    writeEventRecordClass(traceClass, dataStreamClass, eventRecordClass),
  );
  return [stream, ...events].join('\n');
}

/**
 * One event record class; what is appended to the metadata when a class appears while recording. `names`: of types
 * that the metadata has declared before, by `writeTypeAlias`.
 */
export function writeEventRecordClass(
  traceClass: TraceClass,
  dataStreamClass: DataStreamClass,
  eventRecordClass: EventRecordClass,
  names?: ReadonlyMap<FieldClass, string>,
): string {
  const options = { ...writerOptions(traceClass, dataStreamClass, eventRecordClass), names };
  const definition = definitionWriter(options);
  const { logLevel, emfUri } = eventRecordClass;
  return (
    `event {\n\tname = ${quoteTsdlString(eventRecordClass.name)};\n\tid = ${eventRecordClass.id};\n` +
    (hasStreamId(traceClass) ? `\tstream_id = ${dataStreamClass.id};\n` : '') +
    (logLevel === undefined ? '' : `\tloglevel = ${logLevel};\n`) +
    (emfUri === undefined ? '' : `\tmodel.emf.uri = ${quoteTsdlString(emfUri)};\n`) +
    definition('context', 'event-record-specific-context', eventRecordClass.specificContext) +
    definition('fields', 'event-record-payload', eventRecordClass.payload) +
    '};\n'
  );
}

/** babeltrace2 refuses streams with ids where packets do not say which they belong to. */
function hasStreamId(traceClass: TraceClass): boolean {
  return (
    traceClass.packetHeader?.memberClasses.some(
      ({ name, fieldClass }) =>
        name === 'stream_id' || ('roles' in fieldClass && (fieldClass.roles ?? []).includes('data-stream-class-id')),
    ) ?? false
  );
}

function writeTrace(traceClass: TraceClass): string {
  const definition = definitionWriter({ byteOrder: traceClass.byteOrder, scopes: {} });
  return (
    'trace {\n\tmajor = 1;\n\tminor = 8;\n' +
    (traceClass.uuid === undefined ? '' : `\tuuid = "${traceClass.uuid}";\n`) +
    `\tbyte_order = ${traceClass.byteOrder === 'big-endian' ? 'be' : 'le'};\n` +
    definition('packet.header', 'packet-header', traceClass.packetHeader) +
    '};\n'
  );
}

function writeEnvironment(environment: ReadonlyMap<string, EnvironmentValue>): string {
  if (environment.size === 0) return '';
  const taken = new Set<string>();
  const lines = [...environment].map(([name, value]) => {
    const wanted = replaceForeignCharacters(name);
    let chosen = wanted;
    for (let suffix = 2; taken.has(chosen); suffix++) chosen = `${wanted}_${suffix}`;
    taken.add(chosen);
    return `\t${chosen} = ${typeof value === 'string' ? quoteTsdlString(value) : String(value)};\n`;
  });
  return `env {\n${lines.join('')}};\n`;
}

function writeClock(clock: ClockClass): string {
  // babeltrace2 merges traces whose clocks all have the same uuid, or are all absolute, and refuses
  // any other mix. LTTng's clocks are not absolute.
  return (
    `clock {\n\tname = "${replaceForeignCharacters(clock.name)}";\n` +
    (clock.uuid === undefined ? '' : `\tuuid = "${clock.uuid}";\n`) +
    (clock.description === undefined ? '' : `\tdescription = ${quoteTsdlString(clock.description)};\n`) +
    `\tfreq = ${clock.frequency};\n` +
    (clock.precision === undefined ? '' : `\tprecision = ${clock.precision};\n`) +
    `\toffset_s = ${clock.offsetSeconds};\n\toffset = ${clock.offsetCycles};\n` +
    (clock.absolute ? '\tabsolute = TRUE;\n' : '') +
    '};\n'
  );
}

function writerOptions(
  traceClass: TraceClass,
  dataStreamClass: DataStreamClass,
  eventRecordClass?: EventRecordClass,
): FieldClassWriterOptions {
  const scopes: Partial<Record<ScopeName, StructureFieldClass>> = {};
  const put = (scope: ScopeName, fieldClass: StructureFieldClass | undefined): void => {
    if (fieldClass !== undefined) scopes[scope] = fieldClass;
  };
  put('packet-header', traceClass.packetHeader);
  put('packet-context', dataStreamClass.packetContext);
  put('event-record-header', dataStreamClass.eventRecordHeader);
  put('event-record-common-context', dataStreamClass.commonContext);
  put('event-record-specific-context', eventRecordClass?.specificContext);
  put('event-record-payload', eventRecordClass?.payload);
  return { byteOrder: traceClass.byteOrder, scopes };
}

function definitionWriter(options: FieldClassWriterOptions) {
  return (name: string, scope: ScopeName, fieldClass: StructureFieldClass | undefined): string =>
    fieldClass === undefined ? '' : `\t${name} := ${writeScope(scope, fieldClass, options, 1)};\n`;
}
