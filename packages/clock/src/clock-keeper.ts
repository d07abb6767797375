// SPDX-License-Identifier: MIT
// The keeper of a clock page: visits each CPU now and then, compares its counter with the slow clock,
// and writes what follows from it into the history, then into the page. One a page.

import { expandReading, type ClockPageWriter, type ClockSegment } from './clock-page.ts';
import { ClockServo, type SyncPair } from './clock-servo.ts';
import type { ClockHistoryWriter } from './clock-history.ts';

/** The counters of a machine, or of a simulated one. */
export interface CounterSource {
  readonly cpuCount: number;
  /** Bits of a reading that count. */
  readonly counterBits: number;
  /**
   * Both clocks of one CPU at one moment, read on that CPU. Undefined when it is not there now.
   * Until the next call the caller stays on it, so that `readAgain` reads the same counter.
   */
  samplePair(cpu: number): { readonly cycles: bigint; readonly ns: bigint } | undefined;
  /** The counter of the CPU of the last `samplePair`. */
  readAgain(): bigint;
}

export interface KeeperOptions {
  /** Between two visits of a CPU. */
  readonly periodNs: number;
  /** From a pair to the begin of what follows from it: the time in which the page is to be written. */
  readonly leadNs: number;
}

/** 100 ms: a rate that changed by a tenth makes 10 ms of error at most; a visit costs some 10 µs a CPU. */
export const DEFAULT_PERIOD_NS = 100_000_000;
/** 2 ms: a keeper that is preempted for longer between pair and page is rare; then the history is corrected. */
export const DEFAULT_LEAD_NS = 2_000_000;
/** Two pairs of 200 cycles' width this far apart tell a rate to 20 ppm; the first period makes it better. */
export const FIRST_STRETCH_NS = 5_000_000;

export class ClockKeeper {
  readonly #source: CounterSource;
  readonly #page: ClockPageWriter;
  readonly #history: ClockHistoryWriter | undefined;
  readonly #options: KeeperOptions;
  readonly #first: (SyncPair | undefined)[] = [];
  readonly #servos: (ClockServo | undefined)[] = [];
  /** Times that a page was published after its segment had begun. */
  lateCount = 0;
  /** The worst that a visit found, since the last look; ns, absolute. */
  worstErrorNs = 0;

  constructor(
    source: CounterSource,
    page: ClockPageWriter,
    history: ClockHistoryWriter | undefined,
    options: KeeperOptions = { periodNs: DEFAULT_PERIOD_NS, leadNs: DEFAULT_LEAD_NS },
  ) {
    this.#source = source;
    this.#page = page;
    this.#history = history;
    this.#options = options;
  }

  /** Visits every CPU once. The first visit of a CPU only takes its pair, the second makes its first segment. */
  visitAll(): void {
    for (let cpu = 0; cpu < this.#source.cpuCount; cpu++) this.visit(cpu);
  }

  /**
   * Compares one CPU. Too soon after its last visit nothing is changed: come again after the lead.
   * `nominalRate`: ns a cycle that the CPU runs at from now on, where a notice of its change tells it.
   */
  visit(cpu: number, nominalRate?: number): 'done' | 'too soon' {
    const sample = this.#source.samplePair(cpu);
    if (sample === undefined) return 'done';
    const { origin } = this.#page;
    const ns = Number(sample.ns - origin.ns);
    const servo = this.#servos[cpu];
    if (servo === undefined) {
      this.#begin(cpu, sample.cycles, ns);
      return 'done';
    }
    const pair = { position: this.#expand(cpu, sample.cycles), ns };
    const last = servo.step.after;
    const { nsPerCycle } = last;
    const { before, after, errorNs } = servo.next(
      pair,
      Math.ceil(this.#options.leadNs / nsPerCycle),
      this.#options.periodNs / nsPerCycle,
      nominalRate,
    );
    this.worstErrorNs = Math.max(this.worstErrorNs, Math.abs(errorNs));
    // What the last visit published has not begun yet; a change on top of it would be a second one ahead.
    if (after === last) return 'too soon';
    this.#publish(cpu, before, after);
    return 'done';
  }

  #begin(cpu: number, cycles: bigint, ns: number): void {
    const first = this.#first[cpu];
    const { counterBits } = this.#source;
    const position = expandReading(cycles, this.#page.origin.cycles, first?.position ?? 0, counterBits);
    // A counter that stands still tells no rate yet.
    if (first === undefined || position <= first.position || ns <= first.ns) {
      this.#first[cpu] = { position, ns };
      return;
    }
    const servo = new ClockServo(first, { position, ns });
    this.#servos[cpu] = servo;
    const { before, after } = servo.step;
    this.#history?.append(cpu, before);
    this.#history?.append(cpu, after);
    // Both are one line, and nobody has read the page of this CPU yet: there is no late or early.
    this.#page.publish(cpu, before, after);
  }

  /** A narrow counter's low bits are made whole by the last position that is known of it. */
  #expand(cpu: number, cycles: bigint): number {
    const last = this.#servos[cpu]?.step.after.startCycles ?? 0;
    return expandReading(cycles, this.#page.origin.cycles, last, this.#source.counterBits);
  }

  #publish(cpu: number, before: ClockSegment, after: ClockSegment): void {
    // The history first: a record that the segment holds for must find it there.
    this.#history?.append(cpu, after);
    this.#page.publish(cpu, before, after);
    const published = this.#expand(cpu, this.#source.readAgain());
    if (published <= after.startCycles) return;
    // Until now readers had the older page: for them this segment begins where it was published.
    this.lateCount++;
    this.#history?.correct(cpu, after, published);
  }
}
