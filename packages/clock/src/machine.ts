// SPDX-License-Identifier: MIT
// What this package asks of the machine it runs on, gathered in one object so that tests can make up
// another machine.

import { readFileSync } from 'node:fs';
import { loadNative, nativeMissingReason, type Native } from '@lockstep/native';

export type ClockNative = Pick<
  Native,
  | 'slot'
  | 'readTsc'
  | 'readMonotonic'
  | 'readMonotonicRaw'
  | 'readBoottime'
  | 'readPair'
  | 'clockNs'
  | 'counterName'
  | 'bindClockPage'
  | 'readClockPage'
>;

export interface Machine {
  readonly native: ClockNative | undefined;
  /** One sentence, when `native` is missing. */
  readonly nativeMissingReason: string | undefined;
  /** Flags that all CPUs have, of /proc/cpuinfo. */
  readonly cpuFlags: ReadonlySet<string>;
  /** The kernel's own clock source; undefined when it does not tell. */
  readonly clocksource: string | undefined;
  readonly bootId: string | undefined;
  /** Where a calibration is kept for the next start; undefined: nowhere. */
  readonly cacheDirectory: string | undefined;
  /** CLOCK_MONOTONIC. */
  monotonicNs(): bigint;
  /** Unix time in ms, as `Date.now`. */
  wallMs(): number;
  /** Blocks the thread. */
  sleepMs(durationMs: number): void;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

export function readMachine(): Machine {
  return {
    native: loadNative(),
    nativeMissingReason: nativeMissingReason(),
    // Read when asked for: a traced program never asks, and on a machine of many CPUs this file takes
    // milliseconds.
    get cpuFlags() {
      return parseCpuFlags(readText('/proc/cpuinfo') ?? '');
    },
    get clocksource() {
      return readText('/sys/devices/system/clocksource/clocksource0/current_clocksource');
    },
    bootId: readText('/proc/sys/kernel/random/boot_id'),
    cacheDirectory: cacheDirectory(),
    monotonicNs: () => process.hrtime.bigint(),
    wallMs: () => Date.now(),
    sleepMs: (durationMs) => void Atomics.wait(sleeper, 0, 0, durationMs),
  };
}

/** Only what every CPU has counts: a thread may run on any of them. */
export function parseCpuFlags(cpuinfo: string): ReadonlySet<string> {
  let common: Set<string> | undefined;
  for (const [, flags = ''] of cpuinfo.matchAll(/^flags\s*:(.*)$/gm)) {
    const own = new Set(flags.trim().split(/\s+/));
    common = common === undefined ? own : new Set([...common].filter((flag) => own.has(flag)));
  }
  return common ?? new Set();
}

function cacheDirectory(): string | undefined {
  const uid = process.getuid?.();
  return uid === undefined ? undefined : `/dev/shm/lockstep-${uid}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
