// SPDX-License-Identifier: MIT
// A machine made up for tests: its time passes only when a test says so or when the clock sleeps.

import type { ClockNative, Machine } from '../machine.ts';

const NS_PER_SECOND = 1_000_000_000n;

export class SimulatedMachine implements Machine {
  native: ClockNative | undefined;
  nativeMissingReason: string | undefined;
  cpuFlags: ReadonlySet<string> = new Set(['constant_tsc', 'nonstop_tsc']);
  clocksource: string | undefined = 'tsc';
  bootId: string | undefined = '33f46956-8021-4bd9-a2c3-ef60b6402e48';
  cacheDirectory: string | undefined;

  /** Hz, now; changing it is NTP slewing CLOCK_MONOTONIC. */
  frequency: bigint;
  tscAtStart: bigint;
  elapsedNs = 0n;
  suspendedNs = 0n;
  sleptMs = 0;
  /** What the wall clock is ahead of CLOCK_MONOTONIC. */
  epochNs = 1_700_000_000n * NS_PER_SECOND;
  widthCycles = 100;

  constructor(frequency: bigint, tscAtStart = 5_000_000_000n) {
    this.frequency = frequency;
    this.tscAtStart = tscAtStart;
    this.native = this.#makeNative();
  }

  /** 1 s after boot at first. */
  monotonicNs(): bigint {
    return NS_PER_SECOND + this.elapsedNs;
  }
  wallMs(): number {
    // Each look takes a microsecond, so that waiting for the next tick ends.
    this.pass(1000n);
    return Number((this.monotonicNs() + this.epochNs) / 1_000_000n);
  }
  sleepMs(durationMs: number): void {
    this.sleptMs += durationMs;
    this.pass(BigInt(durationMs) * 1_000_000n);
  }
  pass(ns: bigint): void {
    this.elapsedNs += ns;
  }
  /** Time passes at another speed of the TSC from here on, the TSC's reading stays continuous. */
  setFrequency(frequency: bigint): void {
    this.tscAtStart = this.tsc() - (this.elapsedNs * frequency) / NS_PER_SECOND;
    this.frequency = frequency;
  }
  tsc(): bigint {
    return this.tscAtStart + (this.elapsedNs * this.frequency) / NS_PER_SECOND;
  }

  #makeNative(): ClockNative {
    const slot = new Int32Array(16);
    const quads = new BigInt64Array(slot.buffer);
    return {
      slot,
      readTsc: () => void (quads[0] = this.tsc()),
      readMonotonic: () => void (quads[0] = this.monotonicNs()),
      readMonotonicRaw: () => void (quads[0] = this.monotonicNs()),
      readBoottime: () => void (quads[0] = this.monotonicNs() + this.suspendedNs),
      counterName: 'tsc',
      bindClockPage: () => undefined,
      readClockPage: () => void (quads[0] = this.monotonicNs()),
      readPair: () => {
        quads[2] = this.monotonicNs();
        quads[3] = this.tsc();
        quads[4] = this.monotonicNs() + this.epochNs;
        slot[3] = this.widthCycles;
      },
      clockNs: (clock) => {
        if (clock === 'realtime') return this.monotonicNs() + this.epochNs;
        return clock === 'boottime' ? this.monotonicNs() + this.suspendedNs : this.monotonicNs();
      },
    };
  }
}
