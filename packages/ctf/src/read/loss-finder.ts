// SPDX-License-Identifier: MIT
// Finds what a tracer lost between two packets of a data stream, by babeltrace2's rules: a growth of
// `events_discarded`, a gap in `packet_seq_num`. Input: packets in order. Output: counts and ranges.

import type { DiscardedItems } from '../model/event-record.ts';
import type { DecodeState } from './decode-state.ts';

export interface Loss {
  readonly type: DiscardedItems['type'];
  /** Undefined = some: the first packet already counts discarded ones, of which time is unknown. */
  readonly count: bigint | undefined;
  /** Readings of the clock. */
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

/** What a packet said of losses and times. */
interface PacketCounters {
  readonly discarded: bigint | undefined;
  readonly sequenceNumber: bigint | undefined;
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

export class LossFinder {
  #before: PacketCounters | undefined;

  /** Losses between the packet before and the one that `state` has just loaded. */
  next(state: DecodeState): Loss[] {
    const before = this.#before;
    const now: PacketCounters = {
      discarded: toUint64(state.discardedCounter),
      sequenceNumber: toUint64(state.packetSequenceNumber),
      begin: state.packetBegin,
      end: toUint64(state.packetEnd),
    };
    this.#before = now;
    const losses: Loss[] = [];
    if (now.discarded !== undefined) {
      const type = 'discarded-event-records';
      if (before?.discarded === undefined) {
        if (now.discarded !== 0n) losses.push({ type, count: undefined, begin: now.begin, end: now.end });
      } else if (now.discarded !== before.discarded) {
        losses.push({
          type,
          count: BigInt.asUintN(64, now.discarded - before.discarded),
          begin: before.end,
          end: now.end,
        });
      }
    }
    if (now.sequenceNumber !== undefined && before?.sequenceNumber !== undefined) {
      const step = BigInt.asUintN(64, now.sequenceNumber - before.sequenceNumber);
      if (step > 1n) losses.push({ type: 'discarded-packets', count: step - 1n, begin: before.end, end: now.begin });
    }
    return losses;
  }
}

function toUint64(value: number | bigint | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt.asUintN(64, BigInt(value));
}
