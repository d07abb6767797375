// SPDX-License-Identifier: MIT
// Field shapes of a tracepoint -> the structure field class that its line in the class file carries.

import {
  boolean8,
  floatingPoint,
  nullTerminatedString,
  sequenceMembers,
  signedInteger,
  staticLengthArray,
  structure,
  unsignedInteger,
  type FieldClass,
  type IntegerOptions,
  type StructureFieldClass,
  type StructureMemberClass,
} from '@lockstep/ctf/write';
import type { FieldShape, IntegerShape } from './field-types.ts';

export interface NamedShape {
  readonly name: string;
  readonly shape: FieldShape;
}

export function payloadClassOf(fields: readonly NamedShape[]): StructureFieldClass {
  return structure(fields.flatMap(memberClassesOf));
}

/** A sequence is two members: its length, then its elements. */
function memberClassesOf({ name, shape }: NamedShape): readonly StructureMemberClass[] {
  return shape.kind === 'sequence'
    ? sequenceMembers(name, fieldClassOf(shape.element))
    : [{ name, fieldClass: fieldClassOf(shape) }];
}

function fieldClassOf(shape: FieldShape): FieldClass {
  switch (shape.kind) {
    case 'integer':
      return integerClass(shape);
    case 'bool':
      return boolean8();
    case 'float':
      return floatingPoint(shape.bits);
    case 'string':
      return nullTerminatedString();
    case 'enumeration':
      return integerClass(shape.container, {
        mappings: Object.fromEntries([...shape.mappings].map(([label, value]) => [label, [[value, value]] as const])),
      });
    case 'array':
      return staticLengthArray(fieldClassOf(shape.element), shape.length);
    case 'struct':
      return structure(shape.members.flatMap(memberClassesOf));
    case 'sequence':
      // field-types.ts refuses it: there is no place for the inner lengths.
      throw new Error('a sequence is an element');
  }
}

function integerClass(shape: IntegerShape, options?: IntegerOptions): FieldClass {
  return shape.isSigned ? signedInteger(shape.bits, options) : unsignedInteger(shape.bits, options);
}

/** Bytes that a field of this shape is aligned to. */
export function alignmentOf(shape: FieldShape): number {
  switch (shape.kind) {
    case 'integer':
    case 'float':
      return shape.bits / 8;
    case 'bool':
    case 'string':
      return 1;
    case 'enumeration':
      return shape.container.bits / 8;
    case 'array':
      return alignmentOf(shape.element);
    case 'sequence':
      return Math.max(4, alignmentOf(shape.element));
    case 'struct':
      return Math.max(...shape.members.map((member) => alignmentOf(member.shape)));
  }
}
