// SPDX-License-Identifier: MIT
// What a ring buffer counts: its header's words -> losses by cause, of one writer or of all.

import {
  BAD_ARGUMENTS,
  DELIVERY_COUNT_WORD,
  DISCARDED_FULL,
  DISCARDED_TOO_BIG,
  DISCARDED_WRAPPED,
  OVERWRITTEN,
  TRUNCATED_STRINGS,
  WRITER_COUNT_WORD,
  MAX_WRITER_COUNT,
  writerWord,
} from './layout.ts';

export interface RingCounters {
  /** Records lost since every sub-buffer was unread. */
  readonly discardedFull: number;
  /** … since they were larger than a sub-buffer. */
  readonly discardedTooBig: number;
  /** … since every sub-buffer had a record in the making. */
  readonly discardedWrapped: number;
  /** Sum of the three, modulo 2^32, as in the packets. */
  readonly discarded: number;
  /** Unread sub-buffers that writers took back. Overwrite mode. */
  readonly overwrittenSubBuffers: number;
  readonly deliveredSubBuffers: number;
  readonly truncatedStrings: number;
  readonly badArguments: number;
}

/** Of one writer, or of all when none is named; each modulo 2^32. */
export function readRingCounters(words: Int32Array, writerIndex?: number): RingCounters {
  // At most what the layout allows, whatever the memory says.
  const writerCount = Math.min(Math.max(words[WRITER_COUNT_WORD]!, 1), MAX_WRITER_COUNT);
  const first = writerIndex ?? 0;
  const end = writerIndex === undefined ? writerCount : writerIndex + 1;
  const sum = (counter: number): number => {
    let total = 0;
    for (let index = first; index < end; index++) {
      const word = writerWord(index) + counter;
      if (word < words.length) total += Atomics.load(words, word) >>> 0;
    }
    return total >>> 0;
  };
  const discardedFull = sum(DISCARDED_FULL);
  const discardedTooBig = sum(DISCARDED_TOO_BIG);
  const discardedWrapped = sum(DISCARDED_WRAPPED);
  return {
    discardedFull,
    discardedTooBig,
    discardedWrapped,
    discarded: (discardedFull + discardedTooBig + discardedWrapped) >>> 0,
    overwrittenSubBuffers: sum(OVERWRITTEN),
    deliveredSubBuffers: Atomics.load(words, DELIVERY_COUNT_WORD) >>> 0,
    truncatedStrings: sum(TRUNCATED_STRINGS),
    badArguments: sum(BAD_ARGUMENTS),
  };
}
