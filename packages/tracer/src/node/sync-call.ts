// SPDX-License-Identifier: MIT
// Built-in calls that work on the main thread for as long as they take: parsing and printing JSON,
// key derivation, compression, waiting for a child or for another thread. Recorded when one took over a millisecond, so
// a call that does not costs two readings of the clock, and small JSON not even that.

import { syncBuiltinESMExports } from 'node:module';
import type { Instrumentation } from './instrumentation.ts';
import { replaceFunction } from './wrap-function.ts';

/** Below this many characters JSON.parse cannot take a millisecond (it does 50 MB/s and more). */
const SMALL_JSON_LENGTH = 16_384;

const CRYPTO_CALLS = [
  'pbkdf2Sync',
  'scryptSync',
  'hkdfSync',
  'generateKeyPairSync',
  'generateKeySync',
  'generatePrimeSync',
  'checkPrimeSync',
  'randomFillSync',
];
const ZLIB_CALLS = [
  'deflateSync',
  'deflateRawSync',
  'gzipSync',
  'gunzipSync',
  'inflateSync',
  'inflateRawSync',
  'unzipSync',
  'brotliCompressSync',
  'brotliDecompressSync',
  'zstdCompressSync',
  'zstdDecompressSync',
];
const CHILD_CALLS = ['execSync', 'execFileSync', 'spawnSync'];

/** A built-in module whose synchronous calls are observed. */
export type SyncModuleName = 'crypto' | 'zlib' | 'child_process';

const CALLS: Readonly<Record<SyncModuleName, readonly string[]>> = {
  crypto: CRYPTO_CALLS,
  zlib: ZLIB_CALLS,
  child_process: CHILD_CALLS,
};

export interface SyncCallObserver {
  /** Observes the calls of a module that has been loaded. */
  readonly observeModule: (name: SyncModuleName, target: object) => void;
}

export function observeSyncCalls(instrumentation: Instrumentation): SyncCallObserver {
  const { events, time, requests } = instrumentation;
  const threshold = time.cyclesPerMs;
  // Such functions call each other; the outermost is what the program wrote.
  let depth = 0;

  function finish(begin: number, operation: string, size: number, subject = ''): void {
    const duration = time.now() - begin;
    if (duration < threshold) return;
    try {
      events.syncCall(begin, duration, operation, size, requests.currentOfLongCall(), subject);
    } catch {
      // The program's call has happened and its result stands.
    }
  }

  function observeModule(moduleName: SyncModuleName, target: object): void {
    for (const name of CALLS[moduleName]) {
      replaceFunction(target, name, (original) => {
        const operation = `${moduleName}.${name}`;
        return function (this: unknown, ...args: unknown[]): unknown {
          if (depth !== 0 || !events.syncCall.enabled) return Reflect.apply(original, this, args);
          depth = 1;
          const begin = time.now();
          try {
            return Reflect.apply(original, this, args);
          } finally {
            depth = 0;
            if (moduleName === 'child_process') finish(begin, operation, 0, commandOf(args[0]));
            else finish(begin, operation, sizeOf(args[0]));
          }
        };
      });
    }
    syncBuiltinESMExports();
  }

  replaceFunction(JSON, 'parse', (original) => {
    const { parse } = {
      parse(this: unknown, ...args: unknown[]): unknown {
        const text = args[0];
        const isSmall = typeof text === 'string' && text.length < SMALL_JSON_LENGTH && args.length < 2;
        if (isSmall || !events.syncCall.enabled) return Reflect.apply(original, this, args);
        const begin = time.now();
        const value = Reflect.apply(original, this, args);
        finish(begin, 'JSON.parse', sizeOf(text));
        return value;
      },
    };
    return parse;
  });
  replaceFunction(JSON, 'stringify', (original) => {
    const { stringify } = {
      stringify(this: unknown, ...args: unknown[]): unknown {
        if (!events.syncCall.enabled) return Reflect.apply(original, this, args);
        const begin = time.now();
        const text = Reflect.apply(original, this, args);
        finish(begin, 'JSON.stringify', sizeOf(text));
        return text;
      },
    };
    return stringify;
  });
  replaceFunction(globalThis, 'structuredClone', (original) => {
    const wrapper = {
      structuredClone(this: unknown, ...args: unknown[]): unknown {
        if (!events.syncCall.enabled) return Reflect.apply(original, this, args);
        const begin = time.now();
        const copy = Reflect.apply(original, this, args);
        finish(begin, 'structuredClone', sizeOf(args[0]));
        return copy;
      },
    };
    return wrapper.structuredClone;
  });
  replaceFunction(Atomics, 'wait', (original) => {
    const { wait } = {
      wait(this: unknown, ...args: unknown[]): unknown {
        if (!events.syncCall.enabled) return Reflect.apply(original, this, args);
        const begin = time.now();
        const outcome = Reflect.apply(original, this, args);
        finish(begin, 'Atomics.wait', 0);
        return outcome;
      },
    };
    return wait;
  });
  return { observeModule };
}

/** The program of a command, without its arguments: those may be secrets. */
function commandOf(command: unknown): string {
  return typeof command === 'string' ? (/^\s*(?:\w+=\S*\s+)*(\S*)/.exec(command)?.[1] ?? '') : '';
}

/** Characters or bytes that go in; 0 for anything else. */
function sizeOf(subject: unknown): number {
  if (typeof subject === 'string') return subject.length;
  if (ArrayBuffer.isView(subject)) return subject.byteLength;
  return subject instanceof ArrayBuffer ? subject.byteLength : 0;
}
