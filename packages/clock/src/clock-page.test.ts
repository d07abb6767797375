// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ProtocolError } from '@lockstep/base';
import { loadNative } from '@lockstep/native';
import fc from 'fast-check';
import { ClockHistory, ClockHistoryWriter } from './clock-history.ts';
import { ClockPageReader, clockPageSize, ClockPageWriter, expandReading } from './clock-page.ts';
import { chooseClock } from './choose.ts';
import { SyntheticClock } from './synthetic-clock.ts';
import { seededRandom, SimulatedCounters } from './testing/simulated-counter.ts';
import { simulateClock } from './testing/simulate-clock.ts';

/** OMAP3430's operating points, as 32-kHz-disciplined LTTng 0.x had them: MHz. */
const OMAP_RATES = [0.6, 0.55, 0.5, 0.25, 0.125];
const PERIOD_NS = 100_000_000;
const LEAD_NS = 2_000_000;
const PAIR_ERROR_NS = 200;

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-clock-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const shapes = fc.record({
  seed: fc.integer(),
  cpuCount: fc.integer({ min: 1, max: 4 }),
  counterBits: fc.constantFrom(32, 48, 64),
  changeNs: fc.constantFrom(5_000_000, 60_000_000, 400_000_000),
  stopShare: fc.constantFrom(0, 0.2),
  isNotified: fc.boolean(),
});

test('over counters that change rate, stop and differ by CPU it never goes back and errs by the period times the rate error', () => {
  fc.assert(
    fc.property(shapes, ({ seed, cpuCount, counterBits, changeNs, stopShare, isNotified }) => {
      const random = seededRandom(seed);
      const counters = new SimulatedCounters({
        cpuCount,
        counterBits,
        rates: OMAP_RATES,
        changeNs,
        stopShare,
        pairErrorNs: PAIR_ERROR_NS,
        random,
      });
      const result = simulateClock(counters, {
        durationNs: 3e9,
        periodNs: PERIOD_NS,
        leadNs: LEAD_NS,
        stepNs: 200_000,
        isNotified,
        random,
        onReading: () => undefined,
      });
      assert.ok(result.readingCount > 5_000);
      assert.equal(result.backwardCount, 0);
      // A notice changes what was published on the way, which this reckoning does not follow.
      if (!isNotified)
        assert.ok(result.worstExcessNs <= 1000, `${result.worstExcessNs} ns more than the rates explain`);
      // Going slower may not have taken back all of an error when the next rate error comes on top of it.
      const bound = 1000 + 1.5 * (result.worstGapNs + LEAD_NS) * result.worstRateError;
      if (stopShare === 0) assert.ok(result.worstErrorNs <= bound, `${result.worstErrorNs} ns, bound ${bound}`);
    }),
    { numRuns: 40 },
  );
});

test('told of every change of rate it errs by microseconds where it erred by milliseconds', () => {
  const worst = [false, true].map((isNotified) => {
    const random = seededRandom(11);
    const counters = new SimulatedCounters({
      cpuCount: 2,
      counterBits: 32,
      rates: OMAP_RATES,
      changeNs: 700_000_000,
      stopShare: 0,
      pairErrorNs: PAIR_ERROR_NS,
      random,
    });
    const errors: number[] = [];
    simulateClock(counters, {
      durationNs: 20e9,
      periodNs: PERIOD_NS,
      leadNs: LEAD_NS,
      stepNs: 500_000,
      isNotified,
      random,
      onReading: ({ ns, trueNs }) => errors.push(Math.abs(ns - trueNs)),
    });
    return errors.toSorted((a, b) => a - b)[Math.floor(errors.length * 0.9)] ?? 0;
  });
  assert.ok((worst[1] ?? 0) * 5 < (worst[0] ?? 0), `${worst[0]} and ${worst[1]} ns`);
});

test('a constant counter is told to a microsecond, however narrow it is', () => {
  for (const counterBits of [32, 64]) {
    const random = seededRandom(5);
    const counters = new SimulatedCounters({
      cpuCount: 2,
      counterBits,
      rates: [2.25],
      changeNs: 1e9,
      stopShare: 0,
      pairErrorNs: 50,
      random,
    });
    const result = simulateClock(counters, {
      durationNs: 30e9,
      periodNs: PERIOD_NS,
      leadNs: LEAD_NS,
      stepNs: 1_000_000,
      isNotified: false,
      random,
      onReading: () => undefined,
    });
    assert.equal(result.backwardCount, 0);
    assert.ok(result.worstErrorNs < 1000, `${result.worstErrorNs} ns with ${counterBits} bits`);
  }
});

test('the history gives each reading the ns that the page gave it', (t) => {
  for (const preemptNs of [0, 5_000_000]) {
    const path = join(scratch(t), 'history');
    const random = seededRandom(23);
    const counters = new SimulatedCounters({
      cpuCount: 3,
      counterBits: 64,
      rates: OMAP_RATES,
      changeNs: 30_000_000,
      stopShare: 0.1,
      pairErrorNs: PAIR_ERROR_NS,
      random,
    });
    // Later than the lead: the page is published too late, and the history has to say since when it was read.
    counters.preemptNs = preemptNs;
    const history = new ClockHistoryWriter(path, 3, 64, { cycles: counters.read(0), ns: 0n });
    const told: { readonly cpu: number; readonly reading: bigint; readonly ns: number }[] = [];
    const { lateCount } = simulateClock(counters, {
      durationNs: 4e9,
      periodNs: PERIOD_NS,
      leadNs: LEAD_NS,
      stepNs: 300_000,
      // A notice in the middle of a publication that is preempted is the keeper's own thread twice.
      isNotified: preemptNs === 0,
      random,
      history,
      onReading: ({ cpu, ns }) => told.push({ cpu, reading: counters.read(cpu), ns }),
    });
    history.close();
    assert.equal(lateCount > 0, preemptNs > LEAD_NS);
    const reopened = new ClockHistory(path);
    reopened.refresh();
    const wrong = told.filter(
      ({ cpu, reading, ns }) => BigInt(reopened.timeline(cpu)?.readReading(reading) ?? -1) !== BigInt(ns),
    );
    assert.deepEqual(wrong.slice(0, 3), []);
    assert.ok(told.length > 5000);
    reopened.close();
  }
});

test('a page or a history that is damaged, cut off or of another version is refused by a sentence', (t) => {
  const memory = new ArrayBuffer(clockPageSize(2));
  const writer = new ClockPageWriter(memory, 2, 64, { cycles: 0n, ns: 0n });
  assert.deepEqual(new ClockPageReader(memory).origin, writer.origin);
  const spoils: readonly ((words: Int32Array) => void)[] = [
    (words) => (words[0] = 0),
    (words) => (words[1] = 9),
    (words) => (words[2] = 0),
    (words) => (words[2] = 3),
    (words) => (words[2] = -1),
    (words) => (words[3] = 65),
  ];
  for (const spoil of spoils) {
    const copy = memory.slice(0);
    spoil(new Int32Array(copy));
    assert.throws(() => new ClockPageReader(copy), ProtocolError);
  }
  assert.throws(() => new ClockPageReader(new ArrayBuffer(8)), ProtocolError);
  const path = join(scratch(t), 'history');
  new ClockHistoryWriter(path, 2, 64, { cycles: 1n, ns: 2n }).close();
  const good = readFileSync(path);
  for (const bytes of [
    good.subarray(0, 40),
    Buffer.alloc(64),
    Buffer.concat([good.subarray(0, 8), Buffer.alloc(56)]),
  ]) {
    writeFileSync(path, bytes);
    assert.throws(() => new ClockHistory(path), ProtocolError);
  }
  // Records that make no sense are passed over, and so is one that is cut off.
  const record = Buffer.alloc(48);
  record.writeDoubleLE(Number.NaN, 8);
  writeFileSync(path, Buffer.concat([good, record, Buffer.alloc(48, 0xff), record.subarray(0, 17)]));
  const history = new ClockHistory(path);
  history.refresh();
  assert.equal(history.timeline(0), undefined);
  history.close();
});

test('a narrow reading is the one nearest to where it was known last', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.integer({ min: -(2 ** 30), max: 2 ** 30 }),
      (start, distance) => {
        const whole = start + distance;
        assert.equal(expandReading(BigInt.asUintN(32, 77n + BigInt(whole)), 77n, start, 32), whole);
      },
    ),
  );
});

test('two threads that read the page of this machine while it changes all the time see nothing torn and nothing go back', async (t) => {
  if (loadNative()?.counterName !== 'tsc') return t.skip('needs the native addon and a TSC');
  const readCount = process.env['LOCKSTEP_TEST_LONG'] === '1' ? 100_000_000 : 3_000_000;
  const path = join(scratch(t), 'page');
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const writer = new Worker(new URL('./testing/page-writer.js', import.meta.url), { workerData: { path, stop } });
  await new Promise((resolve) => writer.once('message', resolve));
  const reports = await Promise.all(
    [0, 1].map(
      (_, index) =>
        new Promise<{ readonly backward: number; readonly far: number; readonly changes: number }>(
          (resolve, reject) => {
            const worker = new Worker(new URL('./testing/page-reader.js', import.meta.url), {
              workerData: { path, readCount: Math.ceil(readCount / 2), index },
            });
            worker.once('message', resolve);
            worker.once('error', reject);
          },
        ),
    ),
  );
  Atomics.store(stop, 0, 1);
  const [publications] = (await new Promise<unknown>((resolve) => writer.once('message', resolve))) as [number];
  t.diagnostic(`${readCount} readings by 2 threads, ${publications} changes of the page meanwhile`);
  for (const { backward, far } of reports) assert.deepEqual({ backward, far }, { backward: 0, far: 0 });
  return undefined;
});

test('the addon reads a page as JavaScript does', async (t) => {
  const native = loadNative();
  if (native?.readTsc === undefined || native.counterName !== 'tsc') return t.skip('needs the native addon and a TSC');
  const directory = scratch(t);
  const clock = chooseClock('synthetic');
  assert.ok(clock instanceof SyntheticClock);
  const keeper = clock.keep(join(directory, 'page'), join(directory, 'history'));
  const { buffer } = native.mapFile(join(directory, 'page'), { access: 'read' });
  const page = new ClockPageReader(buffer);
  const { readTsc, slot } = native;
  const joinSlot = (): bigint => (BigInt(slot[1] as number) << 32n) | BigInt((slot[0] as number) >>> 0);
  let compared = 0;
  for (let turn = 0; turn < 100_000; turn++) {
    native.readClockPage();
    const [before, cpu] = [joinSlot(), slot[2] as number];
    readTsc();
    const reading = joinSlot();
    native.readClockPage();
    const [after, cpuAfter] = [joinSlot(), slot[2] as number];
    if (cpu !== cpuAfter) continue;
    const told = page.tryRead(cpu, reading);
    if (told === undefined) continue;
    compared++;
    assert.ok(before <= told && told <= after, `${before} <= ${told} <= ${after}`);
  }
  assert.ok(compared > 1000);
  // It is CLOCK_MONOTONIC, to what this machine's noise leaves of a pair.
  const distance = Number(clock.now() - native.clockNs('monotonic'));
  assert.ok(Math.abs(distance) < 1_000_000, `${distance} ns from CLOCK_MONOTONIC`);
  await keeper.close();
  assert.throws(() => native.bindClockPage(join(directory, 'history')), /clock page cannot be read/);
  return undefined;
});
