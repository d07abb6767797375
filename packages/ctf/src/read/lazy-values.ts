// SPDX-License-Identifier: MIT
// Structures whose strings are decoded, and whose 64-bit integers become bigints, when they are read and not before.
// The generator writes a class for each structure class; here is what those classes have in common.
//
// Such a structure keeps the bytes that it was decoded from: a reader of lazy records gives every window bytes of its
// own, so that nothing that was handed out ever changes. Whoever keeps few of many records keeps `plainValue` of them.

import { decodeUtf8 } from '@lockstep/base';
import type { FieldValue, StructureValue } from '../model/event-record.ts';
import { shortText, type TextDecode } from './decode-state.ts';

/** Property of the prototypes of lazy structures: the names of all members, in order. */
const MEMBERS = Symbol('members');
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

interface LazyStructure {
  readonly [MEMBERS]: readonly string[];
  readonly [name: string]: FieldValue;
}

function isLazyStructure(value: object): value is LazyStructure {
  return MEMBERS in value;
}

/** A value of a lazy record as any other reader hands it out: plain objects, all strings and bigints made. */
export function plainValue(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return (value as readonly FieldValue[]).map(plainValue);
  const structure = value as StructureValue;
  const names = isLazyStructure(structure) ? structure[MEMBERS] : Object.keys(structure);
  return Object.fromEntries(names.map((name) => [name, plainValue(structure[name])]));
}

// `JSON.stringify` and `console.log` show all members; a member of one of these names is itself.
const SHARED: object = Object.create(Object.prototype, {
  toJSON: {
    value(this: StructureValue): FieldValue {
      return plainValue(this);
    },
  },
  [INSPECT]: {
    value(this: StructureValue): FieldValue {
      return plainValue(this);
    },
  },
});

/** Called by generated code with each class that it makes. */
export function finishLazyClass<T extends { readonly prototype: object }>(made: T, members: readonly string[]): T {
  Object.setPrototypeOf(made.prototype, SHARED);
  Object.defineProperty(made.prototype, MEMBERS, { value: members });
  return made;
}

const decode: TextDecode = (bytes, begin, end) => decodeUtf8(bytes.subarray(begin, end));

export function lazyText(bytes: Uint8Array, begin: number, end: number): string {
  return shortText(bytes, begin, end, decode);
}

const wide = new BigUint64Array(1);
const signedWide = new BigInt64Array(wide.buffer);
const wideWords = new Uint32Array(wide.buffer);

/** Little-endian hosts only, as all that Node runs on. */
export function lazyInteger(high: number, low: number, isSigned: boolean): bigint {
  wideWords[0] = low;
  wideWords[1] = high;
  return isSigned ? signedWide[0]! : wide[0]!;
}
