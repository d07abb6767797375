// SPDX-License-Identifier: MIT
// The part of a capturing program that walks the items of a call's list and reads what they say into the
// record. The verifier is to walk each item once and not once for each way through those before, which took
// it half a second. So what the items depend on lies in the scratch memory (the cursor is the record's size
// word), of which the verifier knows nothing, and is read and bounded anew for each of them: whatever came
// before, it then knows the same.
//
//   r7 the list's item   r8 cursor   r9 scratch memory

import type { BpfAssembler, Register } from './bpf-assembler.ts';
import {
  ARGS,
  END_ITEM,
  FIRST_ITEM,
  FLAGS,
  MAPS,
  MAX_CURSOR,
  RESULT,
  SIZE,
  STACK,
  VECTOR_ADDRESS,
  VECTOR_ARGUMENT,
  addKey,
} from './capture-memory.ts';
import {
  MAX_BYTES_SIZE_BYTES,
  MAX_STRING_SIZE_BYTES,
  MAX_STRINGS_COUNT,
  MAX_STRINGS_STRING_SIZE_BYTES,
} from './capture-plan.ts';
import {
  FLAG_COMPAT,
  ITEM_BYTES,
  ITEM_HEADER_SIZE_BYTES,
  ITEM_STRING,
  RECORD_HEADER_SIZE_BYTES,
} from './capture-record.ts';
import {
  ITEM_STRINGS,
  LENGTHS,
  LIST_IS_RETRIED,
  LIST_ITEM_SIZE_BYTES,
  LIST_ITEMS,
  MAX_ITEM_COUNT,
} from './capture-table.ts';

/** Arguments are numbered 0 to 5; what the table says is bounded to what the header has room for. */
const ARGUMENT_MASK = 7;

export function jumpIfNative(a: BpfAssembler, label: string): void {
  a.load(4, 1, 9, FLAGS);
  a.aluValue('&', 1, FLAG_COMPAT);
  a.jumpIf('==', 1, 0, label);
}

/** Goes on at 'send'. One item after the other: the verifier is quick over straight lines, and slow over loops. */
export function writeItems(a: BpfAssembler, isExit: boolean): void {
  a.storeValue(4, 9, SIZE, RECORD_HEADER_SIZE_BYTES);
  a.storeValue(8, 9, VECTOR_ADDRESS, 0);
  a.load(8, 7, 10, STACK.list);
  a.aluValue('+', 7, LIST_ITEMS);
  for (let index = 0; index < MAX_ITEM_COUNT; index++) {
    const next = a.freshLabel();
    a.load(8, 2, 9, END_ITEM);
    a.jumpIf('s<=', 2, index, 'vector');
    a.load(8, 2, 9, FIRST_ITEM);
    a.jumpIf('>', 2, index, next);
    a.load(4, 8, 9, SIZE);
    a.jumpIf('>', 8, MAX_CURSOR, 'send');
    writeItem(a, isExit, next);
    a.label(next);
    a.aluValue('+', 7, LIST_ITEM_SIZE_BYTES);
  }
  a.label('vector');
  if (!isExit) writeVector(a);
}

/** The item that r7 is at. */
function writeItem(a: BpfAssembler, isExit: boolean, next: string): void {
  const bytes = a.freshLabel();
  const vector = a.freshLabel();
  const written = a.freshLabel();
  a.load(1, 1, 7, 0);
  loadArgument(a, 1, 1);
  a.store(8, 10, STACK.address, 1);
  a.load(1, 1, 7, 1);
  a.jumpIf('==', 1, ITEM_BYTES, bytes);
  if (!isExit) a.jumpIf('==', 1, ITEM_STRINGS, vector);
  a.load(1, 1, 7, 0);
  beginItem(a, ITEM_STRING);
  readString(a, STACK.address, MAX_STRING_SIZE_BYTES);
  if (!isExit) {
    a.jumpIf('s<=', 0, -1, vector + 'retried');
    a.jump(written);
    a.label(vector + 'retried');
    // The same thread at the call's exit finds this.
    a.load(8, 1, 10, STACK.list);
    a.load(1, 1, 1, LIST_IS_RETRIED);
    a.jumpIf('==', 1, 0, written);
    a.load(8, 1, 10, STACK.tid);
    a.store(4, 10, STACK.key, 1);
    addKey(a, MAPS.late);
  }
  a.jump(written);
  if (!isExit) {
    // Last, whatever place it has in the list: it takes the most room.
    a.label(vector);
    a.load(8, 1, 10, STACK.address);
    a.store(8, 9, VECTOR_ADDRESS, 1);
    a.load(1, 1, 7, 0);
    a.store(8, 9, VECTOR_ARGUMENT, 1);
    a.jump(next);
  }
  a.label(bytes);
  writeBytes(a, next);
  a.label(written);
  a.store(4, 9, SIZE, 8);
}

/** `register` = the call's argument whose number `number` holds. */
function loadArgument(a: BpfAssembler, register: Register, number: Register): void {
  a.aluValue('&', number, ARGUMENT_MASK);
  a.aluValue('<<', number, 3);
  a.alu('+', number, 9);
  a.load(8, register, number, ARGS);
}

/** The string whose address lies on the stack; r0 = what reading it said. */
function readString(a: BpfAssembler, address: number, maxSizeBytes: number): void {
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.aluValue('+', 1, ITEM_HEADER_SIZE_BYTES);
  a.aluValue('=', 2, maxSizeBytes);
  a.load(8, 3, 10, address);
  a.call('probeReadUserString');
  endItem(a);
}

/** `argv`: an item for each string. One that cannot be read is not read again: after an execve there is nothing to read. */
function writeVector(a: BpfAssembler): void {
  a.load(8, 1, 9, VECTOR_ADDRESS);
  a.jumpIf('==', 1, 0, 'send');
  a.store(8, 10, STACK.address, 1);
  for (let index = 0; index < MAX_STRINGS_COUNT; index++) {
    const native = a.freshLabel();
    a.load(4, 8, 9, SIZE);
    a.jumpIf('>', 8, MAX_CURSOR, 'send');
    a.storeValue(8, 10, STACK.pointer, 0);
    a.aluValue('=', 2, 8);
    jumpIfNative(a, native);
    a.aluValue('=', 2, 4);
    a.label(native);
    a.alu('=', 1, 10);
    a.aluValue('+', 1, STACK.pointer);
    a.load(8, 3, 10, STACK.address);
    a.alu('=', 4, 3);
    a.alu('+', 4, 2);
    a.store(8, 10, STACK.address, 4);
    a.call('probeReadUser');
    a.load(8, 1, 10, STACK.pointer);
    a.jumpIf('==', 1, 0, 'send');
    a.load(8, 1, 9, VECTOR_ARGUMENT);
    beginItem(a, ITEM_STRING);
    readString(a, STACK.pointer, MAX_STRINGS_STRING_SIZE_BYTES);
    a.store(4, 9, SIZE, 8);
  }
}

function writeBytes(a: BpfAssembler, next: string): void {
  const counted = a.freshLabel();
  const tooLong = a.freshLabel();
  const bounded = a.freshLabel();
  a.load(8, 1, 10, STACK.address);
  a.jumpIf('==', 1, 0, next);
  loadCount(a, next);
  a.load(2, 1, 7, 6);
  a.jumpIfRegister('>=', 1, 2, counted);
  a.alu('=', 2, 1);
  a.label(counted);
  a.load(2, 1, 7, 4);
  a.alu('*', 2, 1);
  // The table asks for less; the verifier wants to hear it from the program.
  a.jumpIf('>', 2, MAX_BYTES_SIZE_BYTES, tooLong);
  a.jump(bounded);
  a.label(tooLong);
  a.aluValue('=', 2, MAX_BYTES_SIZE_BYTES);
  a.label(bounded);
  a.store(8, 10, STACK.length, 2);
  a.load(1, 1, 7, 0);
  beginItem(a, ITEM_BYTES);
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.aluValue('+', 1, ITEM_HEADER_SIZE_BYTES);
  a.load(8, 2, 10, STACK.length);
  a.load(8, 3, 10, STACK.address);
  a.call('probeReadUser');
  const refused = a.freshLabel();
  a.jumpIf('!=', 0, 0, refused);
  a.load(8, 0, 10, STACK.length);
  a.label(refused);
  endItem(a);
}

/** r2 = how many elements there are. */
function loadCount(a: BpfAssembler, next: string): void {
  const byResult = a.freshLabel();
  const pointed = a.freshLabel();
  const counted = a.freshLabel();
  a.load(2, 2, 7, 6);
  a.load(1, 1, 7, 2);
  a.jumpIf('==', 1, LENGTHS.fixed, counted);
  a.jumpIf('==', 1, LENGTHS.result, byResult);
  a.load(1, 3, 7, 3);
  loadArgument(a, 3, 3);
  a.jumpIf('==', 1, LENGTHS.pointed, pointed);
  a.alu('=', 2, 3);
  a.zeroExtend(2);
  a.jump(counted);
  a.label(pointed);
  a.storeValue(8, 10, STACK.length, 0);
  a.alu('=', 1, 10);
  a.aluValue('+', 1, STACK.length);
  a.aluValue('=', 2, 4);
  a.call('probeReadUser');
  a.load(8, 2, 10, STACK.length);
  a.jump(counted);
  a.label(byResult);
  a.load(8, 2, 9, RESULT);
  a.jumpIf('s<=', 2, 0, next);
  a.label(counted);
}

/** Argument (r1) and kind of an item at the cursor; its length is written when it is known. */
function beginItem(a: BpfAssembler, kind: number): void {
  a.aluValue('+', 1, kind << 8);
  a.alu('=', 2, 9);
  a.alu('+', 2, 8);
  a.store(4, 2, 0, 1);
}

/** r0: bytes that were read, or why none could be. The cursor goes behind them, rounded up to eight. */
function endItem(a: BpfAssembler): void {
  const empty = a.freshLabel();
  a.alu('=', 1, 9);
  a.alu('+', 1, 8);
  a.store(4, 1, 4, 0);
  a.aluValue('+', 8, ITEM_HEADER_SIZE_BYTES);
  a.jumpIf('s<=', 0, 0, empty);
  a.alu('=', 1, 0);
  a.aluValue('+', 1, 7);
  a.aluValue('&', 1, -8);
  a.alu('+', 8, 1);
  a.label(empty);
}
