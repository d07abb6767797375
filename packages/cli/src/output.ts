// SPDX-License-Identifier: MIT
// Standard output for much text: written at once and in order, so that a slow reader slows the command
// down and never makes it hold what it has not written.

import { writeSync } from 'node:fs';
import { explainFileError } from '@lockstep/base';

/** Waits for a reader when the pipe is one that does not block by itself. */
const RETRY_MS = 2;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of it. A reader that went away, as `| head` does, ends the process as no failure. */
export function writeOutput(output: string | Uint8Array): void {
  try {
    writeAll(1, output);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0);
    throw explainFileError(error, 'Standard output cannot be written', '/dev/stdout');
  }
}

/** Writes all of it to an open file; what the system refuses is a SystemError with the file's path. */
export function writeFileOutput(fd: number, path: string, output: string | Uint8Array): void {
  try {
    writeAll(fd, output);
  } catch (error) {
    throw explainFileError(error, 'The output file cannot be written', path);
  }
}

function writeAll(fd: number, output: string | Uint8Array): void {
  const bytes = typeof output === 'string' ? Buffer.from(output) : output;
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(sleeper, 0, 0, RETRY_MS);
    }
  }
}
