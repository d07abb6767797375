// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { chooseClock, openClock } from './choose.ts';
import { SimulatedMachine } from './testing/simulated-machine.ts';
import { offsetOf } from './trace-clock.ts';

const FREQUENCY = 2_250_000_123n;
const SECOND = 1_000_000_000n;
const HOUR = 3600n * SECOND;

function cachingMachine(t: TestContext): SimulatedMachine & { cacheDirectory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-clock-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return Object.assign(new SimulatedMachine(FREQUENCY), { cacheDirectory: join(directory, 'cache') });
}

test('the first start of a boot waits, and later ones do not and know better', (t) => {
  const machine = cachingMachine(t);
  const first = chooseClock('tsc', machine);
  const sleptMs = machine.sleptMs;
  assert.ok(sleptMs > 0 && sleptMs <= 20);
  machine.pass(HOUR);
  const second = chooseClock('tsc', machine);
  assert.equal(machine.sleptMs, sleptMs);
  assert.equal(second.frequency, FREQUENCY);
  assert.ok(first.precisionCycles > 1000n);
  assert.equal(second.precisionCycles, 1n);
  assert.equal(statSync(machine.cacheDirectory).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(machine.cacheDirectory), ['tsc-calibration.json']);
});

test('a kept calibration is not used after a reboot, a sleep of the machine, a jump of the TSC, or damage', (t) => {
  const spoil: readonly ((machine: SimulatedMachine & { cacheDirectory: string }, path: string) => void)[] = [
    (machine) => (machine.bootId = '00000000-0000-4000-8000-000000000000'),
    (machine) => (machine.suspendedNs += SECOND),
    (machine) => (machine.tscAtStart += 10n * FREQUENCY),
    (machine) => (machine.tscAtStart -= machine.tsc() - 1n),
    (_machine, path) => writeFileSync(path, ''),
    (_machine, path) => writeFileSync(path, '{"version":1'),
    (_machine, path) => writeFileSync(path, 'null'),
    (_machine, path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/"tsc":"\d+"/, '"tsc":"x"')),
    (machine) => chmodSync(machine.cacheDirectory, 0o777),
    (machine) => {
      rmSync(machine.cacheDirectory, { recursive: true });
      symlinkSync('/', machine.cacheDirectory);
    },
  ];
  spoil.forEach((change, index) => {
    const machine = cachingMachine(t);
    chooseClock('tsc', machine);
    machine.pass(10n * SECOND);
    change(machine, join(machine.cacheDirectory, 'tsc-calibration.json'));
    const sleptMs = machine.sleptMs;
    const clock = chooseClock('tsc', machine);
    assert.ok(machine.sleptMs > sleptMs, `case ${index}`);
    assert.ok(
      clock.frequency > FREQUENCY - 1000n && clock.frequency < FREQUENCY + 1000n,
      `case ${index}: ${clock.frequency}`,
    );
  });
});

test('refine measures over the recording, so that its end lies at the time at which it was', () => {
  const machine = new SimulatedMachine(FREQUENCY);
  const clock = chooseClock('tsc', machine);
  const start = machine.monotonicNs();
  // NTP slews CLOCK_MONOTONIC by 100 ppm for the time of the recording.
  machine.setFrequency(FREQUENCY + FREQUENCY / 10_000n);
  machine.pass(HOUR);
  const end = machine.monotonicNs();
  const endCycles = clock.now();
  const errorOf = ({ frequency, offsetSeconds, offsetCycles }: ReturnType<typeof clock.toClockClass>): bigint =>
    offsetSeconds * SECOND + ((offsetCycles + endCycles) * SECOND) / frequency - (end + machine.epochNs);
  const refined = clock.refine();
  assert.ok(errorOf(clock.toClockClass()) > HOUR / 11_000n);
  const error = errorOf(refined.toClockClass());
  // 1 Hz of rounding in the frequency is 0.44 ppb of an hour, 1.6 microseconds.
  assert.ok(error > -2000n && error < 2000n, `${error}`);
  assert.ok(start < end && refined.precisionCycles < clock.precisionCycles);
  assert.equal(refined.uuid, clock.uuid);
});

test('refine over too short a time keeps what was known', (t) => {
  const machine = cachingMachine(t);
  chooseClock('tsc', machine);
  machine.pass(HOUR);
  const clock = chooseClock('tsc', machine);
  machine.pass(1000n);
  const refined = clock.refine();
  assert.equal(refined.frequency, clock.frequency);
  assert.equal(refined.precisionCycles, clock.precisionCycles);
  // Nor does a machine that slept in between spoil it.
  machine.pass(10n * SECOND);
  machine.suspendedNs += HOUR;
  assert.equal(clock.refine().frequency, clock.frequency);
});

test('setting the wall clock while recording moves nothing', () => {
  const machine = new SimulatedMachine(FREQUENCY);
  const clock = chooseClock('tsc', machine);
  machine.pass(10n * SECOND);
  machine.epochNs += HOUR;
  assert.ok(Math.abs(Number(clock.refine().toClockClass().offsetSeconds - clock.toClockClass().offsetSeconds)) <= 1);
});

test('monotonicNsToCycles follows a frequency that is a little wrong, however long the program runs', () => {
  const machine = new SimulatedMachine(FREQUENCY);
  const clock = openClock('tsc', FREQUENCY + FREQUENCY / 100_000n, machine);
  for (let hour = 0; hour < 10; hour++) {
    machine.pass(HOUR);
    const error = clock.monotonicNsToCycles(machine.monotonicNs()) - machine.tsc();
    assert.equal(error, 0n);
    // 300 ms ago, as late garbage collection entries are: 10 ppm of that.
    const past =
      clock.monotonicNsToCycles(machine.monotonicNs() - 300_000_000n) - (machine.tsc() - (3n * FREQUENCY) / 10n);
    assert.ok(past > -10_000n && past < 10_000n);
  }
});

test('an offset is normalised for anchors before and after the epoch', () => {
  for (const [cycles, epochNs] of [
    [0n, 0n],
    [10n, 0n],
    [5n * FREQUENCY, 3n],
    [7n, 1_700_000_000n * SECOND + 1n],
  ] as const) {
    const { offsetSeconds, offsetCycles } = offsetOf({ cycles, epochNs }, FREQUENCY);
    assert.ok(offsetCycles >= 0n && offsetCycles < FREQUENCY);
    assert.equal(offsetSeconds * FREQUENCY + offsetCycles + cycles, (epochNs * FREQUENCY) / SECOND);
  }
});

test('without the addon the epoch is found by the tick of Date.now, to a few microseconds', () => {
  const machine = Object.assign(new SimulatedMachine(FREQUENCY), { native: undefined });
  machine.epochNs += 123_456n;
  const { offsetSeconds, offsetCycles } = chooseClock(undefined, machine).toClockClass();
  const error = offsetSeconds * SECOND + offsetCycles - machine.epochNs;
  assert.ok(error > -5000n && error < 5000n, `${error}`);
});
