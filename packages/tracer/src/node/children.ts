// SPDX-License-Identifier: MIT
// Child processes that the program starts, whichever function of node:child_process it uses.

import type { Instrumentation } from './instrumentation.ts';
import { replaceFunction } from './wrap-function.ts';

interface SpawnOptions {
  readonly file?: unknown;
  readonly args?: unknown;
}

export function observeChildren({ events }: Instrumentation, childProcess: typeof import('node:child_process')): void {
  replaceFunction(childProcess.ChildProcess.prototype, 'spawn', (original) => {
    return function (this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      try {
        const record = events.childSpawn;
        const { pid } = this as { readonly pid?: number };
        if (record.enabled && pid !== undefined) {
          // The first argument is what the child sees as its own name.
          const { file, args: childArgs } = (args[0] ?? {}) as SpawnOptions;
          record(pid, String(file), Array.isArray(childArgs) ? childArgs.slice(1).join(' ') : '');
        }
      } catch {
        // The child runs, recorded or not.
      }
      return result;
    };
  });
}
