// SPDX-License-Identifier: MIT
// Walks the event records of one packet of a program: bytes that another process wrote -> how many
// whole, well-formed records stand at its begin, and where they end. What is wrong after that is cut
// off, so that a program that scribbles over its buffer cannot make a trace that readers refuse.

import {
  COMPACT_EVENT_HEADER_SIZE_BYTES,
  EXTENDED_EVENT_HEADER_SIZE_BYTES,
  EXTENDED_EVENT_ID,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
} from '@lockstep/ctf/write';
import { findPayloadEnd, type PayloadSizes } from './payload-sizes.ts';

export interface WalkResult {
  readonly recordCount: number;
  /** Bytes from the packet's begin to the end of its last good record. */
  readonly endBytes: number;
  /** Clock of the last good record; the packet's begin when there is none. */
  readonly lastTimestamp: bigint;
  /** What was wrong with the first record that is not good; undefined = nothing. */
  readonly problem: string | undefined;
}

/** Deeper sequences than any class file may declare (ctf bounds field classes to 4096 a class). */
const LENGTH_SLOT_COUNT = 4096;
const lengths = new Float64Array(LENGTH_SLOT_COUNT);

/** `timestampEnd` undefined: the packet is not ended yet. */
export function walkRecords(
  bytes: Uint8Array,
  contentSizeBytes: number,
  classes: ReadonlyMap<number, PayloadSizes>,
  timestampBegin: bigint,
  timestampEnd: bigint | undefined,
): WalkResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Halves, because a bigint a record costs more than all the rest.
  let high = Number(timestampBegin >> 32n);
  let low = Number(timestampBegin & 0xffff_ffffn);
  const endHigh = timestampEnd === undefined ? Infinity : Number(timestampEnd >> 32n);
  const endLow = timestampEnd === undefined ? Infinity : Number(timestampEnd & 0xffff_ffffn);
  let position = PROGRAM_PACKET_HEADER_SIZE_BYTES;
  let recordCount = 0;
  let problem: string | undefined;
  while (position < contentSizeBytes) {
    // Records begin at 8-byte boundaries; the content ends exactly with the last one.
    const begin = (position + 7) & ~7;
    let id = 0;
    let newHigh = high;
    let newLow = 0;
    let payload = begin + COMPACT_EVENT_HEADER_SIZE_BYTES;
    if (payload > contentSizeBytes) {
      problem = 'a record is cut off';
      break;
    }
    id = view.getUint16(begin, true);
    if (id === EXTENDED_EVENT_ID) {
      payload = begin + EXTENDED_EVENT_HEADER_SIZE_BYTES;
      if (payload > contentSizeBytes) {
        problem = 'a record is cut off';
        break;
      }
      id = view.getUint32(begin + 8, true);
      newLow = view.getUint32(begin + 16, true);
      newHigh = view.getUint32(begin + 20, true);
    } else {
      newLow = view.getUint32(begin + 4, true);
    }
    if (newHigh < high || (newHigh === high && newLow < low)) {
      problem = 'time goes backward';
      break;
    }
    if (newHigh > endHigh || (newHigh === endHigh && newLow > endLow)) {
      problem = 'a record is later than its packet';
      break;
    }
    const sizes = classes.get(id);
    if (sizes === undefined) {
      problem = `no event record class has id ${id}`;
      break;
    }
    const end = findPayloadEnd(sizes, bytes, payload, contentSizeBytes, lengths);
    if (end < 0) {
      problem = 'a record is longer than its packet';
      break;
    }
    position = end;
    high = newHigh;
    low = newLow;
    recordCount++;
  }
  return { recordCount, endBytes: position, lastTimestamp: (BigInt(high) << 32n) | BigInt(low), problem };
}
