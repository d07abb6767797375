// SPDX-License-Identifier: MIT
// Standard output for much text: written at once and in order, so that a slow reader slows the command
// down and never makes it hold what it has not written.

import { writeSync } from 'node:fs';

/** Waits for a reader when the pipe is one that does not block by itself. */
const RETRY_MS = 2;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of it. A reader that went away, as `| head` does, ends the process as no failure. */
export function writeOutput(output: string | Uint8Array): void {
  const bytes = typeof output === 'string' ? Buffer.from(output) : output;
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(sleeper, 0, 0, RETRY_MS);
    }
  }
}
