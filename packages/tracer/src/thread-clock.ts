// SPDX-License-Identifier: MIT
// The trace clock of a thread as records read it: one call without arguments or result, that leaves
// the reading in a slot of two words.

import { InputError } from '@lockstep/base';
import { nativeMissingReason, type Native } from '@lockstep/native';
import type { ClockKind } from '@lockstep/protocol';

export interface ThreadClock {
  /** Words: 0 cycles low, 1 cycles high, 2 CPU id (after `readWithCpu`). */
  readonly slot: Int32Array;
  readonly read: () => void;
  readonly readWithCpu: () => void;
}

export function openThreadClock(kind: ClockKind, native: Native | undefined): ThreadClock {
  if (native === undefined) {
    if (kind === 'tsc')
      throw new InputError(
        `The session records with the TSC, which needs the native addon. ${nativeMissingReason() ?? ''}`.trimEnd(),
      );
    return hrtimeClock();
  }
  if (kind === 'mono')
    return { slot: native.slot, read: native.readMonotonic, readWithCpu: native.readMonotonicAndCpu };
  if (native.readTsc === undefined || native.readTscAndCpu === undefined)
    throw new InputError('The session records with the TSC, which this CPU does not have');
  return { slot: native.slot, read: native.readTsc, readWithCpu: native.readTscAndCpu };
}

/** CLOCK_MONOTONIC through Node; allocates, since process.hrtime does. The CPU is not known: 0. */
function hrtimeClock(): ThreadClock {
  const slot = new Int32Array(new ArrayBuffer(64));
  function read(): void {
    const [seconds, rest] = process.hrtime();
    const ns = seconds * 1e9 + rest;
    // Exact: CLOCK_MONOTONIC stays under 2^53 ns for 104 days; after, the last bit is rounded.
    slot[0] = ns | 0;
    slot[1] = (ns / 2 ** 32) | 0;
  }
  return { slot, read, readWithCpu: read };
}
