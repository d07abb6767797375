// SPDX-License-Identifier: MIT
// What readers and writers ask of a field class: is its text UTF-8, are its bits in natural order.

import {
  codeUnitSize,
  naturalBitOrder,
  type BitFieldClass,
  type ByteOrder,
  type FieldClass,
  type StringEncoding,
  type StringFieldClass,
} from './field-class.ts';

/** Whether its code units are not bytes. */
export function isWideText(fc: StringFieldClass): fc is StringFieldClass & { readonly encoding: StringEncoding } {
  return codeUnitSize(fc.encoding) > 1;
}

/** Whether the bits of a field come in the order that its byte order does not imply. */
export function isReversed(fc: BitFieldClass): boolean {
  return fc.bitOrder !== undefined && fc.bitOrder !== naturalBitOrder(fc.byteOrder);
}

/** Byte order of the first field of bits in it. */
export function byteOrderOf(fc: FieldClass | undefined): ByteOrder | undefined {
  if (fc === undefined) return undefined;
  if ('byteOrder' in fc) return fc.byteOrder;
  if ('elementFieldClass' in fc) return byteOrderOf(fc.elementFieldClass);
  if (fc.type === 'optional') return byteOrderOf(fc.fieldClass);
  const inner = fc.type === 'structure' ? fc.memberClasses : fc.type === 'variant' ? fc.options : [];
  for (const { fieldClass } of inner) {
    const order = byteOrderOf(fieldClass);
    if (order !== undefined) return order;
  }
  return undefined;
}
