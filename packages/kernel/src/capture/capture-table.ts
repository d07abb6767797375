// SPDX-License-Identifier: MIT
// Which memory the capturing programs read at each system call: a table, the only value of a BPF map,
// which the programs of capture-programs.ts walk. Calls that need the same share a list of items.
//
//   0              number of each place's list at the call's entry, u16 x SLOT_COUNT; 0: nothing is captured
//   EXIT_LISTS     the same at its exit
//   LISTS          lists of LIST_SIZE_BYTES; number 0 is unused
//
//   a list: 0 flags u8   FLAG_WHOLE of the record, or 0
//           1 late u8    so many items, the first ones, are strings that the entry could not read
//           2 end u8     late and other items
//           3 isRetried u8   at the entry: strings that cannot be read are to be read at the exit
//           8 items
//   an item: argument u8, kind u8, length kind u8, length argument u8, element size u16, most u16
//           most: bytes of a string, or elements

import { assert } from '@lockstep/base';
import type { CaptureItem } from './capture-plan.ts';
import { FLAG_WHOLE, ITEM_BYTES, ITEM_STRING } from './capture-record.ts';

/** Places: number, 512 more for 32-bit programs; numbers beyond 511: one place for each ABI. */
export const ABI_SLOT_COUNT = 512;
export const UNKNOWN_SLOT = 2 * ABI_SLOT_COUNT;
export const SLOT_COUNT = UNKNOWN_SLOT + 2;

export const EXIT_LISTS = 2 * SLOT_COUNT;
export const LISTS = 4 * SLOT_COUNT + 8;
export const LIST_SIZE_BYTES = 64;
export const LIST_FLAGS = 0;
export const LIST_LATE = 1;
export const LIST_END = 2;
export const LIST_IS_RETRIED = 3;
export const LIST_ITEMS = 8;
export const LIST_ITEM_SIZE_BYTES = 8;
/** No call has more than three so far, and each is code of its own in the programs. */
export const MAX_ITEM_COUNT = 4;
export const LIST_COUNT = 256;
export const TABLE_SIZE_BYTES = LISTS + LIST_COUNT * LIST_SIZE_BYTES;

/** Kinds of items in a list: those of records, and the vector of strings, which becomes one item for each. */
export const ITEM_STRINGS = 2;
const KINDS = { string: ITEM_STRING, strings: ITEM_STRINGS, bytes: ITEM_BYTES } as const;
/** How long `bytes` are. */
export const LENGTHS = { fixed: 0, argument: 1, pointed: 2, result: 3 } as const;

export interface CaptureList {
  readonly isWhole: boolean;
  /** At the exit: strings to read when they could not be read at the entry. */
  readonly lateItems: readonly CaptureItem[];
  readonly items: readonly CaptureItem[];
  readonly isRetried: boolean;
}

export class CaptureTable {
  readonly #bytes = Buffer.alloc(TABLE_SIZE_BYTES);
  readonly #numbers = new Map<string, number>();

  get listCount(): number {
    return this.#numbers.size;
  }

  place(slot: number, isExit: boolean, list: CaptureList): void {
    const bytes = encodeList(list);
    // What the bytes mean is nothing to the programs, so calls of different meaning share a list.
    const key = bytes.toString('latin1');
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      assert(number < LIST_COUNT, 'the lists of all system calls fit into the table');
      this.#numbers.set(key, number);
      bytes.copy(this.#bytes, LISTS + number * LIST_SIZE_BYTES);
    }
    this.#bytes.writeUInt16LE(number, (isExit ? EXIT_LISTS : 0) + 2 * slot);
  }

  /** Without the unused lists at its end. */
  toBytes(): Buffer {
    return this.#bytes.subarray(0, LISTS + (this.#numbers.size + 1) * LIST_SIZE_BYTES);
  }
}

function encodeList({ isWhole, lateItems, items, isRetried }: CaptureList): Buffer {
  const bytes = Buffer.alloc(LIST_SIZE_BYTES);
  const all = [...lateItems, ...items];
  assert(all.length <= MAX_ITEM_COUNT, 'the items of a system call fit into a list');
  bytes[LIST_FLAGS] = isWhole ? FLAG_WHOLE : 0;
  bytes[LIST_LATE] = lateItems.length;
  bytes[LIST_END] = all.length;
  bytes[LIST_IS_RETRIED] = isRetried ? 1 : 0;
  for (const [index, { arg, kind, length, maxSizeBytes }] of all.entries()) {
    const at = LIST_ITEMS + index * LIST_ITEM_SIZE_BYTES;
    const elementSizeBytes = 'elementSizeBytes' in length ? length.elementSizeBytes : 1;
    const isFixed = kind === 'bytes' && length.kind === 'fixed';
    bytes.set([arg, KINDS[kind], LENGTHS[length.kind], 'arg' in length ? length.arg : 0], at);
    bytes.writeUInt16LE(elementSizeBytes, at + 4);
    bytes.writeUInt16LE(isFixed ? length.sizeBytes : Math.floor(maxSizeBytes / elementSizeBytes), at + 6);
  }
  return bytes;
}
