// SPDX-License-Identifier: MIT
// Members of a record's structures as the types that the model wants, without trusting that they are
// there or of the kind that the contract says: traces come from anywhere, a wrong field is 0 or '' and
// never an exception. The caller names the member, so that each call site has its own inline cache.

import type { FieldValue } from '@lockstep/ctf';

export function toNumber(value: FieldValue | undefined): number {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : 0;
}

export function toOptionalNumber(value: FieldValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}

export function toBigint(value: FieldValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : 0n;
}

/** Strings, and arrays of characters as kernels before strings wrote them. */
export function toText(value: FieldValue | undefined): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  let text = '';
  for (const unit of value as readonly FieldValue[]) {
    if (typeof unit !== 'number' || unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return text;
}
