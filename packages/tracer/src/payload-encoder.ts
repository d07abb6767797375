// SPDX-License-Identifier: MIT
// The plain way to make a payload: field shapes and arguments -> bytes in a scratch memory, offset 0
// being the payload's begin. It interprets, allocates nothing but what the arguments' getters do, and
// takes every field type. Twin of the generated functions, and their oracle.
//
// Arguments are the program's objects: reading a property may run its code, throw, or call a
// tracepoint. So everything is read here, before anything is reserved in the ring buffer.

import { MAX_ELEMENT_COUNT, type FieldShape, type IntegerShape } from './field-types.ts';
import { alignmentOf, type NamedShape } from './payload-class.ts';
import { exactStringRoom, makeStringWriter, stringRoom } from './string-writer.ts';
import { makeRingViews, type RingViews } from './record-target.ts';

const SCRATCH_BYTES = 1024 * 1024;

/** One per thread and nesting depth. */
export class PayloadEncoder {
  readonly #views: RingViews;
  readonly #writeString: (text: string, position: number) => number;
  #position = 0;
  #badArgumentCount = 0;
  #isFull = false;

  constructor() {
    this.#views = makeRingViews(new ArrayBuffer(SCRATCH_BYTES));
    this.#writeString = makeStringWriter(this.#views, 0);
  }

  get bytes(): Uint8Array {
    return this.#views.bytes;
  }
  get badArgumentCount(): number {
    return this.#badArgumentCount;
  }
  get truncatedStringCount(): number {
    return this.#views.words[0]!;
  }

  /** Encodes; returns the size in bytes, or -1 when it is larger than any sub-buffer's worth. Never throws. */
  encode(fields: readonly NamedShape[], values: ArrayLike<unknown>): number {
    // Word 0 is the counter that the string writer counts in, so payloads begin behind it.
    this.#views.words[0] = 0;
    this.#position = PAYLOAD_BEGIN;
    this.#badArgumentCount = 0;
    this.#isFull = false;
    for (let index = 0; index < fields.length; index++) this.#field(fields[index]!.shape, values[index]);
    return this.#isFull ? -1 : this.#position - PAYLOAD_BEGIN;
  }

  #field(shape: FieldShape, value: unknown): void {
    if (this.#isFull) return;
    switch (shape.kind) {
      case 'integer':
        return this.#integer(shape, value);
      case 'float':
        return this.#float(shape.bits, value);
      case 'bool':
        if (typeof value !== 'boolean') this.#badArgumentCount++;
        return this.#small(8, value === true ? 1 : 0);
      case 'string':
        return this.#string(value);
      case 'enumeration':
        return this.#small(shape.container.bits as 8 | 16 | 32, this.#enumerator(shape.mappings, value));
      case 'array':
        return this.#elements(shape.element, value, shape.length);
      case 'sequence':
        return this.#elements(shape.element, value, undefined);
      case 'struct':
        this.#align(alignmentOf(shape));
        for (const member of shape.members) this.#field(member.shape, this.#property(value, member.name));
    }
  }

  #integer(shape: IntegerShape, value: unknown): void {
    if (shape.bits !== 64) return this.#small(shape.bits, this.#number(value));
    const at = this.#take(8, 8);
    if (at < 0) return;
    if (typeof value === 'bigint') {
      this.#views.bigints[at >> 3] = value;
      return;
    }
    const number = this.#number(value);
    this.#views.words[at >> 2] = number;
    this.#views.words[(at >> 2) + 1] = Math.floor(number / 4294967296);
  }

  #small(bits: 8 | 16 | 32, number: number): void {
    const at = this.#take(bits / 8, bits / 8);
    if (at < 0) return;
    if (bits === 32) this.#views.words[at >> 2] = number;
    else if (bits === 16) this.#views.shorts[at >> 1] = number;
    else this.#views.bytes[at] = number;
  }

  #float(bits: 32 | 64, value: unknown): void {
    const number = this.#number(value);
    const at = this.#take(bits / 8, bits / 8);
    if (at < 0) return;
    if (bits === 32) this.#views.floats[at >> 2] = number;
    else this.#views.doubles[at >> 3] = number;
  }

  #string(value: unknown): void {
    if (typeof value !== 'string') this.#badArgumentCount++;
    const text = typeof value === 'string' ? value : '';
    if (
      this.#position + stringRoom(text.length) > SCRATCH_BYTES &&
      this.#position + exactStringRoom(text) > SCRATCH_BYTES
    ) {
      this.#isFull = true;
      return;
    }
    this.#position = this.#writeString(text, this.#position);
  }

  #enumerator(mappings: ReadonlyMap<string, number>, value: unknown): number {
    if (typeof value === 'number') return value;
    const number = typeof value === 'string' ? mappings.get(value) : undefined;
    if (number === undefined) this.#badArgumentCount++;
    return number ?? 0;
  }

  #elements(element: FieldShape, value: unknown, fixedLength: number | undefined): void {
    const given = lengthOf(value);
    if (given < 0 || given > MAX_ELEMENT_COUNT || (fixedLength !== undefined && given !== fixedLength))
      this.#badArgumentCount++;
    const length = fixedLength ?? Math.min(Math.max(given, 0), MAX_ELEMENT_COUNT);
    if (fixedLength === undefined) this.#small(32, length);
    // Also of no elements: CTF aligns an empty array.
    this.#align(alignmentOf(element));
    // Elements that are missing are zero, counted once above.
    const missing =
      element.kind === 'string' ? '' : element.kind === 'bool' ? false : element.kind === 'struct' ? ZEROS : 0;
    for (let index = 0; index < length && !this.#isFull; index++) {
      this.#field(element, index < given ? this.#property(value, index) : missing);
    }
  }

  /** A property of the program's object; what throws or is no object reads as undefined. */
  #property(value: unknown, name: string | number): unknown {
    if (value === ZEROS) return ZEROS;
    try {
      return (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[name];
    } catch {
      return undefined;
    }
  }

  #number(value: unknown): number {
    if (typeof value === 'number') return value;
    if (value !== ZEROS) this.#badArgumentCount++;
    return 0;
  }

  #align(bytes: number): void {
    const aligned = (this.#position + bytes - 1) & -bytes;
    // Nothing of an earlier payload shows in the padding.
    while (this.#position < aligned) this.#views.bytes[this.#position++] = 0;
  }

  #take(sizeBytes: number, alignment: number): number {
    this.#align(alignment);
    const at = this.#position;
    if (at + sizeBytes > SCRATCH_BYTES) {
      this.#isFull = true;
      return -1;
    }
    this.#position = at + sizeBytes;
    return at;
  }
}

/** Where a payload begins in the scratch memory: a multiple of 8 behind the counter. */
export const PAYLOAD_BEGIN = 8;

/** Stands for the members of a struct that an array is short of. */
const ZEROS: unknown = Object.freeze({});

function lengthOf(value: unknown): number {
  try {
    const length = typeof value === 'object' && value !== null ? (value as { readonly length?: unknown }).length : -1;
    return typeof length === 'number' && Number.isInteger(length) && length >= 0 ? length : -1;
  } catch {
    return -1;
  }
}
