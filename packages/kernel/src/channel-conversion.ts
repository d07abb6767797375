// SPDX-License-Identifier: MIT
// What the conversion of a channel does beside copying fields: context fields, filters that the kernel
// could not take, trackers, and events that are looked at for these and are not all for the trace. Plain
// JSON, since it lies beside the spool (spool.ts); whoever made the directory made it, so it is checked.

import { findContextField } from './context-fields.ts';

export interface ChannelConversion {
  /** CTF data stream class id of the channel. */
  readonly streamClassId: number;
  /** Names of context fields in the order of the trace. */
  readonly contexts: readonly string[];
  readonly filters: readonly EventFilter[];
  /** An expression on context fields that every record has to fulfil; '' when there is none. */
  readonly tracker: string;
  readonly observed: readonly ObservedEvent[];
  /** Ids of the kernel's own events that carry stacks; 0: not asked for. */
  readonly kernelStackId: number;
  readonly userStackId: number;
}

/** A record passes when one of the expressions holds. */
export interface EventFilter {
  readonly id: number;
  readonly expressions: readonly string[];
  readonly fields: readonly FilterableField[];
}

/** A field of a raw record as a filter sees it. */
export interface FilterableField {
  /** LTTng's. */
  readonly name: string;
  readonly kind: 'integer' | 'text' | 'string' | 'array' | 'sequence' | 'rwbs' | 'process';
  readonly from: number;
  /** Of `integer`, or of an element. */
  readonly sizeBytes: number;
  readonly isSigned: boolean;
  /** Elements of an array, bytes of a text. */
  readonly length: number;
  readonly isRelative: boolean;
}

/** What an event tells the conversion of threads; each has offsets of the kernel's fields of these names. */
export const OBSERVED_FIELDS = {
  switch: ['next_pid', 'next_prio', 'next_comm'],
  'new-task': ['pid', 'clone_flags', 'comm'],
  rename: ['pid', 'newcomm'],
  exit: ['pid'],
  'change-prio': ['pid', 'newprio'],
  /** Of the recording thread. */
  change: [],
} as const;
export type ObservedRole = keyof typeof OBSERVED_FIELDS;

export interface ObservedEvent {
  readonly id: number;
  readonly role: ObservedRole;
  /** In the order of OBSERVED_FIELDS. */
  readonly offsets: readonly number[];
  /** No rule wants it: it is left out of the trace. */
  readonly isHidden: boolean;
}

export function isPlainConversion(conversion: ChannelConversion): boolean {
  return (
    conversion.contexts.length === 0 &&
    conversion.filters.length === 0 &&
    conversion.tracker === '' &&
    conversion.observed.length === 0
  );
}

const MAX_PLACE = 1 << 20;
const MAX_ID = 65_535;
const MAX_TEXT = 65_536;

/** Whether what was read is one, with every number in its bounds. */
export function isChannelConversion(value: unknown): value is ChannelConversion {
  const conversion = value as Partial<ChannelConversion> | null;
  return (
    isCount(conversion?.streamClassId, 0xffff_ffff) &&
    isList(conversion.contexts, (name) => typeof name === 'string' && findContextField(name) !== undefined) &&
    isList(conversion.filters, isEventFilter) &&
    isText(conversion.tracker) &&
    isList(conversion.observed, isObservedEvent) &&
    isCount(conversion.kernelStackId, MAX_ID) &&
    isCount(conversion.userStackId, MAX_ID)
  );
}

function isEventFilter(value: unknown): boolean {
  const filter = value as Partial<EventFilter> | null;
  return isCount(filter?.id, MAX_ID) && isList(filter.expressions, isText) && isList(filter.fields, isFilterableField);
}

const FIELD_KINDS: ReadonlySet<unknown> = new Set([
  'integer',
  'text',
  'string',
  'array',
  'sequence',
  'rwbs',
  'process',
] satisfies readonly FilterableField['kind'][]);

function isFilterableField(value: unknown): boolean {
  const field = value as Partial<FilterableField> | null;
  return (
    isText(field?.name) &&
    FIELD_KINDS.has(field.kind) &&
    isCount(field.from, MAX_PLACE) &&
    isCount(field.sizeBytes, 8) &&
    isCount(field.length, MAX_PLACE) &&
    typeof field.isSigned === 'boolean' &&
    typeof field.isRelative === 'boolean'
  );
}

function isObservedEvent(value: unknown): boolean {
  const event = value as Partial<ObservedEvent> | null;
  const fields = OBSERVED_FIELDS[event?.role ?? 'change'] as readonly string[] | undefined;
  const offsets: readonly unknown[] = Array.isArray(event?.offsets) ? event.offsets : [];
  return (
    isCount(event?.id, MAX_ID) &&
    typeof event.isHidden === 'boolean' &&
    typeof event.role === 'string' &&
    offsets.length === fields?.length &&
    offsets.every((offset) => isCount(offset, 1024))
  );
}

function isList(value: unknown, isElement: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= 100_000 && (value as readonly unknown[]).every(isElement);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isCount(value: unknown, maximum: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maximum;
}
