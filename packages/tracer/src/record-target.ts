// SPDX-License-Identifier: MIT
// Where the records of one tracepoint in one channel go: views of the thread's ring buffer and the
// few functions that a record needs beside plain stores. What generated code and its closure twin share.
//
// A record at position p (a multiple of 8) is LTTng's large event header and the payload:
//
//   compact     p+0 u16 id, p+4 u32 clock's low half,                             p+8  payload
//   extended    p+0 u16 0xffff, p+8 u32 id, p+16 u64 clock,                       p+24 payload
//
// Extended when the clock's high half is not that of the record (or packet) before, or the id does
// not fit. Both put the payload on a multiple of 8, so that alignments are the same.

import { BAD_ARGUMENTS_WORD, CLOCK_HIGH_WORD, LIMIT_WORD, type RingWriter } from '@lockstep/ring-buffer';
import { makeFastStringWriter } from './string-writer.ts';
import type { ThreadClock } from './thread-clock.ts';

export const COMPACT_HEADER_BYTES = 8;
export const EXTENDED_HEADER_BYTES = 24;
/** Ids above need the extended header: 65535 marks it. */
export const MAX_COMPACT_ID = 65_534;
export const EXTENDED_MARK = 0xffff;

/** Views over the whole of a ring buffer's memory. */
export interface RingViews {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly shorts: Int16Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly bigints: BigInt64Array;
}

export interface RecordTarget extends RingViews {
  readonly clock: ThreadClock;
  /** Begin of a record of that size, or -1: discarded and counted. */
  readonly reserve: (sizeBytes: number) => number;
  /**
   * Writes an extended header for the record at `position` (or a compact one after a switch that it
   * needed). Returns where a compact header would have been, so that the payload is at +8; or -1.
   */
  readonly extend: (position: number, sizeBytes: number, classId: number) => number;
  /** Writes text and NUL; returns the position after them. Room is `stringRoom`. */
  readonly writeString: (text: string, position: number) => number;
  readonly countBadArgument: () => void;
}

export function makeRingViews(memory: ArrayBufferLike): RingViews {
  return {
    words: new Int32Array(memory),
    bytes: new Uint8Array(memory),
    shorts: new Int16Array(memory),
    floats: new Float32Array(memory),
    doubles: new Float64Array(memory),
    bigints: new BigInt64Array(memory),
  };
}

export function makeRecordTarget(views: RingViews, writer: RingWriter, clock: ThreadClock): RecordTarget {
  const { words } = views;
  const { slot, read } = clock;

  function extend(position: number, sizeBytes: number, classId: number): number {
    let begin = position;
    if (begin + sizeBytes + 16 > words[LIMIT_WORD]!) {
      begin = writer.reserveSlow(sizeBytes + 16);
      if (begin < 0) return -1;
      // The packet may have begun after the first reading.
      read();
      if (slot[1] === words[CLOCK_HIGH_WORD] && classId <= MAX_COMPACT_ID) {
        words[begin >> 2] = classId;
        words[(begin >> 2) + 1] = slot[0]!;
        return begin;
      }
    }
    words[CLOCK_HIGH_WORD] = slot[1]!;
    const index = begin >> 2;
    words[index] = EXTENDED_MARK;
    words[index + 1] = 0;
    words[index + 2] = classId;
    words[index + 3] = 0;
    words[index + 4] = slot[0]!;
    words[index + 5] = slot[1]!;
    return begin + 16;
  }

  return {
    ...views,
    clock,
    reserve: (sizeBytes) => writer.reserveSlow(sizeBytes),
    extend,
    writeString: makeFastStringWriter(views),
    countBadArgument() {
      words[BAD_ARGUMENTS_WORD] = words[BAD_ARGUMENTS_WORD]! + 1;
    },
  };
}
