// SPDX-License-Identifier: MIT
// Counters made up for tests and the bench: each CPU's runs at a rate of its own that changes at random,
// stands still now and then, and may be narrow. Time passes only when a test says so.

import type { CounterSource } from '../clock-keeper.ts';

export interface SimulationOptions {
  readonly cpuCount: number;
  readonly counterBits: number;
  /** Rates that a CPU may run at, cycles a ns. */
  readonly rates: readonly number[];
  /** Between two changes of a CPU, on average; ns. */
  readonly changeNs: number;
  /** Share of the changes that stop the counter until the next one, which comes within `stopNs`. */
  readonly stopShare: number;
  readonly stopNs?: number;
  /** A pair may be wrong by so much; ns. */
  readonly pairErrorNs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

interface SimulatedCpu {
  cycles: number;
  rate: number;
  nextChangeNs: number;
  /** Slowest and fastest rate since `takeRates`. */
  slowest: number;
  fastest: number;
}

export class SimulatedCounters implements CounterSource {
  readonly cpuCount: number;
  readonly counterBits: number;
  readonly #options: SimulationOptions;
  readonly #cpus: SimulatedCpu[];
  /** ns since the simulation began: the truth. */
  nowNs = 0;
  #sampled = 0;
  /** Called when a CPU's rate changes, as a kernel's notifier is. */
  onChange: ((cpu: number) => void) | undefined;
  /** The keeper is preempted for so long between a pair and the page. */
  preemptNs = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.cpuCount = options.cpuCount;
    this.counterBits = options.counterBits;
    this.#cpus = Array.from({ length: options.cpuCount }, () => {
      const cycles = Math.floor(options.random() * 2 ** 31);
      const rate = this.#pickRate(false);
      return { cycles, rate, nextChangeNs: this.#pickPause(), slowest: rate, fastest: rate };
    });
  }

  /** Time goes on; rates change on the way. */
  pass(ns: number): void {
    const end = this.nowNs + ns;
    for (;;) {
      const next = Math.min(...this.#cpus.map((cpu) => cpu.nextChangeNs));
      if (next > end) break;
      this.#advance(next);
      this.#cpus.forEach((cpu, index) => {
        if (cpu.nextChangeNs > next) return;
        cpu.rate = this.#pickRate(this.#options.random() < this.#options.stopShare);
        cpu.slowest = Math.min(cpu.slowest, cpu.rate);
        cpu.fastest = Math.max(cpu.fastest, cpu.rate);
        const { stopNs = 40_000_000 } = this.#options;
        cpu.nextChangeNs = next + Math.min(this.#pickPause(), cpu.rate === 0 ? stopNs : Infinity);
        this.onChange?.(index);
      });
    }
    this.#advance(end);
  }

  rateOf(cpu: number): number {
    return this.#cpus[cpu]?.rate ?? 0;
  }

  /** Slowest and fastest rate that a CPU had since this was last asked; cycles a ns. */
  takeRates(cpu: number): readonly [slowest: number, fastest: number] {
    const of = this.#cpus[cpu];
    if (of === undefined) return [0, 0];
    const rates = [of.slowest, of.fastest] as const;
    of.slowest = of.fastest = of.rate;
    return rates;
  }

  /** What user space reads: the low bits. */
  read(cpu: number): bigint {
    return BigInt.asUintN(this.counterBits, BigInt(Math.floor(this.#cpus[cpu]?.cycles ?? 0)));
  }

  samplePair(cpu: number): { readonly cycles: bigint; readonly ns: bigint } {
    this.#sampled = cpu;
    const error = (this.#options.random() * 2 - 1) * this.#options.pairErrorNs;
    return { cycles: this.read(cpu), ns: BigInt(Math.round(this.nowNs + error)) };
  }

  readAgain(): bigint {
    if (this.preemptNs > 0) this.pass(this.preemptNs);
    return this.read(this.#sampled);
  }

  #advance(to: number): void {
    for (const cpu of this.#cpus) cpu.cycles += (to - this.nowNs) * cpu.rate;
    this.nowNs = to;
  }

  #pickRate(isStopped: boolean): number {
    const { rates, random } = this.#options;
    return isStopped ? 0 : (rates[Math.floor(random() * rates.length)] ?? 1);
  }

  #pickPause(): number {
    return this.#options.changeNs * (0.2 + 1.6 * this.#options.random());
  }
}

/** mulberry32: the same numbers for the same seed, everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
