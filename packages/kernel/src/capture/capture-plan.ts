// SPDX-License-Identifier: MIT
// A system call's arguments -> what of the memory they point to is captured, when, how much, and what
// it is. Decided by C types, so that a call that a newer kernel brings is covered like the others.

import type { SyscallArgument, SyscallDescription } from '../syscalls/syscall-table.ts';
import { content, contentOf, type ContentName } from './content.ts';

/** How many bytes there are to read. */
export type CaptureLength =
  | { readonly kind: 'fixed'; readonly sizeBytes: number }
  /** `args[arg]` elements. */
  | { readonly kind: 'argument'; readonly arg: number; readonly elementSizeBytes: number }
  /** The int that `args[arg]` points to, in bytes. */
  | { readonly kind: 'pointed'; readonly arg: number }
  /** What the call returned, in elements. */
  | { readonly kind: 'result'; readonly elementSizeBytes: number };

export interface CaptureItem {
  /** Of the pointer. */
  readonly arg: number;
  readonly kind: 'string' | 'strings' | 'bytes';
  readonly content: ContentName;
  /** For `bytes`. */
  readonly length: CaptureLength;
  /** At most so many bytes of a string or of `bytes`. */
  readonly maxSizeBytes: number;
}

export interface CapturePlan {
  readonly entry: readonly CaptureItem[];
  /** Read when the call has succeeded. */
  readonly exit: readonly CaptureItem[];
}

/** A path has 4096 bytes at most; longer than this are rare, and every thread's record is copied twice. */
export const MAX_STRING_SIZE_BYTES = 1024;
/** `argv`: so many strings of so many bytes. */
export const MAX_STRINGS_COUNT = 24;
export const MAX_STRINGS_STRING_SIZE_BYTES = 128;
export const MAX_BYTES_SIZE_BYTES = 512;

/** Pointers to char that are no text: buffers and addresses. */
const BUFFER_NAMES =
  /^(?:shmaddr|buf|ubuf|buff|u_msg_ptr|_payload|value|optval|umod|uargs|vec|user_mask_ptr|data|ptr|arg)$/;

export function capturePlan(call: SyscallDescription, bits: 32 | 64): CapturePlan {
  const entry: CaptureItem[] = [];
  const exit: CaptureItem[] = [];
  const args = call.args ?? [];
  for (const [index, arg] of args.entries()) {
    if (!arg.typeName.includes('*')) continue;
    const atEntry = itemAtEntry(args, index, bits);
    const atExit = itemAtExit(call.name, args, index, bits);
    if (arg.direction !== 'out' && atEntry !== undefined) entry.push(atEntry);
    if (arg.direction !== 'in' && atExit !== undefined) exit.push(atExit);
  }
  return { entry, exit };
}

function itemAtEntry(args: readonly SyscallArgument[], index: number, bits: 32 | 64): CaptureItem | undefined {
  const arg = args[index] as SyscallArgument;
  const type = plainType(arg.typeName);
  if (type === 'char *' && !BUFFER_NAMES.test(arg.name)) return text(index);
  if (type === 'char **' || type === 'compat_uptr_t *') return arg.name === 'argv' ? strings(index) : undefined;
  if (type === 'struct sockaddr *')
    return bytes(index, 'sockaddr', { kind: 'argument', arg: index + 1, elementSizeBytes: 1 }, 128);
  return ofStructure(args, index, type, bits);
}

function itemAtExit(
  call: string,
  args: readonly SyscallArgument[],
  index: number,
  bits: 32 | 64,
): CaptureItem | undefined {
  const arg = args[index] as SyscallArgument;
  const type = plainType(arg.typeName);
  if (type === 'struct sockaddr *') return bytes(index, 'sockaddr', { kind: 'pointed', arg: index + 1 }, 128);
  if (type === 'char *' && /^(?:readlink|readlinkat|getcwd)$/.test(call))
    return bytes(index, 'text', { kind: 'result', elementSizeBytes: 1 }, MAX_BYTES_SIZE_BYTES);
  if (type === 'struct epoll_event *')
    return bytes(
      index,
      'epoll_event',
      { kind: 'result', elementSizeBytes: EPOLL_EVENT_SIZE_BYTES },
      EPOLL_EVENT_SIZE_BYTES * 16,
    );
  return ofStructure(args, index, type, bits);
}

/** Structures whose layout is known for this width, and integers that are filled. */
function ofStructure(
  args: readonly SyscallArgument[],
  index: number,
  type: string,
  bits: 32 | 64,
): CaptureItem | undefined {
  const arg = args[index] as SyscallArgument;
  if (type === 'int *' && /^(?:fildes|usockvec)$/.test(arg.name)) return fixed(index, 'int', 8);
  if (type === 'int *' && (arg.name === 'stat_addr' || arg.name === 'upeer_addrlen' || arg.name === 'optlen'))
    return fixed(index, 'int', 4);
  if (type === 'struct iovec *') {
    if (bits === 32) return undefined;
    const count = args[index + 1];
    return count === undefined
      ? undefined
      : bytes(index, 'iovec', { kind: 'argument', arg: index + 1, elementSizeBytes: 16 }, 16 * 16);
  }
  if (type === 'struct pollfd *')
    return bytes(index, 'pollfd', { kind: 'argument', arg: index + 1, elementSizeBytes: 8 }, 8 * 32);
  const content = contentOf(type, bits);
  return content === undefined ? undefined : fixed(index, content.name, content.sizeBytes);
}

/** Without `const`, and `char *const *` as `char **`. */
function plainType(typeName: string): string {
  return typeName
    .replace(/\b(?:const|unsigned(?= char))\b/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/\* +\*/g, '**')
    .trim();
}

const EPOLL_EVENT_SIZE_BYTES = content('epoll_event').sizeBytes;
const NO_LENGTH: CaptureLength = { kind: 'fixed', sizeBytes: 0 };

function text(arg: number): CaptureItem {
  return { arg, kind: 'string', content: 'text', length: NO_LENGTH, maxSizeBytes: MAX_STRING_SIZE_BYTES };
}
function strings(arg: number): CaptureItem {
  return { arg, kind: 'strings', content: 'text', length: NO_LENGTH, maxSizeBytes: MAX_STRINGS_STRING_SIZE_BYTES };
}
function bytes(arg: number, content: ContentName, length: CaptureLength, maxSizeBytes: number): CaptureItem {
  return { arg, kind: 'bytes', content, length, maxSizeBytes };
}
function fixed(arg: number, content: ContentName, sizeBytes: number): CaptureItem {
  return bytes(arg, content, { kind: 'fixed', sizeBytes }, sizeBytes);
}
