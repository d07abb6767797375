// SPDX-License-Identifier: MIT
// This process's directory in the session: made when the first tracepoint is wanted, by whichever
// thread comes first. Several threads and several copies of the tracer may be at it at once, so each
// file appears whole or not at all (written aside, then linked), and who comes second uses the first's.

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Native } from '@lockstep/native';
import {
  CLASSES_FILE,
  PROCESS_FILE,
  processDirectoryName,
  SHARED_FILE,
  SHARED_NEXT_BUFFER_NUMBER_WORD,
  SHARED_NEXT_CLASS_ID_WORD,
  SHARED_SIZE_BYTES,
  type ClassLine,
  type ProcessDescription,
} from '@lockstep/protocol';

export interface ProcessDirectory {
  readonly path: string;
  readonly description: ProcessDescription;
  /** A number that no other buffer of this process has. */
  takeBufferNumber(): number;
  /** The id of the class, which is committed in the class file when this returns. */
  commitClass(line: Omit<ClassLine, 'id'>): number;
}

export function openProcessDirectory(sessionDirectory: string, native: Native | undefined): ProcessDirectory {
  const path = join(sessionDirectory, processDirectoryName(process.pid, processStart()));
  mkdirSync(path, { recursive: true, mode: 0o700 });
  createOnce(join(path, SHARED_FILE), new Uint8Array(SHARED_SIZE_BYTES));
  createOnce(join(path, CLASSES_FILE), new Uint8Array(0));
  const own = describeProcess();
  const description = createOnce(join(path, PROCESS_FILE), JSON.stringify(own))
    ? own
    : (JSON.parse(readFileSync(join(path, PROCESS_FILE), 'utf8')) as ProcessDescription);
  const shared = new Int32Array(
    native === undefined
      ? new ArrayBuffer(SHARED_SIZE_BYTES)
      : native.mapFile(join(path, SHARED_FILE), { access: 'read-write' }).buffer,
  );
  // Without mappings threads cannot share a counter: each counts in a range of its own.
  const base = native === undefined ? threadId * 4096 : 0;
  const classes = new ClassFile(join(path, CLASSES_FILE));
  return {
    path,
    description,
    takeBufferNumber: () => base + Atomics.add(shared, SHARED_NEXT_BUFFER_NUMBER_WORD, 1),
    commitClass: (line) => classes.commit(line, () => base + Atomics.add(shared, SHARED_NEXT_CLASS_ID_WORD, 1)),
  };
}

/** The append-only class file. Of equal classes the first in the file is the one that all threads use. */
class ClassFile {
  readonly #path: string;
  readonly #ids = new Map<string, number>();
  #readBytes = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  commit(line: Omit<ClassLine, 'id'>, takeId: () => number): number {
    const key = keyOf(line);
    const known = this.#ids.get(key) ?? this.#readOn().get(key);
    if (known !== undefined) return known;
    const full: ClassLine = { id: takeId(), ...line };
    const fd = openSync(this.#path, 'a');
    try {
      // One write: O_APPEND keeps the lines of several threads apart.
      writeSync(fd, `${JSON.stringify(full)}\n`);
    } finally {
      closeSync(fd);
    }
    // Another thread may have appended the same class before; everything in front of ours is visible now.
    return this.#readOn().get(key) ?? full.id;
  }

  #readOn(): ReadonlyMap<string, number> {
    const fd = openSync(this.#path, 'r');
    const chunk = Buffer.alloc(65_536);
    try {
      for (
        let count = readSync(fd, chunk, 0, chunk.length, this.#readBytes);
        count > 0;
        count = readSync(fd, chunk, 0, chunk.length, this.#readBytes)
      ) {
        this.#readBytes += count;
        // Bytes, not characters: a chunk may end inside of one.
        this.#rest += chunk.toString('latin1', 0, count);
      }
    } finally {
      closeSync(fd);
    }
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const text of lines) {
      const line = JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as ClassLine;
      const key = keyOf(line);
      if (!this.#ids.has(key)) this.#ids.set(key, line.id);
    }
    return this.#ids;
  }
}

function keyOf(line: Omit<ClassLine, 'id'>): string {
  return JSON.stringify([line.name, line.logLevel, line.payload]);
}

/** False: somebody else did. */
function createOnce(path: string, content: string | Uint8Array): boolean {
  // Of a pid that another PID namespace has, too, the time differs.
  const aside = `${path}.${process.pid}-${threadId}-${process.hrtime.bigint()}.tmp`;
  writeFileSync(aside, content, { mode: 0o600 });
  try {
    linkSync(aside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    unlinkSync(aside);
  }
}

function describeProcess(): ProcessDescription {
  return {
    version: 2,
    vpid: process.pid,
    procname: procname(),
    argv: process.argv,
    execPath: process.execPath,
    nodeVersion: process.version,
    v8Version: process.versions.v8,
    traceUuid: randomUUID(),
    startedAt: isoTime(performance.timeOrigin),
    pidNamespace: tryRead(() => readlinkSync('/proc/self/ns/pid')) ?? '',
    pointerSizeBits: 64,
  };
}

/** As Date's toISOString, which costs the first Date of a process 2 ms for the time zone that it does not need. */
export function isoTime(epochMs: number): string {
  const ms = Math.floor(epochMs);
  const days = Math.floor(ms / 86_400_000);
  // Howard Hinnant's civil_from_days: years begin in March, so that the day that leap years add is the last.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const msOfDay = ms - days * 86_400_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const time = `${two(msOfDay / 3_600_000)}:${two((msOfDay / 60_000) % 60)}:${two((msOfDay / 1000) % 60)}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}.${String(msOfDay % 1000).padStart(3, '0')}Z`;
}

/** Node 24 and later call their main threads this; it would be the name of every program. */
const NODE_MAIN_THREAD = /^(node-)?MainThread$/;

export function procname(): string {
  const name = tryRead(() => readFileSync('/proc/self/comm', 'utf8').trim());
  return name === undefined || NODE_MAIN_THREAD.test(name) ? basename(process.execPath) : name;
}

/** Field 22 of /proc/self/stat; elsewhere the start in ms since the epoch. */
export function processStart(): number {
  const stat = tryRead(() => readFileSync('/proc/self/stat', 'utf8'));
  if (stat === undefined) return Math.round(performance.timeOrigin);
  // The name, field 2, may hold spaces and parentheses: fields count from the last ')'.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[22 - 3]);
}

function tryRead<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
