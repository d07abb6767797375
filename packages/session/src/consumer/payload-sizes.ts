// SPDX-License-Identifier: MIT
// How large a record's payload is: payload field class -> steps that find the payload's end in bytes.
// The consumer uses it to walk packets of programs that it does not trust, so everything is bounded
// by the packet's content and no step can loop without consuming a byte.

import { alignUp, ProtocolError } from '@lockstep/base';
import type { FieldClass, StructureFieldClass } from '@lockstep/ctf/write';

/** Fixed-size bytes after an alignment, both in bytes. */
interface FixedStep {
  readonly type: 'fixed';
  readonly alignment: number;
  readonly sizeBytes: number;
}
/** An unsigned integer whose value the array step of the same slot needs. */
interface LengthStep {
  readonly type: 'length';
  readonly alignment: number;
  readonly sizeBytes: 1 | 2 | 4;
  readonly slot: number;
}
interface StringStep {
  readonly type: 'string';
}
/** Elements of a fixed size, back to back. */
interface RunStep {
  readonly type: 'run';
  readonly alignment: number;
  readonly elementSizeBytes: number;
  /** From one element's begin to the next one's: the size and padding, which the last does not have. */
  readonly strideBytes: number;
  readonly slot: number;
}
/** Elements whose sizes differ; `count` undefined = by slot. Each takes at least one byte. */
interface RepeatStep {
  readonly type: 'repeat';
  readonly alignment: number;
  readonly count: number | undefined;
  readonly slot: number;
  readonly element: readonly Step[];
}
type Step = FixedStep | LengthStep | StringStep | RunStep | RepeatStep;

export interface PayloadSizes {
  readonly steps: readonly Step[];
  readonly slotCount: number;
}

/** Throws ProtocolError for field classes that a tracer does not make: bit fields, variants. */
export function compilePayloadSizes(payload: StructureFieldClass): PayloadSizes {
  const compiler = new Compiler();
  compiler.structure(payload);
  return { steps: compiler.steps, slotCount: compiler.slotCount };
}

/** End of a payload that begins at `begin`, or -1 when it does not end within `limit`. Offsets are bytes from the packet's begin. */
export function findPayloadEnd(
  sizes: PayloadSizes,
  bytes: Uint8Array,
  begin: number,
  limit: number,
  lengths: Float64Array,
): number {
  return walkSteps(sizes.steps, bytes, begin, limit, lengths);
}

function walkSteps(
  steps: readonly Step[],
  bytes: Uint8Array,
  begin: number,
  limit: number,
  lengths: Float64Array,
): number {
  let position = begin;
  for (const step of steps) {
    switch (step.type) {
      case 'fixed':
        position = alignPosition(position, step.alignment) + step.sizeBytes;
        break;
      case 'length': {
        const at = alignPosition(position, step.alignment);
        position = at + step.sizeBytes;
        if (position > limit) return -1;
        let value = 0;
        for (let index = step.sizeBytes - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
        lengths[step.slot] = value;
        break;
      }
      case 'string': {
        position = findStringEnd(bytes, position, limit);
        if (position < 0) return -1;
        break;
      }
      case 'run': {
        const count = lengths[step.slot] ?? 0;
        position = alignPosition(position, step.alignment);
        if (count > 0) position += step.strideBytes * (count - 1) + step.elementSizeBytes;
        break;
      }
      case 'repeat': {
        position = alignPosition(position, step.alignment);
        const count = step.count ?? lengths[step.slot] ?? 0;
        for (let index = 0; index < count; index++) {
          position = walkSteps(step.element, bytes, position, limit, lengths);
          if (position < 0) return -1;
        }
        break;
      }
    }
    if (position > limit) return -1;
  }
  return position;
}

/** Most strings are short, and a call of indexOf costs as much as 50 steps of the loop. */
const SHORT_STRING_BYTES = 48;

/** Behind the string's NUL, or -1 when there is none before `limit`. */
function findStringEnd(bytes: Uint8Array, begin: number, limit: number): number {
  const shortEnd = Math.min(limit, begin + SHORT_STRING_BYTES);
  for (let position = begin; position < shortEnd; position++) if (bytes[position] === 0) return position + 1;
  const end = shortEnd < limit ? bytes.indexOf(0, shortEnd) : -1;
  return end < 0 || end >= limit ? -1 : end + 1;
}

/** As alignUp, without a division; positions are below 2 GiB. */
function alignPosition(position: number, alignment: number): number {
  return (position + alignment - 1) & -alignment;
}

class Compiler {
  readonly steps: Step[] = [];
  slotCount = 0;
  /** Bytes since an 8-byte boundary when all before is of fixed size; undefined = the alignment is not known here. */
  #offset: number | undefined = 0;

  structure(fieldClass: StructureFieldClass): void {
    this.#align(alignmentBytes(fieldClass));
    const slots = new Map<string, number>();
    const wanted = new Set(fieldClass.memberClasses.flatMap((member) => lengthName(member.fieldClass) ?? []));
    for (const { name, fieldClass: member } of fieldClass.memberClasses) {
      if (wanted.has(name)) {
        slots.set(name, this.#length(member));
      } else {
        this.#field(member, slots);
      }
    }
  }

  #field(fieldClass: FieldClass, slots: ReadonlyMap<string, number>): void {
    const fixed = fixedSizeBytes(fieldClass);
    if (fixed !== undefined) {
      this.#fixed(alignmentBytes(fieldClass), fixed);
      return;
    }
    switch (fieldClass.type) {
      case 'null-terminated-string':
        this.#push({ type: 'string' });
        return;
      case 'dynamic-length-string':
        this.#push({
          type: 'run',
          alignment: 1,
          elementSizeBytes: 1,
          strideBytes: 1,
          slot: findSlot(fieldClass, slots),
        });
        return;
      case 'structure':
        this.structure(fieldClass);
        return;
      case 'dynamic-length-array':
      case 'static-length-array':
        this.#array(
          fieldClass.elementFieldClass,
          fieldClass.type === 'static-length-array' ? fieldClass.length : undefined,
          fieldClass,
          slots,
        );
        return;
      default:
        throw new ProtocolError('A program announced an event with a field that programs cannot record', {
          type: fieldClass.type,
        });
    }
  }

  #array(element: FieldClass, count: number | undefined, array: FieldClass, slots: ReadonlyMap<string, number>): void {
    const slot = count === undefined ? findSlot(array, slots) : -1;
    const alignment = alignmentBytes(array);
    const elementSize = fixedSizeBytes(element);
    if (elementSize !== undefined) {
      this.#push({
        type: 'run',
        alignment,
        elementSizeBytes: elementSize,
        strideBytes: alignUp(elementSize, alignmentBytes(element)),
        slot,
      });
      return;
    }
    const inner = new Compiler();
    inner.slotCount = this.slotCount;
    inner.#offset = undefined;
    inner.#field(element, new Map());
    this.slotCount = inner.slotCount;
    this.#push({ type: 'repeat', alignment, count, slot, element: inner.steps });
  }

  #length(fieldClass: FieldClass): number {
    if (fieldClass.type !== 'fixed-length-unsigned-integer' || fieldClass.byteOrder !== 'little-endian') {
      throw new ProtocolError('A program announced an event whose length field is no unsigned little-endian integer', {
        type: fieldClass.type,
      });
    }
    const sizeBytes = fixedSizeBytes(fieldClass);
    if (sizeBytes !== 1 && sizeBytes !== 2 && sizeBytes !== 4) {
      throw new ProtocolError('A program announced an event whose length field has not 8, 16 or 32 bits', {
        length: fieldClass.length,
      });
    }
    const slot = this.slotCount++;
    this.#push({ type: 'length', alignment: alignmentBytes(fieldClass), sizeBytes, slot });
    return slot;
  }

  #align(alignment: number): void {
    if (alignment > 1) this.#fixed(alignment, 0);
  }

  /** Joins neighbours of fixed size while the position is known modulo 8, as it is from a record's begin to its first string. */
  #fixed(alignment: number, sizeBytes: number): void {
    const last = this.steps.at(-1);
    if (this.#offset !== undefined && alignment <= 8) {
      const begin = alignUp(this.#offset, alignment);
      this.#offset = begin + sizeBytes;
      if (last?.type === 'fixed')
        this.steps[this.steps.length - 1] = { type: 'fixed', alignment: 1, sizeBytes: this.#offset };
      else this.steps.push({ type: 'fixed', alignment: 1, sizeBytes: this.#offset });
      return;
    }
    this.steps.push({ type: 'fixed', alignment, sizeBytes });
  }

  #push(step: Step): void {
    this.steps.push(step);
    this.#offset = undefined;
  }
}

function lengthName(fieldClass: FieldClass): readonly string[] | undefined {
  if (fieldClass.type !== 'dynamic-length-array' && fieldClass.type !== 'dynamic-length-string') return undefined;
  const name = fieldClass.lengthFieldLocation.path.at(-1);
  return typeof name === 'string' ? [name] : undefined;
}

function findSlot(fieldClass: FieldClass, slots: ReadonlyMap<string, number>): number {
  const slot = slots.get(lengthName(fieldClass)?.[0] ?? '');
  if (slot === undefined)
    throw new ProtocolError(
      'A program announced an event with a sequence whose length does not stand before it in the same structure',
    );
  return slot;
}

/** Undefined when the size depends on values. */
function fixedSizeBytes(fieldClass: FieldClass): number | undefined {
  switch (fieldClass.type) {
    case 'fixed-length-bit-array':
    case 'fixed-length-boolean':
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'fixed-length-floating-point-number':
      if (fieldClass.length % 8 !== 0 || fieldClass.alignment % 8 !== 0) {
        throw new ProtocolError('A program announced an event with a bit field, which programs cannot record', {
          length: fieldClass.length,
        });
      }
      return fieldClass.length / 8;
    case 'static-length-string':
      return fieldClass.length;
    case 'static-length-array': {
      const size = fixedSizeBytes(fieldClass.elementFieldClass);
      if (size === undefined) return undefined;
      if (fieldClass.length === 0) return 0;
      return alignUp(size, alignmentBytes(fieldClass.elementFieldClass)) * (fieldClass.length - 1) + size;
    }
    case 'structure': {
      let offset = 0;
      for (const member of fieldClass.memberClasses) {
        const size = fixedSizeBytes(member.fieldClass);
        if (size === undefined) return undefined;
        offset = alignUp(offset, alignmentBytes(member.fieldClass)) + size;
      }
      return offset;
    }
    default:
      return undefined;
  }
}

function alignmentBytes(fieldClass: FieldClass): number {
  switch (fieldClass.type) {
    case 'fixed-length-bit-array':
    case 'fixed-length-boolean':
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'fixed-length-floating-point-number':
      return Math.max(1, fieldClass.alignment / 8);
    case 'structure':
      return fieldClass.memberClasses.reduce(
        (largest, member) => Math.max(largest, alignmentBytes(member.fieldClass)),
        Math.max(1, (fieldClass.minimumAlignment ?? 8) / 8),
      );
    case 'static-length-array':
    case 'dynamic-length-array':
      return Math.max(1, (fieldClass.minimumAlignment ?? 8) / 8, alignmentBytes(fieldClass.elementFieldClass));
    default:
      return 1;
  }
}
