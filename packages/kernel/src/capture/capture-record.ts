// SPDX-License-Identifier: MIT
// What the capturing programs write into the BPF ring buffer and the converter reads: one record for
// each entry or exit of a call that has something to capture. All little-endian:
//
//   0  size u32       whole record, a multiple of 8     4  tid u32
//   8  time u64       CLOCK_MONOTONIC, ns              16  number i32
//   20 flags u32      FLAG_ below                      24  cpu u32        28  unused
//   32 args u64 x 6   at exit what is left of them in the registers
//   80 result i64     at exit
//   88 items: argument u8, kind u8, unused u16, length i32 (bytes; negative: errno), bytes padded to 8

export const RECORD_HEADER_SIZE_BYTES = 88;
/** In a record, bytes. */
export const ARGUMENTS_OFFSET = 32;
export const RESULT_OFFSET = 80;
export const ITEM_HEADER_SIZE_BYTES = 8;
export const FLAG_EXIT = 1;
/** By a 32-bit program, or by the 32-bit gate. */
export const FLAG_COMPAT = 2;
/** Strings of a call whose pages were not there at its entry, read again at its exit. */
export const FLAG_LATE = 4;
/** The kernel's own events do not tell of this call: the record stands for itself. */
export const FLAG_WHOLE = 8;

/** Kinds of items in a record; of several strings each is an item of its own. */
export const ITEM_STRING = 1;
export const ITEM_BYTES = 3;
