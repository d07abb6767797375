// SPDX-License-Identifier: MIT
// The kernel's type information (BTF) -> the values of its enumerators. Print formats name some of
// them (`{ TCP_LISTEN, "TCP_LISTEN" }`) where the kernel's authors forgot to export the number.
//
// Layout (Documentation/bpf/btf.rst): header: magic u16, version u8, flags u8, header size u32, then
// offset and size of the types and of the strings. A type: name u32, info u32 (bits 0-15 vlen, 24-28
// kind), size or type u32, then what its kind has: 12 bytes a member, 8 an enumerator, …

import { readFileSync } from 'node:fs';

const BTF_MAGIC = 0xeb9f;
const KIND_ENUM = 6;
const KIND_ENUM64 = 19;
/** Bytes behind the 12 that each type has: fixed, and for each of vlen. Index: kind. */
const FIXED_SIZES = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];
const MEMBER_SIZES = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];

/** Every enumerator by name; an empty map for bytes that are no BTF. Of names that occur twice the first counts. */
export function parseBtfEnumerators(bytes: Uint8Array): ReadonlyMap<string, number | bigint> {
  const values = new Map<string, number | bigint>();
  if (bytes.length < 24) return values;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = view.getUint16(0, true) === BTF_MAGIC;
  if (!isLittle && view.getUint16(0, false) !== BTF_MAGIC) return values;
  const word = (at: number): number => view.getUint32(at, isLittle);
  const base = word(4);
  const strings = base + word(16);
  const end = Math.min(base + word(8) + word(12), bytes.length - 12);
  for (let at = base + word(8); at >= 0 && at <= end;) {
    const info = word(at + 4);
    const kind = (info >>> 24) & 31;
    const count = info & 0xffff;
    const fixed = FIXED_SIZES[kind];
    const member = MEMBER_SIZES[kind];
    if (fixed === undefined || member === undefined) break;
    const next = at + 12 + fixed + member * count;
    if (next > bytes.length) break;
    if (kind === KIND_ENUM || kind === KIND_ENUM64) {
      // Top bit of info: signed.
      const isSigned = info >>> 31 === 1;
      for (let one = at + 12; one < next; one += member) {
        const name = textAt(text, strings + word(one));
        const low = word(one + 4);
        const value = kind === KIND_ENUM ? (isSigned ? low | 0 : low) : wide(low, word(one + 8), isSigned);
        if (name !== '' && !values.has(name)) values.set(name, value);
      }
    }
    at = next;
  }
  return values;
}

function wide(low: number, high: number, isSigned: boolean): bigint {
  const value = (BigInt(high) << 32n) | BigInt(low);
  return isSigned ? BigInt.asIntN(64, value) : value;
}

function textAt(text: Buffer, offset: number): string {
  const end = text.indexOf(0, offset);
  return end < 0 ? '' : text.toString('latin1', offset, end);
}

let running: ReadonlyMap<string, number | bigint> | undefined;

/** Of the running kernel; read when the first name is asked for. Undefined where it has no such name or no BTF. */
export function kernelEnumerator(name: string): bigint | undefined {
  if (running === undefined) {
    try {
      running = parseBtfEnumerators(readFileSync('/sys/kernel/btf/vmlinux'));
    } catch {
      running = new Map();
    }
  }
  const value = running.get(name);
  return value === undefined ? undefined : BigInt(value);
}
