// SPDX-License-Identifier: MIT
// One float64 time line for the model: ns since the first record that had a clock. float64 is exact to
// 104 days of ns, and is what typed arrays hold. Event records in, relative ns out.

import type { ClockClass, EventRecord } from '@lockstep/ctf';
import type { Nanoseconds } from '@lockstep/base';

export class TraceTime {
  baseNs: bigint | undefined;
  isWallClock = false;

  /** Relative ns of a record; the first call sets the base. A record without a clock is at 0. */
  of(record: EventRecord): number {
    const ns = record.timeNs;
    if (ns === undefined) return 0;
    if (this.baseNs === undefined) {
      this.baseNs = ns;
      this.isWallClock = record.dataStream.dataStreamClass.defaultClock?.absolute ?? false;
    }
    return Number(ns - this.baseNs);
  }

  ofNs(ns: Nanoseconds | undefined): number | undefined {
    return ns === undefined || this.baseNs === undefined ? undefined : Number(ns - this.baseNs);
  }

  /**
   * Relative ns of `cycles`, a reading that a field of `record` holds. Reckoned from the record's own
   * snapshot, so that the clock's offset does not enter and the rounding stays below a ns.
   */
  ofCycles(record: EventRecord, cycles: bigint): number {
    const snapshot = record.clockSnapshot;
    if (snapshot === undefined) return 0;
    return this.of(record) - Number(snapshot - cycles) * nsPerCycle(record);
  }

  toNs(time: number): bigint {
    return (this.baseNs ?? 0n) + BigInt(Math.round(time));
  }
}

let lastClock: ClockClass | undefined;
let lastNsPerCycle = 1;

/** All streams of a recording have one clock, so the last answer mostly holds. */
export function nsPerCycle(record: EventRecord): number {
  const clock = record.dataStream.dataStreamClass.defaultClock;
  if (clock !== lastClock) {
    lastClock = clock;
    lastNsPerCycle = clock === undefined ? 1 : 1e9 / Number(clock.frequency);
  }
  return lastNsPerCycle;
}
