// SPDX-License-Identifier: MIT
// The kernel's own clocks as trace clocks: readings are ns of CLOCK_MONOTONIC (`mono`), of
// CLOCK_MONOTONIC_RAW (`mono_raw`: never slewed by NTP) or of CLOCK_BOOTTIME (`boot`: counts time asleep, too).
// `mono` works without the addon.

import { joinUint64 } from '@lockstep/base';
import type { ClockNative, Machine } from './machine.ts';
import { offsetOf, type ClockDescription, type EpochAnchor, type TraceClock } from './trace-clock.ts';
import type { ClockIdentity } from './uuid.ts';

const FREQUENCY = 1_000_000_000n;
const ANCHOR_TRY_COUNT = 8;
/** `Date.now` ticks every ms: waiting longer for its next tick means that it stands still. */
const MAX_TICK_WAIT_NS = 5_000_000n;

export type MonotonicKind = 'mono' | 'mono_raw' | 'boot';

interface MonotonicDescription {
  readonly name: string;
  readonly description: string;
  readonly clock: 'monotonic' | 'monotonic-raw' | 'boottime';
  readonly read: 'readMonotonic' | 'readMonotonicRaw' | 'readBoottime';
}

const DESCRIPTIONS: Readonly<Record<MonotonicKind, MonotonicDescription>> = {
  mono: { name: 'monotonic', description: 'CLOCK_MONOTONIC of Linux', clock: 'monotonic', read: 'readMonotonic' },
  mono_raw: {
    name: 'monotonic_raw',
    description: 'CLOCK_MONOTONIC_RAW of Linux',
    clock: 'monotonic-raw',
    read: 'readMonotonicRaw',
  },
  boot: { name: 'boottime', description: 'CLOCK_BOOTTIME of Linux', clock: 'boottime', read: 'readBoottime' },
};

/** What the clocks are apart is measured again after this: NTP slews one and not the other. */
const MAX_DISTANCE_AGE_NS = 1_000_000_000n;

export class MonotonicClock implements TraceClock {
  readonly kind: MonotonicKind;
  readonly kernelName: MonotonicKind;
  readonly frequency = FREQUENCY;
  readonly precisionCycles = 1n;
  readonly reason: string;
  readonly #identity: ClockIdentity;
  readonly #machine: Machine;
  readonly #description: MonotonicDescription;
  #origin: EpochAnchor | undefined;
  #distance: { readonly atNs: bigint; readonly ns: bigint } | undefined;

  constructor(kind: MonotonicKind, machine: Machine, identity: ClockIdentity, reason: string) {
    this.kind = kind;
    this.kernelName = kind;
    this.#description = DESCRIPTIONS[kind];
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
    native[this.#description.read]();
    return joinUint64(native.slot[0] ?? 0, native.slot[1] ?? 0);
  }

  toClockClass(): ClockDescription {
    // Measured when first asked for: a traced program, which never asks, does not pay for it.
    this.#origin ??= measureEpoch(this.#machine, this.#description.clock);
    return {
      name: this.#description.name,
      uuid: this.uuid,
      description: this.#description.description,
      frequency: FREQUENCY,
      precision: this.precisionCycles,
      ...offsetOf(this.#origin, FREQUENCY),
      absolute: true,
    };
  }

  monotonicNsToCycles(ns: bigint): bigint {
    const { native } = this.#machine;
    if (this.kind === 'mono' || native === undefined) return ns;
    if (this.#distance === undefined || ns - this.#distance.atNs > MAX_DISTANCE_AGE_NS) {
      const atNs = native.clockNs('monotonic');
      this.#distance = { atNs, ns: native.clockNs(this.#description.clock) - atNs };
    }
    return ns + this.#distance.ns;
  }

  /** Itself: a clock that counts ns has nothing to be measured. */
  refine(): MonotonicClock {
    return this;
  }
}

function measureEpoch(machine: Machine, clock: MonotonicDescription['clock']): EpochAnchor {
  return machine.native === undefined ? measureEpochByTick(machine) : measureEpochByClocks(machine.native, clock);
}

/** The wall clock lies between two readings of the monotonic one; the tightest try wins. */
function measureEpochByClocks(native: ClockNative, clock: MonotonicDescription['clock']): EpochAnchor {
  let best: { readonly width: bigint; readonly anchor: EpochAnchor } | undefined;
  for (let attempt = 0; attempt < ANCHOR_TRY_COUNT; attempt++) {
    const before = native.clockNs(clock);
    const epochNs = native.clockNs('realtime');
    const width = native.clockNs(clock) - before;
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
