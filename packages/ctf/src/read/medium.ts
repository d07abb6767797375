// SPDX-License-Identifier: MIT
// Where a data stream's bytes come from. A reader takes a medium and never a path, so that the same
// decoder serves a file, a live stream, a browser's Blob that was loaded, and a test's array.

export interface Medium {
  /** Bytes that exist now. */
  readonly sizeBytes: number;
  /** Fills `target` from byte `offset` on; returns how many bytes there were, fewer only at the end. */
  read(offset: number, target: Uint8Array): number;
  /** Where the part (file) that has byte `offset` ends; a packet never crosses it. Absent: one part. */
  endOfPart?(offset: number): number;
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
