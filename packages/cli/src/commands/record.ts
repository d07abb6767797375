// SPDX-License-Identifier: MIT
// `lockstep record`: options -> a recording, its progress and its summary on standard error, so that
// standard output stays the program's.

import { InputError } from '@lockstep/base';
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
  readonly snapshot?: boolean;
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
    durationMs: options.duration === undefined ? undefined : readDuration(options.duration),
    clock: options.clock as RecordOptions['clock'],
    isAsRoot: options.asRoot === true,
  };
}

function readDuration(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds <= 0 || seconds > 1e6) {
    throw new InputError('--duration takes a number of seconds above 0', { duration: text });
  }
  return seconds * 1000;
}
