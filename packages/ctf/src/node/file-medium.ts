// SPDX-License-Identifier: MIT
// A data stream's bytes in files: one, or several that a tracer wrote one after another (trace file
// rotation), which read as one medium with a part each.

import type { Medium } from '../read/medium.ts';
import type { FilePool } from './file-pool.ts';

export interface StreamFile {
  readonly path: string;
  readonly sizeBytes: number;
}

export function fileMedium(pool: FilePool, files: readonly StreamFile[]): Medium {
  const begins: number[] = [];
  let sizeBytes = 0;
  for (const file of files) {
    begins.push(sizeBytes);
    sizeBytes += file.sizeBytes;
  }
  const indexAt = (offset: number): number => {
    let index = begins.length - 1;
    while (index > 0 && (begins[index] ?? 0) > offset) index--;
    return index;
  };
  const endOfPart = (offset: number): number => begins[indexAt(offset) + 1] ?? sizeBytes;
  return {
    sizeBytes,
    endOfPart,
    read(offset, target) {
      const index = indexAt(offset);
      const file = files[index];
      if (file === undefined) return 0;
      const inPart = Math.min(target.length, endOfPart(offset) - offset);
      return pool.read(file.path, offset - (begins[index] ?? 0), target.subarray(0, inPart));
    },
  };
}
