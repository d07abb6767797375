// SPDX-License-Identifier: MIT
// A kernel event's format -> its CTF event record class and its conversion plan: which bytes of the
// raw record go where in the event record. The plan is plain JSON, since it lies beside the spool.

import { alignUp } from '@lockstep/base';
import {
  nullTerminatedString,
  sequenceMembers,
  signedInteger,
  staticLengthArray,
  staticLengthString,
  structure,
  unsignedInteger,
  type FieldClass,
  type IntegerRangeSet,
  type StructureFieldClass,
  type StructureMemberClass,
} from '@lockstep/ctf/write';
import { parseSymbolicTable, type KernelEventFormat, type KernelField } from './event-format.ts';
import { lttngName } from './lttng-names.ts';

/** One step of a conversion, in the order of the payload's members. Offsets are bytes in the raw record. */
export type ConversionStep =
  | { readonly kind: 'integer'; readonly from: number; readonly sizeBytes: number }
  /** Elements copied as they are; alignment is the element's size. */
  | { readonly kind: 'bytes'; readonly from: number; readonly sizeBytes: number; readonly elementSizeBytes: number }
  | { readonly kind: 'string'; readonly from: number; readonly isRelative: boolean }
  | {
      readonly kind: 'sequence';
      readonly from: number;
      readonly isRelative: boolean;
      readonly elementSizeBytes: number;
    };

export interface ConversionPlan {
  /** `common_type` of the raw records, and the id of the event record class: both are below 65535. */
  readonly id: number;
  /** Bytes that a raw record has at least. */
  readonly sizeBytes: number;
  /** Of the payload structure, bytes. */
  readonly alignment: number;
  readonly steps: readonly ConversionStep[];
}

export interface KernelEventClass {
  readonly system: string;
  readonly kernelName: string;
  /** LTTng's. */
  readonly name: string;
  readonly payload: StructureFieldClass;
  readonly plan: ConversionPlan;
}

/** `common_type`, flags, preempt count, `common_pid`: before the fields of every raw record. */
const COMMON_FIELDS_SIZE_BYTES = 8;

export function makeEventClass(format: KernelEventFormat): KernelEventClass {
  const lttng = lttngName(format.system, format.name);
  const members: StructureMemberClass[] = [];
  const steps: ConversionStep[] = [];
  let sizeBytes = COMMON_FIELDS_SIZE_BYTES;
  for (const field of format.fields) {
    // LTTng's system call events carry no number: their name says it.
    if (format.system === 'syscalls' && field.name === '__syscall_nr') continue;
    // A flexible array's length is nowhere in the record.
    if (field.sizeBytes === 0) continue;
    sizeBytes = Math.max(sizeBytes, field.offset + field.sizeBytes);
    const name = lttng.fields[field.name] ?? field.name;
    const made = makeField(format, field, name, lttng.isPlain);
    members.push(...made.members);
    steps.push(made.step);
  }
  const payload = structure(members);
  return {
    system: format.system,
    kernelName: format.name,
    name: lttng.name,
    payload,
    plan: { id: format.id, sizeBytes, alignment: Math.max(1, ...steps.map(alignmentOf)), steps },
  };
}

/** Bytes; a sequence begins with its 32-bit length. */
function alignmentOf(step: ConversionStep): number {
  switch (step.kind) {
    case 'integer':
      return step.sizeBytes;
    case 'bytes':
      return step.elementSizeBytes;
    case 'string':
      return 1;
    case 'sequence':
      return Math.max(4, step.elementSizeBytes);
  }
}

interface MadeField {
  readonly members: readonly StructureMemberClass[];
  readonly step: ConversionStep;
}

function makeField(format: KernelEventFormat, field: KernelField, name: string, isPlain: boolean): MadeField {
  switch (field.array) {
    case 'data-loc':
    case 'rel-loc':
      return makeLocated(field, name);
    case 'fixed':
      return makeArray(field, name);
    case 'none':
      return makeScalar(format, field, name, isPlain);
  }
}

function makeLocated(field: KernelField, name: string): MadeField {
  const isRelative = field.array === 'rel-loc';
  const from = field.offset;
  if (field.typeName === 'char') {
    return { members: [{ name, fieldClass: nullTerminatedString() }], step: { kind: 'string', from, isRelative } };
  }
  const element = elementOf(field.typeName, elementSize(field.typeName) ?? 1);
  return {
    members: sequenceMembers(name, element.fieldClass),
    step: { kind: 'sequence', from, isRelative, elementSizeBytes: element.sizeBytes },
  };
}

function makeArray(field: KernelField, name: string): MadeField {
  if (field.typeName === 'char') {
    const step = { kind: 'bytes', from: field.offset, sizeBytes: field.sizeBytes, elementSizeBytes: 1 } as const;
    return { members: [{ name, fieldClass: staticLengthString(field.sizeBytes) }], step };
  }
  const byLength =
    field.arrayLength === undefined || field.arrayLength === 0 ? undefined : field.sizeBytes / field.arrayLength;
  const element = elementOf(field.typeName, byLength ?? elementSize(field.typeName) ?? 1);
  return {
    members: [{ name, fieldClass: staticLengthArray(element.fieldClass, field.sizeBytes / element.sizeBytes) }],
    step: { kind: 'bytes', from: field.offset, sizeBytes: field.sizeBytes, elementSizeBytes: element.sizeBytes },
  };
}

function makeScalar(format: KernelEventFormat, field: KernelField, name: string, isPlain: boolean): MadeField {
  const isSyscall = format.system === 'syscalls';
  // System calls keep every argument in eight bytes; its C type says how many of them count.
  const sizeBytes = isSyscall
    ? Math.min(field.sizeBytes, (field.isPointer ? 8 : elementSize(field.typeName)) ?? field.sizeBytes)
    : field.sizeBytes;
  if (sizeBytes !== 1 && sizeBytes !== 2 && sizeBytes !== 4 && sizeBytes !== 8) {
    const fieldClass = staticLengthArray(unsignedInteger(8, { displayBase: 16 }), sizeBytes);
    return {
      members: [{ name, fieldClass }],
      step: { kind: 'bytes', from: field.offset, sizeBytes, elementSizeBytes: 1 },
    };
  }
  const isSigned = isSyscall ? !field.isPointer && isSignedType(field.typeName) : field.isSigned;
  return {
    members: [{ name, fieldClass: integerClass(format, field, sizeBytes * 8, isSigned, isPlain) }],
    step: { kind: 'integer', from: field.offset, sizeBytes },
  };
}

function integerClass(
  format: KernelEventFormat,
  field: KernelField,
  bits: number,
  isSigned: boolean,
  isPlain: boolean,
): FieldClass {
  if (field.isPointer || (!isSigned && isAddress(format.printFormat, field)))
    return unsignedInteger(bits, { displayBase: 16 });
  const table = isPlain ? undefined : parseSymbolicTable(format.printFormat, field.name);
  const mappings = table === undefined ? undefined : enumerationMappings(table, bits, isSigned);
  const options = mappings === undefined ? {} : { mappings };
  return isSigned ? signedInteger(bits, options) : unsignedInteger(bits, options);
}

/** Values that the integer cannot hold are wrapped as C would, or left out. */
function enumerationMappings(
  table: Readonly<Record<string, bigint>>,
  bits: number,
  isSigned: boolean,
): Readonly<Record<string, IntegerRangeSet>> | undefined {
  const mappings: Record<string, IntegerRangeSet> = {};
  for (const [label, value] of Object.entries(table)) {
    const wrapped = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    mappings[label] = [[wrapped, wrapped]];
  }
  return Object.keys(mappings).length === 0 ? undefined : mappings;
}

const ADDRESS_NAMES: ReadonlySet<string> = new Set([
  'ip',
  'caller_ip',
  'call_site',
  'address',
  'parent_ip',
  'error_code',
  'vaddr',
  'ptr',
]);

/** An unsigned long that the kernel itself prints as a symbol, a pointer or an address. */
function isAddress(printFormat: string, field: KernelField): boolean {
  return (
    ADDRESS_NAMES.has(field.name) ||
    printFormat.includes(`(void *)REC->${field.name},`) ||
    printFormat.endsWith(`(void *)REC->${field.name}`)
  );
}

function elementOf(
  typeName: string,
  sizeBytes: number,
): { readonly fieldClass: FieldClass; readonly sizeBytes: number } {
  if (sizeBytes !== 1 && sizeBytes !== 2 && sizeBytes !== 4 && sizeBytes !== 8)
    return { fieldClass: unsignedInteger(8, { displayBase: 16 }), sizeBytes: 1 };
  const fieldClass = isSignedType(typeName)
    ? signedInteger(sizeBytes * 8)
    : unsignedInteger(sizeBytes * 8, sizeBytes === 1 ? { displayBase: 16 } : {});
  return { fieldClass, sizeBytes };
}

/** Signed C types that appear as arguments of system calls and as elements. */
const SIGNED_TYPES: ReadonlySet<string> = new Set([
  'char',
  'signed char',
  'short',
  'int',
  'long',
  'long long',
  'long int',
  'pid_t',
  'ssize_t',
  'loff_t',
  'off_t',
  'time_t',
  'key_t',
  'clockid_t',
  'timer_t',
  's8',
  's16',
  's32',
  's64',
  '__s8',
  '__s16',
  '__s32',
  '__s64',
  'int32_t',
  'int64_t',
  'key_serial_t',
  'rwf_t signed',
  'mqd_t',
  'long signed int',
  '__kernel_time_t',
  '__kernel_long_t',
]);

function isSignedType(typeName: string): boolean {
  return SIGNED_TYPES.has(plainType(typeName));
}

const SIZES: Readonly<Record<string, number>> = {
  bool: 1,
  char: 1,
  'signed char': 1,
  'unsigned char': 1,
  u8: 1,
  s8: 1,
  __u8: 1,
  __s8: 1,
  uint8_t: 1,
  short: 2,
  'unsigned short': 2,
  u16: 2,
  s16: 2,
  __u16: 2,
  __s16: 2,
  __be16: 2,
  __le16: 2,
  uint16_t: 2,
  umode_t: 2,
  old_uid_t: 2,
  old_gid_t: 2,
  int: 4,
  unsigned: 4,
  'unsigned int': 4,
  u32: 4,
  s32: 4,
  __u32: 4,
  __s32: 4,
  __be32: 4,
  __le32: 4,
  uint32_t: 4,
  int32_t: 4,
  pid_t: 4,
  uid_t: 4,
  gid_t: 4,
  qid_t: 4,
  dev_t: 4,
  key_t: 4,
  key_serial_t: 4,
  clockid_t: 4,
  timer_t: 4,
  mqd_t: 4,
  rwf_t: 4,
  long: 8,
  'unsigned long': 8,
  'long long': 8,
  'unsigned long long': 8,
  u64: 8,
  s64: 8,
  __u64: 8,
  __s64: 8,
  uint64_t: 8,
  int64_t: 8,
  size_t: 8,
  ssize_t: 8,
  loff_t: 8,
  off_t: 8,
  sector_t: 8,
  ino_t: 8,
  aio_context_t: 8,
  cap_user_header_t: 8,
  cap_user_data_t: 8,
};

function elementSize(typeName: string): number | undefined {
  const plain = plainType(typeName);
  if (plain.includes('*')) return 8;
  return plain.startsWith('enum ') ? 4 : SIZES[plain];
}

function plainType(typeName: string): string {
  return typeName
    .replace(/\b(?:const|volatile|__user)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Where the payload begins in a record with the compact event header: after it and the tid. */
export function payloadOffset(alignment: number): number {
  return alignUp(12, alignment);
}
