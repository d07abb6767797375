// SPDX-License-Identifier: MIT
// Who reads a recording while it is made: places in the session's doorbell, one for each process that
// reads along. While one is taken by a living process, traced threads deliver what they have each time
// before their event loop sleeps, instead of when a sub-buffer is full.

import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LockstepError } from '@lockstep/base';
import { loadNative } from '@lockstep/native';
import { DOORBELL_FILE, DOORBELL_LIVE_READER_COUNT, DOORBELL_LIVE_READERS_WORD } from '@lockstep/protocol';
import { isProcessAlive } from './process-status.ts';
import { readSessionDescription, sessionBaseDirectory } from './session-directory.ts';

/**
 * Says that this process reads the trace while it is recorded; returns what takes that back. Where that cannot be
 * said (no recording, another user's, no addon) records come when a sub-buffer is full.
 */
export function readAlong(traceDirectory: string): () => void {
  const session = findRecordingSession(traceDirectory);
  return (session === undefined ? undefined : registerLiveReader(session)) ?? ((): void => undefined);
}

/** The directory of the session that records into `traceDirectory` now; undefined when none does, or it is another user's. */
function findRecordingSession(traceDirectory: string): string | undefined {
  const base = sessionBaseDirectory();
  const wanted = resolve(traceDirectory);
  for (const name of listOf(base)) {
    const path = join(base, name);
    try {
      const session = readSessionDescription(path);
      if (resolve(session.traceDirectory) === wanted && isProcessAlive(session.ownerPid, session.ownerStart))
        return path;
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      // What else lies there is no session.
    }
  }
  return undefined;
}

/** Undefined also when more read along than there are places. */
function registerLiveReader(sessionDirectory: string): (() => void) | undefined {
  const native = loadNative();
  if (native === undefined) return undefined;
  let words: Int32Array;
  let unmap: () => void;
  try {
    const mapping = native.mapFile(join(sessionDirectory, DOORBELL_FILE), { access: 'read-write' });
    words = new Int32Array(mapping.buffer);
    unmap = () => mapping.unmap();
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    // The session ended meanwhile.
    return undefined;
  }
  for (let place = 0; place < DOORBELL_LIVE_READER_COUNT; place++) {
    const word = DOORBELL_LIVE_READERS_WORD + place;
    const other = Atomics.load(words, word);
    // Who was killed left its place.
    if (other !== 0 && isProcessAlive(other, undefined)) continue;
    if (Atomics.compareExchange(words, word, other, process.pid) !== other) continue;
    return () => {
      Atomics.compareExchange(words, word, process.pid, 0);
      unmap();
    };
  }
  unmap();
  return undefined;
}

/** Whether a living process reads along; `doorbell` is the session's own mapping. */
export function hasLiveReaders(doorbell: ArrayBuffer): boolean {
  const words = new Int32Array(doorbell, DOORBELL_LIVE_READERS_WORD * 4, DOORBELL_LIVE_READER_COUNT);
  return words.some((pid) => pid > 0 && isProcessAlive(pid, undefined));
}

function listOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
