// SPDX-License-Identifier: MIT
// From readings of a clock to nanoseconds from its origin, by babeltrace2's arithmetic, so that the
// two print the same digits: exact at 1 GHz, through a double at any other frequency.

import type { Nanoseconds } from '@lockstep/base';
import type { ClockClass } from '../model/trace-class.ts';

const GIGAHERTZ = 1_000_000_000n;

export type CyclesToTime = (cycles: bigint) => Nanoseconds;

export function cyclesToTime(clock: ClockClass): CyclesToTime {
  const base = clock.offsetSeconds * GIGAHERTZ + nsOfCycles(clock.offsetCycles, clock.frequency);
  if (clock.frequency === GIGAHERTZ) return (cycles) => (base + cycles) as Nanoseconds;
  const frequency = Number(clock.frequency);
  return (cycles) => (base + BigInt(Math.trunc((1e9 * Number(cycles)) / frequency))) as Nanoseconds;
}

function nsOfCycles(cycles: bigint, frequency: bigint): bigint {
  if (frequency === GIGAHERTZ) return cycles;
  return BigInt(Math.trunc((1e9 * Number(cycles)) / Number(frequency)));
}
