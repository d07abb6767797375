// SPDX-License-Identifier: MIT
// What a traced program of the tests and its test tell each other: words of a mapped file.

/** Calls that have returned, in the main thread and in its worker. */
export const CALLED = 0;
export const WORKER_CALLED = 1;
/** The test: end. */
export const STOP = 2;
/** The test: records that it has taken. */
export const TAKEN = 3;
/** The program: it runs. */
export const STARTED = 4;

/** Text of the record with this id: any length up to 60, not ASCII now and then. */
export function textOf(id: number): string {
  return id % 13 === 0 ? `ü${id}` : 'text-of-a-record-that-is-long-enough-to-show-where-it-is-torn'.slice(0, id % 60);
}
