// SPDX-License-Identifier: MIT
// A simulated machine under a keeper, read by a thread that moves between its CPUs: what the synthetic
// clock showed, and how wrong it was.

import type { ClockHistoryWriter } from '../clock-history.ts';
import { ClockKeeper } from '../clock-keeper.ts';
import { ClockPageReader, clockPageSize, ClockPageWriter, expandReading, type ClockSegment } from '../clock-page.ts';
import type { SimulatedCounters } from './simulated-counter.ts';

export interface SimulatedReading {
  readonly trueNs: number;
  readonly ns: number;
  readonly cpu: number;
  /** The counter's rate at that moment, cycles a ns. */
  readonly rate: number;
}

export interface Simulation {
  readonly durationNs: number;
  readonly periodNs: number;
  readonly leadNs: number;
  /** A reading each so many ns, on average. */
  readonly stepNs: number;
  readonly isNotified: boolean;
  readonly random: () => number;
  readonly history?: ClockHistoryWriter | undefined;
  readonly onReading: (reading: SimulatedReading) => void;
}

export interface SimulationResult {
  readonly readingCount: number;
  readonly backwardCount: number;
  readonly worstErrorNs: number;
  /**
   * By how much an error passed what can be known of it: what the last visit of the CPU found, plus the time since
   * then, and the lead, times the worst error of the rate since then. ns; below 0 is within.
   */
  readonly worstExcessNs: number;
  /** How far the rate that a reading was made with was off the counter's own; 0.1 is a tenth. */
  readonly worstRateError: number;
  readonly worstGapNs: number;
  readonly lateCount: number;
}

export function simulateClock(counters: SimulatedCounters, options: Simulation): SimulationResult {
  const { random } = options;
  const memory = new SharedArrayBuffer(clockPageSize(counters.cpuCount));
  const segments: (readonly [ClockSegment, ClockSegment])[] = [];
  class WatchedPage extends ClockPageWriter {
    override publish(cpu: number, before: ClockSegment, after: ClockSegment): void {
      segments[cpu] = [before, after];
      super.publish(cpu, before, after);
    }
  }
  const page = new WatchedPage(memory, counters.cpuCount, counters.counterBits, {
    cycles: counters.read(0),
    ns: 0n,
  });
  const reader = new ClockPageReader(memory);
  const keeper = new ClockKeeper(counters, page, options.history, options);
  keeper.visitAll();
  counters.pass(options.periodNs / 20);
  keeper.visitAll();
  const found = new Map<number, { errorNs: number; atNs: number; rateError: number }>();
  const remember = (cpu: number): void => {
    const told = reader.tryRead(cpu, counters.read(cpu));
    if (told === undefined) return;
    counters.takeRates(cpu);
    found.set(cpu, { errorNs: Math.abs(Number(told) - counters.nowNs), atNs: counters.nowNs, rateError: 0 });
  };
  // Only from here on: before, a notified change would come into the first pair.
  const due = new Map<number, number>();
  const notice = (cpu: number): void => {
    const rate = counters.rateOf(cpu);
    const outcome = keeper.visit(cpu, rate === 0 ? undefined : 1 / rate);
    if (outcome === 'too soon') due.set(cpu, counters.nowNs + options.leadNs);
    else due.delete(cpu);
    remember(cpu);
  };
  if (options.isNotified) counters.onChange = notice;
  let nextVisitNs = counters.nowNs + options.periodNs;
  let lastVisitNs = counters.nowNs;
  const lastOfCpu = new Map<number, bigint>();
  const result = {
    readingCount: 0,
    backwardCount: 0,
    worstErrorNs: 0,
    worstExcessNs: -Infinity,
    worstRateError: 0,
    worstGapNs: 0,
    lateCount: 0,
  };
  for (let cpu = 0; cpu < counters.cpuCount; cpu++) remember(cpu);
  while (counters.nowNs < options.durationNs) {
    counters.pass(options.stepNs * 2 * random());
    if (counters.nowNs >= nextVisitNs) {
      result.worstGapNs = Math.max(result.worstGapNs, counters.nowNs - lastVisitNs);
      lastVisitNs = counters.nowNs;
      keeper.visitAll();
      for (let cpu = 0; cpu < counters.cpuCount; cpu++) remember(cpu);
      nextVisitNs = counters.nowNs + options.periodNs * (0.8 + 0.4 * random());
    }
    for (const [cpu, ns] of due) if (counters.nowNs >= ns) notice(cpu);
    // The thread is on any CPU by now.
    const cpu = Math.floor(random() * counters.cpuCount);
    const told = reader.tryRead(cpu, counters.read(cpu));
    if (told === undefined) continue;
    // Within a CPU it may not go back even without the clamp that a thread has (clock-page.c).
    if (told < (lastOfCpu.get(cpu) ?? 0n)) result.backwardCount++;
    lastOfCpu.set(cpu, told);
    const rate = counters.rateOf(cpu);
    const pair = segments[cpu];
    if (pair === undefined) continue;
    const [before, after] = pair;
    const position = expandReading(counters.read(cpu), page.origin.cycles, after.startCycles, counters.counterBits);
    const { nsPerCycle } = position < after.startCycles ? before : after;
    result.worstRateError = Math.max(result.worstRateError, Math.abs(nsPerCycle * rate - 1));
    const errorNs = Math.abs(Number(told) - counters.nowNs);
    const since = found.get(cpu);
    if (since !== undefined) {
      for (const each of counters.takeRates(cpu))
        for (const of of pair) since.rateError = Math.max(since.rateError, Math.abs(of.nsPerCycle * each - 1));
      const knownNs = since.errorNs + (counters.nowNs - since.atNs + options.leadNs) * since.rateError;
      result.worstExcessNs = Math.max(result.worstExcessNs, errorNs - knownNs);
    }
    result.readingCount++;
    result.worstErrorNs = Math.max(result.worstErrorNs, errorNs);
    options.onReading({ trueNs: counters.nowNs, ns: Number(told), cpu, rate });
  }
  result.lateCount = keeper.lateCount;
  return result;
}
