// SPDX-License-Identifier: MIT
// Sessions whose owner died: their directories in shared memory hold what programs committed and
// nobody moved to disk. Finds them, says what they are, and completes their traces.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, LockstepError, ProtocolError } from '@lockstep/base';
import { loadNative, nativeMissingReason } from '@lockstep/native';
import {
  CONTROL_FILE,
  PROCESS_DIRECTORY_PATTERN,
  readControlPage,
  type ChannelPlan,
  type SessionDescription,
} from '@lockstep/protocol';
import { clockClassFromJson } from './clock-class-json.ts';
import type { ConsumerReport } from './consumer/report.ts';
import { findOwner } from './owner.ts';
import { isProcessAlive } from './process-status.ts';
import { readSessionDescription, sessionBaseDirectory } from './session-directory.ts';
import { createTraceDirectory, handOver } from './trace-directory.ts';

export interface RecoverOptions {
  /** A new trace of what the buffers hold; undefined: the session's own trace is completed and the buffers are deleted. */
  readonly traceDirectory?: string | undefined;
  /** Also of a session whose owner lives, as a copy. */
  readonly isLiveAllowed?: boolean;
}

export interface RecoverResult {
  readonly session: SessionDescription;
  readonly traceDirectory: string;
  readonly report: ConsumerReport;
  /** The recorder had ended in order, and left what it could not write. */
  readonly hasEnded: boolean;
  /** The buffers are gone from shared memory. */
  readonly isRemoved: boolean;
}

/** Recovers one session directory. Throws InputError or ProtocolError when it is none or is in use. */
export async function recoverSession(path: string, options: RecoverOptions = {}): Promise<RecoverResult> {
  const session = readSessionDescription(path);
  const native = loadNative();
  if (native === undefined) {
    throw new InputError(
      `Buffers in shared memory cannot be read: ${nativeMissingReason() ?? 'the native addon is missing'}`,
      { path },
    );
  }
  if (isProcessAlive(session.ownerPid, startOf(session)) && options.isLiveAllowed !== true) {
    throw new InputError('The recording still runs, so there is nothing to recover; stop it first', {
      path,
      ownerPid: session.ownerPid,
    });
  }
  const owner = findOwner();
  const isCopy = options.traceDirectory !== undefined;
  const traceDirectory =
    options.traceDirectory === undefined ? session.traceDirectory : createTraceDirectory(options.traceDirectory, owner);
  const { plan, hasEnded } = readControl(path);
  const { Consumer } = await import('./consumer/consumer.ts');
  const consumer = new Consumer({
    sessionDirectory: path,
    sessionName: session.name,
    traceDirectory,
    clockClass: clockClassFromJson(session.clockClass),
    channels: plan,
    isSnapshot: plan.some((channel) => channel.mode === 'overwrite'),
    isKeepingBuffers: isCopy,
    native,
  });
  const isLive = consumer.hasLivingPrograms;
  if (isLive && !isCopy) {
    throw new InputError(
      'Programs of this session still write to it; end them first, or give -o DIR for a copy of what is there',
      { path },
    );
  }
  const report = consumer.finish();
  handOver(traceDirectory, owner);
  const isRemoved = !isCopy && report.outputError === undefined;
  if (isRemoved) rmSync(path, { recursive: true, force: true });
  return { session, traceDirectory, report, hasEnded, isRemoved };
}

export interface Leftover {
  readonly path: string;
  readonly session: SessionDescription;
  /** Traced programs left buffers here. */
  readonly hasBuffers: boolean;
}

/** Session directories below the base whose owner is dead. Directories that are none are left out. */
export function findLeftovers(base = sessionBaseDirectory()): readonly Leftover[] {
  const leftovers: Leftover[] = [];
  for (const name of tryList(base)) {
    const path = join(base, name);
    try {
      const session = readSessionDescription(path);
      if (isProcessAlive(session.ownerPid, startOf(session))) continue;
      leftovers.push({
        path,
        session,
        hasBuffers: tryList(path).some((entry) => PROCESS_DIRECTORY_PATTERN.test(entry)),
      });
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
    }
  }
  return leftovers;
}

/**
 * Completes the traces of dead sessions and deletes those that hold nothing; `onSentence` hears of
 * each. What cannot be recovered stays, and is said.
 */
export async function recoverLeftovers(
  onSentence: (sentence: string) => void,
  isWanted: (leftover: Leftover) => boolean = () => true,
): Promise<void> {
  for (const leftover of findLeftovers()) {
    if (!isWanted(leftover)) continue;
    if (!leftover.hasBuffers) {
      rmSync(leftover.path, { recursive: true, force: true });
      continue;
    }
    try {
      const sentence = sentenceOf(leftover, await recoverSession(leftover.path));
      if (sentence !== undefined) onSentence(sentence);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      onSentence(
        `Buffers of an earlier recording are left in ${leftover.path} (${error.sentence}); recover them with: lockstep crash ${leftover.path} -o DIR`,
      );
    }
  }
}

/** Undefined when there is nothing to tell: what could not be written then was all counted as lost. */
function sentenceOf(
  { path, session }: Leftover,
  { traceDirectory, report, hasEnded }: RecoverResult,
): string | undefined {
  const count = report.programs.reduce((sum, program) => sum + program.recordCount, 0);
  // What could not be written may be all; the recorder itself ended in order when it met the same.
  if (report.outputError !== undefined)
    return `The trace ${traceDirectory} is incomplete, and what is missing in it cannot be written: ${report.outputError}. It stays in ${path}.`;
  const recovered = `${count} event record${count === 1 ? '' : 's'} of it ${count === 1 ? 'was' : 'were'} recovered into ${traceDirectory}`;
  if (!hasEnded) return `An earlier recording (pid ${session.ownerPid}) was killed; ${recovered}.`;
  return count === 0 ? undefined : `An earlier recording could not write all; ${recovered}.`;
}

function startOf(session: SessionDescription): number | undefined {
  return session.ownerStart === undefined || session.ownerStart === 0 ? undefined : session.ownerStart;
}

function readControl(path: string): { readonly plan: readonly ChannelPlan[]; readonly hasEnded: boolean } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(path, CONTROL_FILE));
  } catch (error) {
    throw new ProtocolError('The control file of this session cannot be read', { path }, { cause: error });
  }
  // A copy of its own: a Buffer may lie anywhere in a shared pool.
  const { plan, state } = readControlPage(new Uint8Array(bytes).buffer);
  return { plan: plan.channels, hasEnded: state === 'ended' };
}

function tryList(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
