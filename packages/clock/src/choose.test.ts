// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import { chooseClock, explainNoTsc, openClock } from './choose.ts';
import { parseCpuFlags, readMachine } from './machine.ts';
import { SimulatedMachine } from './testing/simulated-machine.ts';

const FREQUENCY = 2_250_000_000n;

function machineWith(changes: Partial<SimulatedMachine>): SimulatedMachine {
  return Object.assign(new SimulatedMachine(FREQUENCY), changes);
}

test('the TSC is chosen where it is constant, non-stop and the kernel trusts it', () => {
  const clock = chooseClock(undefined, machineWith({}));
  assert.equal(clock.kind, 'tsc');
  assert.equal(clock.kernelName, 'x86-tsc');
  assert.equal(clock.frequency, FREQUENCY);
});

test('whatever the TSC lacks gives CLOCK_MONOTONIC, and an error that says what when the TSC is forced', () => {
  const cases: readonly (readonly [Partial<SimulatedMachine>, RegExp])[] = [
    [{ native: undefined, nativeMissingReason: 'It is not built.' }, /native addon\. It is not built\./],
    [{ cpuFlags: new Set(['nonstop_tsc']) }, /no constant_tsc/],
    [{ cpuFlags: new Set(['constant_tsc']) }, /no nonstop_tsc/],
    [{ clocksource: 'kvm-clock' }, /clock source is kvm-clock/],
    [{ clocksource: undefined }, /clock source is unknown/],
  ];
  for (const [changes, reason] of cases) {
    const machine = machineWith(changes);
    assert.match(explainNoTsc(machine) ?? '', reason);
    const clock = chooseClock(undefined, machine);
    assert.equal(clock.kind, 'mono');
    assert.match(clock.reason, reason);
    assert.throws(
      () => chooseClock('tsc', machine),
      (error) => error instanceof InputError && reason.test(error.message),
    );
  }
});

test('CLOCK_MONOTONIC can be forced', () => {
  const clock = chooseClock('mono', machineWith({}));
  assert.equal(clock.kind, 'mono');
  assert.equal(clock.kernelName, 'mono');
  assert.equal(clock.frequency, 1_000_000_000n);
  assert.equal(clock.monotonicNsToCycles(42n), 42n);
  assert.equal(clock.refine(), clock);
});

test('a program without the addon cannot open a TSC recording, and can open a mono one', () => {
  const machine = machineWith({ native: undefined, nativeMissingReason: 'It is not built.' });
  assert.throws(() => openClock('tsc', FREQUENCY, machine), InputError);
  assert.equal(openClock('mono', 1_000_000_000n, machine).now(), machine.monotonicNs());
});

test('a flag counts only if every CPU has it', () => {
  const cpuinfo =
    'processor\t: 0\nflags\t\t: tsc constant_tsc nonstop_tsc\n\nprocessor\t: 1\nflags\t\t: tsc constant_tsc\n';
  assert.deepEqual([...parseCpuFlags(cpuinfo)].toSorted(), ['constant_tsc', 'tsc']);
  assert.equal(parseCpuFlags('').size, 0);
});

test('both kinds have the uuid that depends on the boot and the kind alone', () => {
  const uuids = (machine: SimulatedMachine): string[] => [
    chooseClock('tsc', machine).uuid,
    chooseClock('mono', machine).uuid,
    openClock('tsc', FREQUENCY, machine).uuid,
  ];
  const [tsc, mono, opened] = uuids(machineWith({}));
  assert.equal(opened, tsc);
  assert.equal(mono, '33f46956-8021-4bd9-a2c3-ef60b6402e48');
  assert.match(tsc ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(uuids(machineWith({})), [tsc, mono, tsc]);
  const [otherTsc, otherMono] = uuids(machineWith({ bootId: '43f46956-8021-4bd9-a2c3-ef60b6402e48' }));
  assert.notEqual(otherTsc, tsc);
  assert.notEqual(otherMono, mono);
  assert.notEqual(
    chooseClock('mono', machineWith({ bootId: undefined })).uuid,
    chooseClock('mono', machineWith({ bootId: undefined })).uuid,
  );
});

test('on this machine a clock is found, its readings rise, and its class puts now at now', (t) => {
  const machine = readMachine();
  for (const kind of ['tsc', 'mono'] as const) {
    if (kind === 'tsc' && explainNoTsc(machine) !== undefined) {
      t.diagnostic(explainNoTsc(machine) ?? '');
      continue;
    }
    const clock = chooseClock(kind, { ...machine, cacheDirectory: undefined });
    const first = clock.now();
    const monotonicNs = process.hrtime.bigint();
    const last = clock.now();
    assert.ok(first < last);
    const { frequency, offsetSeconds, offsetCycles } = clock.toClockClass();
    assert.ok(offsetCycles >= 0n && offsetCycles < frequency);
    const epochMs = Number(offsetSeconds) * 1000 + (Number(offsetCycles + last) / Number(frequency)) * 1000;
    // Generous: the wall clock may be set while the test runs.
    assert.ok(Math.abs(epochMs - Date.now()) < 60_000);
    const cycles = clock.monotonicNsToCycles(monotonicNs);
    // The translation may be wrong by the error of a calibration over 10 ms: 100 ppm of a second are ample.
    assert.ok(cycles > first - frequency / 10_000n && cycles < last + frequency / 10_000n);
  }
});
