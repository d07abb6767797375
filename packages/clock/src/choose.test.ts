// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import { chooseClock, explainNoTsc, openClock } from './choose.ts';
import { parseCpuFlags, readMachine, type ClockNative } from './machine.ts';
import { SimulatedMachine } from './testing/simulated-machine.ts';
import type { ClockKind } from './trace-clock.ts';

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

test('what the TSC lacks decides between CLOCK_MONOTONIC and a synthetic clock, and is said when the TSC is forced', () => {
  const cases: readonly (readonly [Partial<SimulatedMachine>, RegExp, ClockKind])[] = [
    [{ native: undefined, nativeMissingReason: 'It is not built.' }, /native addon\. It is not built\./, 'mono'],
    [{ cpuFlags: new Set(['nonstop_tsc']) }, /no constant_tsc/, 'synthetic'],
    [{ cpuFlags: new Set(['constant_tsc']) }, /no nonstop_tsc/, 'synthetic'],
    [{ clocksource: 'kvm-clock' }, /clock source is kvm-clock/, 'mono'],
    [{ clocksource: undefined }, /clock source is unknown/, 'mono'],
  ];
  for (const [changes, reason, kind] of cases) {
    const machine = machineWith(changes);
    assert.match(explainNoTsc(machine) ?? '', reason);
    const clock = chooseClock(undefined, machine);
    assert.equal(clock.kind, kind);
    assert.match(clock.reason, reason);
    assert.throws(
      () => chooseClock('tsc', machine),
      (error) => error instanceof InputError && reason.test(error.message),
    );
  }
});

test('a counter that the kernel does not stamp with makes neither a TSC nor a synthetic clock', () => {
  const machine = machineWith({});
  machine.native = { ...(machine.native as ClockNative), counterName: 'cntvct' };
  assert.equal(chooseClock(undefined, machine).kind, 'mono');
  assert.throws(() => chooseClock('synthetic', machine), /no TSC, and the kernel does not stamp with cntvct/);
});

test('each clock of the kernel has its name, its readings and its own identity', () => {
  const machine = machineWith({ suspendedNs: 7_000_000_000n });
  const clocks = (['mono', 'mono_raw', 'boot'] as const).map((kind) => chooseClock(kind, machine));
  assert.deepEqual(
    clocks.map((clock) => [clock.kernelName, clock.toClockClass().name, clock.frequency]),
    [
      ['mono', 'monotonic', 1_000_000_000n],
      ['mono_raw', 'monotonic_raw', 1_000_000_000n],
      ['boot', 'boottime', 1_000_000_000n],
    ],
  );
  assert.equal(new Set(clocks.map((clock) => clock.uuid)).size, 3);
  assert.equal(clocks[2]?.now(), machine.monotonicNs() + 7_000_000_000n);
  assert.equal(clocks[2]?.monotonicNsToCycles(5n), 7_000_000_005n);
  assert.throws(
    () => chooseClock('boot', machineWith({ native: undefined })),
    /without the native addon; use --clock mono/,
  );
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
