// SPDX-License-Identifier: MIT
// Intervals that may nest or overlap in, pieces that do not out: where several cover a moment, the one
// that began last stands, since it is what the others were waiting for.
//
//   in   A---------A         out  A--ABB-BA--A
//           B---B

import type { Interval } from '../program/timeline.ts';

export interface Piece<T> {
  readonly begin: number;
  readonly end: number;
  readonly of: T;
}

export function flatten<T extends Interval>(intervals: readonly T[], begin: number, end: number): Piece<T>[] {
  const sorted = [...intervals].sort((a, b) => a.begin - b.begin || b.end - a.end);
  const pieces: Piece<T>[] = [];
  const stack: T[] = [];
  let cursor = begin;
  const emitUntil = (until: number, of: T): void => {
    const to = Math.min(until, end);
    if (to > cursor) pieces.push({ begin: cursor, end: to, of });
    cursor = Math.max(cursor, to);
  };
  for (const interval of sorted) {
    if (interval.end <= interval.begin) continue;
    popEnded(stack, interval.begin, emitUntil);
    const top = stack.at(-1);
    if (top !== undefined) emitUntil(interval.begin, top);
    cursor = Math.max(cursor, Math.min(interval.begin, end));
    stack.push(interval);
  }
  popEnded(stack, Infinity, emitUntil);
  return pieces;
}

function popEnded<T extends Interval>(stack: T[], before: number, emitUntil: (until: number, of: T) => void): void {
  for (let top = stack.at(-1); top !== undefined && top.end <= before; top = stack.at(-1)) {
    emitUntil(top.end, top);
    stack.pop();
  }
}

/** Walks pieces in step with ascending times. */
export class PieceCursor<T> {
  readonly #pieces: readonly Piece<T>[];
  #at = 0;

  constructor(pieces: readonly Piece<T>[]) {
    this.#pieces = pieces;
  }

  /** What covers `time`; asked with ascending times only. */
  at(time: number): T | undefined {
    while (this.#at < this.#pieces.length && (this.#pieces[this.#at] as Piece<T>).end <= time) this.#at += 1;
    const piece = this.#pieces[this.#at];
    return piece !== undefined && piece.begin <= time ? piece.of : undefined;
  }

  /** Where the answer changes next, after the `time` last asked. */
  nextChange(time: number): number {
    const piece = this.#pieces[this.#at];
    if (piece === undefined) return Infinity;
    return piece.begin > time ? piece.begin : piece.end;
  }
}
