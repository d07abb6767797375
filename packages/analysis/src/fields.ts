// SPDX-License-Identifier: MIT
// Reading members of a record's structures without trusting that they are there or of the kind that
// the contract says: traces come from anywhere, a wrong field is 0 or '' and never an exception.

import type { FieldValue, StructureValue } from '@lockstep/ctf';

export function numberOf(scope: StructureValue | undefined, name: string): number {
  const value = scope?.[name];
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : 0;
}

export function optionalNumberOf(scope: StructureValue | undefined, name: string): number | undefined {
  const value = scope?.[name];
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}

export function bigintOf(scope: StructureValue | undefined, name: string): bigint {
  const value = scope?.[name];
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : 0n;
}

/** Strings, and arrays of characters as kernels before strings wrote them. */
export function stringOf(scope: StructureValue | undefined, name: string): string {
  const value: FieldValue | undefined = scope?.[name];
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  let text = '';
  for (const unit of value as readonly FieldValue[]) {
    if (typeof unit !== 'number' || unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return text;
}
