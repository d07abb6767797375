// SPDX-License-Identifier: MIT
// Synchronous file system calls: every `…Sync` function of node:fs, whether it is reached through
// the module, by a name taken from it after the program started, or imported by name from ESM.
// Only the outermost call is recorded: readFileSync opens, reads and closes by calls of its own.

import { syncBuiltinESMExports } from 'node:module';
import type { Instrumentation } from './instrumentation.ts';
import { replaceFunction, type AnyFunction } from './wrap-function.ts';

/** The module object that `require('fs')` gives and whose properties ESM imports follow. */
export type FsModule = Record<string, unknown>;

export function observeFsSync(instrumentation: Instrumentation, target: FsModule): void {
  let depth = 0;
  const { events, time, requests, sessionDirectory } = instrumentation;

  /** Everything that may go wrong in describing a call stays here. */
  function recordCall(begin: number, operation: string, subject: unknown, error: unknown): void {
    try {
      const path = describePath(subject);
      if (path.startsWith(sessionDirectory)) return;
      events.fsSync(begin, time.now() - begin, operation, path, errnoOf(error), requests.current());
    } catch {
      // The program's call has happened and its result stands.
    }
  }

  function makeWrapper(operation: string, original: AnyFunction): AnyFunction {
    return function (this: unknown, ...args: unknown[]): unknown {
      if (depth !== 0 || !events.fsSync.enabled) return Reflect.apply(original, this, args);
      depth = 1;
      const begin = time.now();
      let failure: unknown;
      try {
        return Reflect.apply(original, this, args);
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        // Still inside, so that what recording itself needs of fs is not recorded.
        recordCall(begin, operation, args[0], failure);
        depth = 0;
      }
    };
  }

  for (const name of Object.keys(target)) {
    if (!name.endsWith('Sync')) continue;
    replaceFunction(target, name, (original) => makeWrapper(name, original));
  }
  syncBuiltinESMExports();
}

/** Paths as they were given; descriptors as `fd:7`. */
function describePath(subject: unknown): string {
  if (typeof subject === 'string') return subject;
  if (typeof subject === 'number') return `fd:${subject}`;
  if (subject instanceof URL) return subject.pathname;
  if (Buffer.isBuffer(subject)) return subject.toString('utf8');
  return '';
}

/** Negative errno; -1 for an error that carries none, such as a wrong argument. */
function errnoOf(error: unknown): number {
  if (error === undefined) return 0;
  const errno = typeof error === 'object' && error !== null ? (error as { readonly errno?: unknown }).errno : undefined;
  return typeof errno === 'number' && errno < 0 ? errno : -1;
}
