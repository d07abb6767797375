// SPDX-License-Identifier: MIT
// Calls of the global console: what was said, how long saying it took (output to files and most
// terminals is synchronous).

import type { Instrumentation } from './instrumentation.ts';
import { replaceFunction } from './wrap-function.ts';

const LEVELS = ['debug', 'error', 'info', 'log', 'trace', 'warn', 'dir', 'table'];

export function observeConsole({ events, time }: Instrumentation): void {
  let depth = 0;
  for (const level of LEVELS) {
    replaceFunction(console, level, (original) => {
      const wrapper = {
        [level](this: unknown, ...args: unknown[]): unknown {
          const record = events.console;
          // console.trace and others end in console.error; only the outermost is the program's.
          if (depth !== 0 || !record.enabled) return Reflect.apply(original, this, args);
          depth = 1;
          const begin = time.now();
          try {
            return Reflect.apply(original, this, args);
          } finally {
            depth = 0;
            try {
              const message = joinArguments(args);
              record(level, message.length, begin, time.now() - begin, message);
            } catch {
              // What was printed stands.
            }
          }
        },
      };
      return wrapper[level] as (this: unknown, ...args: unknown[]) => unknown;
    });
  }
}

/** Arguments joined by spaces, unformatted; objects by their kind, since printing one runs its code. */
function joinArguments(args: readonly unknown[]): string {
  if (args.length === 1 && typeof args[0] === 'string') return args[0];
  return args.map(describe).join(' ');
}

function describe(value: unknown): string {
  if (value instanceof Error && typeof value.message === 'string') return value.message;
  if (typeof value === 'function') return '[function]';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? `[array ${value.length}]` : '[object]';
  return String(value);
}
