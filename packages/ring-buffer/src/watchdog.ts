// SPDX-License-Identifier: MIT
// Looks after the writers of a ring buffer: one that died has what it committed delivered and its
// place freed; one that stalls inside of a record is named, and what it committed is handed out as a
// copy. It keeps its sub-buffer, whose rest is delivered when it goes on: nothing is taken from a
// writer that may still write.

import { DEPTH, COMMITTED, OWNER_LIVE, OWNER_STATE, RESERVED, writerWord, ACTIVE } from './layout.ts';
import { readRingHeader } from './header.ts';
import type { RingReader } from './reader.ts';
import type { RingPacket } from './ring-words.ts';
import { readOwner, recoverWriters, type RingClient, type RingOwner } from './writer.ts';

export interface WatchdogOptions {
  readonly memory: ArrayBufferLike;
  readonly reader: RingReader;
  /** Who recovers. */
  readonly owner: RingOwner;
  /** Ends the packets of the dead. */
  readonly client: RingClient;
  readonly isAlive: (owner: RingOwner) => boolean;
  /** How long a writer may be inside of one record. */
  readonly stallMs: number;
  /** Writers commit each record. */
  readonly isCrashConsistent: boolean;
  readonly nowMs: () => number;
}

export interface StalledWriter {
  readonly writerIndex: number;
  readonly owner: RingOwner;
  readonly stalledForMs: number;
  /** A copy of what it committed, the first time that this stall is seen; its sub-buffer is delivered whole later. */
  readonly packet: RingPacket | undefined;
}

export interface WatchdogReport {
  /** Delivered and freed. */
  readonly dead: readonly RingOwner[];
  readonly stalled: readonly StalledWriter[];
}

interface Seen {
  readonly reserved: number;
  readonly active: number;
  readonly committed: number;
  readonly sinceMs: number;
  isReported: boolean;
}

export class WriterWatchdog {
  readonly #options: WatchdogOptions;
  readonly #words: Int32Array;
  readonly #writerCount: number;
  readonly #isCrashConsistent: boolean;
  readonly #seen = new Map<number, Seen>();

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#isCrashConsistent = options.isCrashConsistent;
    this.#words = new Int32Array(options.memory, 0, options.memory.byteLength >> 2);
    this.#writerCount = readRingHeader(options.memory).writerCount;
  }

  /** To be called now and then; a stall is seen by two calls that are `stallMs` apart. */
  check(): WatchdogReport {
    const { memory, owner, client, isAlive } = this.#options;
    const dead = recoverWriters(memory, owner, client, (candidate) => !isAlive(candidate));
    const stalled: StalledWriter[] = [];
    for (let writerIndex = 0; writerIndex < this.#writerCount; writerIndex++) {
      const found = this.#checkStall(writerIndex);
      if (found !== undefined) stalled.push(found);
    }
    return { dead, stalled };
  }

  #checkStall(writerIndex: number): StalledWriter | undefined {
    const block = writerWord(writerIndex);
    const nowMs = this.#options.nowMs();
    const committed = Atomics.load(this.#words, block + COMMITTED);
    const reserved = Atomics.load(this.#words, block + RESERVED);
    const active = Atomics.load(this.#words, block + ACTIVE);
    // Inside of a record: more is reserved than committed. Without crash consistency that is always
    // so, and DEPTH tells; writers that commit in place, like the tracer's, never are for long.
    const isInside =
      Atomics.load(this.#words, block + OWNER_STATE) === OWNER_LIVE &&
      (Atomics.load(this.#words, block + DEPTH) > 0 ||
        (this.#isCrashConsistent && committed > 0 && reserved > committed));
    if (!isInside) {
      this.#seen.delete(writerIndex);
      return undefined;
    }
    const seen = this.#seen.get(writerIndex);
    if (seen?.reserved !== reserved || seen.active !== active || seen.committed !== committed) {
      this.#seen.set(writerIndex, { reserved, active, committed, sinceMs: nowMs, isReported: false });
      return undefined;
    }
    const stalledForMs = nowMs - seen.sinceMs;
    if (stalledForMs < this.#options.stallMs) return undefined;
    const isFirst = !seen.isReported;
    seen.isReported = true;
    return {
      writerIndex,
      owner: readOwner(this.#words, block),
      stalledForMs,
      packet: isFirst
        ? this.#options.reader.takeActive().find((packet) => packet.sequenceNumber === active)
        : undefined,
    };
  }
}
