// SPDX-License-Identifier: MIT
// The closure twin of generated record functions: records any tracepoint by interpreting its shapes.
// Used where generating code is forbidden, and for fields that are no scalars or strings.

import {
  CLOCK_HIGH_WORD,
  COMMITTED_WORD,
  LIMIT_WORD,
  needsOrderedCommit,
  TRUNCATED_STRINGS_WORD,
} from '@lockstep/ring-buffer';
import type { NamedShape } from './payload-class.ts';
import { PAYLOAD_BEGIN, PayloadEncoder } from './payload-encoder.ts';
import { COMPACT_HEADER_BYTES, MAX_COMPACT_ID, type RecordTarget } from './record-target.ts';

export type RecordFunction = (...values: unknown[]) => void;

// Encoding may run the program's getters, and these may call a tracepoint: each depth has its own.
const encoders: PayloadEncoder[] = [];
const MAX_DEPTH = 8;
let depth = 0;

export function makePlainRecord(target: RecordTarget, classId: number, fields: readonly NamedShape[]): RecordFunction {
  const { words, bytes, clock } = target;
  const { slot } = clock;

  function store(encoder: PayloadEncoder, payloadSize: number): void {
    const size = COMPACT_HEADER_BYTES + payloadSize;
    let position = (words[COMMITTED_WORD]! + 7) & -8;
    if (position + size > words[LIMIT_WORD]!) position = target.reserve(size);
    if (position < 0) return;
    clock.read();
    if (slot[1] !== words[CLOCK_HIGH_WORD] || classId > MAX_COMPACT_ID) {
      position = target.extend(position, size, classId);
      if (position < 0) return;
    } else {
      words[position >> 2] = classId;
      words[(position >> 2) + 1] = slot[0]!;
    }
    bytes.set(encoder.bytes.subarray(PAYLOAD_BEGIN, PAYLOAD_BEGIN + payloadSize), position + COMPACT_HEADER_BYTES);
    words[TRUNCATED_STRINGS_WORD] = words[TRUNCATED_STRINGS_WORD]! + encoder.truncatedStringCount;
    if (needsOrderedCommit) Atomics.store(words, COMMITTED_WORD, position + size);
    else words[COMMITTED_WORD] = position + size;
  }

  return function record(...values: unknown[]): void {
    if (depth >= MAX_DEPTH) return;
    const encoder = (encoders[depth] ??= new PayloadEncoder());
    depth++;
    try {
      const payloadSize = encoder.encode(fields, values);
      for (let count = 0; count < encoder.badArgumentCount; count++) target.countBadArgument();
      // Larger than the scratch memory: reserving that much counts it as too big.
      if (payloadSize < 0) target.reserve(0x7fff_ffff);
      else store(encoder, payloadSize);
    } finally {
      depth--;
    }
  };
}
