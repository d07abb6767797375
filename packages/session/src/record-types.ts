// SPDX-License-Identifier: MIT
// What one recording is asked for and what it comes to.

import type { ClockKind } from '@lockstep/clock';
import type { ConsumerReport } from './consumer/report.ts';

export interface RecordOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly traceDirectory?: string | undefined;
  /** Texts of -k; empty: the default rules. */
  readonly kernelRules: readonly string[];
  /** Texts of -u; empty: everything that the program can tell. */
  readonly userRules: readonly string[];
  readonly isKernelWanted: boolean;
  /** Texts of -t: context fields of the kernel's event records. */
  readonly contexts?: readonly string[] | undefined;
  /** Texts of --track: only these processes, threads or users of the machine. */
  readonly trackers?: readonly string[] | undefined;
  readonly isSamplerWanted: boolean;
  /** Flight recorder: keeps what the buffers hold at the end. */
  readonly isSnapshot: boolean;
  /** How long a record of the program may wait for room in its buffer before it is discarded. */
  readonly blockingTimeoutMs?: number | 'inf' | undefined;
  /** Threads that share the traced programs among them; default 1. */
  readonly consumerCount?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly clock?: ClockKind | undefined;
  /** CMD stays root under sudo. */
  readonly isAsRoot: boolean;
  readonly onProgress?: ((progress: RecordProgress) => void) | undefined;
  /** Hears of everything that is worth a line while recording goes on. */
  readonly onSentence?: ((sentence: string) => void) | undefined;
}

export interface RecordProgress {
  /** `waiting`: CMD ended, the kernel's pages are being made into packets. */
  readonly phase: 'recording' | 'waiting';
  readonly elapsedMs: number;
  readonly eventRecordCount: number;
  readonly byteCount: number;
  readonly discardedCount: number;
  /** Of the conversion that is waited for, 0 to 1. */
  readonly convertedShare?: number;
}

/** The kernel's half of a recording. */
export interface KernelSummary {
  readonly eventRecordCount: number;
  readonly byteCount: number;
  readonly discardedCount: number;
  readonly sentences: readonly string[];
  /** The failure that ended writing, for instance a full disk. */
  readonly outputError: string | undefined;
}

export interface RecordSummary {
  readonly traceDirectory: string;
  readonly elapsedMs: number;
  readonly clock: {
    readonly kind: ClockKind;
    readonly frequency: string;
    readonly precisionCycles: string;
    readonly reason: string;
  };
  readonly program: ConsumerReport;
  /** Undefined: not recorded; `missing` says why when it was wanted. */
  readonly kernel: KernelSummary | undefined;
  /** Sentences: what could not be recorded and how to allow it. */
  readonly missing: readonly string[];
  /** The failure that ended writing before the program ended. */
  readonly outputError: string | undefined;
  readonly wasInterrupted: boolean;
}

export interface RecordResult {
  readonly exitStatus: number;
  readonly summary: RecordSummary;
}
