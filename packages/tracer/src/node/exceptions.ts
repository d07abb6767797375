// SPDX-License-Identifier: MIT
// Exceptions that nobody caught. The monitor event sees them without changing what they do.

import type { Instrumentation } from './instrumentation.ts';

export function observeExceptions({ events }: Instrumentation): void {
  process.on('uncaughtExceptionMonitor', (error: unknown, origin: string) => {
    try {
      const record = events.exception;
      if (!record.enabled) return;
      const isError = error instanceof Error;
      record(origin, isError ? error.message : String(error), isError ? (error.stack ?? '') : '');
    } catch {
      // A hostile `stack` getter must not replace the exception.
    }
  });
}
