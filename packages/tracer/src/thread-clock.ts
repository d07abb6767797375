// SPDX-License-Identifier: MIT
// The trace clock of a thread as records read it: one call without arguments or result, that leaves
// the reading in a slot of two words.

import { join } from 'node:path';
import { InputError } from '@lockstep/base';
import { nativeMissingReason, type Native } from '@lockstep/native';
import { CLOCK_PAGE_FILE, type ClockKind } from '@lockstep/protocol';

export interface ThreadClock {
  /** Words: 0 cycles low, 1 cycles high, 2 CPU id (after `readWithCpu`). */
  readonly slot: Int32Array;
  readonly read: () => void;
  readonly readWithCpu: () => void;
}

/** `sessionDirectory`: where the clock page lies, with a synthetic clock. Throws LockstepError when the clock cannot be read here. */
export function openThreadClock(kind: ClockKind, native: Native | undefined, sessionDirectory: string): ThreadClock {
  if (native === undefined) {
    // A synthetic clock follows CLOCK_MONOTONIC, so this is close to it, if not in its order.
    if (kind === 'mono' || kind === 'synthetic') return hrtimeClock();
    throw new InputError(
      `The session records with the clock ${kind}, which needs the native addon. ${nativeMissingReason() ?? ''}`.trimEnd(),
    );
  }
  const { slot } = native;
  switch (kind) {
    case 'mono':
      return { slot, read: native.readMonotonic, readWithCpu: native.readMonotonicAndCpu };
    case 'mono_raw':
      return { slot, read: native.readMonotonicRaw, readWithCpu: native.readMonotonicRawAndCpu };
    case 'boot':
      return { slot, read: native.readBoottime, readWithCpu: native.readBoottimeAndCpu };
    case 'synthetic':
      native.bindClockPage(join(sessionDirectory, CLOCK_PAGE_FILE));
      return { slot, read: native.readClockPage, readWithCpu: native.readClockPage };
    case 'tsc':
      if (native.readTsc === undefined || native.readTscAndCpu === undefined)
        throw new InputError('The session records with the TSC, which this CPU does not have');
      return { slot, read: native.readTsc, readWithCpu: native.readTscAndCpu };
  }
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
