// SPDX-License-Identifier: MIT
// What the reader thread takes from the BPF ring buffer, as it passes the queue or the spool: a header
// with two readings of both clocks, before and after the records, then the records as
// capture-record.ts lays them out. Their CLOCK_MONOTONIC becomes the trace's clock between the two.
//
//   0 monotonic ns before u64 | 8 trace clock before u64 | 16 monotonic ns after u64 | 24 trace clock after u64
//
// All zero: the trace's clock cannot be read here, and times of records are unknown.

import type { Native } from '@lockstep/native';

export const CHUNK_HEADER_SIZE_BYTES = 32;

export interface ClockPair {
  readonly monotonicNs: bigint;
  readonly traceClock: bigint;
}

export type TraceClockName = 'x86-tsc' | 'mono' | 'mono_raw' | 'boot' | 'synthetic';

/** Of so many tries the one counts in which the two clocks were read closest to each other. */
const TRY_COUNT = 10;

/** Undefined: this clock cannot be read beside CLOCK_MONOTONIC. `synthetic` is read from the page that this thread has bound. */
export function readClockPair(native: Native, clock: TraceClockName): ClockPair | undefined {
  if (clock === 'mono') {
    const now = native.clockNs('monotonic');
    return { monotonicNs: now, traceClock: now };
  }
  if (clock === 'boot') return readBetween(native, () => native.clockNs('boottime'));
  if (clock === 'mono_raw') return readBetween(native, () => native.clockNs('monotonic-raw'));
  if (clock === 'synthetic') {
    return readBetween(native, () => {
      native.readClockPage();
      return join(native.slot, 0);
    });
  }
  if (native.readPair === undefined) return undefined;
  native.readPair();
  const { slot } = native;
  return { monotonicNs: join(slot, 4), traceClock: join(slot, 6) };
}

function readBetween(native: Native, read: () => bigint): ClockPair {
  let best: ClockPair = { monotonicNs: 0n, traceClock: 0n };
  let bestWidth = -1n;
  for (let count = 0; count < TRY_COUNT; count++) {
    const before = native.clockNs('monotonic');
    const traceClock = read();
    const width = native.clockNs('monotonic') - before;
    if (bestWidth >= 0n && width >= bestWidth) continue;
    bestWidth = width;
    best = { monotonicNs: before + width / 2n, traceClock };
  }
  return best;
}

function join(words: Int32Array, index: number): bigint {
  return (BigInt((words[index + 1] as number) >>> 0) << 32n) | BigInt((words[index] as number) >>> 0);
}

export function writeChunkHeader(
  bytes: Uint8Array,
  offset: number,
  before: ClockPair | undefined,
  after: ClockPair | undefined,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, CHUNK_HEADER_SIZE_BYTES);
  const isKnown = before !== undefined && after !== undefined;
  view.setBigUint64(0, isKnown ? before.monotonicNs : 0n, true);
  view.setBigUint64(8, isKnown ? before.traceClock : 0n, true);
  view.setBigUint64(16, isKnown ? after.monotonicNs : 0n, true);
  view.setBigUint64(24, isKnown ? after.traceClock : 0n, true);
}

/** CLOCK_MONOTONIC -> the trace's clock, for the records of one chunk; undefined: unknown. */
export function chunkClock(view: DataView, offset: number): ((monotonicNs: bigint) => bigint) | undefined {
  const monotonic = view.getBigUint64(offset, true);
  const clock = view.getBigUint64(offset + 8, true);
  if (monotonic === 0n) return undefined;
  const monotonicSpan = Number(view.getBigUint64(offset + 16, true) - monotonic);
  const clockSpan = Number(view.getBigUint64(offset + 24, true) - clock);
  if (monotonicSpan <= 0 || clockSpan < 0) return undefined;
  const rate = clockSpan / monotonicSpan;
  return (ns) => clock + BigInt(Math.round(Number(ns - monotonic) * rate));
}
