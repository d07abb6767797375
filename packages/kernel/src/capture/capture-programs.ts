// SPDX-License-Identifier: MIT
// The four BPF programs that capture what pointers point to: at sys_enter, sys_exit, sched_process_fork
// and sched_process_exit. What to read at which call says the table (capture-table.ts); a call that has no
// list there costs a look at it. The verifier proves that every access stays inside the scratch memory.
//
//   r6 context   r7 registers, later an item   r8 cursor   r9 scratch memory   the stack: capture-memory.ts

import { BpfAssembler, type AssembledProgram, type Register } from './bpf-assembler.ts';
import { jumpIfNative, writeItems } from './capture-items.ts';
import {
  addKey,
  ARGS,
  END_ITEM,
  FIRST_ITEM,
  FLAGS,
  lookUp,
  MAPS,
  RECORD_SIZE_BYTES,
  remove,
  RESULT,
  SIZE,
  STACK,
} from './capture-memory.ts';
import { FLAG_COMPAT, FLAG_EXIT, FLAG_LATE } from './capture-record.ts';
import {
  ABI_SLOT_COUNT,
  EXIT_LISTS,
  LIST_COUNT,
  LIST_END,
  LIST_FLAGS,
  LIST_LATE,
  LIST_SIZE_BYTES,
  LISTS,
  UNKNOWN_SLOT,
} from './capture-table.ts';
import type { MachineLayout } from './kernel-layouts.ts';

/** Bytes in the only value of the map `counters`. */
export const COUNTER_LOST = 0;
export const COUNTERS_SIZE_BYTES = 64;

/** Where this kernel keeps what the programs read: struct pt_regs and task_struct, byte offsets. */
export interface KernelLayout extends MachineLayout {
  /** Of the word with the bit "a 32-bit system call"; undefined: this machine has none. */
  readonly compatWord: number | undefined;
  readonly tid: number;
}

/** Of 4096, and as an instruction's immediate. */
const NO_WAKE_UP = 1;

/** sched_process_fork(parent, child): what a recorded thread makes is recorded. */
export function forkFollower(layout: KernelLayout): AssembledProgram {
  const a = new BpfAssembler();
  a.load(8, 6, 1, 0);
  a.load(8, 7, 1, 8);
  a.load(4, 1, 6, layout.tid);
  a.store(4, 10, STACK.key, 1);
  lookUp(a, MAPS.tids, STACK.key);
  a.jumpIf('==', 0, 0, 'out');
  a.load(4, 1, 7, layout.tid);
  a.store(4, 10, STACK.key, 1);
  addKey(a, MAPS.tids);
  a.label('out');
  a.exit();
  return a.assemble();
}

/** sched_process_exit: the thread is forgotten. */
export function exitFollower(): AssembledProgram {
  const a = new BpfAssembler();
  a.call('getCurrentPidTgid');
  a.store(4, 10, STACK.key, 0);
  for (const map of [MAPS.tids, MAPS.late]) remove(a, map, STACK.key);
  a.exit();
  return a.assemble();
}

/** sys_enter(regs, id) or sys_exit(regs, ret). Not filtered: every thread is recorded. */
export function capturer(
  layout: KernelLayout,
  options: { readonly isExit: boolean; readonly isFiltered: boolean },
): AssembledProgram {
  const { isExit } = options;
  const a = new BpfAssembler();
  a.alu('=', 6, 1);
  a.load(8, 7, 6, 0);
  findList(a, layout, isExit);
  a.call('getCurrentPidTgid');
  a.zeroExtend(0);
  a.store(8, 10, STACK.tid, 0);
  if (options.isFiltered) {
    lookUp(a, MAPS.tids, STACK.tid);
    a.jumpIf('==', 0, 0, 'out');
  }
  chooseItems(a, isExit);
  a.storeValue(4, 10, STACK.word, 0);
  lookUp(a, MAPS.scratch, STACK.word);
  a.jumpIf('==', 0, 0, 'out');
  a.alu('=', 9, 0);
  writeHeader(a, layout, isExit);
  writeItems(a, isExit);
  send(a);
  a.label('out');
  a.exit();
  return a.assemble();
}

/** `register` = the number of the call whose registers r7 points to, with its sign. */
function loadNumber(a: BpfAssembler, layout: KernelLayout, register: Register): void {
  a.load(layout.numberSizeBytes, register, 7, layout.number);
  if (layout.numberSizeBytes === 8) return;
  a.aluValue('<<', register, 32);
  a.aluValue('s>>', register, 32);
}

/** [list] = the address of this call's list. Leaves when it has none. */
function findList(a: BpfAssembler, layout: KernelLayout, isExit: boolean): void {
  const numbers = isExit ? EXIT_LISTS : 0;
  if (layout.compatWord === undefined) {
    a.aluValue('=', 8, 0);
  } else {
    a.call('getCurrentTaskBtf');
    a.load(4, 8, 0, layout.compatWord);
    a.aluValue('>>', 8, layout.compatBit);
    a.aluValue('&', 8, 1);
  }
  a.alu('=', 1, 8);
  a.aluValue('<<', 1, Math.log2(FLAG_COMPAT));
  a.store(8, 10, STACK.compatFlag, 1);
  if (isExit) {
    loadNumber(a, layout, 3);
    // What rt_sigreturn leaves: it goes back to where no system call was.
    a.jumpIf('==', 3, -1, 'out');
  } else {
    a.load(8, 3, 6, 8);
  }
  a.jumpIf('>', 3, ABI_SLOT_COUNT - 1, 'unknown');
  a.aluValue('<<', 8, Math.log2(ABI_SLOT_COUNT));
  a.alu('+', 8, 3);
  a.jump('slot');
  a.label('unknown');
  a.aluValue('+', 8, UNKNOWN_SLOT);
  a.label('slot');
  a.aluValue('<<', 8, 1);
  a.storeValue(4, 10, STACK.word, 0);
  lookUp(a, MAPS.table, STACK.word);
  a.jumpIf('==', 0, 0, 'out');
  a.alu('+', 8, 0);
  a.load(2, 1, 8, numbers);
  a.jumpIf('!=', 1, 0, 'list');
  // No list of its own: of a 32-bit call there is one for all.
  a.load(8, 2, 10, STACK.compatFlag);
  a.jumpIf('==', 2, 0, 'out');
  a.load(2, 1, 0, numbers + 2 * (UNKNOWN_SLOT + 1));
  a.jumpIf('==', 1, 0, 'out');
  a.label('list');
  a.jumpIf('>', 1, LIST_COUNT - 1, 'out');
  a.aluValue('<<', 1, Math.log2(LIST_SIZE_BYTES));
  a.alu('+', 0, 1);
  a.aluValue('+', 0, LISTS);
  a.store(8, 10, STACK.list, 0);
}

/**
 * [firstItem] and [endItem]. At an exit the late ones when the entry could not read them, and the others when
 * the call succeeded; leaves when these are none and the record does not stand for the call itself.
 */
function chooseItems(a: BpfAssembler, isExit: boolean): void {
  a.storeValue(8, 10, STACK.lateFlag, 0);
  if (isExit) {
    a.load(8, 7, 10, STACK.list);
    a.load(1, 1, 7, LIST_LATE);
    a.jumpIf('==', 1, 0, 'in-time');
    lookUp(a, MAPS.late, STACK.tid);
    a.jumpIf('==', 0, 0, 'in-time');
    remove(a, MAPS.late, STACK.tid);
    a.storeValue(8, 10, STACK.lateFlag, FLAG_LATE);
    a.label('in-time');
  }
  a.load(8, 4, 10, STACK.list);
  a.load(1, 2, 4, LIST_LATE);
  a.load(1, 3, 4, LIST_END);
  if (isExit) {
    a.load(8, 1, 6, 8);
    a.jumpIf('s<=', 1, -1, 'failed');
    a.jump('succeeded');
    a.label('failed');
    a.alu('=', 3, 2);
    a.label('succeeded');
    // Whatever became of the call, the kernel has read its strings by now: their pages are there.
    a.load(8, 1, 10, STACK.lateFlag);
    a.jumpIf('==', 1, 0, 'first');
    a.aluValue('=', 2, 0);
    a.label('first');
  }
  a.store(8, 10, STACK.firstItem, 2);
  a.store(8, 10, STACK.endItem, 3);
  if (isExit) {
    a.load(1, 1, 4, LIST_FLAGS);
    a.jumpIf('!=', 1, 0, 'wanted');
    a.jumpIfRegister('>=', 2, 3, 'out');
    a.label('wanted');
  }
}

/** r7, the registers, is free afterwards. */
function writeHeader(a: BpfAssembler, layout: KernelLayout, isExit: boolean): void {
  if (isExit) a.load(8, 7, 6, 0);
  a.load(8, 1, 10, STACK.tid);
  a.store(4, 9, 4, 1);
  a.call('ktimeGetNs');
  a.store(8, 9, 8, 0);
  a.call('getSmpProcessorId');
  a.store(4, 9, 24, 0);
  if (isExit) loadNumber(a, layout, 1);
  else a.load(8, 1, 6, 8);
  a.store(4, 9, 16, 1);
  a.load(8, 1, 10, STACK.list);
  a.load(1, 1, 1, LIST_FLAGS);
  if (isExit) a.aluValue('+', 1, FLAG_EXIT);
  for (const flag of [STACK.compatFlag, STACK.lateFlag]) {
    a.load(8, 2, 10, flag);
    a.alu('+', 1, 2);
  }
  a.store(4, 9, FLAGS, 1);
  a.storeValue(4, 9, 28, 0);
  for (const [from, to] of [
    [STACK.firstItem, FIRST_ITEM],
    [STACK.endItem, END_ITEM],
  ] as const) {
    a.load(8, 1, 10, from);
    a.store(8, 9, to, 1);
  }
  jumpIfNative(a, 'native');
  for (const [index, offset] of layout.compatArgs.entries()) {
    a.load(8, 1, 7, offset);
    a.zeroExtend(1);
    a.store(8, 9, ARGS + 8 * index, 1);
  }
  a.jump('args');
  a.label('native');
  for (const [index, offset] of layout.args.entries()) {
    a.load(8, 1, 7, offset);
    a.store(8, 9, ARGS + 8 * index, 1);
  }
  a.label('args');
  if (isExit) a.load(8, 1, 6, 8);
  else a.aluValue('=', 1, 0);
  a.store(8, 9, RESULT, 1);
}

function send(a: BpfAssembler): void {
  a.label('send');
  a.load(4, 3, 9, SIZE);
  a.jumpIf('>', 3, RECORD_SIZE_BYTES, 'out');
  a.loadMap(1, MAPS.ring);
  a.alu('=', 2, 9);
  a.aluValue('=', 4, NO_WAKE_UP);
  a.call('ringBufferOutput');
  a.jumpIf('==', 0, 0, 'out');
  a.storeValue(4, 10, STACK.word, 0);
  lookUp(a, MAPS.counters, STACK.word);
  a.jumpIf('==', 0, 0, 'out');
  a.aluValue('=', 1, 1);
  a.atomicAdd(0, COUNTER_LOST, 1);
}
