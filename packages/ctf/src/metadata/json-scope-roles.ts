// SPDX-License-Identifier: MIT
// Root of a scope with roles as they were written -> the same with the roles that mean something there
// (CTF2-SPEC-2.0, 5.6.1 and 5.8.1). A role elsewhere means nothing, since aliases may bring it along;
// one on the wrong field class is an error.

import type { FieldClass, Role, ScopeName, StructureFieldClass } from '../model/field-class.ts';

const ROLES_OF_SCOPE: Readonly<Partial<Record<ScopeName, readonly Role[]>>> = {
  'packet-header': ['packet-magic-number', 'metadata-stream-uuid', 'data-stream-class-id', 'data-stream-id'],
  'packet-context': [
    'default-clock-timestamp',
    'packet-end-default-clock-timestamp',
    'packet-total-length',
    'packet-content-length',
    'packet-sequence-number',
    'discarded-event-record-counter-snapshot',
  ],
  'event-record-header': ['default-clock-timestamp', 'event-record-class-id'],
};

export interface RoleContext {
  readonly scope: ScopeName;
  /** Of the data stream class's default clock. */
  readonly clockName: string | undefined;
  readonly hasUuid: boolean;
  readonly offsets: WeakMap<FieldClass, number>;
  readonly error: (sentence: string, fieldClass: FieldClass) => Error;
}

export function placeRoles(root: StructureFieldClass, context: RoleContext): StructureFieldClass {
  const first = root.memberClasses[0]?.fieldClass;
  return place(root, context, first) as StructureFieldClass;
}

function place(fc: FieldClass, context: RoleContext, first: FieldClass | undefined): FieldClass {
  const inner = (fieldClass: FieldClass): FieldClass => place(fieldClass, context, first);
  const placed = ((): FieldClass => {
    switch (fc.type) {
      case 'structure': {
        const memberClasses = fc.memberClasses.map((member) => {
          const fieldClass = inner(member.fieldClass);
          return fieldClass === member.fieldClass ? member : { ...member, fieldClass };
        });
        return memberClasses.every((member, i) => member === fc.memberClasses[i]) ? fc : { ...fc, memberClasses };
      }
      case 'variant': {
        const options = fc.options.map((option) => {
          const fieldClass = inner(option.fieldClass);
          return fieldClass === option.fieldClass ? option : { ...option, fieldClass };
        });
        return options.every((option, i) => option === fc.options[i]) ? fc : { ...fc, options };
      }
      case 'optional': {
        const fieldClass = inner(fc.fieldClass);
        return fieldClass === fc.fieldClass ? fc : { ...fc, fieldClass };
      }
      case 'static-length-array':
      case 'dynamic-length-array': {
        // The fields of an array's elements are not a packet's or a record's own.
        const elementFieldClass = place(fc.elementFieldClass, { ...context, scope: 'event-record-payload' }, undefined);
        return elementFieldClass === fc.elementFieldClass ? fc : { ...fc, elementFieldClass };
      }
      default:
        return 'roles' in fc && fc.roles !== undefined ? withRoles(fc, fc.roles, context, first) : fc;
    }
  })();
  const offset = context.offsets.get(fc);
  if (placed !== fc && offset !== undefined) context.offsets.set(placed, offset);
  return placed;
}

function withRoles(
  fc: FieldClass & { readonly roles?: readonly Role[] },
  written: readonly Role[],
  context: RoleContext,
  first: FieldClass | undefined,
): FieldClass {
  const roles = written.filter((role) => ROLES_OF_SCOPE[context.scope]?.includes(role) === true);
  for (const role of roles) check(fc, role, context, first);
  // As CTF 1.8 says it: a reading names its clock.
  if (roles.some((role) => role.endsWith('default-clock-timestamp')) && 'byteOrder' in fc)
    return { ...fc, roles, clock: context.clockName } as FieldClass;
  if (roles.length === written.length) return fc;
  const { roles: _, ...rest } = fc;
  return roles.length === 0 ? (rest as FieldClass) : ({ ...rest, roles } as FieldClass);
}

function check(fc: FieldClass, role: Role, context: RoleContext, first: FieldClass | undefined): void {
  if ((role === 'metadata-stream-uuid') !== (fc.type === 'static-length-blob'))
    throw context.error(`The role "${role}" does not fit a field of this class.`, fc);
  if (role === 'metadata-stream-uuid') {
    if (!('length' in fc) || fc.length !== 16) throw context.error('A UUID has 16 bytes.', fc);
    if (!context.hasUuid) throw context.error('The preamble has no UUID that packets could repeat.', fc);
  }
  if (role === 'packet-magic-number') {
    if (fc !== first) throw context.error('The magic number must be the first field of the packet header.', fc);
    if (!('length' in fc) || fc.length !== 32) throw context.error('The magic number has 32 bits.', fc);
  }
  if (role.endsWith('default-clock-timestamp') && context.clockName === undefined)
    throw context.error('A field is a timestamp, but the data stream class has no default clock.', fc);
}
