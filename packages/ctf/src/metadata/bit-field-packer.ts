// SPDX-License-Identifier: MIT
// GNU bit-fields (section 4.1.6): members of one structure in order -> the same members with
// alignments that put each bit-field where GCC would: on the next bit, or at the next unit of its type
// if it does not fit the current one.

import { alignUp } from '@lockstep/base';
import type { FieldClass } from '../model/field-class.ts';

export class BitFieldPacker {
  /** Bits from the structure's begin; undefined behind a member whose size varies. */
  #position: number | undefined = 0;
  /** What the structure must be aligned to for positions to hold: its largest unit. */
  unitAlignment = 1;

  /** `unitLength` is the size of a bit-field's type, undefined for an ordinary member. */
  pack(fieldClass: FieldClass, unitLength: number | undefined): FieldClass {
    if (unitLength === undefined || !('alignment' in fieldClass)) {
      this.#position = endOf(fieldClass, this.#position);
      return fieldClass;
    }
    this.unitAlignment = Math.max(this.unitAlignment, fieldClass.alignment);
    const position = this.#position;
    const isInUnit = position !== undefined && (position % unitLength) + fieldClass.length <= unitLength;
    const alignment = isInUnit ? 1 : Math.max(fieldClass.alignment, nextUnitAlignment(unitLength));
    // Behind a member of unknown size a unit begins at a multiple of it.
    this.#position = (position === undefined ? 0 : alignUp(position, alignment)) + fieldClass.length;
    return { ...fieldClass, alignment };
  }
}

/** Largest power of two that divides the unit: its size for the types of C. */
function nextUnitAlignment(unitLength: number): number {
  return unitLength & -unitLength;
}

/** Where a member ends that begins at or after `position`; undefined if that varies. */
function endOf(fieldClass: FieldClass, position: number | undefined): number | undefined {
  if (position === undefined) return undefined;
  if ('alignment' in fieldClass) return alignUp(position, fieldClass.alignment) + fieldClass.length;
  return fieldClass.type === 'static-length-string' ? alignUp(position, 8) + fieldClass.length * 8 : undefined;
}
