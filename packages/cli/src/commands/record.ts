// SPDX-License-Identifier: MIT
// `lockstep record`: options -> a recording, its progress and its summary on standard error, so that
// standard output stays the program's.

import { InputError } from '@lockstep/base';
import { BLOCKING_VARIABLE, MAX_CONSUMER_COUNT } from '@lockstep/protocol';
import {
  ProgramError,
  record,
  STATUS_LOCKSTEP_FAILED,
  sumReport,
  type RecordOptions,
  type RecordResult,
} from '@lockstep/session';
import { reportFailure } from '../exit.ts';
import { writeOutput } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';

interface RecordFlags {
  readonly output?: string;
  readonly kernel: boolean;
  readonly kernelRule: readonly string[];
  readonly userRule: readonly string[];
  readonly context: readonly string[];
  readonly track: readonly string[];
  readonly sampler: boolean;
  readonly consumers: string;
  readonly snapshot?: boolean;
  readonly blockingTimeout?: string;
  readonly duration?: string;
  readonly clock?: string;
  readonly asRoot?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export async function runRecord(command: readonly string[], flags: object): Promise<void> {
  const options = flags as RecordFlags;
  const line = new ProgressLine(options.quiet === true ? undefined : process.stderr);
  try {
    const result = await record({
      ...readOptions(command, options),
      onProgress: line.isShown ? (progress) => line.show(progress) : undefined,
      onSentence: (sentence) => line.say(sentence),
    });
    line.clear();
    if (options.json === true) writeOutput(`${JSON.stringify(result)}\n`);
    if (options.quiet !== true && options.json !== true) {
      const { formatSummary } = await import('../summary.ts');
      process.stderr.write(formatSummary(result.summary, await tryExplain(result.summary)));
    }
    // Everything is written; taking Node down part by part would take 5 ms.
    process.exit(result.exitStatus);
  } catch (error) {
    line.clear();
    reportFailure(error, error instanceof ProgramError ? error.exitStatus : STATUS_LOCKSTEP_FAILED);
  }
}

/** What was recorded stands, whether or not it can be explained at once. */
async function tryExplain({ traceDirectory, program, kernel }: RecordResult['summary']): Promise<readonly string[]> {
  if (program.programs.length === 0) return [];
  try {
    const { explainRecording } = await import('../explain-recording.ts');
    return explainRecording(traceDirectory, sumReport(program).recordCount + (kernel?.eventRecordCount ?? 0));
  } catch (error) {
    return [`  note     nothing is told of stalls: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function readOptions(command: readonly string[], options: RecordFlags): RecordOptions {
  if (command.length === 0) throw new InputError('record needs a program to run: lockstep record -- node server.js');
  if (!options.kernel && options.kernelRule.length > 0)
    throw new InputError('--no-kernel and -k exclude each other', { rule: options.kernelRule[0] });
  if (!options.kernel && options.context.length + options.track.length > 0)
    throw new InputError('Context fields (-t) and --track are of the kernel; --no-kernel excludes them', {
      option: options.context[0] ?? options.track[0],
    });
  if (options.output === '') throw new InputError('-o is empty; it takes the directory of the new trace');
  return {
    command,
    traceDirectory: options.output,
    kernelRules: options.kernelRule,
    isKernelWanted: options.kernel,
    contexts: options.context,
    trackers: options.track,
    userRules: options.userRule,
    isSamplerWanted: options.sampler,
    isSnapshot: options.snapshot === true,
    blockingTimeoutMs: options.blockingTimeout === undefined ? undefined : readBlockingTimeout(options.blockingTimeout),
    consumerCount: readConsumerCount(options.consumers),
    durationMs: options.duration === undefined ? undefined : readDuration(options.duration),
    clock: options.clock as RecordOptions['clock'],
    isAsRoot: options.asRoot === true,
  };
}

function readConsumerCount(text: string): number {
  const count = Number(text);
  if (!/^[0-9]+$/.test(text) || count < 1 || count > MAX_CONSUMER_COUNT)
    throw new InputError(`--consumers takes a number of threads from 1 to ${MAX_CONSUMER_COUNT}`, { consumers: text });
  return count;
}

/** Undefined for 0, which is how it is without. */
function readBlockingTimeout(text: string): number | 'inf' | undefined {
  if (text === 'inf') {
    if (process.env[BLOCKING_VARIABLE] === '1') return 'inf';
    throw new InputError(
      `--blocking-timeout inf may hold the program up for ever, which it has to allow: set ${BLOCKING_VARIABLE}=1 in its environment, or give a number of milliseconds`,
    );
  }
  const milliseconds = Number(text);
  if (!/^[0-9]+$/.test(text) || milliseconds >= 2 ** 31)
    throw new InputError('--blocking-timeout takes a whole number of milliseconds, or inf', { blockingTimeout: text });
  return milliseconds === 0 ? undefined : milliseconds;
}

function readDuration(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds <= 0 || seconds > 1e6) {
    throw new InputError('--duration takes a number of seconds above 0, at most 1 000 000', { duration: text });
  }
  return seconds * 1000;
}
