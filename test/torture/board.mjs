// SPDX-License-Identifier: MIT
// What a torture round's threads and processes tell each other, in a mapped file: four words for each
// incarnation of a writer (0 records begun, 1 accepted, 2 ended, 3 known to be dead), and before them
// word 0: stop. Every word has one writer; the records of a killed writer are counted to the last.

export const MAX_INCARNATIONS = 1000;
export const BOARD_SIZE_BYTES = 4096 * 4;
export const STOP = 0;
export const BEGUN = 0;
export const ACCEPTED = 1;
export const ENDED = 2;
export const DEAD = 3;

/** Index of an incarnation's first word; incarnations count from 1. */
export function wordsOf(incarnation) {
  return incarnation * 4;
}

/** Sum over a record's words that no other record is likely to share. */
export function checksum(words, from, to) {
  let sum = 0x811c9dc5;
  for (let index = from; index < to; index++) sum = Math.imul(sum ^ words[index], 0x01000193) ^ (sum >>> 15);
  return sum | 0;
}
