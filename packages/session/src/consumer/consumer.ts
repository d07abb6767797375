// SPDX-License-Identifier: MIT
// The consumer of a session's programs: session directory -> CTF traces below `ust/pid/`. Synchronous
// passes; who calls them, a worker thread of `record` or the recovery of a dead session, decides when.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '@lockstep/base';
import { bellOf, PROCESS_DIRECTORY_PATTERN } from '@lockstep/protocol';
import { ConsumerContext, type ConsumerContextOptions } from './context.ts';
import { ProgramTrace } from './program-trace.ts';
import type { ConsumerReport, ProgramReport } from './report.ts';

export class Consumer {
  readonly #context: ConsumerContext;
  readonly #programs = new Map<string, ProgramTrace>();
  /** Directories that cannot be used, with the sentence why. */
  readonly #refused = new Map<string, ProgramReport>();

  constructor(options: ConsumerContextOptions) {
    this.#context = new ConsumerContext(options);
    // A program that makes a file shorter must not take the consumer with it.
    options.native?.guardMappings();
  }

  get hasFailed(): boolean {
    return this.#context.outputError !== undefined;
  }

  /** Some program cannot ring when it delivers: one without the addon. */
  get isSilent(): boolean {
    return [...this.#programs.values()].some((program) => program.isSilent);
  }

  /** Any of the programs that left something here still runs. */
  get hasLivingPrograms(): boolean {
    this.#findPrograms();
    return [...this.#programs.values()].some((program) => program.isAlive);
  }

  /** Moves everything that was delivered; returns how many packets. */
  poll(): number {
    const nowMs = performance.now();
    this.#findPrograms();
    let count = 0;
    for (const program of this.#programs.values()) count += program.poll(nowMs);
    return count;
  }

  /** The end of the recording: takes delivered packets and the committed part of active ones. */
  finish(): ConsumerReport {
    this.#findPrograms();
    for (const program of this.#programs.values()) program.finish();
    return this.report();
  }

  /** Another consumer goes on: closes everything. The report has what that one will not tell again. */
  release(): ConsumerReport {
    const report = this.report();
    for (const program of this.#programs.values()) program.release();
    // Who is refused is refused again.
    return { ...report, programs: report.programs.filter(({ path }) => path !== '') };
  }

  report(): ConsumerReport {
    return {
      programs: [...[...this.#programs.values()].map((program) => program.report()), ...this.#refused.values()],
      outputError: this.#context.outputError,
      unwrittenRecordCount: this.#context.unwrittenRecordCount,
    };
  }

  #isOwn(vpid: number): boolean {
    const { part } = this.#context;
    return part === undefined || bellOf(vpid, part.count) === part.index;
  }

  #findPrograms(): void {
    for (const name of readdirSync(this.#context.sessionDirectory)) {
      if (this.#programs.has(name) || this.#refused.has(name)) continue;
      const match = PROCESS_DIRECTORY_PATTERN.exec(name);
      if (match === null || !this.#isOwn(Number(match[1]))) continue;
      try {
        const program = ProgramTrace.tryOpen(
          this.#context,
          join(this.#context.sessionDirectory, name),
          Number(match[2]),
        );
        if (program !== undefined) this.#programs.set(name, program);
      } catch (error) {
        if (!(error instanceof LockstepError)) throw error;
        this.#refused.set(name, refusal(Number(match[1]), error.message));
      }
    }
  }
}

function refusal(vpid: number, sentence: string): ProgramReport {
  return {
    name: 'program',
    vpid,
    path: '',
    recordCount: 0,
    packetCount: 0,
    byteCount: 0,
    discardedCount: 0,
    discardedCauses: { full: 0, tooBig: 0, wrapped: 0 },
    overwrittenPacketCount: 0,
    damagedPacketCount: 0,
    stalledThreadCount: 0,
    recoveredThreadCount: 0,
    truncatedStringCount: 0,
    badArgumentCount: 0,
    problems: [`${sentence}.`],
  };
}
