// SPDX-License-Identifier: MIT
// Root structure of a scope -> the same with roles: CTF 1.8 says what a field is for by its name
// ("timestamp_begin"), CTF 2 and our model by a role. Readings of the clock get their role from the
// clock mapping, or from the names that babeltrace2 maps by itself where none is written.

import { CtfError } from '@lockstep/base';
import type { FieldClass, Role, ScopeName, StructureFieldClass } from '../model/field-class.ts';

const PACKET_HEADER_ROLES: ReadonlyMap<string, Role> = new Map([
  ['magic', 'packet-magic-number'],
  ['stream_id', 'data-stream-class-id'],
  ['stream_instance_id', 'data-stream-id'],
]);
const PACKET_CONTEXT_ROLES: ReadonlyMap<string, Role> = new Map([
  ['packet_size', 'packet-total-length'],
  ['content_size', 'packet-content-length'],
  ['packet_seq_num', 'packet-sequence-number'],
  ['events_discarded', 'discarded-event-record-counter-snapshot'],
]);

/** Names that hold the clock without saying so. */
const UNMAPPED_CLOCK_NAMES: ReadonlySet<string> = new Set(['timestamp_begin', 'timestamp_end', 'timestamp']);

/** `fallbackClock` is the trace's only clock, for fields that are readings by name alone. */
export function addRoles(
  scope: ScopeName,
  root: StructureFieldClass,
  fallbackClock: string | undefined,
): StructureFieldClass {
  return {
    ...root,
    memberClasses: root.memberClasses.map(({ name, fieldClass }) => ({
      name,
      fieldClass: addRole(scope, name, fieldClass, fallbackClock),
    })),
  };
}

/** True if a field of the packet context or the event header is a reading by name alone. */
export function hasUnmappedClockField(root: FieldClass | undefined): boolean {
  if (root?.type === 'variant') return root.options.some((option) => hasUnmappedClockField(option.fieldClass));
  if (root?.type !== 'structure') return false;
  return root.memberClasses.some(
    ({ name, fieldClass }) =>
      (UNMAPPED_CLOCK_NAMES.has(name) &&
        fieldClass.type === 'fixed-length-unsigned-integer' &&
        fieldClass.clock === undefined) ||
      hasUnmappedClockField(fieldClass),
  );
}

/** Names of the clocks that fields are mapped to, anywhere in a field class. */
export function collectClocks(fieldClass: FieldClass | undefined, into: Set<string>): void {
  if (fieldClass === undefined) return;
  if ('clock' in fieldClass && fieldClass.clock !== undefined) into.add(fieldClass.clock);
  if ('elementFieldClass' in fieldClass) collectClocks(fieldClass.elementFieldClass, into);
  if (fieldClass.type === 'structure') {
    for (const member of fieldClass.memberClasses) collectClocks(member.fieldClass, into);
  }
  if (fieldClass.type === 'variant') {
    for (const option of fieldClass.options) collectClocks(option.fieldClass, into);
  }
}

function addRole(
  scope: ScopeName,
  name: string,
  fieldClass: FieldClass,
  fallbackClock: string | undefined,
): FieldClass {
  if (scope === 'packet-header') {
    return name === 'uuid' ? asUuid(fieldClass) : withRole(name, fieldClass, PACKET_HEADER_ROLES.get(name), undefined);
  }
  if (scope === 'packet-context') {
    const role = PACKET_CONTEXT_ROLES.get(name);
    return role === undefined
      ? inPacketContext(name, fieldClass, fallbackClock)
      : withRole(name, fieldClass, role, undefined);
  }
  return scope === 'event-record-header' ? inEventRecordHeader(name, fieldClass, fallbackClock) : fieldClass;
}

/** Section 8: mapped fields of the packet context whose names end with `_begin` and `_end` bound the packet. */
function inPacketContext(name: string, fieldClass: FieldClass, fallbackClock: string | undefined): FieldClass {
  if (fieldClass.type !== 'fixed-length-unsigned-integer') return fieldClass;
  const clock =
    fieldClass.clock ?? (name === 'timestamp_begin' || name === 'timestamp_end' ? fallbackClock : undefined);
  if (clock === undefined) return fieldClass;
  if (name.endsWith('_begin')) return withRole(name, fieldClass, 'default-clock-timestamp', clock);
  if (name.endsWith('_end')) return withRole(name, fieldClass, 'packet-end-default-clock-timestamp', clock);
  return fieldClass;
}

/** Also inside of structures and variants: LTTng's extended header has an `id` and a `timestamp` there. */
function inEventRecordHeader(name: string, fieldClass: FieldClass, fallbackClock: string | undefined): FieldClass {
  if (fieldClass.type === 'structure') {
    const memberClasses = fieldClass.memberClasses.map((member) => ({
      name: member.name,
      fieldClass: inEventRecordHeader(member.name, member.fieldClass, fallbackClock),
    }));
    return { ...fieldClass, memberClasses };
  }
  if (fieldClass.type === 'variant') {
    const options = fieldClass.options.map((option) => ({
      ...option,
      fieldClass: inEventRecordHeader('', option.fieldClass, fallbackClock),
    }));
    return { ...fieldClass, options };
  }
  if (fieldClass.type === 'fixed-length-unsigned-integer') {
    const clock = fieldClass.clock ?? (name === 'timestamp' ? fallbackClock : undefined);
    if (clock !== undefined) return withRole(name, fieldClass, 'default-clock-timestamp', clock);
  }
  const isId = name === 'id' && fieldClass.type.endsWith('integer');
  return isId ? withRole(name, fieldClass, 'event-record-class-id', undefined) : fieldClass;
}

function withRole(name: string, fieldClass: FieldClass, role: Role | undefined, clock: string | undefined): FieldClass {
  if (role === undefined) return fieldClass;
  if (fieldClass.type !== 'fixed-length-unsigned-integer') {
    throw new CtfError(`The field "${name}" must be an unsigned integer.`, { role });
  }
  return { ...fieldClass, roles: [role], ...(clock === undefined ? {} : { clock }) };
}

function asUuid(fieldClass: FieldClass): FieldClass {
  const isUuid =
    fieldClass.type === 'static-length-array' &&
    fieldClass.length === 16 &&
    fieldClass.elementFieldClass.type === 'fixed-length-unsigned-integer' &&
    fieldClass.elementFieldClass.length === 8;
  if (!isUuid) throw new CtfError('The field "uuid" of the packet header must be an array of 16 bytes.');
  return { ...fieldClass, roles: ['metadata-stream-uuid'] };
}
