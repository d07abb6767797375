// SPDX-License-Identifier: MIT
// The packets of opened traces shared out among threads: ranges of them, which every thread takes from
// the front. Each thread opens the traces itself, so that one large stream keeps all of them busy.

import { availableParallelism } from 'node:os';
import { LockstepError } from '@lockstep/base';
import { packetIndexOf } from './packet-indexes.ts';
import type { OpenedDataStream } from './trace-set.ts';

/** Packets `[first, end)` of a data stream; `end` undefined = to its end. */
export interface PacketRange {
  /** Among the data streams of the trace set. */
  readonly stream: number;
  readonly first: number;
  /** Where the packet before the first one begins, or the first one of the stream. */
  readonly offset: number;
  readonly end: number | undefined;
}

export interface ParallelOptions {
  /** At most; the default is what the machine has. */
  readonly threads?: number;
}

/** Less is read before a second thread has started. */
const LEAST_PARALLEL_BYTES = 48 << 20;
/** Of a range: the last ones decide how long all threads have work. */
const RANGE_BYTES = 16 << 20;
const MOST_THREADS = 16;

/** What tests set, which have small traces. */
export interface RangeLimits {
  /** Bytes from which on it is worth a thread. */
  readonly leastBytes?: number;
  readonly rangeBytes?: number;
  /** Whether this thread only waits for the others. */
  readonly isIdleHere?: boolean;
}

/**
 * Ranges for several threads, of the streams that are wanted; undefined where one thread is to do it: there is too
 * little, or the packets cannot be walked. Then that thread tells what is wrong, after what is right.
 */
export function shareOutPackets(
  dataStreams: readonly OpenedDataStream[],
  threads: number,
  isWanted: (dataStream: OpenedDataStream) => boolean = () => true,
  limits: RangeLimits = {},
): PacketRange[] | undefined {
  let bytes = 0;
  for (const dataStream of dataStreams) if (isWanted(dataStream)) bytes += dataStream.medium.sizeBytes;
  if (threads < 2 || bytes < (limits.leastBytes ?? LEAST_PARALLEL_BYTES)) return undefined;
  const ranges: PacketRange[] = [];
  try {
    dataStreams.forEach((dataStream, stream) => {
      if (isWanted(dataStream)) ranges.push(...rangesOf(dataStream, stream, limits.rangeBytes ?? RANGE_BYTES));
    });
  } catch (error) {
    if (error instanceof LockstepError) return undefined;
    throw error;
  }
  return ranges.length < 2 ? undefined : ranges;
}

export function threadCountOf(options: ParallelOptions): number {
  return Math.min(options.threads ?? availableParallelism(), MOST_THREADS);
}

function rangesOf(dataStream: OpenedDataStream, stream: number, rangeBytes: number): PacketRange[] {
  const ranges: PacketRange[] = [];
  const index = packetIndexOf(dataStream);
  // Packets without times continue the clock of the one before.
  const isWhole = dataStream.dataStreamClass.defaultClock !== undefined && !index.hasTimes;
  let first = 0;
  for (let at = 1; at <= index.packetCount; at++) {
    const isLast = at === index.packetCount;
    if (!isLast && (isWhole || index.offsets[at]! - index.offsets[first]! < rangeBytes)) continue;
    ranges.push({ stream, first, offset: index.offsets[Math.max(0, first - 1)]!, end: isLast ? undefined : at });
    first = at;
  }
  return ranges;
}

/** Takes ranges that no other thread has taken until none is left; `next` is shared. */
export function* takeRanges(
  ranges: readonly PacketRange[],
  next: Int32Array,
): Generator<readonly [number, PacketRange], void, undefined> {
  for (let at = Atomics.add(next, 0, 1); at < ranges.length; at = Atomics.add(next, 0, 1)) yield [at, ranges[at]!];
}
