// SPDX-License-Identifier: MIT
// A data stream on disk and its index, appended to packet by packet: checked packet bytes -> file
// that ends with a whole packet whatever happens. A write that fails in the middle is taken back.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { SystemError } from '@lockstep/base';
import {
  decodeIndex,
  encodeIndexEntry,
  encodeIndexHeader,
  INDEX_ENTRY_SIZE_BYTES,
  INDEX_HEADER_SIZE_BYTES,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  readDiscardedByCause,
  type DiscardedByCause,
  type IndexEntry,
} from '@lockstep/ctf/write';

/** Where a stream that is gone on with ended. */
export interface LastPacket {
  readonly index: IndexEntry;
  /** The index has their sum only. */
  readonly discarded: DiscardedByCause;
}

export class DataStreamFile {
  readonly path: string;
  readonly #fd: number;
  readonly #indexFd: number;
  readonly #entry = new Uint8Array(INDEX_ENTRY_SIZE_BYTES);
  #sizeBytes: number;
  #indexSizeBytes: number;

  private constructor(path: string, fd: number, indexFd: number, sizeBytes: number, indexSizeBytes: number) {
    this.path = path;
    this.#fd = fd;
    this.#indexFd = indexFd;
    this.#sizeBytes = sizeBytes;
    this.#indexSizeBytes = indexSizeBytes;
  }

  /** A new stream; an existing file is never touched. */
  static create(path: string, indexPath: string): DataStreamFile {
    const fd = open(path, 'wx');
    try {
      const indexFd = open(indexPath, 'wx');
      const stream = new DataStreamFile(path, fd, indexFd, 0, 0);
      stream.#write(indexFd, encodeIndexHeader(), INDEX_HEADER_SIZE_BYTES, 0);
      stream.#indexSizeBytes = INDEX_HEADER_SIZE_BYTES;
      return stream;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /**
   * Goes on with a stream whose writer was killed: what stands behind the last indexed packet is cut
   * off. Gives what the last packet says, too.
   */
  static reopen(
    path: string,
    indexPath: string,
  ): { readonly file: DataStreamFile; readonly last: LastPacket | undefined } {
    const fd = open(path, 'r+');
    const indexFd = open(indexPath, 'r+');
    const indexBytes = new Uint8Array(fstatSync(indexFd).size);
    readSync(indexFd, indexBytes, 0, indexBytes.length, 0);
    const fileSizeBytes = BigInt(fstatSync(fd).size);
    const entries = indexBytes.length < INDEX_HEADER_SIZE_BYTES ? [] : decodeIndex(indexBytes, indexPath);
    // An index entry is written after its packet, but the two files reach the disk in any order.
    const whole = entries.filter((entry) => entry.offsetBytes + entry.packetSizeBits / 8n <= fileSizeBytes);
    const last = whole.at(-1);
    const sizeBytes = last === undefined ? 0 : Number(last.offsetBytes + last.packetSizeBits / 8n);
    const indexSizeBytes = INDEX_HEADER_SIZE_BYTES + whole.length * INDEX_ENTRY_SIZE_BYTES;
    ftruncateSync(fd, sizeBytes);
    ftruncateSync(indexFd, indexSizeBytes);
    const file = new DataStreamFile(path, fd, indexFd, sizeBytes, indexSizeBytes);
    file.#write(indexFd, encodeIndexHeader(), INDEX_HEADER_SIZE_BYTES, 0);
    if (last === undefined) return { file, last };
    const header = new Uint8Array(PROGRAM_PACKET_HEADER_SIZE_BYTES);
    readSync(fd, header, 0, header.length, Number(last.offsetBytes));
    return { file, last: { index: last, discarded: readDiscardedByCause(header) } };
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Appends `packetSizeBytes` of `bytes`. Throws SystemError, for instance of a full disk; the file then ends with the packet before. */
  append(bytes: Uint8Array, packetSizeBytes: number, entry: Omit<IndexEntry, 'offsetBytes'>): void {
    encodeIndexEntry({ ...entry, offsetBytes: BigInt(this.#sizeBytes) }, this.#entry);
    try {
      this.#write(this.#fd, bytes, packetSizeBytes, this.#sizeBytes);
      this.#write(this.#indexFd, this.#entry, INDEX_ENTRY_SIZE_BYTES, this.#indexSizeBytes);
    } catch (error) {
      ftruncateSync(this.#fd, this.#sizeBytes);
      ftruncateSync(this.#indexFd, this.#indexSizeBytes);
      throw error;
    }
    this.#sizeBytes += packetSizeBytes;
    this.#indexSizeBytes += INDEX_ENTRY_SIZE_BYTES;
  }

  close(): void {
    closeSync(this.#fd);
    closeSync(this.#indexFd);
  }

  #write(fd: number, bytes: Uint8Array, sizeBytes: number, offset: number): void {
    try {
      let written = 0;
      while (written < sizeBytes) written += writeSync(fd, bytes, written, sizeBytes - written, offset + written);
    } catch (error) {
      throw asSystemError(error, 'A packet cannot be written', this.path);
    }
  }
}

function open(path: string, flags: string): number {
  try {
    return openSync(path, flags, 0o644);
  } catch (error) {
    throw asSystemError(error, 'A data stream file cannot be opened', path);
  }
}

function asSystemError(error: unknown, sentence: string, path: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'no space is left on the disk' : `the system says ${code}`;
  return new SystemError(`${sentence}: ${reason}`, code, syscall, path, { cause: error });
}
