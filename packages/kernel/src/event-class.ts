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
import { kernelEnumerator } from './btf-enums.ts';
import { isSignedType, sizeOfType } from './c-types.ts';
import type { KernelEventFormat, KernelField } from './event-format.ts';
import { lttngName, type AddedField, type LttngEventName } from './lttng-names.ts';
import { parsePrintFormat, type PrintFormat, type ValueTable } from './print-format.ts';
import { makeSyscallClass } from './syscalls/syscall-class.ts';
import type { SyscallConversion } from './syscalls/syscall-event.ts';

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
    }
  /** The block layer's letters (`WFS`) as LTTng's flags, 32 bits. */
  | { readonly kind: 'rwbs'; readonly from: number; readonly sizeBytes: number }
  /** The process of the thread whose tid stands at `from`: 32 bits. Known to the thread table of the conversion. */
  | { readonly kind: 'process'; readonly from: number };

export interface ConversionPlan {
  /** `common_type` of the raw records, and the id of the event record class: both are below 65535. */
  readonly id: number;
  /** Bytes that a raw record has at least. */
  readonly sizeBytes: number;
  /** Of the payload structure, bytes. */
  readonly alignment: number;
  readonly steps: readonly ConversionStep[];
  /** Before the payload stands what the result says of a failure (syscalls/errno.ts). */
  readonly hasErrno?: boolean;
  /** Of a system call whose pointers or whose entry count; its fields stand in the place of `steps` where that is empty. */
  readonly syscall?: SyscallConversion;
}

export interface KernelEventClass {
  readonly system: string;
  readonly kernelName: string;
  /** LTTng's. */
  readonly name: string;
  /** The specific context. */
  readonly context?: StructureFieldClass;
  readonly payload: StructureFieldClass;
  readonly plan: ConversionPlan;
}

/** `common_type`, flags, preempt count, `common_pid`: before the fields of every raw record. */
const COMMON_FIELDS_SIZE_BYTES = 8;
const COMMON_PID_OFFSET = 4;

/** `isCaptured`: what the pointers of system calls point to is recorded too. */
export function makeEventClass(format: KernelEventFormat, isCaptured = false): KernelEventClass {
  if (format.system === 'syscalls') {
    const made = makeSyscallClass(format, isCaptured);
    if (made !== undefined) return made;
  }
  const lttng = lttngName(format.system, format.name);
  const shape: Shape = { format, lttng, print: printFormatOf(format, lttng.isPlain) };
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
    const made = makeField(shape, field, name);
    members.push(...made.members);
    steps.push(made.step);
  }
  for (const field of lttng.added) {
    const made = makeAdded(format, field);
    if (made === undefined || members.some((member) => member.name === field.name)) continue;
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

/** What the fields of one event are made from. */
interface Shape {
  readonly format: KernelEventFormat;
  readonly lttng: LttngEventName;
  readonly print: PrintFormat;
}

const NO_PRINT_FORMAT: PrintFormat = { tables: new Map(), bases: new Map() };

function printFormatOf(format: KernelEventFormat, isPlain: boolean): PrintFormat {
  // Those of system calls tell nothing that their C types do not.
  return isPlain ? NO_PRINT_FORMAT : parsePrintFormat(format.printFormat, kernelEnumerator);
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
    case 'rwbs':
    case 'process':
      return 4;
  }
}

interface MadeField {
  readonly members: readonly StructureMemberClass[];
  readonly step: ConversionStep;
}

function makeField(shape: Shape, field: KernelField, name: string): MadeField {
  switch (field.array) {
    case 'data-loc':
    case 'rel-loc':
      return makeLocated(field, name);
    case 'fixed':
      if (shape.lttng.rwbsFields.includes(field.name)) {
        const step = { kind: 'rwbs', from: field.offset, sizeBytes: field.sizeBytes } as const;
        return { members: [{ name, fieldClass: unsignedInteger(32) }], step };
      }
      return makeArray(field, name);
    case 'none':
      return makeScalar(shape, field, name);
  }
}

/** Undefined when this kernel's event lacks what the field is made from. */
function makeAdded(format: KernelEventFormat, { name, source }: AddedField): MadeField | undefined {
  const members = [{ name, fieldClass: signedInteger(32) }];
  if (source.kind === 'tid') return { members, step: { kind: 'integer', from: COMMON_PID_OFFSET, sizeBytes: 4 } };
  const of = format.fields.find((field) => field.name === source.of);
  if (of?.sizeBytes !== 4 || of.offset % 4 !== 0) return undefined;
  return { members, step: { kind: 'process', from: of.offset } };
}

function makeLocated(field: KernelField, name: string): MadeField {
  const isRelative = field.array === 'rel-loc';
  const from = field.offset;
  if (field.typeName === 'char') {
    return { members: [{ name, fieldClass: nullTerminatedString() }], step: { kind: 'string', from, isRelative } };
  }
  // A mask of CPUs or bits is located as a pointer to its words: `__data_loc cpumask_t *[] cpus`.
  const isMask = field.typeName.includes('*') || field.typeName.includes('cpumask');
  const element = isMask
    ? { fieldClass: unsignedInteger(64, { displayBase: 16 }), sizeBytes: 8 }
    : elementOf(field.typeName, sizeOfType(field.typeName) ?? 1);
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
  const element = elementOf(field.typeName, byLength ?? sizeOfType(field.typeName) ?? 1);
  return {
    members: [{ name, fieldClass: staticLengthArray(element.fieldClass, field.sizeBytes / element.sizeBytes) }],
    step: { kind: 'bytes', from: field.offset, sizeBytes: field.sizeBytes, elementSizeBytes: element.sizeBytes },
  };
}

function makeScalar(shape: Shape, field: KernelField, name: string): MadeField {
  const isSyscall = shape.format.system === 'syscalls';
  // System calls keep every argument in eight bytes; its C type says how many of them count.
  const sizeBytes = isSyscall
    ? Math.min(field.sizeBytes, (field.isPointer ? 8 : sizeOfType(field.typeName)) ?? field.sizeBytes)
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
    members: [{ name, fieldClass: integerClass(shape, field, sizeBytes * 8, isSigned) }],
    step: { kind: 'integer', from: field.offset, sizeBytes },
  };
}

function integerClass(shape: Shape, field: KernelField, bits: number, isSigned: boolean): FieldClass {
  const { format, lttng, print } = shape;
  if (field.isPointer || (!isSigned && isAddress(format.printFormat, field))) return plainInteger(bits, false, 16);
  const table = lttng.isPlain ? undefined : print.tables.get(field.name);
  const mappings = table === undefined ? undefined : enumerationMappings(table, bits, isSigned);
  const base = print.bases.get(field.name);
  const displayBase = base === undefined || isSigned || lttng.isPlain ? 10 : base;
  if (mappings === undefined) return plainInteger(bits, isSigned, displayBase);
  return isSigned
    ? signedInteger(bits, { mappings })
    : unsignedInteger(bits, displayBase === 10 ? { mappings } : { mappings, displayBase });
}

const knownIntegers = new Map<number, FieldClass>();

/** One object for each kind: a kernel has ten thousand fields, and they are of twenty kinds. */
function plainInteger(bits: number, isSigned: boolean, displayBase: 8 | 10 | 16): FieldClass {
  const key = (isSigned ? 1 : 0) + displayBase * 2 + bits * 64;
  let known = knownIntegers.get(key);
  if (known === undefined) {
    const options = displayBase === 10 ? {} : { displayBase };
    knownIntegers.set(key, (known = isSigned ? signedInteger(bits, options) : unsignedInteger(bits, options)));
  }
  return known;
}

/**
 * Values that the integer cannot hold are wrapped as C would. The kernel prints the first entry that
 * matches, so of two labels for one value the first counts; a label that comes again gets both values.
 */
function enumerationMappings(
  table: ValueTable,
  bits: number,
  isSigned: boolean,
): Readonly<Record<string, IntegerRangeSet>> | undefined {
  const key = isSigned ? -bits : bits;
  let known = knownMappings.get(table.entries);
  if (known === undefined) knownMappings.set(table.entries, (known = new Map()));
  if (!known.has(key)) known.set(key, makeMappings(table, bits, isSigned));
  return known.get(key);
}

/** A hundred events share one table. */
const knownMappings = new WeakMap<
  ValueTable['entries'],
  Map<number, Readonly<Record<string, IntegerRangeSet>> | undefined>
>();

function makeMappings(
  table: ValueTable,
  bits: number,
  isSigned: boolean,
): Readonly<Record<string, IntegerRangeSet>> | undefined {
  const mappings: Record<string, [bigint, bigint][]> = {};
  const taken = new Set<bigint>();
  for (const [label, value] of table.entries) {
    const wrapped = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    if (taken.has(wrapped) || label === '') continue;
    taken.add(wrapped);
    (mappings[label] ??= []).push([wrapped, wrapped]);
  }
  return taken.size === 0 ? undefined : mappings;
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

/** Byte after the tid in a record with the compact event header: where its context ends when nothing more is asked for. */
export const TID_END = 12;

/** Where the errno of an exit stands in a record with the compact event header whose common context ends at `contextEnd`. */
export function errnoOffset(contextEnd: number = TID_END): number {
  return alignUp(contextEnd, 4);
}

/** Where the payload begins in a record with the compact event header whose common context ends at `contextEnd`. */
export function payloadOffset(
  plan: Pick<ConversionPlan, 'alignment' | 'hasErrno'>,
  contextEnd: number = TID_END,
): number {
  return alignUp(plan.hasErrno === true ? errnoOffset(contextEnd) + 4 : contextEnd, plan.alignment);
}
