// SPDX-License-Identifier: MIT
// What every command does before it reads a trace: completes it when the recording that wrote it was
// killed, from buffers that are left in shared memory and from pages that were not converted.

import { finishKernelHalf } from './kernel-half.ts';
import { recoverLeftovers } from './recover.ts';
import { findRecorder, unmarkOwner } from './trace-directory.ts';

export interface FinishOptions {
  readonly onSentence: (sentence: string) => void;
  /** How much of the kernel's pages is converted, 0 to 1. */
  readonly onShare: (share: number) => void;
}

export async function finishTrace(traceDirectory: string, options: FinishOptions): Promise<void> {
  // What it has written so far can be read; completing it is its own business.
  const recorder = findRecorder(traceDirectory);
  if (recorder !== undefined) {
    options.onSentence(`This trace is still being recorded by pid ${recorder}; what follows is its part so far.`);
    return;
  }
  await recoverLeftovers(options.onSentence, ({ session }) => session.traceDirectory === traceDirectory);
  await finishKernelHalf(traceDirectory, options);
  tidy(traceDirectory);
}

/** The mark of a recorder that was killed. */
function tidy(traceDirectory: string): void {
  try {
    unmarkOwner(traceDirectory);
  } catch {
    // Somebody else's trace can be read all the same.
  }
}
