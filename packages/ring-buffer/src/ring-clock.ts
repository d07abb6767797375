// SPDX-License-Identifier: MIT
// Clocks for records: CLOCK_MONOTONIC in ns, by the addon without allocating, else by Node; and the
// TSC, which costs a third, in cycles.

import { loadNative } from '@lockstep/native';
import type { RingClock } from './record-format.ts';

export function monotonicClock(): RingClock {
  const native = loadNative();
  if (native !== undefined)
    return { slot: native.slot, read: native.readMonotonic, readWithCpu: native.readMonotonicAndCpu, hasCpu: true };
  const slot = new Int32Array(new ArrayBuffer(64));
  const read = (): void => {
    const ns = process.hrtime.bigint();
    slot[0] = Number(BigInt.asIntN(32, ns));
    slot[1] = Number(BigInt.asIntN(32, ns >> 32n));
  };
  return { slot, read, readWithCpu: read, hasCpu: false };
}

/** Undefined where there is no TSC, or no addon. */
export function tscClock(): RingClock | undefined {
  const native = loadNative();
  if (native?.readTsc === undefined || native.readTscAndCpu === undefined) return undefined;
  return { slot: native.slot, read: native.readTsc, readWithCpu: native.readTscAndCpu, hasCpu: true };
}
