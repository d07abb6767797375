// SPDX-License-Identifier: MIT
// How what is followed waits between two looks.

import { setTimeout as sleep } from 'node:timers/promises';

/** As babeltrace2's `--retry-duration`. */
const DEFAULT_INTERVAL_MS = 100;

export interface FollowOptions {
  /** Ends it; what is known by then is still handed out. */
  readonly signal?: AbortSignal;
  /** Between two looks when nothing new was there. */
  readonly intervalMs?: number;
  /** Of a directory: how many looks a silent stream holds the others up. What comes later than that is out of order. */
  readonly patience?: number;
  /** Called before a wait: the time to write what is held back. */
  readonly onIdle?: () => void;
}

/** A pause of `mergeGrowing`: false when it is to end. */
export function makePause(options: FollowOptions): () => Promise<boolean> {
  const { signal, intervalMs = DEFAULT_INTERVAL_MS, onIdle } = options;
  return async () => {
    onIdle?.();
    if (signal?.aborted === true) return false;
    try {
      await sleep(intervalMs, undefined, signal === undefined ? {} : { signal });
    } catch {
      return false;
    }
    return true;
  };
}
