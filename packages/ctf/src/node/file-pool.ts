// SPDX-License-Identifier: MIT
// Files that are read a part at a time. A trace can have more data streams than a process may have
// descriptors, so at most a fixed number are open; the one that was used longest ago is closed.

import { closeSync, openSync, readSync } from 'node:fs';
import { LockstepError, SystemError } from '@lockstep/base';

/** Well below the 256 that the strictest systems allow a process. */
const MOST_OPEN_FILES = 128;

export class FilePool {
  readonly #mostOpen: number;
  /** In order of last use. */
  readonly #descriptors = new Map<string, number>();

  constructor(mostOpen: number = MOST_OPEN_FILES) {
    this.#mostOpen = mostOpen;
  }

  get openCount(): number {
    return this.#descriptors.size;
  }

  /** Fills `target` from `offset` of the file on; returns the bytes that there were. */
  read(path: string, offset: number, target: Uint8Array): number {
    const descriptor = this.#open(path);
    let done = 0;
    while (done < target.length) {
      const read = attempt('read', path, () => readSync(descriptor, target, done, target.length - done, offset + done));
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    this.#descriptors.clear();
  }

  #open(path: string): number {
    const known = this.#descriptors.get(path);
    if (known !== undefined) {
      this.#descriptors.delete(path);
      this.#descriptors.set(path, known);
      return known;
    }
    for (const [oldest, descriptor] of this.#descriptors) {
      if (this.#descriptors.size < this.#mostOpen) break;
      this.#descriptors.delete(oldest);
      closeSync(descriptor);
    }
    const descriptor = attempt('open', path, () => openSync(path, 'r'));
    this.#descriptors.set(path, descriptor);
    return descriptor;
  }
}

/** Calls the file system; its refusal becomes a `SystemError`. */
export function attempt<T>(syscall: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
    throw new SystemError(`A file of the trace cannot be read.`, code, syscall, path, { cause: error });
  }
}
