// SPDX-License-Identifier: MIT
// Where a data stream's bytes come from. A reader takes a medium and never a path, so that the same
// decoder serves a file, a live stream, a browser's Blob, ranges of an HTTP resource, and a test's array.
//
// Decoders are synchronous. Where bytes come only later (a Blob, HTTP, a growing file) a medium throws
// `MissingBytes` from `read`; whoever drives the reader waits until the bytes are there and calls the
// same method again: a reader that met `MissingBytes` stands where it stood before the call.

export interface Medium {
  /** Bytes that exist now. */
  readonly sizeBytes: number;
  /** More bytes may follow: at its end the reader throws `MissingBytes` instead of saying that the stream ended. */
  readonly isOpen?: boolean;
  /** Fills `target` from byte `offset` on; returns how many bytes there were, fewer only at the end. */
  read(offset: number, target: Uint8Array): number;
  /** Where the part (file) that has byte `offset` ends; a packet never crosses it. Absent: one part. */
  endOfPart?(offset: number): number;
}

/** Thrown through a reader, and caught by what drives it: the reader can go on when `medium` has these bytes. */
export class MissingBytes extends Error {
  readonly medium: Medium;
  readonly offset: number;
  readonly sizeBytes: number;

  constructor(medium: Medium, offset: number, sizeBytes: number) {
    super(`bytes ${offset} to ${offset + sizeBytes} of a medium are not there yet`);
    this.name = 'MissingBytes';
    this.medium = medium;
    this.offset = offset;
    this.sizeBytes = sizeBytes;
  }
}

/** A medium over bytes in memory, which are not copied. */
export function memoryMedium(bytes: Uint8Array): Medium {
  return {
    sizeBytes: bytes.length,
    read(offset, target) {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      return part.length;
    },
  };
}

/** What can only be read by waiting. */
export interface AsyncMedium {
  readonly sizeBytes: number;
  /** At most `sizeBytes` bytes from `offset` on; fewer only at the end. */
  read(offset: number, sizeBytes: number): Promise<Uint8Array>;
}

/** Bytes that one request asks for at least: a request of a Blob or over HTTP costs more than its bytes. */
const LEAST_REQUEST_BYTES = 1 << 20;

/** The part of an asynchronous medium that was read last, as a medium. */
export class WindowMedium implements Medium {
  readonly #source: AsyncMedium;
  #begin = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncMedium) {
    this.#source = source;
  }

  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  read(offset: number, target: Uint8Array): number {
    const wanted = Math.min(target.length, this.sizeBytes - offset);
    const at = offset - this.#begin;
    if (at < 0 || at + wanted > this.#bytes.length) throw new MissingBytes(this, offset, wanted);
    target.set(this.#bytes.subarray(at, at + wanted));
    return wanted;
  }

  /** Reads what was missing, and what comes after it. */
  async fill(missing: MissingBytes): Promise<void> {
    const wanted = Math.min(Math.max(missing.sizeBytes, LEAST_REQUEST_BYTES), this.sizeBytes - missing.offset);
    const bytes = await this.#source.read(missing.offset, wanted);
    this.#begin = missing.offset;
    this.#bytes = bytes;
  }
}

/** As much of a browser's `Blob` or `File` as is used here: no DOM types are needed to compile this. */
interface BlobLike {
  readonly size: number;
  slice(begin: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A Blob or File of a browser (Node has Blobs too). */
export function blobMedium(blob: BlobLike): AsyncMedium {
  return {
    sizeBytes: blob.size,
    read: async (offset, sizeBytes) => new Uint8Array(await blob.slice(offset, offset + sizeBytes).arrayBuffer()),
  };
}
