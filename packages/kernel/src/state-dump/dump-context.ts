// SPDX-License-Identifier: MIT
// What the parts of a state dump share: where they read, what they write to, how far they may go.

import type { ProcFiles } from './proc-files.ts';
import { INCOMPLETE } from './record-classes.ts';
import type { StateDumpWriter } from './state-dump-writer.ts';

export interface StateDumpLimits {
  /** Open files of one process. */
  readonly filesOfProcess: number;
  /** Of one process's maps or mountinfo. */
  readonly mapsSizeBytes: number;
  /** Records of memory maps, of all processes. */
  readonly mapRecords: number;
  /** Records of everything. */
  readonly records: number;
}

export const DEFAULT_LIMITS: StateDumpLimits = {
  filesOfProcess: 100_000,
  // 65 530 maps, the kernel's own default limit, of 250 bytes.
  mapsSizeBytes: 16 * 1024 * 1024,
  // 20 MB of trace: more than twice what a desktop has.
  mapRecords: 250_000,
  records: 4_000_000,
};

export interface DumpContext {
  readonly files: ProcFiles;
  readonly writer: StateDumpWriter;
  /** A reading of the trace's clock. */
  readonly clock: () => bigint;
  readonly proc: string;
  readonly sys: string;
  readonly limits: StateDumpLimits;
  readonly ancestorsOf: (path: string) => readonly number[];
  /** Whether two threads share their table of open files; undefined: nobody tells. */
  readonly areFilesShared: (tid: number, other: number) => boolean | undefined;
  /** Where the hierarchy of cgroups is mounted. */
  readonly cgroupRoot: (hierarchy: number, controllers: string) => string | undefined;
  /** False when the dump has to end; then it is said in the trace that `subject` is not complete. */
  mayGoOn(subject: string): boolean;
  leftOut(subject: string, reason: string, count: number): void;
}

/** Records what is left out; the same subject and reason once. */
export class Omissions {
  readonly #counts = new Map<string, { readonly subject: string; readonly reason: string; count: number }>();

  add(subject: string, reason: string, count: number): void {
    const key = `${subject}\n${reason}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { subject, reason, count });
    else known.count += count;
  }

  get sentences(): string[] {
    return [...this.#counts.values()].map(({ subject, reason }) => `The state dump leaves out ${subject}: ${reason}.`);
  }

  write(writer: StateDumpWriter, time: bigint): void {
    for (const { subject, reason, count } of this.#counts.values())
      writer.add(INCOMPLETE, time, [subject, reason, count]);
  }
}
