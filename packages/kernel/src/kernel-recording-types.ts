// SPDX-License-Identifier: MIT
// What a recording of the kernel is asked for, is, and tells.

import type { SystemError } from '@lockstep/base';
import type { ClockClass, EnvironmentValue } from '@lockstep/ctf/write';
import type { Rule } from '@lockstep/filter';
import type { StateDumpResult } from './state-dump/dump-state.ts';

/** What the kernel half needs of a trace clock; @lockstep/clock's TraceClock is one. */
export interface KernelClock {
  readonly kernelName: 'x86-tsc' | 'mono' | 'mono_raw' | 'boot';
  /** Where the pages carry raw cycles and the trace ns: the history of the clock, a file in `stateDirectory`. */
  readonly historyPath?: string | undefined;
  /** Then also the page that tells this clock. */
  readonly pagePath?: string | undefined;
  now(): bigint;
  toClockClass(): ClockClass;
}

export interface KernelChannelOptions {
  readonly name: string;
  /** CTF data stream class id. */
  readonly id: number;
  readonly rules: readonly (string | Rule)[];
  /** Names of context fields that each event record is to carry: see context-fields.ts. */
  readonly contexts?: readonly string[];
  /** `KIND=VALUE`: only what these processes, threads or users do. */
  readonly trackers?: readonly string[];
  /** `roots`: these processes and what they fork. With no root yet nothing is recorded before the first `addPid`. */
  readonly pids: 'all' | { readonly roots: readonly number[] };
  /** Of each CPU. */
  readonly bufferSizeKb?: number;
}

export interface KernelRecordingOptions {
  readonly name: string;
  /** The trace: DIR/kernel. */
  readonly outputDirectory: string;
  /** Lockstep's own files: DIR/.lockstep. */
  readonly stateDirectory: string;
  readonly clock: KernelClock;
  readonly channels: readonly KernelChannelOptions[];
  /** Threads to leave out of channels that record all; the reading threads are left out always. */
  readonly excludePids?: readonly number[];
  readonly environment?: Readonly<Record<string, EnvironmentValue>>;
  /** Whether what the pointers of system calls point to is recorded, where the kernel allows it; default true. */
  readonly isCaptured?: boolean;
  /** False: as on a kernel without events of system calls, which are then told by what captures alone; true when left out. */
  readonly hasSyscallEvents?: boolean;
  /** The kernel's buffers overwrite their oldest pages, and nobody reads them before the stop. */
  readonly isFlightRecorder?: boolean;
  /** Whether state dumps tell the memory maps of all processes; true when left out. */
  readonly hasMemoryMaps?: boolean;
}

export interface KernelRecordingStatus {
  /** Event records converted so far. */
  readonly events: number;
  /** Of the trace on disk. */
  readonly bytes: number;
  readonly discarded: number;
  /** Raw pages that wait in the spool. */
  readonly spooledBytes: number;
  /** First thing that went wrong on the way; recording may go on or have ended. */
  readonly problem: SystemError | undefined;
}

export interface KernelRecordingSummary extends KernelRecordingStatus {
  readonly readBytes: number;
  /** Losses that the kernel told without a number; each counts as one in `discarded`. */
  readonly unknownLossCount: number;
  readonly damagedPageCount: number;
  readonly stateDumpRecordCount: number;
  /** What state dumps left out, and why; usually none. */
  readonly stateDumpSentences: readonly string[];
  /** CPU time of the reader and the converter thread; 0 without the native addon. */
  readonly readerCpuNs: number;
  readonly converterCpuNs: number;
  /** Events that a rule named and the kernel did not let us enable. */
  readonly refusedEvents: readonly string[];
  /** Of what the pointers of system calls point to; undefined when it was not recorded. */
  readonly capture: CaptureSummary | undefined;
}

export interface CaptureSummary {
  /** Records that found no room in the ring buffer. */
  readonly lostCount: number;
  /** Pointers to memory that could not be read. */
  readonly faultCount: number;
  /** Strings that were longer than what is captured of one. */
  readonly truncatedCount: number;
  /** Events that have to do without. */
  readonly missingCount: number;
}

export interface KernelRecording {
  readonly instanceNames: readonly string[];
  /** Probes that are defined for this recording go into this group: with the recording they go, too. */
  readonly probeGroup: string;
  status(): KernelRecordingStatus;
  /** Records this process, and what it forks, in the channels that have `roots`. */
  addPid(pid: number): void;
  /** Writes another state dump behind the one from the start. Rejects with a SystemError. */
  regenerateStateDump(): Promise<StateDumpResult>;
  /**
   * Stops recording, converts what is left, writes the metadata anew, with `clockClass` if it is known
   * better now. `onProgress` hears the share that is converted.
   */
  stop(onProgress?: (share: number) => void, clockClass?: ClockClass): Promise<KernelRecordingSummary>;
  /** Stops recording at once and leaves unconverted pages in the spool: `recoverKernelSpool` finishes. */
  abandon(): Promise<void>;
}
