// SPDX-License-Identifier: MIT
// Starts CMD: finds it as env(1) would, runs it as the user who typed the command, and, when the
// kernel is to follow it, holds it before its first instruction until the kernel knows its pid.

import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, statSync, type Stats } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Writable } from 'node:stream';
import { InputError, SystemError } from '@lockstep/base';
import type { Owner } from './owner.ts';

/** Exit statuses of env(1) and of every shell. */
export const STATUS_CANNOT_RUN = 126;
export const STATUS_NOT_FOUND = 127;

/** CMD does not exist or must not be run: the sentence, and the status to exit with. */
export class ProgramError extends InputError {
  readonly exitStatus: number;

  constructor(sentence: string, program: string, exitStatus: number) {
    super(sentence, { program });
    this.exitStatus = exitStatus;
  }
}

export interface LaunchedProgram {
  readonly pid: number;
  /** Lets a held program begin; does nothing otherwise. */
  release(): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it ended. */
  readonly ended: Promise<{ readonly code: number | undefined; readonly signal: NodeJS.Signals | undefined }>;
}

/** Throws ProgramError when `program` is nothing that can be run. */
export function checkProgram(program: string, environment: NodeJS.ProcessEnv = process.env): void {
  const candidates = program.includes('/')
    ? [program]
    : (environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin')
        .split(delimiter)
        .map((directory) => join(directory === '' ? '.' : directory, program));
  let isFound = false;
  for (const path of candidates) {
    const status = tryStat(path);
    if (status === undefined) continue;
    if (status.isFile() && isExecutable(path)) return;
    isFound = true;
  }
  if (isFound)
    throw new ProgramError('The program cannot be run: it is no executable file', program, STATUS_CANNOT_RUN);
  throw new ProgramError('There is no such program; check its name and PATH', program, STATUS_NOT_FOUND);
}

/** Undefined for what is not there and for what a closed directory hides: the search goes on, as a shell's does. */
function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Waits on descriptor 3 until the session closes it, then becomes the program. */
const HOLD_SCRIPT = 'read -r _ <&3; exec 3<&-; exec "$@"';

export function launchProgram(
  command: readonly string[],
  options: { readonly environment: NodeJS.ProcessEnv; readonly owner: Owner; readonly isHeld: boolean },
): LaunchedProgram {
  const { owner, isHeld } = options;
  let words = [...command];
  const environment = { ...options.environment };
  let identity: { readonly uid?: number; readonly gid?: number } = {};
  if (owner.isInvokedBySudo) {
    const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => isExecutable(path));
    // setpriv also gives the user's supplementary groups, which setuid alone would drop.
    if (setpriv === undefined) identity = { uid: owner.uid, gid: owner.gid };
    else words = [setpriv, `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--init-groups', '--', ...words];
    environment['HOME'] = owner.homeDirectory;
    if (owner.userName !== undefined) Object.assign(environment, { USER: owner.userName, LOGNAME: owner.userName });
  }
  if (isHeld) words = ['/bin/sh', '-c', HOLD_SCRIPT, 'sh', ...words];
  const child = spawn(words[0] as string, words.slice(1), {
    stdio: isHeld ? ['inherit', 'inherit', 'inherit', 'pipe'] : 'inherit',
    env: environment,
    ...identity,
  });
  const ended = waitForEnd(child, command[0] as string);
  // Heard by whoever awaits it; a failure to start must not end the process before.
  ended.catch(() => undefined);
  const gate = isHeld ? (child.stdio[3] as Writable) : undefined;
  gate?.on('error', () => undefined);
  return {
    pid: child.pid ?? 0,
    release: () => gate?.end('\n'),
    kill: (signal) => child.kill(signal),
    ended,
  };
}

function waitForEnd(child: ChildProcess, program: string): LaunchedProgram['ended'] {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const status = error.code === 'ENOENT' ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
      if (error.syscall?.startsWith('spawn') !== true)
        reject(new SystemError('The program cannot be started', error.code ?? 'unknown', 'spawn', program));
      else
        reject(
          new ProgramError(`The program cannot be started: the system says ${error.code ?? 'no'}`, program, status),
        );
    });
    child.on('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
