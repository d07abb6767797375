// SPDX-License-Identifier: MIT
// What is to be captured -> BPF programs. A small dispatcher at sys_enter and at sys_exit finds the
// program of this very system call in a table and jumps to it; a call without one costs the dispatcher
// only. The programs are straight lines: what a call needs is written into its program, not looked up.
//
// A record in the BPF ring buffer, all little-endian:
//
//   0  size u32       whole record, a multiple of 8     4  tid u32
//   8  time u64       CLOCK_MONOTONIC, ns              16  number i32
//   20 flags u32      FLAG_ below                      24  cpu u32        28  unused
//   32 args u64 x 6   at exit what is left of them in the registers
//   80 result i64     at exit
//   88 items: argument u8, kind u8, unused u16, length i32 (bytes; negative: errno), bytes padded to 8
//
// The verifier proves that every access stays inside the scratch record: each item adds at most its
// known maximum to the cursor in r8. tid, time and arguments are written first, from registers.

import { BpfAssembler, type AssembledProgram } from './bpf-assembler.ts';
import { MAX_STRINGS_COUNT, MAX_STRINGS_STRING_SIZE_BYTES, type CaptureItem } from './capture-plan.ts';

export const RECORD_HEADER_SIZE_BYTES = 88;
export const ITEM_HEADER_SIZE_BYTES = 8;
export const FLAG_EXIT = 1;
/** By a 32-bit program, or by the 32-bit gate. */
export const FLAG_COMPAT = 2;
/** Strings of a call whose pages were not there at its entry, read again at its exit. */
export const FLAG_LATE = 4;
/** The kernel's own events do not tell of this call: the record stands for itself. */
export const FLAG_WHOLE = 8;

/** Scratch memory of each CPU: the largest record, `argv` with a path. */
export const SCRATCH_SIZE_BYTES = 8192;

/** Places in the tables of programs: number, 512 more for 32-bit programs; numbers beyond 511: one place for each ABI. */
export const ABI_SLOT_COUNT = 512;
export const UNKNOWN_SLOT = 2 * ABI_SLOT_COUNT;
export const SLOT_COUNT = UNKNOWN_SLOT + 2;

export const MAPS = {
  tids: 'tids',
  late: 'late',
  scratch: 'scratch',
  ring: 'ring',
  counters: 'counters',
  entryPrograms: 'entryPrograms',
  exitPrograms: 'exitPrograms',
} as const;

/** Bytes in the only value of the map `counters`. */
export const COUNTER_LOST = 0;
export const COUNTERS_SIZE_BYTES = 64;

/** Where this kernel keeps what the programs read: struct pt_regs and task_struct. */
export interface KernelLayout {
  /** Byte offsets in pt_regs of the six arguments. */
  readonly args: readonly number[];
  readonly compatArgs: readonly number[];
  readonly number: number;
  /** Byte offset in task_struct, and the bit that says "a 32-bit system call". */
  readonly compatWord: number;
  readonly compatBit: number;
  readonly tid: number;
}

/** Registers of x86-64's pt_regs (arch/x86/include/asm/ptrace.h), part of the kernel's ABI to debuggers. */
export const X64_ARGS = [112, 104, 96, 56, 72, 64] as const;
export const X64_COMPAT_ARGS = [40, 88, 96, 104, 112, 32] as const;
export const X64_NUMBER = 120;
export const X64_TS_COMPAT_BIT = 1;

/** Of 4096, and as an instruction's immediate. */
const NO_WAKE_UP = 1;

export interface HandlerOptions {
  readonly layout: KernelLayout;
  readonly isExit: boolean;
  readonly isCompat: boolean;
  readonly isWhole: boolean;
  /** False: every thread is recorded. */
  readonly isFiltered: boolean;
  readonly items: readonly CaptureItem[];
  /** Strings to read at the exit when they could not be read at the entry. */
  readonly lateItems: readonly CaptureItem[];
}

/** sys_enter(regs, id) and sys_exit(regs, ret): finds the call's program. */
export function dispatcher(layout: KernelLayout, isExit: boolean): AssembledProgram {
  const a = new BpfAssembler();
  a.alu('=', 6, 1);
  a.call('getCurrentTaskBtf');
  a.load(4, 7, 0, layout.compatWord);
  a.aluValue('>>', 7, layout.compatBit);
  a.aluValue('&', 7, 1);
  a.aluValue('<<', 7, Math.log2(ABI_SLOT_COUNT));
  if (isExit) {
    a.load(8, 1, 6, 0);
    a.load(8, 3, 1, layout.number);
    // What rt_sigreturn leaves: it goes back to where no system call was.
    a.jumpIf('==', 3, -1, 'out');
  } else {
    a.load(8, 3, 6, 8);
  }
  a.jumpIf('>', 3, ABI_SLOT_COUNT - 1, 'unknown');
  a.alu('+', 3, 7);
  a.jump('go');
  a.label('unknown');
  a.alu('=', 3, 7);
  a.aluValue('>>', 3, Math.log2(ABI_SLOT_COUNT));
  a.aluValue('+', 3, UNKNOWN_SLOT);
  a.label('go');
  a.alu('=', 1, 6);
  a.loadMap(2, isExit ? MAPS.exitPrograms : MAPS.entryPrograms);
  a.call('tailCall');
  // No program of its own: of a 32-bit call there is one for all.
  a.jumpIf('==', 7, 0, 'out');
  a.alu('=', 1, 6);
  a.loadMap(2, isExit ? MAPS.exitPrograms : MAPS.entryPrograms);
  a.aluValue('=', 3, UNKNOWN_SLOT + 1);
  a.call('tailCall');
  a.label('out');
  a.exit();
  return a.assemble();
}

/** sched_process_fork(parent, child): what a recorded thread makes is recorded. */
export function forkFollower(layout: KernelLayout): AssembledProgram {
  const a = new BpfAssembler();
  a.load(8, 6, 1, 0);
  a.load(8, 7, 1, 8);
  a.load(4, 1, 6, layout.tid);
  a.store(4, 10, -4, 1);
  lookUp(a, MAPS.tids, -4);
  a.jumpIf('==', 0, 0, 'out');
  a.load(4, 1, 7, layout.tid);
  a.store(4, 10, -4, 1);
  a.storeValue(4, 10, -8, 1);
  update(a, MAPS.tids);
  a.label('out');
  a.exit();
  return a.assemble();
}

/** sched_process_exit: the thread is forgotten. */
export function exitFollower(): AssembledProgram {
  const a = new BpfAssembler();
  a.call('getCurrentPidTgid');
  a.store(4, 10, -4, 0);
  for (const map of [MAPS.tids, MAPS.late]) {
    a.loadMap(1, map);
    a.alu('=', 2, 10);
    a.aluValue('+', 2, -4);
    a.call('mapDelete');
  }
  a.exit();
  return a.assemble();
}

/** The program of one system call, or of all that need the same. */
export function handler(options: HandlerOptions): AssembledProgram {
  const { isExit, items, lateItems } = options;
  const a = new BpfAssembler();
  a.alu('=', 6, 1);
  a.load(8, 7, 6, 0);
  a.call('getCurrentPidTgid');
  a.zeroExtend(0);
  a.store(8, 10, -8, 0);
  if (options.isFiltered) {
    lookUp(a, MAPS.tids, -8);
    a.jumpIf('==', 0, 0, 'out');
  }
  if (isExit && !options.isWhole) skipUninteresting(a, items, lateItems);
  a.storeValue(4, 10, -12, 0);
  lookUp(a, MAPS.scratch, -12);
  a.jumpIf('==', 0, 0, 'out');
  a.alu('=', 9, 0);
  writeHeader(a, options);
  a.aluValue('=', 8, RECORD_HEADER_SIZE_BYTES);
  if (isExit && lateItems.length > 0) {
    // Whatever became of the call, the kernel has read its strings by now: their pages are there.
    a.load(8, 1, 10, -24);
    a.jumpIf('==', 1, 0, 'in-time');
    a.load(4, 1, 9, 20);
    a.aluValue('+', 1, FLAG_LATE);
    a.store(4, 9, 20, 1);
    for (const item of lateItems) writeItem(a, item, options);
    a.label('in-time');
  }
  if (isExit && items.length > 0) {
    a.load(8, 1, 9, 80);
    a.jumpIf('s<', 1, 0, 'send');
  }
  for (const item of items) writeItem(a, item, options);
  a.label('send');
  a.store(4, 9, 0, 8);
  a.jumpIf('>', 8, SCRATCH_SIZE_BYTES, 'out');
  a.loadMap(1, MAPS.ring);
  a.alu('=', 2, 9);
  a.alu('=', 3, 8);
  a.aluValue('=', 4, NO_WAKE_UP);
  a.call('ringBufferOutput');
  a.jumpIf('==', 0, 0, 'out');
  a.storeValue(4, 10, -12, 0);
  lookUp(a, MAPS.counters, -12);
  a.jumpIf('==', 0, 0, 'out');
  a.aluValue('=', 1, 1);
  a.atomicAdd(0, COUNTER_LOST, 1);
  a.label('out');
  a.exit();
  return a.assemble();
}

/** At an exit: leaves when the call failed and nothing of its entry is missing. [r10 - 24] becomes 1 when it is. */
function skipUninteresting(a: BpfAssembler, items: readonly CaptureItem[], lateItems: readonly CaptureItem[]): void {
  a.storeValue(8, 10, -24, 0);
  if (lateItems.length > 0) {
    lookUp(a, MAPS.late, -8);
    a.jumpIf('==', 0, 0, 'was-read');
    a.loadMap(1, MAPS.late);
    a.alu('=', 2, 10);
    a.aluValue('+', 2, -8);
    a.call('mapDelete');
    a.storeValue(8, 10, -24, 1);
    a.jump('wanted');
    a.label('was-read');
  }
  if (items.length === 0) {
    a.jump('out');
  } else {
    a.load(8, 1, 6, 8);
    a.jumpIf('s<', 1, 0, 'out');
  }
  a.label('wanted');
}

function writeHeader(a: BpfAssembler, options: HandlerOptions): void {
  const { layout, isExit, isCompat } = options;
  a.load(8, 1, 10, -8);
  a.store(4, 9, 4, 1);
  a.call('ktimeGetNs');
  a.store(8, 9, 8, 0);
  a.call('getSmpProcessorId');
  a.store(4, 9, 24, 0);
  if (isExit) a.load(8, 1, 7, layout.number);
  else a.load(8, 1, 6, 8);
  a.store(4, 9, 16, 1);
  const flags = (isExit ? FLAG_EXIT : 0) | (isCompat ? FLAG_COMPAT : 0) | (options.isWhole ? FLAG_WHOLE : 0);
  a.storeValue(4, 9, 20, flags);
  a.storeValue(4, 9, 28, 0);
  for (const [index, offset] of (isCompat ? layout.compatArgs : layout.args).entries()) {
    a.load(8, 1, 7, offset);
    if (isCompat) a.zeroExtend(1);
    a.store(8, 9, 32 + 8 * index, 1);
  }
  if (isExit) a.load(8, 1, 6, 8);
  else a.aluValue('=', 1, 0);
  a.store(8, 9, 80, 1);
}

const KINDS = { string: 1, strings: 2, bytes: 3 } as const;
export const ITEM_KINDS = ['', 'string', 'strings', 'bytes'] as const;

function writeItem(a: BpfAssembler, item: CaptureItem, options: HandlerOptions): void {
  switch (item.kind) {
    case 'string':
      return writeString(a, item.arg, item.maxSizeBytes, () => a.load(8, 3, 9, 32 + 8 * item.arg), options);
    case 'strings':
      return writeStrings(a, item, options);
    case 'bytes':
      return writeBytes(a, item);
  }
}

/** `loadSource` puts the address into r3. */
function writeString(
  a: BpfAssembler,
  arg: number,
  maxSizeBytes: number,
  loadSource: () => void,
  options: HandlerOptions,
): void {
  const failed = a.freshLabel();
  const done = a.freshLabel();
  beginItem(a, arg, KINDS.string);
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.aluValue('+', 1, ITEM_HEADER_SIZE_BYTES);
  a.aluValue('=', 2, maxSizeBytes);
  loadSource();
  a.call('probeReadUserString');
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.store(4, 1, 4, 0);
  a.aluValue('+', 8, ITEM_HEADER_SIZE_BYTES);
  a.jumpIf('s<', 0, 0, failed);
  advance(a, 0);
  a.jump(done);
  a.label(failed);
  if (!options.isExit) {
    a.storeValue(4, 10, -12, 1);
    a.load(8, 1, 10, -8);
    a.store(4, 10, -4 - 12, 1);
    // The same thread at the call's exit finds this.
    a.loadMap(1, MAPS.late);
    a.alu('=', 2, 10);
    a.aluValue('+', 2, -16);
    a.alu('=', 3, 10);
    a.aluValue('+', 3, -12);
    a.aluValue('=', 4, 0);
    a.call('mapUpdate');
  }
  a.label(done);
}

function writeStrings(a: BpfAssembler, item: CaptureItem, options: HandlerOptions): void {
  const pointerSizeBytes = options.isCompat ? 4 : 8;
  const end = a.freshLabel();
  for (let index = 0; index < MAX_STRINGS_COUNT; index++) {
    // The pointer, to the stack.
    a.storeValue(8, 10, -32, 0);
    a.alu('=', 1, 10);
    a.aluValue('+', 1, -32);
    a.aluValue('=', 2, pointerSizeBytes);
    a.load(8, 3, 9, 32 + 8 * item.arg);
    a.aluValue('+', 3, index * pointerSizeBytes);
    a.call('probeReadUser');
    a.load(8, 1, 10, -32);
    a.jumpIf('==', 1, 0, end);
    // Without the note for the exit: after an execve there is nothing to read again.
    writeString(a, item.arg, MAX_STRINGS_STRING_SIZE_BYTES, () => a.load(8, 3, 10, -32), { ...options, isExit: true });
  }
  a.label(end);
}

function writeBytes(a: BpfAssembler, item: CaptureItem): void {
  const end = a.freshLabel();
  const failed = a.freshLabel();
  a.load(8, 1, 9, 32 + 8 * item.arg);
  a.jumpIf('==', 1, 0, end);
  loadLength(a, item, end);
  // r2: length, at most maxSizeBytes; kept on the stack over the call.
  a.store(8, 10, -40, 2);
  beginItem(a, item.arg, KINDS.bytes);
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.load(8, 2, 10, -40);
  a.store(4, 1, 4, 2);
  a.aluValue('+', 1, ITEM_HEADER_SIZE_BYTES);
  a.load(8, 3, 9, 32 + 8 * item.arg);
  a.call('probeReadUser');
  a.jumpIf('!=', 0, 0, failed);
  a.aluValue('+', 8, ITEM_HEADER_SIZE_BYTES);
  a.load(8, 0, 10, -40);
  advance(a, 0);
  a.jump(end);
  a.label(failed);
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.store(4, 1, 4, 0);
  a.aluValue('+', 8, ITEM_HEADER_SIZE_BYTES);
  a.label(end);
}

/** Into r2, bounded for the verifier. Jumps to `none` when there is nothing to read. */
function loadLength(a: BpfAssembler, item: CaptureItem, none: string): void {
  const { length, maxSizeBytes } = item;
  if (length.kind === 'fixed') {
    a.aluValue('=', 2, length.sizeBytes);
    return;
  }
  const elementSizeBytes = length.kind === 'pointed' ? 1 : length.elementSizeBytes;
  if (length.kind === 'argument') {
    a.load(8, 2, 9, 32 + 8 * length.arg);
    a.zeroExtend(2);
  } else if (length.kind === 'result') {
    a.load(8, 2, 9, 80);
    a.jumpIf('s<=', 2, 0, none);
  } else {
    a.storeValue(8, 10, -32, 0);
    a.alu('=', 1, 10);
    a.aluValue('+', 1, -32);
    a.aluValue('=', 2, 4);
    a.load(8, 3, 9, 32 + 8 * length.arg);
    a.call('probeReadUser');
    a.load(8, 2, 10, -32);
  }
  const bounded = a.freshLabel();
  const maxCount = Math.floor(maxSizeBytes / elementSizeBytes);
  const tooMany = a.freshLabel();
  a.jumpIf('>', 2, maxCount, tooMany);
  a.jump(bounded);
  a.label(tooMany);
  a.aluValue('=', 2, maxCount);
  a.label(bounded);
  if (elementSizeBytes > 1) a.aluValue('*', 2, elementSizeBytes);
}

/** Argument and kind of an item at the cursor; its length is written when it is known. */
function beginItem(a: BpfAssembler, arg: number, kind: number): void {
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.storeValue(4, 1, 0, arg | (kind << 8));
}

/** Cursor behind as many bytes as the register says, rounded up to eight. */
function advance(a: BpfAssembler, register: 0): void {
  a.aluValue('+', register, 7);
  a.aluValue('&', register, -8);
  a.alu('+', 8, register);
}

/** r0 = the address of the value whose key lies on the stack. */
function lookUp(a: BpfAssembler, map: string, keyOffset: number): void {
  a.loadMap(1, map);
  a.alu('=', 2, 10);
  a.aluValue('+', 2, keyOffset);
  a.call('mapLookup');
}

/** Key at r10 - 4, value at r10 - 8. */
function update(a: BpfAssembler, map: string): void {
  a.loadMap(1, map);
  a.alu('=', 2, 10);
  a.aluValue('+', 2, -4);
  a.alu('=', 3, 10);
  a.aluValue('+', 3, -8);
  a.aluValue('=', 4, 0);
  a.call('mapUpdate');
}
