// SPDX-License-Identifier: MIT
// The kernel's half of a recording, as record sees it: which rules go to which channel, what the
// machine does not allow as one sentence, and the pages that a killed recording left unconverted.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { explainFileError, InputError, LockstepError, SystemError } from '@lockstep/base';
import type { TraceClock } from '@lockstep/clock';
import type { ClockClass } from '@lockstep/ctf/write';
import type { Rule } from '@lockstep/filter';
import type { KernelChannelOptions, KernelRecording, KernelRecordingSummary } from '@lockstep/kernel';
import type { KernelSummary } from './record-types.ts';

export interface KernelHalfOptions {
  readonly traceDirectory: string;
  readonly sessionName: string;
  readonly clock: TraceClock;
  /** What the kernel's buffers hold at the stop is all that is recorded. */
  readonly isFlightRecorder: boolean;
  /** Rules of -k; empty: the default rules. */
  readonly rules: readonly Rule[];
  /** Names of context fields. */
  readonly contexts: readonly string[];
  /** `KIND=VALUE`: what of the machine is recorded. */
  readonly trackers: readonly string[];
}

export interface KernelHalf {
  /** The recorded program: it and what it forks are followed from now on. The sentence why the kernel refuses. */
  follow(pid: number): Promise<string | undefined>;
  progress(): KernelSummary;
  /** Writes another state dump into the trace. The sentence why that failed, if so. */
  regenerateStateDump(): Promise<string | undefined>;
  /**
   * Ends recording and waits until all pages are packets on disk; `onShare` hears how far that is. The
   * metadata gets the clock as it is known by then.
   */
  stop(onShare: (share: number) => void, clockClass: ClockClass): Promise<KernelSummary>;
  /** Ends recording at once; what is not converted stays in the spool for the next command. */
  abandon(): Promise<void>;
}

const SYSTEM_CHANNEL = { name: 'system', id: 0 } as const;
const PROCESS_CHANNEL = { name: 'process', id: 1 } as const;
/** An own file system error of the trace's directory ends the recording; these say that it is full. */
const FULL_DISK_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

type KernelModule = typeof import('@lockstep/kernel');

/** Loaded lazily; kept, since even a module that is loaded takes turns of the event loop to import. */
let kernelModule: KernelModule | undefined;

async function loadKernelModule(): Promise<KernelModule> {
  return (kernelModule ??= await import('@lockstep/kernel'));
}

/** The sentence why there can be no kernel half here; undefined when there can. Cheap. */
export async function whyNoKernelHalf(): Promise<string | undefined> {
  if (process.platform !== 'linux')
    return `The kernel is not recorded, since this is ${process.platform} and not Linux.`;
  const { probeKernel } = await loadKernelModule();
  const { canRecord, capabilities } = probeKernel();
  if (canRecord) return undefined;
  const lacking = capabilities.find((capability) => !capability.isAvailable);
  if (lacking === undefined)
    return 'The kernel is not recorded, since this machine does not allow it; see lockstep doctor.';
  const advice =
    process.getuid?.() === 0 ? lacking.remedy : 'Run lockstep with sudo; the program itself still runs as you';
  return `The kernel is not recorded: ${lacking.reason}${advice === undefined ? '' : ` ${advice.replace(/\.$/, '')}.`}`;
}

/**
 * The half, or the sentence why there is none. Throws InputError for rules that this kernel cannot follow.
 * The kernel takes a tenth of a second over it, which the caller can use: nothing of a program is needed yet.
 */
export async function startKernelHalf(options: KernelHalfOptions): Promise<KernelHalf | string> {
  // Without an await where it is loaded: the kernel is to begin before the caller goes on.
  const { startKernelRecording, DEFAULT_PROCESS_RULES, DEFAULT_SYSTEM_RULES } =
    kernelModule ?? (await loadKernelModule());
  const isDefault = options.rules.length === 0;
  const system = isDefault ? DEFAULT_SYSTEM_RULES : options.rules.filter((rule) => rule.kind !== 'syscall');
  // System calls of the whole machine would be mostly those of others.
  const processRules = isDefault ? DEFAULT_PROCESS_RULES : options.rules.filter((rule) => rule.kind === 'syscall');
  const channels: KernelChannelOptions[] = [];
  const { contexts, trackers } = options;
  if (system.length > 0) channels.push({ ...SYSTEM_CHANNEL, rules: system, contexts, trackers, pids: 'all' });
  if (processRules.length > 0) {
    // Who says what to track means that, and not the program alone.
    const pids = trackers.length > 0 ? 'all' : { roots: [] };
    channels.push({ ...PROCESS_CHANNEL, rules: processRules, contexts, trackers, pids });
  }
  try {
    const recording = await startKernelRecording({
      name: options.sessionName,
      outputDirectory: join(options.traceDirectory, 'kernel'),
      stateDirectory: stateDirectoryOf(options.traceDirectory),
      clock: options.clock,
      channels,
      isFlightRecorder: options.isFlightRecorder,
    });
    return wrapRecording(recording, isDefault);
  } catch (error) {
    return refusalOf(explainFileError(error, 'its trace cannot be written', options.traceDirectory), isDefault);
  }
}

/** What was asked for by name has to be there; the default rules are a best effort. */
function refusalOf(error: unknown, isDefault: boolean): string {
  if (!(error instanceof SystemError) || !isDefault) throw error;
  return `The kernel is not recorded: ${error.message}`;
}

/** Converts what a killed recording left in the spool. */
export async function finishKernelHalf(
  traceDirectory: string,
  options: { readonly onSentence: (sentence: string) => void; readonly onShare: (share: number) => void },
): Promise<void> {
  const stateDirectory = stateDirectoryOf(traceDirectory);
  if (!existsSync(stateDirectory)) return;
  const { recoverKernelSpool } = await loadKernelModule();
  try {
    const recovery = recoverKernelSpool(stateDirectory, join(traceDirectory, 'kernel'), options.onShare);
    if (recovery !== undefined && recovery.recordCount > 0) {
      options.onSentence(
        `The recording had not converted all of the kernel's part; ${recovery.recordCount} event records were added.`,
      );
    }
  } catch (error) {
    // A reader without permission to write still reads what is there.
    const code = error instanceof SystemError ? error.code : (error as NodeJS.ErrnoException).code;
    if (code === undefined && !(error instanceof LockstepError)) throw error;
    options.onSentence(
      `A part of the kernel's half is not converted and cannot be now (${code ?? (error as Error).message}).`,
    );
  }
}

export function stateDirectoryOf(traceDirectory: string): string {
  return join(traceDirectory, '.lockstep');
}

function wrapRecording(recording: KernelRecording, isDefault: boolean): KernelHalf {
  const progress = (): KernelSummary => {
    const { events, bytes, discarded, problem } = recording.status();
    return {
      eventRecordCount: events,
      byteCount: bytes,
      discardedCount: discarded,
      sentences: [],
      outputError: outputErrorOf(problem),
    };
  };
  return {
    progress,
    async regenerateStateDump() {
      try {
        await recording.regenerateStateDump();
        return undefined;
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        return error.message;
      }
    },
    async follow(pid) {
      try {
        recording.addPid(pid);
        return undefined;
      } catch (error) {
        const sentence = refusalOf(error, isDefault);
        await recording.abandon();
        return sentence;
      }
    },
    async stop(onShare, clockClass) {
      return toSummary(await recording.stop(onShare, clockClass));
    },
    abandon: () => recording.abandon(),
  };
}

function toSummary(summary: KernelRecordingSummary): KernelSummary {
  const sentences: string[] = [];
  const { refusedEvents, unknownLossCount, damagedPageCount, stateDumpSentences, problem } = summary;
  if (refusedEvents.length > 0)
    sentences.push(
      `The kernel refuses ${refusedEvents.length} of the events: ${refusedEvents.slice(0, 5).join(', ')}.`,
    );
  if (unknownLossCount > 0)
    sentences.push(`The kernel told ${unknownLossCount} times of losses without their number; each counts as one.`);
  if (damagedPageCount > 0) sentences.push(`${damagedPageCount} pages of the kernel made no sense and are left out.`);
  sentences.push(...stateDumpSentences);
  const { lostCount = 0, faultCount = 0, truncatedCount = 0 } = summary.capture ?? {};
  if (lostCount > 0)
    sentences.push(`What the pointers of ${lostCount} system calls point to came too fast and is not recorded.`);
  if (faultCount > 0)
    sentences.push(
      faultCount === 1
        ? 'A pointer of a system call led to memory that could not be read; it is recorded as a number.'
        : `${faultCount} pointers of system calls led to memory that could not be read; they are recorded as numbers.`,
    );
  if (truncatedCount > 0) sentences.push(`${truncatedCount} long texts that system calls were given are cut.`);
  const outputError = outputErrorOf(problem);
  if (problem !== undefined && outputError === undefined) sentences.push(problem.message);
  return {
    eventRecordCount: summary.events,
    byteCount: summary.bytes,
    discardedCount: summary.discarded,
    sentences,
    outputError,
  };
}

function outputErrorOf(problem: SystemError | undefined): string | undefined {
  return problem !== undefined && FULL_DISK_CODES.has(problem.code) ? problem.message : undefined;
}

/** Rules that need the kernel although it is not there. */
export function refuseKernelRules(rules: readonly Rule[], sentence: string): void {
  const [first] = rules;
  if (first !== undefined) throw new InputError(sentence, { rule: first.text });
}
