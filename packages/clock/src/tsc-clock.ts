// SPDX-License-Identifier: MIT
// The CPU's time stamp counter as a trace clock: readings are raw cycles, the kernel's `x86-tsc`.

import { joinUint64 } from '@lockstep/base';
import { betterCalibration, calibrateBetween, measurePair, type Calibration, type ClockPair } from './calibration.ts';
import type { ClockNative } from './machine.ts';
import { offsetOf, type ClockDescription, type TraceClock } from './trace-clock.ts';
import type { ClockIdentity } from './uuid.ts';

/** An anchor this old is taken again: CLOCK_MONOTONIC is slewed, and the frequency is only known to some ppm. */
const MAX_ANCHOR_AGE_NS = 1_000_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

export class TscClock implements TraceClock {
  readonly kind = 'tsc';
  readonly kernelName = 'x86-tsc';
  readonly frequency: bigint;
  readonly precisionCycles: bigint;
  readonly reason: string;
  readonly #identity: ClockIdentity;
  readonly #native: ClockNative;
  readonly #readTsc: () => void;
  /** Taken when the clock was first made; the epoch offset and `refine` start from it. */
  readonly #origin: ClockPair;
  #anchor: ClockPair;

  constructor(
    native: ClockNative,
    origin: ClockPair,
    calibration: Calibration,
    identity: ClockIdentity,
    reason: string,
  ) {
    if (native.readTsc === undefined) throw new Error('a TSC clock needs a TSC');
    this.frequency = calibration.frequency;
    this.precisionCycles = calibration.errorCycles;
    this.#identity = identity;
    this.reason = reason;
    this.#native = native;
    this.#readTsc = native.readTsc;
    this.#origin = origin;
    this.#anchor = origin;
  }

  get uuid(): string {
    return this.#identity.uuid;
  }

  now(): bigint {
    this.#readTsc();
    return joinUint64(this.#native.slot[0] ?? 0, this.#native.slot[1] ?? 0);
  }

  toClockClass(): ClockDescription {
    const { tsc, realtimeNs } = this.#origin;
    return {
      name: 'tsc',
      uuid: this.uuid,
      description: 'Time stamp counter of the CPU',
      frequency: this.frequency,
      precision: this.precisionCycles,
      ...offsetOf({ cycles: tsc, epochNs: realtimeNs }, this.frequency),
      absolute: true,
    };
  }

  monotonicNsToCycles(ns: bigint): bigint {
    // A time after the anchor may be now; one long after it needs a new anchor.
    if (ns - this.#anchor.monotonicNs > MAX_ANCHOR_AGE_NS) this.#anchor = measurePair(this.#native);
    const { tsc, monotonicNs } = this.#anchor;
    return tsc + ((ns - monotonicNs) * this.frequency) / NS_PER_SECOND;
  }

  refine(): TscClock {
    const last = measurePair(this.#native);
    const earlier = { frequency: this.frequency, errorCycles: this.precisionCycles };
    const calibration = betterCalibration(
      calibrateBetween(this.#origin, last),
      last.monotonicNs - this.#origin.monotonicNs,
      earlier,
    );
    return new TscClock(this.#native, this.#origin, calibration, this.#identity, this.reason);
  }
}
