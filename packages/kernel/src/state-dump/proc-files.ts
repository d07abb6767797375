// SPDX-License-Identifier: MIT
// Files of /proc and /sys as text, a character a byte. Reads are bounded, into one buffer: processes
// without number, and files that never end, cost no memory. What is gone or forbidden is undefined.

import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync, type BigIntStats } from 'node:fs';

/** Of one read(2); the kernel fills it with whole lines. */
const BUFFER_SIZE_BYTES = 128 * 1024;
/** A file that is read whole is cut here. */
const SMALL_FILE_SIZE_BYTES = 1024 * 1024;

/** A line of a map is a path and some numbers, one of mountinfo some paths. */
const MAX_LINE_SIZE_BYTES = 64 * 1024;

export class ProcFiles {
  readonly #buffer = Buffer.alloc(BUFFER_SIZE_BYTES);

  tryRead(path: string): string | undefined {
    let text: string | undefined;
    const isThere = this.#readPieces(path, SMALL_FILE_SIZE_BYTES, (piece) => {
      text = text === undefined ? piece : text + piece;
      return true;
    });
    return isThere ? (text ?? '') : undefined;
  }

  /**
   * Calls for each line, its end left out, until that says false, or `maxSizeBytes` are read. False when the file
   * could not be read or was cut.
   */
  forEachLine(path: string, maxSizeBytes: number, onLine: (line: string) => boolean): boolean {
    let rest = '';
    let isWanted = true;
    const isWhole = this.#readPieces(path, maxSizeBytes, (piece) => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      isWanted = rest.length <= MAX_LINE_SIZE_BYTES && lines.every((line) => onLine(line));
      return isWanted;
    });
    if (isWanted && rest !== '') onLine(rest);
    return isWhole && isWanted;
  }

  #readPieces(path: string, maxSizeBytes: number, onPiece: (piece: string) => boolean): boolean {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return false;
    }
    try {
      for (let size = 0; size < maxSizeBytes;) {
        const count = readSync(fd, this.#buffer, 0, BUFFER_SIZE_BYTES, null);
        if (count === 0) return true;
        size += count;
        if (!onPiece(this.#buffer.toString('latin1', 0, count))) return true;
      }
      return false;
    } catch {
      // ESRCH: its process ended.
      return false;
    } finally {
      closeSync(fd);
    }
  }
}

/** Names of a directory; none when it is gone. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory, 'latin1');
  } catch {
    return [];
  }
}

/** Names that are numbers, ascending. */
export function listIds(directory: string): number[] {
  return listNames(directory)
    .map(Number)
    .filter(Number.isInteger)
    .sort((one, other) => one - other);
}

export function tryReadLink(path: string): string | undefined {
  try {
    return readlinkSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

export function tryStat(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** `mnt:[4026531841]` -> 4026531841. */
export function tryReadNamespace(path: string): number | undefined {
  const digits = /\[(\d+)\]$/.exec(tryReadLink(path) ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The kernel writes blanks and backslashes of paths as `\040`. */
export function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** dev_t as the kernel keeps it: 12 bits of major, 20 of minor. */
export function deviceNumber(majorMinor: string): number {
  const [major = 0, minor = 0] = majorMinor.trim().split(':').map(Number);
  return ((major << 20) | (minor & 0xf_ffff)) >>> 0;
}
