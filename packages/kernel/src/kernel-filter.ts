// SPDX-License-Identifier: MIT
// The filters of the rules that want an event -> the text for its `filter` file in tracefs. Fields may
// have LTTng's names; what the kernel's filters cannot express exactly is refused, not approximated.

import { InputError } from '@lockstep/base';
import { compileToKernelFilter, type KernelField as FilterField } from '@lockstep/filter';
import { parseEventFormat, type KernelEventFormat, type KernelField } from './event-format.ts';
import type { MatchedEvent } from './kernel-rules.ts';
import { lttngName } from './lttng-names.ts';

/** Whether some rule wants every record of the event. */
export function isUnfiltered(event: MatchedEvent): boolean {
  return event.rules.some((rule) => rule.filter === undefined);
}

/** Undefined: every record is wanted. `formatText` is the event's `format` file. Throws InputError. */
export function kernelFilterOf(event: MatchedEvent, formatText: string): string | undefined {
  if (isUnfiltered(event)) return undefined;
  const format = parseEventFormat(event.system, formatText);
  const filters = event.rules.map((rule) => {
    const text =
      rule.filter === undefined || format === undefined
        ? undefined
        : compileToKernelFilter(rule.filter, (scope, name) =>
            scope === 'payload' ? resolveField(format, name) : undefined,
          );
    if (text === undefined) {
      throw new InputError(
        `The filter of this rule cannot be applied to ${event.lttngName} by the kernel; compare its fields with constants, or leave out what follows "if".`,
        { rule: rule.text },
      );
    }
    return `(${text})`;
  });
  return filters.join(' || ');
}

function resolveField(format: KernelEventFormat, name: string): FilterField | undefined {
  const names = lttngName(format.system, format.name).fields;
  const field = format.fields.find((candidate) => (names[candidate.name] ?? candidate.name) === name);
  const type = field === undefined ? undefined : filterType(format, field);
  return field === undefined || type === undefined ? undefined : { name: field.name, type };
}

function filterType(format: KernelEventFormat, field: KernelField): FilterField['type'] | undefined {
  if (field.typeName === 'char' && field.array !== 'none') return { type: 'string' };
  if (field.array !== 'none') return undefined;
  // Arguments of system calls lie in eight bytes whose upper half a signed one leaves undefined.
  if (
    format.system === 'syscalls' &&
    field.sizeBytes === 8 &&
    !field.isSigned &&
    /^(?:int|pid_t|long|loff_t|off_t)$/.test(field.typeName)
  )
    return undefined;
  return { type: 'integer', bits: field.sizeBytes * 8, isSigned: field.isSigned };
}
