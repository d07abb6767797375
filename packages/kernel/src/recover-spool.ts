// SPDX-License-Identifier: MIT
// Finishes what a killed recording left: spooled raw pages -> packets behind those that are on disk.

import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { ChunkConverter } from './chunk-converter.ts';
import { CHUNK_SIZE_BYTES } from './page-queue.ts';
import {
  ENTRY_HEADER_SIZE_BYTES,
  listSpoolFiles,
  readSpoolDescription,
  readSpoolProgress,
  removeSpool,
  spoolPath,
  tryReadEntry,
} from './spool.ts';

export interface SpoolRecovery {
  readonly recordCount: number;
  /** Bytes of the spool that made no sense: an entry cut off by the end of its writer. */
  readonly ignoredBytes: number;
}

/**
 * `stateDirectory` is DIR/.lockstep, `outputDirectory` DIR/kernel as it is called now. Undefined when
 * nothing was left. Calling it again after an interruption goes on where that one was.
 */
export function recoverKernelSpool(
  stateDirectory: string,
  outputDirectory: string,
  onProgress: (share: number) => void = () => {},
): SpoolRecovery | undefined {
  if (!existsSync(stateDirectory)) return undefined;
  const description = readSpoolDescription(stateDirectory);
  if (description === undefined) return undefined;
  const progress = readSpoolProgress(stateDirectory, description.streams.length);
  const converter = new ChunkConverter({ ...description, outputDirectory }, stateDirectory);
  converter.resume(progress?.packetCounts);
  const memory = new ArrayBuffer(CHUNK_SIZE_BYTES);
  const words = new Int32Array(memory);
  const bytes = new Uint8Array(memory);
  const starts = listSpoolFiles(stateDirectory);
  const total = starts.reduce((sum, start) => sum + statSync(spoolPath(stateDirectory, start)).size, 0);
  let done = 0;
  let ignoredBytes = 0;
  for (const start of starts) {
    const path = spoolPath(stateDirectory, start);
    const sizeBytes = statSync(path).size;
    const fd = openSync(path, 'r');
    let at = Math.min(sizeBytes, Math.max(0, Number((progress?.convertedBytes ?? 0n) - start)));
    for (
      let slot = tryReadEntry(fd, at, bytes, description.streams.length);
      slot !== undefined;
      slot = tryReadEntry(fd, at, bytes, description.streams.length)
    ) {
      converter.lookAhead(slot, words, 0);
      converter.convert(slot, words, bytes, 0);
      at += ENTRY_HEADER_SIZE_BYTES + slot.sizeBytes;
      onProgress((done + at) / total);
    }
    closeSync(fd);
    ignoredBytes += sizeBytes - at;
    done += sizeBytes;
  }
  converter.flush();
  converter.close();
  removeSpool(stateDirectory);
  return { recordCount: converter.recordCount, ignoredBytes };
}
