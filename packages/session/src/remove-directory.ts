// SPDX-License-Identifier: MIT
// Deletes a directory of shared memory with the files in it: at a recording's end, for which the user
// waits, half the time of rmSync, which asks of everything what it is.

import { readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What is not there is no error. */
export function removeDirectory(path: string): void {
  try {
    for (const name of readdirSync(path)) unlinkSync(join(path, name));
    rmdirSync(path);
  } catch {
    // It holds directories, or somebody else is at it.
    rmSync(path, { recursive: true, force: true });
  }
}
