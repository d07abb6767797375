// SPDX-License-Identifier: MIT
// Event record classes of system calls: of the kernel's own events (`sys_enter_NAME`, one format each),
// and of records that stand for themselves (calls of 32-bit programs, calls that the kernel has no event
// for, numbers that no table knows), whose ids lie beyond the kernel's.

import { arch } from 'node:os';
import { structure } from '@lockstep/ctf/write';
import type { ConversionPlan, ConversionStep, KernelEventClass } from '../event-class.ts';
import type { KernelEventFormat } from '../event-format.ts';
import { lttngCallName, lttngName } from '../lttng-names.ts';
import { syscallEvent, unknownSyscallEvent, type SyscallEvent } from './syscall-event.ts';
import { ERRNO_CONTEXT } from './errno.ts';
import { compatAbi, nativeAbi } from './native-abi.ts';
import { syscallTable, type SyscallArgument, type SyscallDescription } from './syscall-table.ts';

/** In the kernel's records of its own events, bytes. */
const FIRST_ARGUMENT_OFFSET = 16;
const RESULT_OFFSET = 16;
const RESULT_SIZE_BYTES = 8;

/** Undefined: the event is none of a system call. */
export function makeSyscallClass(format: KernelEventFormat, isCaptured: boolean): KernelEventClass | undefined {
  const match = /^sys_(enter|exit)_(.+)$/.exec(format.name);
  if (match === null) return undefined;
  const isExit = match[1] === 'exit';
  const call = describe(match[2] ?? '', format);
  const bits = wordBits();
  const event = syscallEvent(call, { isExit, bits, isCaptured: isCaptured && call.number >= 0 });
  const argumentBytes = bits / 8;
  const steps = plainSteps(event, argumentBytes);
  const argumentCount = isExit ? 0 : (call.args ?? []).length;
  const { conversion } = event;
  const plan: ConversionPlan = {
    id: format.id,
    sizeBytes: isExit ? RESULT_OFFSET + RESULT_SIZE_BYTES : FIRST_ARGUMENT_OFFSET + argumentCount * argumentBytes,
    alignment: event.alignment,
    steps: steps ?? [],
    ...(steps !== undefined && !conversion.isRemembered ? {} : { syscall: conversion }),
    ...(isExit ? { hasErrno: true } : {}),
  };
  const payload = structure(event.members);
  return {
    system: format.system,
    kernelName: format.name,
    name: lttngName('syscalls', format.name).name,
    ...(isExit ? { context: ERRNO_CONTEXT } : {}),
    payload,
    plan,
  };
}

function wordBits(): 32 | 64 {
  return arch() === 'ia32' || arch() === 'arm' || arch() === 'mips' || arch() === 'mipsel' ? 32 : 64;
}

/** By the table; a call that it lacks, by the kernel's format. */
function describe(functionName: string, format: KernelEventFormat): SyscallDescription {
  const abi = nativeAbi();
  const table = abi === undefined ? undefined : syscallTable(abi);
  const known = table?.byFunctionName.get(functionName) ?? table?.byName.get(functionName);
  if (known?.args !== undefined) return known;
  const args = format.fields
    .filter((field) => field.name !== '__syscall_nr' && field.name !== 'ret')
    .map((field): SyscallArgument => ({
      name: field.name,
      typeName: field.typeName,
      direction: field.isPointer && !/\bconst\b/.test(field.typeName) ? 'out' : 'in',
    }));
  return { number: unknownNumber(functionName), name: functionName, functionName, args };
}

/** What is not in the table has a number too, which only its format's events would tell: a negative one of its name. */
function unknownNumber(functionName: string): number {
  let hash = 7;
  for (let index = 0; index < functionName.length; index++) hash = (hash * 31 + functionName.charCodeAt(index)) | 0;
  return hash | (1 << 31);
}

/** The fields as steps of an ordinary plan, when nothing of them is captured or remembered; undefined otherwise. */
function plainSteps(event: SyscallEvent, argumentBytes: number): ConversionStep[] | undefined {
  const steps: ConversionStep[] = [];
  for (const field of event.conversion.fields) {
    if (field.kind === 'result') {
      steps.push({ kind: 'integer', from: RESULT_OFFSET, sizeBytes: RESULT_SIZE_BYTES });
    } else if (field.kind === 'argument' && !event.conversion.isExit) {
      const from = FIRST_ARGUMENT_OFFSET + field.arg * argumentBytes;
      steps.push({ kind: 'integer', from, sizeBytes: field.sizeBytes });
    } else {
      return undefined;
    }
  }
  return steps;
}

/** Ids of records that stand for themselves: beyond the kernel's event ids, below the largest of a compact header. */
const WHOLE_ID_BASE = 60_000;
const COMPAT_ID_BASE = 61_100;
const UNKNOWN_ID_BASE = 62_200;
const X32_ID_BASE = 62_300;
const MAX_NUMBER = 540;
/** Of x32, whose own calls begin at 512. */
const MAX_X32_NUMBER = 560;
/** Larger than all of them. */
export const WHOLE_ID_COUNT = X32_ID_BASE + 2 * MAX_X32_NUMBER + 2;
/** In numbers that x32 programs ask for (arch/x86/include/uapi/asm/unistd.h). */
const X32_BIT = 0x4000_0000;

/** The class of a record that stands for itself. `number` is what the kernel was asked for. */
export function wholeSyscallClass(
  number: number,
  options: { readonly isExit: boolean; readonly isCompat: boolean },
): { readonly id: number; readonly name: string; readonly event: SyscallEvent } {
  const { isExit, isCompat } = options;
  const x32 = isCompat ? undefined : x32Call(number);
  if (x32 !== undefined) {
    // Whatever its pointers point to is not captured: its text would be the pointer.
    const event = syscallEvent(x32, { isExit, bits: 64, isCaptured: false });
    const name = `x32_syscall_${isExit ? 'exit' : 'entry'}_${lttngCallName(x32.name, x32.functionName)}`;
    return { id: X32_ID_BASE + 2 * x32.number + (isExit ? 1 : 0), name, event };
  }
  const abi = isCompat ? compatAbi() : nativeAbi();
  const call = abi === undefined || number > MAX_NUMBER ? undefined : syscallTable(abi).byNumber.get(number);
  const prefix = `${isCompat ? 'compat_' : ''}syscall_${isExit ? 'exit' : 'entry'}_`;
  const offset = isExit ? 1 : 0;
  if (call === undefined) {
    const id = UNKNOWN_ID_BASE + (isCompat ? 2 : 0) + offset;
    return { id, name: `${prefix}unknown`, event: unknownSyscallEvent(isExit) };
  }
  const id = (isCompat ? COMPAT_ID_BASE : WHOLE_ID_BASE) + 2 * number + offset;
  const event = syscallEvent(call, { isExit, bits: isCompat ? 32 : 64, isCaptured: true });
  return { id, name: `${prefix}${lttngCallName(call.name, call.functionName)}`, event };
}

/** Of the third ABI of an x86-64 kernel: 64-bit registers, pointers of 32 bits. */
function x32Call(number: number): SyscallDescription | undefined {
  const own = number - X32_BIT;
  if (nativeAbi() !== 'x86-64' || own < 0 || own > MAX_X32_NUMBER) return undefined;
  return syscallTable('x32').byNumber.get(own);
}
