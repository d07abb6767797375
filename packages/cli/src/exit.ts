// SPDX-License-Identifier: MIT
// How a command ends when it fails: expected errors are one sentence without a stack, everything else
// is a bug and says so.

import { explainFileError, LockstepError } from '@lockstep/base';

/** Prints the error and sets the exit status. */
export function reportFailure(error: unknown, status = 1): void {
  if (error instanceof LockstepError) {
    process.stderr.write(`lockstep: ${endSentence(error.message)}\n`);
    process.exitCode = status;
    return;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `lockstep: Something went wrong inside Lockstep; this is a bug, please report it with these lines.\n${text}\n`,
  );
  process.exitCode = status;
}

let isOutputWatched = false;

/** A pipe whose reader went away, as with `| head`, is no failure; a full disk is one. */
export function quietBrokenPipe(): void {
  if (isOutputWatched) return;
  isOutputWatched = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    reportFailure(explainFileError(error, 'Standard output cannot be written', '/dev/stdout'));
    process.exit();
  });
}

function endSentence(text: string): string {
  return /[.!?\])]$/.test(text) ? text : `${text}.`;
}
