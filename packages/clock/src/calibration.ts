// SPDX-License-Identifier: MIT
// How fast the TSC runs: two pairs (TSC, CLOCK_MONOTONIC) and the time between them -> frequency and
// its error. The longer the time, the smaller the error: a pair is some 100 cycles wide, which is 7
// millionths of 10 ms and nothing of a day. So the first pair that Lockstep takes in a boot is kept
// in a file, and every later start measures from there, without waiting.

import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinUint64 } from '@lockstep/base';
import type { ClockNative, Machine } from './machine.ts';

/** Both clocks, and the wall clock, at one moment. */
export interface ClockPair {
  readonly tsc: bigint;
  readonly monotonicNs: bigint;
  readonly realtimeNs: bigint;
  /** The TSC may be off by half of this. */
  readonly widthCycles: bigint;
  /** CLOCK_BOOTTIME - CLOCK_MONOTONIC: time spent suspended. */
  readonly suspendedNs: bigint;
}

export interface Calibration {
  /** Hz. */
  readonly frequency: bigint;
  /** Cycles that a second may be wrong by. */
  readonly errorCycles: bigint;
}

/** 7 ppm of error for a start that is a hundredth of a second later, once a boot. */
const QUICK_CALIBRATION_MS = 10;
/** From here on a measured stretch is better than 0.1 ppm with pairs of 200 cycles at 2 GHz. */
const GOOD_STRETCH_NS = 1_000_000_000n;
/** The clocks of a machine that sleeps differ by its sleep; two readings of them by some microseconds. */
const SUSPEND_TOLERANCE_NS = 10_000_000n;
/** NTP slews CLOCK_MONOTONIC by 500 ppm at most (adjtimex: MAXFREQ); more is another clock. */
const MAX_SLEW_PPM = 600n;
const CACHE_FILE = 'tsc-calibration.json';
const CACHE_VERSION = 1;
const NS_PER_SECOND = 1_000_000_000n;

export function measurePair(native: ClockNative): ClockPair {
  const { readPair, slot } = native;
  if (readPair === undefined) throw new Error('a pair is measured only where there is a TSC');
  // Taken outside of the pair: it must tell seconds of sleep, not nanoseconds.
  const suspendedNs = native.clockNs('boottime') - native.clockNs('monotonic');
  readPair();
  return {
    monotonicNs: joinUint64(slot[4] ?? 0, slot[5] ?? 0),
    tsc: joinUint64(slot[6] ?? 0, slot[7] ?? 0),
    realtimeNs: joinUint64(slot[8] ?? 0, slot[9] ?? 0),
    widthCycles: BigInt(slot[3] ?? 0),
    suspendedNs,
  };
}

/** Undefined when the stretch says nothing: no time went by, a clock went back, the machine slept in it. */
export function calibrateBetween(first: ClockPair, last: ClockPair): Calibration | undefined {
  const elapsedNs = last.monotonicNs - first.monotonicNs;
  const elapsedCycles = last.tsc - first.tsc;
  if (elapsedNs <= 0n || elapsedCycles <= 0n) return undefined;
  const sleptNs = last.suspendedNs - first.suspendedNs;
  if (sleptNs > SUSPEND_TOLERANCE_NS || sleptNs < -SUSPEND_TOLERANCE_NS) return undefined;
  const frequency = (elapsedCycles * NS_PER_SECOND + elapsedNs / 2n) / elapsedNs;
  // Each pair is off by half its width at most. Never below 1: the frequency is rounded to 1 Hz.
  const widthCycles = (first.widthCycles + last.widthCycles + 1n) / 2n;
  return { frequency, errorCycles: (widthCycles * NS_PER_SECOND) / elapsedNs + 1n };
}

/** A stretch of at least a second is preferred to everything; among shorter ones the smaller error wins. */
export function betterCalibration(
  recent: Calibration | undefined,
  elapsedNs: bigint,
  earlier: Calibration,
): Calibration {
  if (recent === undefined) return earlier;
  if (elapsedNs >= GOOD_STRETCH_NS) return recent;
  return recent.errorCycles < earlier.errorCycles ? recent : earlier;
}

/** The frequency now: from the boot's first pair if that is known, else from a short wait. */
export function calibrate(
  machine: Machine,
  native: ClockNative,
): { readonly pair: ClockPair; readonly calibration: Calibration } {
  const cached = readCache(machine);
  let pair = measurePair(native);
  if (cached !== undefined) {
    const calibration = calibrateBetween(cached.pair, pair);
    const isLongEnough = pair.monotonicNs - cached.pair.monotonicNs >= BigInt(QUICK_CALIBRATION_MS) * 1_000_000n;
    if (calibration !== undefined && isLongEnough && isSameClock(calibration.frequency, cached.frequency))
      return { pair, calibration };
  }
  let calibration: Calibration | undefined;
  const first = pair;
  while (calibration === undefined) {
    machine.sleepMs(QUICK_CALIBRATION_MS);
    pair = measurePair(native);
    calibration = calibrateBetween(first, pair);
  }
  writeCache(machine, { pair: first, frequency: calibration.frequency });
  return { pair, calibration };
}

function isSameClock(frequency: bigint, expected: bigint): boolean {
  const difference = frequency > expected ? frequency - expected : expected - frequency;
  return difference * 1_000_000n <= expected * MAX_SLEW_PPM;
}

interface CachedCalibration {
  readonly pair: ClockPair;
  readonly frequency: bigint;
}

/** Whatever is not exactly what this program wrote, in this boot, counts as absent. */
function readCache(machine: Machine): CachedCalibration | undefined {
  if (machine.cacheDirectory === undefined || machine.bootId === undefined || !isOwnDirectory(machine.cacheDirectory))
    return undefined;
  try {
    const content: unknown = JSON.parse(readFileSync(join(machine.cacheDirectory, CACHE_FILE), 'utf8'));
    const fields = content as Readonly<Record<string, unknown>>;
    if (fields['version'] !== CACHE_VERSION || fields['bootId'] !== machine.bootId) return undefined;
    const number = (name: string): bigint => BigInt(fields[name] as string);
    const cached = {
      frequency: number('frequency'),
      pair: {
        tsc: number('tsc'),
        monotonicNs: number('monotonicNs'),
        realtimeNs: number('realtimeNs'),
        widthCycles: number('widthCycles'),
        suspendedNs: number('suspendedNs'),
      },
    };
    return cached.frequency > 0n && cached.pair.widthCycles >= 0n ? cached : undefined;
  } catch {
    return undefined;
  }
}

/** A calibration that cannot be kept is measured again next time: no error. */
function writeCache(machine: Machine, cached: CachedCalibration): void {
  const { cacheDirectory, bootId } = machine;
  if (cacheDirectory === undefined || bootId === undefined) return;
  try {
    if (mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(cacheDirectory, 0o700);
    if (!isOwnDirectory(cacheDirectory)) return;
    const path = join(cacheDirectory, CACHE_FILE);
    const { pair, frequency } = cached;
    const content = { version: CACHE_VERSION, bootId, frequency, ...pair };
    // Renamed into place: another start may read at any moment.
    const temporaryPath = `${path}.${process.pid}.tmp`;
    const text = JSON.stringify(content, (_name, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    writeFileSync(temporaryPath, text, { mode: 0o600, flag: 'wx' });
    renameSync(temporaryPath, path);
  } catch {
    // Nothing to do: see above.
  }
}

/** In a directory that anyone may write to, another user could have made ours first. */
function isOwnDirectory(path: string): boolean {
  try {
    const status = lstatSync(path);
    return status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
