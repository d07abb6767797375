// SPDX-License-Identifier: MIT
// Memory of the capturing programs: maps, the scratch memory of each CPU with the record that is being
// written, the stack; and how a map is asked.

import type { BpfAssembler } from './bpf-assembler.ts';
import { MAX_STRING_SIZE_BYTES } from './capture-plan.ts';
import { ITEM_HEADER_SIZE_BYTES } from './capture-record.ts';

export const MAPS = {
  tids: 'tids',
  late: 'late',
  scratch: 'scratch',
  ring: 'ring',
  counters: 'counters',
  table: 'table',
} as const;

/** The largest record: `argv` with a path, and room for one item more. */
export const RECORD_SIZE_BYTES = 8192;
/** Where an item may begin: the largest one still fits behind. */
export const MAX_CURSOR = RECORD_SIZE_BYTES - 2 * ITEM_HEADER_SIZE_BYTES - MAX_STRING_SIZE_BYTES;
/** Behind the record, u64 each: which items of the list are wanted, and the vector of strings among them, if any. */
export const FIRST_ITEM = RECORD_SIZE_BYTES;
export const END_ITEM = RECORD_SIZE_BYTES + 8;
export const VECTOR_ADDRESS = RECORD_SIZE_BYTES + 16;
export const VECTOR_ARGUMENT = RECORD_SIZE_BYTES + 24;
/** Scratch memory of each CPU. */
export const SCRATCH_SIZE_BYTES = RECORD_SIZE_BYTES + 32;

/** Of the record. */
export const SIZE = 0;
export const FLAGS = 20;
export const ARGS = 32;
export const RESULT = 80;
/** Offsets from r10. */
export const STACK = {
  /** u64; its lower half is a key of the maps of threads. */
  tid: -8,
  /** u32: the key of maps with one value, or a value. */
  word: -12,
  /** u32: a key beside `word`. */
  key: -16,
  /** Of the current item. */
  address: -24,
  length: -32,
  /** Of the string of a vector. */
  pointer: -40,
  list: -56,
  /** FLAG_COMPAT or 0. */
  compatFlag: -64,
  /** FLAG_LATE, when strings of the entry are missing, or 0. */
  lateFlag: -72,
  firstItem: -80,
  endItem: -88,
} as const;

/** r0 = the address of the value whose key lies on the stack. */
export function lookUp(a: BpfAssembler, map: string, keyOffset: number): void {
  loadKey(a, map, keyOffset);
  a.call('mapLookup');
}

export function remove(a: BpfAssembler, map: string, keyOffset: number): void {
  loadKey(a, map, keyOffset);
  a.call('mapDelete');
}

/** The key [key]. */
export function addKey(a: BpfAssembler, map: string): void {
  a.storeValue(4, 10, STACK.word, 1);
  loadKey(a, map, STACK.key);
  a.alu('=', 3, 10);
  a.aluValue('+', 3, STACK.word);
  a.aluValue('=', 4, 0);
  a.call('mapUpdate');
}

function loadKey(a: BpfAssembler, map: string, keyOffset: number): void {
  a.loadMap(1, map);
  a.alu('=', 2, 10);
  a.aluValue('+', 2, keyOffset);
}
