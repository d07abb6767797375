// SPDX-License-Identifier: MIT
// Built-in calls that work on the main thread for as long as they take: parsing and printing JSON,
// key derivation, compression, waiting for a child. Recorded when one took over a millisecond, so
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

/** Modules by the name that their functions are recorded under. */
export interface SyncModules {
  readonly crypto: object | undefined;
  readonly zlib: object | undefined;
  readonly childProcess: object | undefined;
}

export function observeSyncCalls(instrumentation: Instrumentation, modules: SyncModules): void {
  const { time, requests } = instrumentation;
  const record = instrumentation.events.syncCall;
  const threshold = time.cyclesPerMs;
  // execSync calls spawnSync's machinery and pbkdf2Sync may be called by a wrapped one: the
  // outermost is what the program wrote.
  let depth = 0;

  function finish(begin: number, operation: string, size: number): void {
    const duration = time.now() - begin;
    if (duration < threshold) return;
    try {
      record(begin, duration, operation, size, requests.current());
    } catch {
      // The program's call has happened and its result stands.
    }
  }

  function observe(target: object | undefined, prefix: string, names: readonly string[]): void {
    if (target === undefined) return;
    for (const name of names) {
      replaceFunction(target, name, (original) => {
        const operation = `${prefix}.${name}`;
        return function (this: unknown, ...args: unknown[]): unknown {
          if (depth !== 0 || !record.enabled) return Reflect.apply(original, this, args);
          depth = 1;
          const begin = time.now();
          try {
            return Reflect.apply(original, this, args);
          } finally {
            depth = 0;
            finish(begin, operation, sizeOf(args[0]));
          }
        };
      });
    }
  }

  replaceFunction(JSON, 'parse', (original) => {
    const { parse } = {
      parse(this: unknown, ...args: unknown[]): unknown {
        const text = args[0];
        const isSmall = typeof text === 'string' && text.length < SMALL_JSON_LENGTH && args.length < 2;
        if (isSmall || !record.enabled) return Reflect.apply(original, this, args);
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
        if (!record.enabled) return Reflect.apply(original, this, args);
        const begin = time.now();
        const text = Reflect.apply(original, this, args);
        finish(begin, 'JSON.stringify', sizeOf(text));
        return text;
      },
    };
    return stringify;
  });
  observe(modules.crypto, 'crypto', CRYPTO_CALLS);
  observe(modules.zlib, 'zlib', ZLIB_CALLS);
  observe(modules.childProcess, 'child_process', CHILD_CALLS);
  syncBuiltinESMExports();
}

/** Characters or bytes that go in; 0 for anything else. */
function sizeOf(subject: unknown): number {
  if (typeof subject === 'string') return subject.length;
  if (ArrayBuffer.isView(subject)) return subject.byteLength;
  return subject instanceof ArrayBuffer ? subject.byteLength : 0;
}
