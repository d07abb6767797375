// SPDX-License-Identifier: MIT
// Event records as comma-separated values (RFC 4180). Of one event record class every field of context
// and payload is a column; of several the fields of each record are one column of JSON.

import type { EventRecord, FieldValue } from '../model/event-record.ts';
import type { EventRecordClass } from '../model/trace-class.ts';
import { plainJson } from './plain-json.ts';

const COMMON_COLUMNS = ['time_ns', 'trace', 'stream', 'cpu_id', 'event'] as const;

export class CsvWriter {
  readonly #columns:
    | readonly (readonly [scope: 'commonContext' | 'specificContext' | 'payload', name: string])[]
    | undefined;

  /** With the class, the columns are its fields. */
  constructor(onlyClass?: { readonly eventRecordClass: EventRecordClass; readonly record: EventRecord }) {
    if (onlyClass === undefined) return;
    const { eventRecordClass, record } = onlyClass;
    const members = (
      scope: 'commonContext' | 'specificContext' | 'payload',
      fc: EventRecordClass['payload'],
    ): (readonly [typeof scope, string])[] => (fc?.memberClasses ?? []).map(({ name }) => [scope, name] as const);
    this.#columns = [
      ...members('commonContext', record.dataStream.dataStreamClass.commonContext),
      ...members('specificContext', eventRecordClass.specificContext),
      ...members('payload', eventRecordClass.payload),
    ];
  }

  header(): string {
    const names = this.#columns === undefined ? ['context', 'payload'] : this.#columns.map(([, name]) => name);
    return line([...COMMON_COLUMNS, ...names]);
  }

  record(record: EventRecord): string {
    const { dataStream, eventRecordClass, packet, commonContext, specificContext, payload } = record;
    const own =
      this.#columns === undefined
        ? [{ ...commonContext, ...specificContext }, payload ?? {}]
        : this.#columns.map(([scope, name]) => record[scope]?.[name]);
    const cpu = packet.context?.['cpu_id'];
    return line([record.timeNs, dataStream.trace.name, dataStream.name, cpu, eventRecordClass.name, ...own]);
  }
}

function line(values: readonly FieldValue[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}

function cell(value: FieldValue): string {
  if (value === undefined) return '';
  const text = typeof value === 'object' ? plainJson(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
