// SPDX-License-Identifier: MIT
// Which clock: the machine -> a TraceClock. The TSC where it can be trusted, since it costs a
// third of CLOCK_MONOTONIC; where it runs unevenly a synthetic clock made of it; else CLOCK_MONOTONIC,
// which every Linux has.

import { InputError } from '@lockstep/base';
import { calibrate, measurePair } from './calibration.ts';
import { readMachine, type Machine } from './machine.ts';
import { MonotonicClock, type MonotonicKind } from './monotonic-clock.ts';
import { SyntheticClock } from './synthetic-clock.ts';
import { TscClock } from './tsc-clock.ts';
import { ClockIdentity } from './uuid.ts';
import type { ClockKind, TraceClock } from './trace-clock.ts';

/** One sentence: why the TSC cannot be the trace clock here; undefined when it can. */
export function explainNoTsc(machine: Machine): string | undefined {
  const obstacle = explainNoCounter(machine) ?? explainUneven(machine);
  if (obstacle !== undefined) return obstacle;
  const { clocksource } = machine;
  if (clocksource !== 'tsc') {
    return `The kernel does not trust the TSC: its clock source is ${clocksource ?? 'unknown'}, not tsc.`;
  }
  return undefined;
}

/** One sentence: why no synthetic clock can be made here; undefined when it can. */
export function explainNoSynthetic(machine: Machine): string | undefined {
  return explainNoCounter(machine);
}

function explainNoCounter(machine: Machine): string | undefined {
  const { native } = machine;
  if (native === undefined)
    return `The TSC cannot be read without the native addon. ${machine.nativeMissingReason ?? ''}`.trimEnd();
  if (native.readTsc === undefined || native.readPair === undefined) return 'This CPU has no TSC.';
  // Other architectures have counters, but the kernel's tracer does not stamp with them.
  if (native.counterName !== 'tsc')
    return `This CPU has no TSC, and the kernel does not stamp with ${native.counterName ?? 'its counter'}.`;
  return undefined;
}

function explainUneven(machine: Machine): string | undefined {
  const missing = ['constant_tsc', 'nonstop_tsc'].find((flag) => !machine.cpuFlags.has(flag));
  return missing === undefined
    ? undefined
    : `The TSC of this CPU does not run evenly (/proc/cpuinfo has no ${missing}).`;
}

const AS_ASKED_FOR: Readonly<Record<MonotonicKind, string>> = {
  mono: 'CLOCK_MONOTONIC, as asked for.',
  mono_raw: 'CLOCK_MONOTONIC_RAW, as asked for.',
  boot: 'CLOCK_BOOTTIME, as asked for.',
};

/** The clock for a new recording. Throws InputError when the wished one is impossible here. */
export function chooseClock(wish?: ClockKind, machine: Machine = readMachine()): TraceClock {
  switch (wish) {
    case 'mono':
    case 'mono_raw':
    case 'boot':
      return chooseMonotonic(wish, machine, AS_ASKED_FOR[wish]);
    case 'synthetic':
      return chooseSynthetic(machine, 'A synthetic clock over the TSC, as asked for.');
    case 'tsc':
      return chooseTsc(machine, 'The TSC, as asked for.');
    case undefined:
      break;
  }
  const obstacle = explainNoTsc(machine);
  if (obstacle === undefined)
    return chooseTsc(machine, 'The TSC: constant, non-stop and the clock source of the kernel.');
  if (explainNoSynthetic(machine) === undefined && explainUneven(machine) !== undefined)
    return chooseSynthetic(machine, `A synthetic clock over the TSC. ${obstacle}`);
  return chooseMonotonic('mono', machine, `CLOCK_MONOTONIC. ${obstacle}`);
}

function chooseTsc(machine: Machine, reason: string): TscClock {
  const obstacle = explainNoTsc(machine);
  if (obstacle !== undefined || machine.native === undefined)
    throw new InputError(`The clock tsc is not possible here: ${obstacle ?? ''} Use --clock mono`);
  const { pair, calibration } = calibrate(machine, machine.native);
  return new TscClock(machine.native, pair, calibration, new ClockIdentity('tsc', machine.bootId), reason);
}

function chooseSynthetic(machine: Machine, reason: string): SyntheticClock {
  const obstacle = explainNoSynthetic(machine);
  if (obstacle !== undefined)
    throw new InputError(`The clock synthetic is not possible here: ${obstacle} Use --clock mono`);
  return new SyntheticClock(machine, new ClockIdentity('synthetic', machine.bootId), reason);
}

function chooseMonotonic(kind: MonotonicKind, machine: Machine, reason: string): MonotonicClock {
  if (kind !== 'mono' && machine.native === undefined)
    throw new InputError(
      `The clock ${kind} cannot be read without the native addon; use --clock mono. ${machine.nativeMissingReason ?? ''}`.trimEnd(),
    );
  return new MonotonicClock(kind, machine, new ClockIdentity(kind, machine.bootId), reason);
}

/** The clock of a recording that is under way, in a traced program: kind and frequency come from the control page. */
export function openClock(kind: ClockKind, frequency: bigint, machine: Machine = readMachine()): TraceClock {
  const identity = new ClockIdentity(kind, machine.bootId);
  if (kind === 'synthetic') return new SyntheticClock(machine, identity, 'The session records with a synthetic clock.');
  if (kind !== 'tsc') return chooseMonotonic(kind, machine, `The session records with ${kind}.`);
  const { native } = machine;
  if (native?.readTsc === undefined || native.readPair === undefined) {
    throw new InputError(
      `The session records with the TSC, which this program cannot read. ${machine.nativeMissingReason ?? 'This CPU has no TSC.'}`,
    );
  }
  return new TscClock(
    native,
    measurePair(native),
    { frequency, errorCycles: 1n },
    identity,
    'The session records with the TSC.',
  );
}
