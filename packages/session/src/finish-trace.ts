// SPDX-License-Identifier: MIT
// What every command does before it reads a trace: completes it when the recording that wrote it was
// killed, from buffers that are left in shared memory and from pages that were not converted.

import { finishKernelHalf } from './kernel-half.ts';
import { recoverLeftovers } from './recover.ts';

export interface FinishOptions {
  readonly onSentence: (sentence: string) => void;
  /** How much of the kernel's pages is converted, 0 to 1. */
  readonly onShare: (share: number) => void;
}

export async function finishTrace(traceDirectory: string, options: FinishOptions): Promise<void> {
  recoverLeftovers(options.onSentence, ({ session }) => session.traceDirectory === traceDirectory);
  await finishKernelHalf(traceDirectory, options);
}
