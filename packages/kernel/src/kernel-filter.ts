// SPDX-License-Identifier: MIT
// The filters of the rules that want an event -> what the kernel is to drop before it records, and what
// the conversion has to decide. Both together mean what the filters mean. Fields have LTTng's names.

import { InputError } from '@lockstep/base';
import {
  checkFilter,
  compileToKernelFilter,
  type Filter,
  type FilterNode,
  type KernelField as FilterField,
  type KernelFieldResolver,
  type Rule,
} from '@lockstep/filter';
import type { EventFilter } from './channel-conversion.ts';
import { CONTEXT_FILTER_FIELDS } from './context-fields.ts';
import { isSignedType, sizeOfType } from './c-types.ts';
import type { KernelEventClass } from './event-class.ts';
import type { KernelEventFormat, KernelField } from './event-format.ts';
import type { MatchedEvent } from './kernel-rules.ts';
import { lttngName } from './lttng-names.ts';
import { filterableFields, filterFieldType } from './record-filter.ts';

/** Whether some rule wants every record of the event. */
export function isUnfiltered(event: MatchedEvent): boolean {
  return event.rules.some((rule) => rule.filter === undefined);
}

export interface SplitFilter {
  /** For the event's `filter` file; undefined: the kernel records everything. */
  readonly kernel: string | undefined;
  /** For the conversion; undefined: the kernel's filter says it all. */
  readonly conversion: EventFilter | undefined;
}

const NO_FILTER: SplitFilter = { kernel: undefined, conversion: undefined };

/**
 * Undefined: no filter of any rule fits the fields of this event, so that none of its records is wanted.
 * `mayKernelDrop` is false for an event whose every record the conversion has to see.
 */
export function splitFilters(
  event: MatchedEvent,
  format: KernelEventFormat,
  eventClass: KernelEventClass,
  mayKernelDrop: boolean,
): SplitFilter | undefined {
  if (isUnfiltered(event)) return NO_FILTER;
  const fields = filterableFields(eventClass);
  const scopes = {
    payload: new Map(fields.map((field) => [field.name, filterFieldType(field)])),
    context: CONTEXT_FILTER_FIELDS,
  };
  const fitting = filtersOf(event.rules).filter((filter) => checkFilter(filter, scopes).mismatch === undefined);
  if (fitting.length === 0) return undefined;
  const resolve: KernelFieldResolver = (scope, name) =>
    scope === 'payload' ? resolveField(format, name) : CONTEXT_FIELDS_OF_KERNEL[name];
  const parts = mayKernelDrop ? fitting.map((filter) => kernelPart(filter, resolve)) : [];
  const texts = parts.flatMap((part) => (part?.text === undefined ? [] : [`(${part.text})`]));
  // A rule of which the kernel understands nothing needs every record.
  const hasKernelPart = parts.length > 0 && texts.length === parts.length;
  const isWhole = hasKernelPart && parts.every((part) => part?.isWhole === true);
  return {
    kernel: hasKernelPart ? texts.join(' || ') : undefined,
    conversion: isWhole ? undefined : { id: format.id, expressions: fitting.map((filter) => filter.text), fields },
  };
}

/** Why the filter of a rule fits no field of an event; for the message when it fits none at all. */
export function whyNoFit(rule: Rule, eventClass: KernelEventClass): string | undefined {
  if (rule.filter === undefined) return undefined;
  const payload = new Map(filterableFields(eventClass).map((field) => [field.name, filterFieldType(field)]));
  return checkFilter(rule.filter, { payload, context: CONTEXT_FILTER_FIELDS }).mismatch;
}

export function filterFitsNothing(rule: Rule, reason: string, eventName: string): InputError {
  return new InputError(
    `The filter of this rule is false for every event that the rule names; for ${eventName}: ${reason}.`,
    {
      rule: rule.text,
    },
  );
}

function filtersOf(rules: readonly Rule[]): Filter[] {
  return rules.flatMap((rule) => (rule.filter === undefined ? [] : [rule.filter]));
}

interface KernelPart {
  readonly text: string;
  /** False: the kernel lets some through that the filter does not want. */
  readonly isWhole: boolean;
}

/**
 * What of a filter the kernel can decide. `a && b` may be left half to the conversion: whatever the half
 * that the kernel knows refuses, the whole refuses.
 */
function kernelPart(filter: Filter, resolve: KernelFieldResolver): KernelPart | undefined {
  const whole = compileToKernelFilter(filter, resolve);
  if (whole !== undefined) return { text: whole, isWhole: true };
  const texts = conjuncts(filter.root).flatMap(
    (root) => compileToKernelFilter({ text: filter.text, root }, resolve) ?? [],
  );
  return texts.length === 0 ? undefined : { text: texts.map((text) => `(${text})`).join(' && '), isWhole: false };
}

function conjuncts(node: FilterNode): FilterNode[] {
  return node.type === 'binary' && node.operator === '&&'
    ? [...conjuncts(node.left), ...conjuncts(node.right)]
    : [node];
}

/** Context fields that the kernel's filters know by names of their own. */
const CONTEXT_FIELDS_OF_KERNEL: Readonly<Record<string, FilterField>> = {
  tid: { name: 'common_pid', type: { type: 'integer', bits: 32, isSigned: true } },
  procname: { name: 'COMM', type: { type: 'string', isArray: true } },
};

function resolveField(format: KernelEventFormat, name: string): FilterField | undefined {
  const { fields, added, rwbsFields } = lttngName(format.system, format.name);
  // An added field may have the name that the kernel gives another one.
  if (added.some((field) => field.name === name && field.source.kind !== 'tid')) return undefined;
  const field = format.fields.find((candidate) => (fields[candidate.name] ?? candidate.name) === name);
  if (field === undefined) return added.some((one) => one.name === name) ? CONTEXT_FIELDS_OF_KERNEL['tid'] : undefined;
  if (rwbsFields.includes(field.name)) return undefined;
  const type = filterType(format, field);
  return type === undefined ? undefined : { name: field.name, type };
}

function filterType(format: KernelEventFormat, field: KernelField): FilterField['type'] | undefined {
  if (field.typeName === 'char' && field.array !== 'none') return { type: 'string', isArray: field.array === 'fixed' };
  if (field.array !== 'none') return undefined;
  // The kernel follows a `char *` and compares the text that is there.
  if (field.isPointer && /\bchar\b/.test(field.typeName)) return undefined;
  // Arguments of system calls lie in eight bytes, of which a narrower type leaves the upper ones to chance.
  if (format.system === 'syscalls' && field.sizeBytes === 8 && !field.isPointer && !field.isSigned) {
    if (sizeOfType(field.typeName) !== 8 || isSignedType(field.typeName)) return undefined;
  }
  return { type: 'integer', bits: field.sizeBytes * 8, isSigned: field.isSigned };
}
