// SPDX-License-Identifier: MIT
// Records of the library's own format into a ring buffer: begin, the payload's bytes at the offset
// that begin gave, end. A record that is begun while another one is being made (by a getter, a hook)
// lies behind it; the end of the outermost commits them all, so that none is ever seen torn.
//
//   COMMITTED           RESERVED                 LIMIT
//      v                   v                       v
//   ...|outer ...|inner ...|                       |        DEPTH 2: both become visible by one store
//
// Without crash consistency the store that commits is left out until the sub-buffer is delivered.

import { InputError } from '@lockstep/base';
import { COMMITTED, CLOCK_HIGH, DEPTH, DISCARDED_WRAPPED, LIMIT, RESERVED } from './layout.ts';
import {
  COMPACT_RECORD_BYTES,
  EXTENDED_RECORD_BYTES,
  RECORD_CANCELLED,
  RECORD_EXTENDED,
  type RingClock,
} from './record-format.ts';
import { needsOrderedCommit, type RingWriter } from './writer.ts';

export interface RecordWriter {
  /** Views over the buffer's whole memory, for payloads that are stored in place. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** Time is read here. Offset of the payload, a multiple of 8; or -1: the record is discarded and counted, do not end it. */
  begin(payloadSizeBytes: number): number;
  /** Ends the record begun last. */
  end(): void;
  /** Ends the record begun last, whose payload is at `offset`, so that readers pass it over. */
  cancel(offset: number): void;
  /** A whole record; false when it was discarded. Throws InputError for what is no bytes, before anything is reserved. */
  write(payload: Uint8Array): boolean;
  /** Delivers what was recorded; the next record begins another sub-buffer. Nothing inside of a record. */
  flush(): void;
  /** The thread ends: delivers, and another may write in its place. */
  release(): void;
}

export interface RecordWriterOptions {
  readonly clock: RingClock;
  readonly timestampBits: 32 | 64;
  readonly isCrashConsistent: boolean;
}

/** Records within records; deeper ones are counted as wrapped. */
const MAX_DEPTH = 64;

export function makeRecordWriter(writer: RingWriter, options: RecordWriterOptions): RecordWriter {
  const { words, block } = writer;
  const { slot, read } = options.clock;
  const isLong = options.timestampBits === 64;
  const headerSize = isLong ? EXTENDED_RECORD_BYTES : COMPACT_RECORD_BYTES;
  const commitsEach = options.isCrashConsistent;
  // Indexes of the words that a record touches.
  const committed = block + COMMITTED;
  const limit = block + LIMIT;
  const clockHigh = block + CLOCK_HIGH;
  const reserved = block + RESERVED;
  const depthWord = block + DEPTH;
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const doubles = new Float64Array(words.buffer, words.byteOffset, words.byteLength >> 3);
  let depth = 0;
  /** Without crash consistency: end of the last whole record, which `publish` commits. */
  let whole = 0;

  function begin(payloadSizeBytes: number): number {
    const size = payloadSizeBytes + headerSize;
    let position = words[reserved]!;
    // What is no size fails the comparisons and is refused below.
    if (!(position + size <= words[limit]!) || !(payloadSizeBytes >= 0) || depth >= MAX_DEPTH) {
      position = switchTo(payloadSizeBytes >= 0 ? size : -1);
      if (position < 0) return -1;
    }
    read();
    const high = slot[1]!;
    if (isLong || high !== words[clockHigh]!) return beginExtended(position, payloadSizeBytes);
    const index = position >> 2;
    words[index] = size << 2;
    words[index + 1] = slot[0]!;
    words[reserved] = (position + size + 7) & -8;
    depth++;
    if (!commitsEach) words[depthWord] = depth;
    return position + COMPACT_RECORD_BYTES;
  }

  function beginExtended(at: number, payloadSizeBytes: number): number {
    const size = payloadSizeBytes + EXTENDED_RECORD_BYTES;
    let position = at;
    if (position + size > words[limit]!) {
      position = switchTo(size);
      if (position < 0) return -1;
      // Not before the packet that begins now.
      read();
    }
    words[clockHigh] = slot[1]!;
    const index = position >> 2;
    words[index] = (size << 2) | RECORD_EXTENDED;
    words[index + 1] = 0;
    words[index + 2] = slot[0]!;
    words[index + 3] = slot[1]!;
    words[reserved] = (position + size + 7) & -8;
    depth++;
    if (!commitsEach) words[depthWord] = depth;
    return position + EXTENDED_RECORD_BYTES;
  }

  /** Begin of the record in the next sub-buffer, or -1. */
  function switchTo(sizeBytes: number): number {
    if (!(sizeBytes >= 0 && sizeBytes < 0x2000_0000)) return writer.reserveSlow(0x7fff_ffff);
    if (depth > 0) {
      // The record around it lies in this sub-buffer and is not whole.
      words[block + DISCARDED_WRAPPED] = words[block + DISCARDED_WRAPPED]! + 1;
      return -1;
    }
    publish();
    const position = writer.reserveSlow(sizeBytes);
    if (position < 0) return -1;
    whole = position;
    return position;
  }

  /** Commits what is whole and was not committed one by one. */
  function publish(): void {
    // Without an active sub-buffer there is nothing, and COMMITTED stays 0.
    if (commitsEach || words[limit] === 0) return;
    Atomics.store(words, committed, whole);
  }

  function end(): void {
    depth--;
    if (!commitsEach) words[depthWord] = depth;
    if (depth !== 0) return;
    if (!commitsEach) whole = words[reserved]!;
    else if (needsOrderedCommit) Atomics.store(words, committed, words[reserved]!);
    else words[committed] = words[reserved]!;
  }

  return {
    bytes,
    words,
    doubles,
    begin,
    end,
    cancel(offset) {
      // From the outermost record's begin on; whose payload begins at `offset` is the one.
      for (let index = (commitsEach ? words[committed]! : whole) >> 2; index << 2 < offset;) {
        const head = words[index]!;
        const begin = (index << 2) + ((head & RECORD_EXTENDED) !== 0 ? EXTENDED_RECORD_BYTES : COMPACT_RECORD_BYTES);
        if (begin === offset) words[index] = head | RECORD_CANCELLED;
        index = (((index << 2) + (head >>> 2) + 7) & -8) >> 2;
      }
      end();
    },
    write(payload) {
      if (!ArrayBuffer.isView(payload)) throw new InputError('A record is bytes; encode text with a TextEncoder first');
      const offset = begin(payload.length);
      if (offset < 0) return false;
      bytes.set(payload, offset);
      end();
      return true;
    },
    flush() {
      if (depth > 0) return;
      publish();
      writer.flush();
    },
    release() {
      depth = 0;
      publish();
      writer.release();
    },
  };
}
