// SPDX-License-Identifier: MIT
// Where traces go: the default place, the rule that nothing is ever overwritten, and which trace was
// the last, so that commands that read one need no name.

import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { explainFileError, InputError } from '@lockstep/base';
import { formatDateTime } from './date-time.ts';
import type { Owner } from './owner.ts';
import { isProcessAlive, processStart } from './process-status.ts';
import { safeName } from './session-directory.ts';

const OWNER_FILE = 'owner.json';

/** Directory that holds `lockstep-traces/` instead of the home directory. */
export const HOME_VARIABLE = 'LOCKSTEP_HOME';

export function homeOf(owner: Owner, environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment[HOME_VARIABLE];
  return chosen === undefined || chosen === '' ? owner.homeDirectory : resolve(chosen);
}

/** `HOME/lockstep-traces/NAME-DATETIME`, with a number when that exists. */
export function defaultTraceDirectory(name: string, owner: Owner, now = new Date()): string {
  const base = join(homeOf(owner), 'lockstep-traces', `${safeName(name)}-${formatDateTime(now)}`);
  let path = base;
  for (let number = 2; lstatSync(path, { throwIfNoEntry: false }) !== undefined; number++) path = `${base}-${number}`;
  return path;
}

/** Makes the directory, or takes an empty one. InputError when there is something in it: a trace is never overwritten. */
export function createTraceDirectory(path: string, owner: Owner): string {
  const absolute = resolve(path);
  let made: readonly string[];
  let entries: readonly string[];
  try {
    made = missingParts(absolute);
    // One by one: mkdir's own `recursive` never returns where a parent refuses with ENOENT, as /proc does.
    for (const directory of made) mkdirSync(directory);
    entries = readdirSync(absolute);
    accessSync(absolute, constants.W_OK | constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new InputError('The trace directory is a file; name another one with -o', { path: absolute });
    }
    throw explainFileError(error, 'The trace directory cannot be made', absolute);
  }
  if (entries.length > 0) {
    throw new InputError(
      'The trace directory is not empty and a trace is never overwritten; name another one with -o',
      { path: absolute },
    );
  }
  if (owner.isInvokedBySudo) for (const directory of made) chownSync(directory, owner.uid, owner.gid);
  return absolute;
}

/** Says who records into a trace, so that nobody else completes it meanwhile. */
export function markOwner(traceDirectory: string): void {
  try {
    mkdirSync(join(traceDirectory, '.lockstep'));
    writeFileSync(
      join(traceDirectory, '.lockstep', OWNER_FILE),
      JSON.stringify({ pid: process.pid, start: processStart(process.pid) }),
    );
  } catch (error) {
    throw explainFileError(error, 'The trace directory cannot be written', traceDirectory);
  }
}

export function unmarkOwner(traceDirectory: string): void {
  rmSync(join(traceDirectory, '.lockstep', OWNER_FILE), { force: true });
  removeIfEmpty(join(traceDirectory, '.lockstep'));
}

/** Pid of the living recorder of a trace. */
export function findRecorder(traceDirectory: string): number | undefined {
  try {
    const { pid, start } = JSON.parse(readFileSync(join(traceDirectory, '.lockstep', OWNER_FILE), 'utf8')) as {
      pid?: unknown;
      start?: unknown;
    };
    return typeof pid === 'number' && isProcessAlive(pid, typeof start === 'number' ? start : undefined)
      ? pid
      : undefined;
  } catch {
    return undefined;
  }
}

/** Takes back a directory in which nothing was written. */
export function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody put something into it; it stays.
  }
}

/** Hands a finished trace to the user who called sudo. Follows no link. */
export function handOver(path: string, owner: Owner): void {
  if (!owner.isInvokedBySudo) return;
  const status = lstatSync(path);
  if (status.isSymbolicLink()) return;
  if (status.isDirectory()) for (const name of readdirSync(path)) handOver(join(path, name), owner);
  chownSync(path, owner.uid, owner.gid);
}

export function rememberLastTrace(path: string, owner: Owner): void {
  const file = lastTraceFile(owner);
  try {
    const made = missingParts(dirname(file));
    // Users without a home, as daemons are, do not get one.
    if (!existsSync(homeOf(owner))) return;
    for (const directory of made) mkdirSync(directory);
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, `${path}\n`);
    if (owner.isInvokedBySudo) for (const part of [...made, draft]) chownSync(part, owner.uid, owner.gid);
    renameSync(draft, file);
  } catch {
    // A home that cannot be written costs a convenience, not the trace.
  }
}

/** Undefined: no trace was recorded yet, or it is gone. */
export function findLastTrace(owner: Owner): string | undefined {
  try {
    const path = readFileSync(lastTraceFile(owner), 'utf8').trim();
    return path !== '' && lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : undefined;
  } catch {
    return undefined;
  }
}

function lastTraceFile(owner: Owner): string {
  const chosen = process.env[HOME_VARIABLE];
  if (chosen !== undefined && chosen !== '') return join(resolve(chosen), '.lockstep', 'last-trace');
  const state = process.env['XDG_STATE_HOME'];
  const base =
    state === undefined || state === '' || owner.isInvokedBySudo ? join(owner.homeDirectory, '.local', 'state') : state;
  return join(base, 'lockstep', 'last-trace');
}

/** The directories that have to be made for `path` to be one, outermost first. */
function missingParts(path: string): readonly string[] {
  const made: string[] = [];
  for (let part = path; lstatSync(part, { throwIfNoEntry: false }) === undefined; part = dirname(part)) {
    made.unshift(part);
    if (dirname(part) === part) break;
  }
  return made;
}
