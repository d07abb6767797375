// SPDX-License-Identifier: MIT
// Asynchronous operations that a program waits for: of libuv's thread pool (files, cryptography,
// compression, getaddrinfo), of the resolver, and timers within requests. A pair of records an
// operation: when it is asked for, and when its callback or promise is about to go on.

import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { describeError } from './http-client.ts';
import type { Instrumentation } from './instrumentation.ts';
import { replaceFunction, type AnyFunction } from './wrap-function.ts';

const CALLS: Readonly<Record<AsyncModuleName, RegExp>> = {
  crypto:
    /^(pbkdf2|scrypt|hkdf|randomBytes|randomFill|randomInt|generateKeyPair|generateKey|generatePrime|checkPrime|sign|verify)$/,
  zlib: /^(deflate|deflateRaw|gzip|gunzip|inflate|inflateRaw|unzip|brotliCompress|brotliDecompress|zstdCompress|zstdDecompress)$/,
  dns: /^(lookup|lookupService|resolve\w*|reverse)$/,
  'timers/promises': /^setTimeout$/,
};
/** Watching a file is no operation that ends; a stream's calls are made on its own. */
const NO_FS_OPERATION = /^(watch|watchFile|unwatchFile|createReadStream|createWriteStream|openAsBlob)$/;
const SUBTLE_CALLS = ['encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveKey', 'deriveBits'];

export type AsyncModuleName = 'crypto' | 'zlib' | 'dns' | 'timers/promises';

/** Records the begin and the end of one operation, for observers beside these. */
export interface OperationRecorder {
  /** Its id; 0 when it is not recorded, and then `subject` is not asked for. */
  readonly begin: (operation: string, subject: () => string) => number;
  readonly end: (id: number, error: unknown) => void;
}

export interface AsyncOperationObserver {
  readonly recorder: OperationRecorder;
  readonly observeFs: (fs: Record<string, unknown>) => void;
  readonly observeModule: (name: AsyncModuleName, target: object) => void;
  readonly observeTimers: (target: object) => void;
  readonly observeChildren: (childProcess: typeof import('node:child_process')) => void;
}

export function observeAsyncOperations(instrumentation: Instrumentation): AsyncOperationObserver {
  const { events, requests, sessionDirectory, timers } = instrumentation;
  let lastId = 0;

  /** Id of the operation that begins; 0 when it is not recorded. */
  function begin(operation: string, subject: string): number {
    try {
      if (subject.startsWith(sessionDirectory)) return 0;
      lastId = (lastId + 1) >>> 0 || 1;
      events.asyncBegin(lastId, requests.current(), operation, subject);
      return lastId;
    } catch {
      return 0;
    }
  }

  function end(id: number, error: unknown): void {
    try {
      if (id !== 0) events.asyncEnd(id, error === null || error === undefined ? '' : describeError(error));
    } catch {
      // The program goes on.
    }
  }

  /** Calls whose last argument is a function: that runs when they have ended. */
  function observeCallback(target: object, name: string, operation: string): void {
    replaceFunction(target, name, (original) => {
      return function (this: unknown, ...args: unknown[]): unknown {
        const callback = args[args.length - 1];
        if (typeof callback !== 'function' || !events.asyncBegin.enabled) return Reflect.apply(original, this, args);
        const id = begin(operation, describeSubject(operation, args[0]));
        if (id !== 0) {
          args[args.length - 1] = function (this: unknown, ...results: unknown[]): unknown {
            end(id, results[0]);
            return Reflect.apply(callback as AnyFunction, this, results);
          };
        }
        return Reflect.apply(original, this, args);
      };
    });
  }

  function observePromise(target: object, name: string, operation: string): void {
    replaceFunction(target, name, (original) => {
      const { call } = {
        call(this: unknown, ...args: unknown[]): unknown {
          if (!events.asyncBegin.enabled) return Reflect.apply(original, this, args);
          const id = begin(operation, describeSubject(operation, args[0]));
          const result = Reflect.apply(original, this, args);
          if (id === 0 || !(result instanceof Promise)) return result;
          // The program gets what follows from ours: with a reaction beside it, a rejection that the
          // program forgot would count as handled.
          const onValue = (value: unknown): unknown => {
            end(id, undefined);
            return value;
          };
          const onError = (error: unknown): never => {
            end(id, error);
            throw error;
          };
          return Reflect.apply(promiseThen, result, [onValue, onError]);
        },
      };
      return call;
    });
  }

  function observeFs(fs: Record<string, unknown>): void {
    for (const name of Object.keys(fs)) {
      if (!NO_FS_OPERATION.test(name) && typeof fs[`${name}Sync`] === 'function')
        observeCallback(fs, name, `fs.${name}`);
    }
    const promises = fs.promises as Record<string, unknown>;
    for (const name of Object.keys(promises))
      if (!NO_FS_OPERATION.test(name) && name !== 'constants') observePromise(promises, name, `fs.${name}`);
    syncBuiltinESMExports();
  }

  function observeModule(moduleName: AsyncModuleName, target: object): void {
    const { promises, webcrypto } = target as { readonly promises?: unknown; readonly webcrypto?: unknown };
    for (const name of Object.keys(target)) {
      if (!CALLS[moduleName].test(name)) continue;
      if (moduleName === 'timers/promises') observePromise(target, name, name);
      else observeCallback(target, name, `${moduleName}.${name}`);
    }
    if (moduleName === 'dns' && typeof promises === 'object' && promises !== null)
      for (const name of Object.keys(promises)) if (CALLS.dns.test(name)) observePromise(promises, name, `dns.${name}`);
    if (moduleName === 'crypto') observeSubtle(webcrypto);
    syncBuiltinESMExports();
  }

  function observeSubtle(webcrypto: unknown): void {
    const subtle = (webcrypto as { readonly subtle?: object } | undefined)?.subtle;
    const prototype = subtle === undefined ? undefined : (Object.getPrototypeOf(subtle) as object | undefined);
    if (prototype !== undefined)
      for (const name of SUBTLE_CALLS) observePromise(prototype, name, `crypto.subtle.${name}`);
  }

  /**
   * Timers within requests are operations, since a request waits for them; all others are the program's
   * own rhythm, and only how many ran is counted.
   */
  function observeTimers(target: object): void {
    for (const name of ['setTimeout', 'setInterval']) {
      replaceFunction(target, name, (original) => {
        const wrapper = {
          [name](this: unknown, ...args: unknown[]): unknown {
            const callback = args[0];
            if (typeof callback !== 'function' || !events.asyncBegin.enabled)
              return Reflect.apply(original, this, args);
            const isWaited = name === 'setTimeout' && requests.current() !== 0;
            const id = isWaited ? begin(name, describeSubject(name, args[1])) : 0;
            args[0] = function (this: unknown, ...values: unknown[]): unknown {
              timers.firedCount++;
              end(id, undefined);
              return Reflect.apply(callback as AnyFunction, this, values);
            };
            return Reflect.apply(original, this, args);
          },
        };
        return wrapper[name] as AnyFunction;
      });
    }
  }

  /** Child processes that a request starts, until they and their pipes have ended. */
  function observeChildren(childProcess: typeof import('node:child_process')): void {
    replaceFunction(childProcess.ChildProcess.prototype, 'spawn', (original) => {
      return function (this: unknown, ...args: unknown[]): unknown {
        const isWaited = events.asyncBegin.enabled && requests.current() !== 0;
        const id = isWaited ? begin('child_process.spawn', fileOf(args[0])) : 0;
        const result = Reflect.apply(original, this, args);
        if (id === 0) return result;
        // One that could not be started ends at once.
        if ((this as ChildProcess).pid === undefined) end(id, undefined);
        else Reflect.apply(prependOnceListener, this, ['close', () => end(id, undefined)]);
        return result;
      };
    });
  }

  const recorder: OperationRecorder = {
    begin(operation, subject) {
      if (!events.asyncBegin.enabled) return 0;
      try {
        return begin(operation, subject());
      } catch {
        return 0;
      }
    },
    end,
  };

  return { recorder, observeFs, observeModule, observeTimers, observeChildren };
}

// eslint-disable-next-line @typescript-eslint/unbound-method
const promiseThen = Promise.prototype.then as AnyFunction;

const { prependOnceListener } = EventEmitter.prototype;

function fileOf(options: unknown): string {
  const file = (options as { readonly file?: unknown } | undefined)?.file;
  return typeof file === 'string' ? file : '';
}

/** Paths, host names and times; nothing of what is encrypted, compressed or a password. */
function describeSubject(operation: string, subject: unknown): string {
  if (operation.startsWith('fs.')) return typeof subject === 'number' ? `fd:${subject}` : pathText(subject);
  if (operation.startsWith('dns.')) return typeof subject === 'string' ? subject : '';
  return operation === 'setTimeout' ? `${Number(subject) || 1} ms` : '';
}

function pathText(subject: unknown): string {
  if (typeof subject === 'string') return subject;
  if (subject instanceof URL) return subject.pathname;
  return Buffer.isBuffer(subject) ? subject.toString('utf8') : '';
}
