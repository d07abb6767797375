// SPDX-License-Identifier: MIT
// A system call's arguments -> the fields of its entry and of its exit as LTTng has them (what the
// kernel reads at the entry, the result and what it fills at the exit), and how each is converted.
// Pointers to text become the text where it is captured; beside other pointers stands what they point to.

import {
  nullTerminatedString,
  sequenceMembers,
  signedInteger,
  unsignedInteger,
  type FieldClass,
  type StructureMemberClass,
} from '@lockstep/ctf/write';
import { capturePlan, type CaptureItem } from '../capture/capture-plan.ts';
import { content } from '../capture/content.ts';
import { SOCKET_ADDRESS_SIZE_BOUND, socketAddressMembers } from '../capture/sockaddr.ts';
import { meaningsOf } from './argument-values.ts';
import type { SyscallArgument, SyscallDescription } from './syscall-table.ts';

/** One field, or what belongs together, in the order of the payload. */
export type SyscallField =
  /** Argument as a number. */
  | { readonly kind: 'argument'; readonly arg: number; readonly sizeBytes: number }
  | { readonly kind: 'result' }
  | { readonly kind: 'number' }
  /** All six arguments. */
  | { readonly kind: 'arguments' }
  | { readonly kind: 'string'; readonly arg: number }
  | { readonly kind: 'strings'; readonly arg: number }
  | { readonly kind: 'elements'; readonly arg: number; readonly sizeBytes: number; readonly alignment: number }
  | { readonly kind: 'address'; readonly arg: number };

export interface SyscallConversion {
  /** As in its table; -1: whatever no table knows. */
  readonly number: number;
  readonly isExit: boolean;
  /** Whether its exit needs the arguments of its entry. */
  readonly isRemembered: boolean;
  readonly fields: readonly SyscallField[];
  /** Bytes that the fields need at most. */
  readonly boundBytes: number;
}

export interface SyscallEvent {
  readonly members: readonly StructureMemberClass[];
  readonly conversion: SyscallConversion;
  /** Of the payload, bytes. */
  readonly alignment: number;
}

export interface SyscallEventOptions {
  readonly isExit: boolean;
  /** Width of the program's words. */
  readonly bits: 32 | 64;
  /** Whether what pointers point to is captured. */
  readonly isCaptured: boolean;
}

export function syscallEvent(call: SyscallDescription, options: SyscallEventOptions): SyscallEvent {
  const { isExit, bits, isCaptured } = options;
  const members: StructureMemberClass[] = [];
  const fields: SyscallField[] = [];
  const plan = isCaptured ? capturePlan(call, bits) : { entry: [], exit: [] };
  const items = isExit ? plan.exit : plan.entry;
  let alignment = isExit ? 8 : 1;
  if (isExit) {
    members.push({ name: 'ret', fieldClass: signedInteger(64) });
    fields.push({ kind: 'result' });
  }
  const args = call.args ?? [];
  for (const [index, arg] of args.entries()) {
    if (arg.direction === (isExit ? 'in' : 'out')) continue;
    const item = items.find((candidate) => candidate.arg === index);
    const { name, typeName } = lttngArgument(call.name, arg);
    const made = item === undefined ? undefined : capturedField(item, { ...arg, name });
    if (made?.isReplacing !== true) {
      const sizeBytes = argumentSizeBytes(typeName, bits);
      members.push({ name, fieldClass: argumentClass(call.name, { ...arg, typeName }, sizeBytes * 8) });
      fields.push({ kind: 'argument', arg: index, sizeBytes });
      alignment = Math.max(alignment, sizeBytes);
    }
    if (made !== undefined) {
      members.push(...made.members);
      fields.push(made.field);
      alignment = Math.max(alignment, made.alignment);
    }
  }
  if (call.args === undefined) {
    members.push(...ARGUMENTS_MEMBERS);
    fields.push({ kind: 'arguments' });
    alignment = 8;
  }
  const isRemembered = !isExit && args.some((arg) => arg.direction !== 'in');
  return {
    members: unique(members),
    conversion: { number: call.number, isExit, isRemembered, fields, boundBytes: boundOf(items) },
    alignment,
  };
}

/** Where LTTng names an argument otherwise than the kernel (its overrides), or takes it for what it means. */
const LTTNG_ARGUMENTS: Readonly<Record<string, Readonly<Record<string, Partial<SyscallArgument>>>>> = {
  clone: {
    clone_flags: { name: 'flags' },
    parent_tidptr: { name: 'parent_tid' },
    child_tidptr: { name: 'child_tid' },
  },
  // A descriptor, or -1.
  mmap: { fd: { typeName: 'int' }, off: { name: 'offset' } },
  epoll_ctl: { op: { name: 'op_enum' } },
  getcpu: { unused: { name: 'tcache' } },
  setns: { flags: { name: 'nstype' } },
  socketpair: { usockvec: { name: 'socket' } },
  vmsplice: { uiov: { name: 'iov' } },
};

function lttngArgument(call: string, arg: SyscallArgument): SyscallArgument {
  return { ...arg, ...LTTNG_ARGUMENTS[call]?.[arg.name] };
}

const ARGUMENTS_MEMBERS: readonly StructureMemberClass[] = [
  {
    name: 'args',
    fieldClass: {
      type: 'static-length-array',
      length: 6,
      elementFieldClass: unsignedInteger(64, { displayBase: 16 }),
    },
  },
];

/** `syscall_entry_unknown {id, args[6]}`, `syscall_exit_unknown {id, ret, args[6]}`. */
export function unknownSyscallEvent(isExit: boolean): SyscallEvent {
  const members: StructureMemberClass[] = [{ name: 'id', fieldClass: signedInteger(32) }];
  const fields: SyscallField[] = [{ kind: 'number' }];
  if (isExit) {
    members.push({ name: 'ret', fieldClass: signedInteger(64) });
    fields.push({ kind: 'result' });
  }
  members.push(...ARGUMENTS_MEMBERS);
  fields.push({ kind: 'arguments' });
  const conversion = { number: -1, isExit, isRemembered: false, fields, boundBytes: 0 };
  return { members, conversion, alignment: 8 };
}

interface CapturedField {
  readonly members: readonly StructureMemberClass[];
  readonly field: SyscallField;
  readonly alignment: number;
  /** Stands in the place of the pointer. */
  readonly isReplacing: boolean;
}

function capturedField(item: CaptureItem, arg: SyscallArgument): CapturedField {
  if (item.kind === 'string' || item.content === 'text') {
    if (item.kind === 'strings') {
      return {
        members: sequenceMembers(arg.name, nullTerminatedString()),
        field: { kind: 'strings', arg: item.arg },
        alignment: 4,
        isReplacing: true,
      };
    }
    const members = [{ name: arg.name, fieldClass: nullTerminatedString() }];
    return { members, field: { kind: 'string', arg: item.arg }, alignment: 1, isReplacing: true };
  }
  if (item.content === 'sockaddr') {
    return {
      members: socketAddressMembers(arg.direction === 'out' ? 'sport' : 'dport'),
      field: { kind: 'address', arg: item.arg },
      alignment: 4,
      isReplacing: false,
    };
  }
  const { sizeBytes, alignment, fieldClass } = content(item.content);
  // LTTng has the descriptors of pipe2 themselves.
  const isReplacing = item.content === 'int' && /^(?:fildes|socket)$/.test(arg.name);
  return {
    members: sequenceMembers(isReplacing ? arg.name : valueName(item, arg), fieldClass),
    field: { kind: 'elements', arg: item.arg, sizeBytes, alignment },
    alignment: Math.max(4, alignment),
    isReplacing,
  };
}

/** LTTng's `fds` of poll; otherwise a name beside the pointer's. */
function valueName(item: CaptureItem, arg: SyscallArgument): string {
  return item.content === 'pollfd' ? 'fds' : `${arg.name}_value`;
}

function boundOf(items: readonly CaptureItem[]): number {
  let bound = 0;
  for (const item of items) {
    if (item.content === 'sockaddr') bound += SOCKET_ADDRESS_SIZE_BOUND;
    else if (item.kind === 'strings') bound += 4096;
    else bound += item.maxSizeBytes + 16;
  }
  return bound;
}

/** Two arguments of one name, or a name that a field made of another argument has. */
function unique(members: readonly StructureMemberClass[]): StructureMemberClass[] {
  const names = new Set<string>();
  return members.map((member) => {
    let { name } = member;
    while (names.has(name)) name = `${name}_`;
    names.add(name);
    return name === member.name ? member : { ...member, name };
  });
}

function argumentClass(call: string, arg: SyscallArgument, bits: number): FieldClass {
  if (arg.typeName.includes('*')) return unsignedInteger(bits, { displayBase: 16 });
  const mappings = meaningsOf(call, arg.name);
  const options = mappings === undefined ? {} : { mappings: wrapped(mappings, bits, isSignedType(arg.typeName)) };
  return isSignedType(arg.typeName) ? signedInteger(bits, options) : unsignedInteger(bits, options);
}

type Mappings = NonNullable<ReturnType<typeof meaningsOf>>;

function wrapped(mappings: Mappings, bits: number, isSigned: boolean): Mappings {
  return Object.fromEntries(
    Object.entries(mappings).map(([name, ranges]) => [
      name,
      ranges.map(([lower]) => {
        const value = isSigned ? BigInt.asIntN(bits, BigInt(lower)) : BigInt.asUintN(bits, BigInt(lower));
        return [value, value] as const;
      }),
    ]),
  );
}

const SIGNED =
  /^(?:(?:signed )?(?:char|short|int|long|long long)|(?:compat_)?(?:pid|ssize|off|loff|time|key|clockid|timer|long)_t|(?:__)?s(?:8|16|32|64)|int(?:8|16|32|64)_t|key_serial_t|mqd_t|__kernel_\w*time_t)$/;

export function isSignedType(typeName: string): boolean {
  return SIGNED.test(typeName);
}

/** Bytes of an argument that count, for programs of this width. */
export function argumentSizeBytes(typeName: string, bits: 32 | 64): number {
  if (/\bchar$|^(?:bool|__?[su]8|u8)$/.test(typeName) && !typeName.includes('*')) return 1;
  if (/^(?:u?int16_t|umode_t|compat_mode_t|old_[ug]id_t|(?:unsigned )?short|u16|__u16)$/.test(typeName)) return 2;
  if (
    /^(?:unsigned|unsigned int|int|u32|__u32|s32|__s32|(?:compat_)?(?:pid|uid|gid|key|clockid|timer|dev)_t|qid_t|key_serial_t|mqd_t|rwf_t|uint32_t|int32_t|enum .*)$/.test(
      typeName,
    )
  )
    return 4;
  return bits / 8;
}
