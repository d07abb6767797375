// SPDX-License-Identifier: MIT
// What all records of a class in a trace share in text: the words between time and scopes, as
// `babeltrace2 --fields --names` choose them. And who a loss belongs to, in one line.

import { printableName } from './format-string.ts';
import type { DataStream, DiscardedItems, Trace } from '../model/event-record.ts';
import type { EnvironmentValue, EventRecordClass } from '../model/trace-class.ts';
import type { Colors } from './colors.ts';
import type { TimeFormatter } from './format-time.ts';

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

export const ALL_NAMES: readonly PrintedNames[] = ['payload', 'context', 'header', 'scope'];
export const DEFAULT_NAMES: readonly PrintedNames[] = ['payload', 'context'];
export const ALL_FIELDS: readonly PrintedFields[] = [
  'trace',
  'trace:hostname',
  'trace:domain',
  'trace:procname',
  'trace:vpid',
  'loglevel',
  'emf',
];
export const DEFAULT_FIELDS: readonly PrintedFields[] = ['trace:hostname', 'trace:procname', 'trace:vpid'];

/** The scopes that are printed, in order, with the option of `--names` that names their members. */
export const PRINTED_SCOPES = [
  { scope: 'packet-context', label: 'stream.packet.context', names: 'context' },
  { scope: 'event-record-common-context', label: 'stream.event.context', names: 'context' },
  { scope: 'event-record-specific-context', label: 'event.context', names: 'context' },
  { scope: 'event-record-payload', label: 'event.fields', names: 'payload' },
] as const;

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

export interface HeadOptions {
  readonly names: ReadonlySet<PrintedNames>;
  readonly fields: ReadonlySet<PrintedFields>;
  readonly colors: Colors;
}

/** Everything between the time and the scopes; the odd commas are babeltrace2's. */
export function recordHead(trace: Trace, erc: EventRecordClass, hasTime: boolean, options: HeadOptions): string {
  const { names, fields, colors } = options;
  const withNames = names.has('header');
  const separator = hasTime && withNames ? ', ' : '';
  const nameEqual = (name: string): string => `${colors.name}${name}${colors.reset} = `;
  let text = '';
  let hasDomain = false;
  const add = (name: PrintedFields | 'model.emf.uri', value: string | undefined): void => {
    if (value === undefined) return;
    text += separator + (withNames ? nameEqual(name) : hasDomain ? ':' : '') + printableName(value);
    hasDomain = true;
  };
  const { environment } = trace.traceClass;
  const name = traceName(trace);
  if (fields.has('trace') && name !== undefined)
    text += separator + (withNames ? `${nameEqual('trace')}${name}, ` : name);
  if (fields.has('trace:hostname')) add('trace:hostname', textOf(environment.get('hostname')));
  if (fields.has('trace:domain')) add('trace:domain', textOf(environment.get('domain')));
  if (fields.has('trace:procname')) add('trace:procname', textOf(environment.get('procname')));
  const vpid = environment.get('vpid');
  if (fields.has('trace:vpid') && typeof vpid === 'bigint') add('trace:vpid', `(${vpid})`);
  const level = erc.logLevel === undefined ? undefined : LOG_LEVEL_NAMES[erc.logLevel];
  if (fields.has('loglevel') && level !== undefined) add('loglevel', `TRACE_${level} (${erc.logLevel})`);
  if (fields.has('emf')) add('model.emf.uri', erc.emfUri);
  if (hasDomain && !withNames) text += ' ';
  const eventName = `${colors.eventName}${printableName(erc.name)}${colors.reset}`;
  return `${text}${separator}${withNames ? `${nameEqual('name')}${eventName}, ` : `${eventName}: `}`;
}

/** The warning that babeltrace2 prints of a loss. */
export function lossText(items: DiscardedItems, time: TimeFormatter): string {
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
      : `between [${time.format(items.beginNs)}] and [${time.format(items.endNs)}]`;
  const { uuid } = trace.traceClass;
  return (
    `WARNING: ${what} ${range} in trace "${traceName(trace) ?? '(unknown)'}" ${uuid === undefined ? '(no UUID)' : `(UUID: ${uuid})`} ` +
    `within stream "${printableName(dataStream.path ?? dataStream.name)}" (stream class ID: ${dataStream.dataStreamClass.id}, ${streamId(dataStream)}).\n`
  );
}

function streamId(dataStream: DataStream): string {
  return dataStream.id === undefined ? 'no stream ID' : `stream ID: ${dataStream.id}`;
}

/** babeltrace2's name of a trace: its host, then its directory below the one that was opened. */
export function traceName(trace: Trace): string | undefined {
  const host = textOf(trace.traceClass.environment.get('hostname'));
  const parts = [host, trace.name === '' ? undefined : trace.name].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : printableName(parts.join('/'));
}

function textOf(value: EnvironmentValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
