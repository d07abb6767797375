// SPDX-License-Identifier: MIT
// Follows the class file of a traced process: appended lines -> event record classes, checked. A
// program is not trusted: lines are bounded, and a file that shrank, or says two things of one id,
// is a ProtocolError, which ends that program's trace.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { CtfError, ProtocolError } from '@lockstep/base';
import type { EventRecordClass } from '@lockstep/ctf/write';
import { structureFromJson } from '@lockstep/ctf/write';
import { MAX_CLASS_LINE_BYTES, type ClassLine } from '@lockstep/protocol';
import { compilePayloadSizes, type PayloadSizes } from './payload-sizes.ts';

/** A program with more classes than memory is broken; LTTng's ids end at 2^32, real programs have hundreds. */
const MAX_CLASS_FILE_BYTES = 256 * 1024 * 1024;
const CHUNK_SIZE_BYTES = 64 * 1024;
const NEWLINE = 10;

export class ClassReader {
  readonly #path: string;
  #fd: number | undefined;
  #offset = 0;
  /** Bytes of a line that is not committed yet. */
  #rest: Uint8Array = new Uint8Array(0);
  readonly #classes: EventRecordClass[] = [];
  readonly #sizes = new Map<number, PayloadSizes>();

  constructor(path: string) {
    this.#path = path;
  }

  /** In the order of commitment. */
  get classes(): readonly EventRecordClass[] {
    return this.#classes;
  }

  get sizes(): ReadonlyMap<number, PayloadSizes> {
    return this.#sizes;
  }

  /** Takes the lines that were committed since the last call; true when there were some. */
  refresh(): boolean {
    const before = this.#classes.length;
    if (this.#fd === undefined && !this.#tryOpen()) return false;
    const fd = this.#fd as number;
    const sizeBytes = fstatSync(fd).size;
    if (sizeBytes === this.#offset) return false;
    if (sizeBytes < this.#offset)
      throw new ProtocolError('A program made its class file shorter', { path: this.#path });
    if (sizeBytes > MAX_CLASS_FILE_BYTES)
      throw new ProtocolError('A class file is too large', { path: this.#path, sizeBytes });
    const chunk = new Uint8Array(CHUNK_SIZE_BYTES);
    while (this.#offset < sizeBytes) {
      const count = readSync(fd, chunk, 0, Math.min(chunk.length, sizeBytes - this.#offset), this.#offset);
      if (count === 0) break;
      this.#offset += count;
      this.#take(chunk.subarray(0, count));
    }
    return this.#classes.length > before;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #tryOpen(): boolean {
    try {
      // Non-blocking, so that a FIFO put in its place cannot hold the consumer.
      this.#fd = openSync(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw new ProtocolError('A class file cannot be opened', {
        path: this.#path,
        errno: (error as NodeJS.ErrnoException).code,
      });
    }
    if (!fstatSync(this.#fd).isFile()) throw new ProtocolError('A class file is no regular file', { path: this.#path });
    return true;
  }

  #take(chunk: Uint8Array): void {
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, begin)) {
      const line = Buffer.concat([this.#rest, chunk.subarray(begin, end)]);
      this.#rest = new Uint8Array(0);
      this.#addLine(line);
      begin = end + 1;
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(begin)]);
    if (this.#rest.length > MAX_CLASS_LINE_BYTES) this.#refuse('has too long a line');
  }

  #addLine(bytes: Buffer): void {
    if (bytes.length > MAX_CLASS_LINE_BYTES) this.#refuse('has too long a line');
    const line = this.#parse(bytes);
    const { id, name, logLevel } = line;
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff) this.#refuse('has a class whose id is no 32-bit number');
    if (typeof name !== 'string' || name === '' || name.length > 512 || name.includes('\0'))
      this.#refuse('has a class without a usable name');
    if (this.#sizes.has(id)) this.#refuse('has two classes of one id');
    try {
      const payload = structureFromJson(line.payload);
      this.#sizes.set(id, compilePayloadSizes(payload));
      this.#classes.push({ id: BigInt(id), name, ...(Number.isInteger(logLevel) ? { logLevel } : {}), payload });
    } catch (error) {
      if (error instanceof CtfError) this.#refuse(`has a class that CTF cannot express (${error.sentence})`);
      throw error;
    }
  }

  #parse(bytes: Buffer): ClassLine {
    try {
      const value: unknown = JSON.parse(bytes.toString('utf8'));
      if (typeof value === 'object' && value !== null) return value as ClassLine;
    } catch {
      // Said below, with the file's name.
    }
    return this.#refuse('has a line that is no JSON object');
  }

  #refuse(what: string): never {
    throw new ProtocolError(`A program's class file ${what}`, { path: this.#path, line: this.#classes.length + 1 });
  }
}
