// SPDX-License-Identifier: MIT
// The fields that a filter may name, and their values as a filter sees them: what would be recorded.
// A value that could not be recorded makes the whole filter false.

export type FilterFieldType =
  /** Integers, enumerations (their number) and booleans (0 and 1). */
  | { readonly type: 'integer'; readonly bits: number; readonly isSigned: boolean }
  | { readonly type: 'float'; readonly bits: 32 | 64 }
  /** Also arrays and sequences of characters. */
  | { readonly type: 'string' }
  | { readonly type: 'array'; readonly element: FilterFieldType }
  | { readonly type: 'structure'; readonly members: FilterFields };

/** By name, in the order of recording. */
export type FilterFields = ReadonlyMap<string, FilterFieldType>;

/** All that one event class offers to a filter. */
export interface FilterScopes {
  readonly payload: FilterFields;
  /** `$ctx.NAME` as NAME, `$app.PROVIDER:TYPE` as `$app.PROVIDER:TYPE`. */
  readonly context?: FilterFields;
}

/** The int64 that an integer field of these bits holds after `value` was stored into it. */
export function readInteger(value: unknown, bits: number, isSigned: boolean): bigint | undefined {
  let integer: bigint;
  if (typeof value === 'bigint') integer = value;
  else if (typeof value === 'number') integer = Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
  else if (typeof value === 'boolean') integer = value ? 1n : 0n;
  else return undefined;
  return BigInt.asIntN(64, isSigned ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer));
}

export function readFloat(value: unknown, bits: 32 | 64): number | undefined {
  if (typeof value !== 'number') return undefined;
  return bits === 32 ? Math.fround(value) : value;
}
