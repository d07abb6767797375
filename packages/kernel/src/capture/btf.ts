// SPDX-License-Identifier: MIT
// The kernel's own type information (/sys/kernel/btf/vmlinux, Documentation/bpf/btf.rst) -> ids of
// types and offsets of structure members by name. One pass for all that is asked for; the file is
// five megabytes, so the answers are kept with the event description.

import { readFileSync } from 'node:fs';
import { InputError } from '@lockstep/base';

export const KERNEL_BTF_PATH = '/sys/kernel/btf/vmlinux';

const MAGIC = 0xeb9f;
const HEADER_SIZE_BYTES = 24;
const KIND_STRUCT = 4;
const KIND_TYPEDEF = 8;
/** Bytes behind the twelve of every type: fixed, and for each of its `vlen` elements. */
const TRAILER: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [4, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  17: [4, 0],
  19: [0, 12],
};

export interface BtfAnswers {
  /** Type ids of typedefs. */
  readonly typedefIds: ReadonlyMap<string, number>;
  /** `structure.member` -> byte offset. */
  readonly memberOffsets: ReadonlyMap<string, number>;
}

/** Names that are not there are missing from the answers. Throws InputError when the bytes are no BTF. */
export function queryBtf(
  bytes: Buffer,
  typedefs: readonly string[],
  members: readonly (readonly [structure: string, member: string])[],
): BtfAnswers {
  const wrong = (what: string) => new InputError(`The kernel's type information cannot be read: ${what}.`, {});
  if (bytes.length < HEADER_SIZE_BYTES || bytes.readUInt16LE(0) !== MAGIC) throw wrong('its magic number is missing');
  const headerSize = bytes.readUInt32LE(4);
  const typesBegin = headerSize + bytes.readUInt32LE(8);
  const typesEnd = typesBegin + bytes.readUInt32LE(12);
  const stringsBegin = headerSize + bytes.readUInt32LE(16);
  const stringsEnd = stringsBegin + bytes.readUInt32LE(20);
  if (typesEnd > bytes.length || stringsEnd > bytes.length) throw wrong('it ends too early');
  const strings = bytes.subarray(stringsBegin, stringsEnd);
  const offsetOf = (name: string): number => strings.indexOf(`\0${name}\0`, 0, 'latin1') + 1;

  const typedefNames = new Map(typedefs.map((name) => [offsetOf(name), name]));
  const structures = new Map<number, { name: string; members: Map<number, string> }>();
  for (const [structure, member] of members) {
    const at = offsetOf(structure);
    const entry = structures.get(at) ?? { name: structure, members: new Map<number, string>() };
    entry.members.set(offsetOf(member), member);
    structures.set(at, entry);
  }
  const typedefIds = new Map<string, number>();
  const memberOffsets = new Map<string, number>();
  let id = 1;
  for (let at = typesBegin; at + 12 <= typesEnd; id++) {
    const name = bytes.readUInt32LE(at);
    const info = bytes.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    const [fixed, each] = TRAILER[kind] ?? [0, 0];
    const end = at + 12 + fixed + each * count;
    if (end > typesEnd) throw wrong('a type is cut off');
    if (kind === KIND_TYPEDEF) {
      const wanted = typedefNames.get(name);
      if (wanted !== undefined && name !== 0) typedefIds.set(wanted, id);
    } else if (kind === KIND_STRUCT) {
      const wanted = name === 0 ? undefined : structures.get(name);
      if (wanted !== undefined) noteMembers(bytes, at + 12, end, info >>> 31 === 1, wanted, memberOffsets);
    }
    at = end;
  }
  return { typedefIds, memberOffsets };
}

function noteMembers(
  bytes: Buffer,
  begin: number,
  end: number,
  hasBitFields: boolean,
  wanted: { readonly name: string; readonly members: ReadonlyMap<number, string> },
  offsets: Map<string, number>,
): void {
  for (let at = begin; at < end; at += 12) {
    const member = wanted.members.get(bytes.readUInt32LE(at));
    const bits = bytes.readUInt32LE(at + 8) & (hasBitFields ? 0xff_ffff : -1);
    const key = `${wanted.name}.${member}`;
    if (member !== undefined && !offsets.has(key)) offsets.set(key, bits / 8);
  }
}

/** Undefined: this kernel has none. */
export function tryReadKernelBtf(): Buffer | undefined {
  try {
    return readFileSync(KERNEL_BTF_PATH);
  } catch {
    return undefined;
  }
}
