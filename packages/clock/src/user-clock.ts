// SPDX-License-Identifier: MIT
// A clock handed in by the user: a device's counter, a simulation's time, a recorded one.

import { InputError } from '@lockstep/base';
import { offsetOf, type ClockDescription } from './trace-clock.ts';

export interface UserClockOptions {
  /** A C identifier: it becomes the name of a CTF clock class. */
  readonly name: string;
  readonly description?: string | undefined;
  /** Hz. */
  readonly frequency: bigint;
  /** A reading, in cycles; never less than one before it. */
  readonly now: () => bigint;
  /** By how many cycles readings may be wrong. Default 1. */
  readonly precisionCycles?: bigint | undefined;
  /** Of this clock, wherever it is read; readings of clocks with one uuid may be compared. Default: comparable with nothing. */
  readonly uuid?: string | undefined;
  /** A moment on the Unix time line and the reading at it. Without it the origin is unknown and times are relative. */
  readonly anchor?: { readonly cycles: bigint; readonly epochNs: bigint } | undefined;
}

export interface UserClock {
  readonly kind: 'user';
  readonly name: string;
  readonly frequency: bigint;
  now(): bigint;
  toClockClass(): Omit<ClockDescription, 'absolute'> & { readonly absolute: boolean };
}

const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws InputError for a name that is no identifier or a frequency that is none. */
export function makeUserClock(options: UserClockOptions): UserClock {
  const { name, frequency, now, anchor } = options;
  if (!NAME_PATTERN.test(name)) throw new InputError('The name of a clock has to be a C identifier', { name });
  if (frequency <= 0n)
    throw new InputError('The frequency of a clock has to be above 0 Hz', { name, frequency: String(frequency) });
  const uuid = options.uuid ?? process.getBuiltinModule('node:crypto').randomUUID();
  return {
    kind: 'user',
    name,
    frequency,
    now,
    toClockClass: () => ({
      name,
      uuid,
      description: options.description ?? '',
      frequency,
      precision: options.precisionCycles ?? 1n,
      ...(anchor === undefined ? { offsetSeconds: 0n, offsetCycles: 0n } : offsetOf(anchor, frequency)),
      absolute: anchor !== undefined,
    }),
  };
}
