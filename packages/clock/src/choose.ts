// SPDX-License-Identifier: MIT
// Which clock: the machine -> a TraceClock. The TSC where it can be trusted, since it costs a
// third of CLOCK_MONOTONIC; else CLOCK_MONOTONIC, which every Linux has.

import { InputError } from '@lockstep/base';
import { calibrate, measurePair } from './calibration.ts';
import { readMachine, type Machine } from './machine.ts';
import { MonoClock } from './mono-clock.ts';
import { TscClock } from './tsc-clock.ts';
import { ClockIdentity } from './uuid.ts';
import type { ClockKind, TraceClock } from './trace-clock.ts';

/** One sentence: why the TSC cannot be the trace clock here; undefined when it can. */
export function explainNoTsc(machine: Machine): string | undefined {
  if (machine.native === undefined)
    return `The TSC cannot be read without the native addon. ${machine.nativeMissingReason ?? ''}`.trimEnd();
  if (machine.native.readTsc === undefined || machine.native.readPair === undefined) return 'This CPU has no TSC.';
  const { cpuFlags, clocksource } = machine;
  for (const flag of ['constant_tsc', 'nonstop_tsc']) {
    if (!cpuFlags.has(flag)) return `The TSC of this CPU does not run evenly (/proc/cpuinfo has no ${flag}).`;
  }
  if (clocksource !== 'tsc') {
    return `The kernel does not trust the TSC: its clock source is ${clocksource ?? 'unknown'}, not tsc.`;
  }
  return undefined;
}

/** The clock for a new recording. Throws InputError when the wished one is impossible here. */
export function chooseClock(wish?: ClockKind, machine: Machine = readMachine()): TraceClock {
  const obstacle = explainNoTsc(machine);
  if (wish === 'mono')
    return new MonoClock(machine, new ClockIdentity('mono', machine.bootId), 'CLOCK_MONOTONIC, as asked for.');
  if (obstacle === undefined && machine.native !== undefined) {
    const { pair, calibration } = calibrate(machine, machine.native);
    const reason =
      wish === 'tsc' ? 'The TSC, as asked for.' : 'The TSC: constant, non-stop and the clock source of the kernel.';
    return new TscClock(machine.native, pair, calibration, new ClockIdentity('tsc', machine.bootId), reason);
  }
  if (wish === 'tsc') throw new InputError(`The clock tsc is not possible here: ${obstacle ?? ''} Use --clock mono`);
  return new MonoClock(machine, new ClockIdentity('mono', machine.bootId), `CLOCK_MONOTONIC. ${obstacle ?? ''}`);
}

/** The clock of a recording that is under way, in a traced program: kind and frequency come from the control page. */
export function openClock(kind: ClockKind, frequency: bigint, machine: Machine = readMachine()): TraceClock {
  const identity = new ClockIdentity(kind, machine.bootId);
  if (kind === 'mono') return new MonoClock(machine, identity, 'The session records with CLOCK_MONOTONIC.');
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
