// SPDX-License-Identifier: MIT
// CLOCK_MONOTONIC as a trace clock: readings are ns, the kernel's `mono`. Works without the addon.

import { joinUint64 } from '@lockstep/base';
import type { ClockNative, Machine } from './machine.ts';
import { offsetOf, type ClockDescription, type EpochAnchor, type TraceClock } from './trace-clock.ts';
import type { ClockIdentity } from './uuid.ts';

const FREQUENCY = 1_000_000_000n;
const ANCHOR_TRY_COUNT = 8;
/** `Date.now` ticks every ms: waiting longer for its next tick means that it stands still. */
const MAX_TICK_WAIT_NS = 5_000_000n;

export class MonoClock implements TraceClock {
  readonly kind = 'mono';
  readonly kernelName = 'mono';
  readonly frequency = FREQUENCY;
  readonly precisionCycles = 1n;
  readonly reason: string;
  readonly #identity: ClockIdentity;
  readonly #machine: Machine;
  #origin: EpochAnchor | undefined;

  constructor(machine: Machine, identity: ClockIdentity, reason: string) {
    this.#identity = identity;
    this.reason = reason;
    this.#machine = machine;
  }

  get uuid(): string {
    return this.#identity.uuid;
  }

  now(): bigint {
    const { native } = this.#machine;
    if (native === undefined) return this.#machine.monotonicNs();
    native.readMonotonic();
    return joinUint64(native.slot[0] ?? 0, native.slot[1] ?? 0);
  }

  toClockClass(): ClockDescription {
    // Measured when first asked for: a traced program, which never asks, does not pay for it.
    this.#origin ??= measureEpoch(this.#machine);
    return {
      name: 'monotonic',
      uuid: this.uuid,
      description: 'CLOCK_MONOTONIC of Linux',
      frequency: FREQUENCY,
      precision: this.precisionCycles,
      ...offsetOf(this.#origin, FREQUENCY),
      absolute: true,
    };
  }

  monotonicNsToCycles(ns: bigint): bigint {
    return ns;
  }

  /** Itself: a clock that counts ns has nothing to be measured. */
  refine(): MonoClock {
    return this;
  }
}

function measureEpoch(machine: Machine): EpochAnchor {
  return machine.native === undefined ? measureEpochByTick(machine) : measureEpochByClocks(machine.native);
}

/** The wall clock lies between two readings of the monotonic one; the tightest try wins. */
function measureEpochByClocks(native: ClockNative): EpochAnchor {
  let best: { readonly width: bigint; readonly anchor: EpochAnchor } | undefined;
  for (let attempt = 0; attempt < ANCHOR_TRY_COUNT; attempt++) {
    const before = native.clockNs('monotonic');
    const epochNs = native.clockNs('realtime');
    const width = native.clockNs('monotonic') - before;
    if (best === undefined || width < best.width) best = { width, anchor: { cycles: before + width / 2n, epochNs } };
  }
  if (best === undefined) throw new Error('no attempt was made');
  return best.anchor;
}

/** JavaScript alone tells ms: the moment at which they change is known to about a microsecond. */
function measureEpochByTick(machine: Machine): EpochAnchor {
  const start = machine.monotonicNs();
  const first = machine.wallMs();
  let wallMs = first;
  let cycles = start;
  while (wallMs === first && cycles - start < MAX_TICK_WAIT_NS) {
    wallMs = machine.wallMs();
    cycles = machine.monotonicNs();
  }
  return { cycles, epochNs: BigInt(wallMs) * 1_000_000n };
}
