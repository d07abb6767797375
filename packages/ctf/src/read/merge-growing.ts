// SPDX-License-Identifier: MIT
// Merges data streams whose packets are still coming: an item is handed out when no stream can have an
// earlier one. A stream that has nothing and promises nothing holds the others up; how long is the
// caller's `patience`. Order of equal times: as in merge.ts.

import { compareDataStreams } from './merge.ts';
import type { GrowingDataStream } from './growing-trace.ts';
import type { StreamItem } from './data-stream-reader.ts';

export interface MergeGrowingOptions {
  /** Called before streams are asked for packets: adds streams, reads metadata. False = no stream will be added. */
  readonly refresh: () => Promise<boolean>;
  /** Waits until it is worth asking again; false ends the merge, and what is known is handed out. */
  readonly pause: () => Promise<boolean>;
  /** After so many pauses without anything a silent stream no longer holds others up. Infinite when not given. */
  readonly patience?: number;
}

export async function* mergeGrowing(
  streams: readonly GrowingDataStream[],
  options: MergeGrowingOptions,
): AsyncGenerator<StreamItem, void, undefined> {
  const { refresh, pause, patience = Number.POSITIVE_INFINITY } = options;
  const silentFor = new Map<GrowingDataStream, number>();
  let isOpen = true;
  let hasPaused = true;
  for (;;) {
    const mayGrow = isOpen && (await refresh());
    let hasNews = false;
    for (const stream of streams) {
      if (stream.head !== undefined || stream.isOver) continue;
      if (await stream.fill()) {
        hasNews = true;
        silentFor.delete(stream);
      } else if (hasPaused) {
        silentFor.set(stream, (silentFor.get(stream) ?? 0) + 1);
      }
    }
    for (;;) {
      const first = firstOf(streams);
      if (first === undefined || (isOpen && isHeldUp(first, streams, silentFor, patience))) break;
      hasNews = true;
      const item = first.head!;
      yield item;
      // Stops at the end of the packet, where another stream's may be needed first.
      if (!(await first.fill()) && isOpen) break;
    }
    hasPaused = !hasNews;
    if (hasNews) continue;
    if (!isOpen || (!mayGrow && streams.every((stream) => stream.isOver && stream.head === undefined))) return;
    isOpen = await pause();
  }
}

function firstOf(streams: readonly GrowingDataStream[]): GrowingDataStream | undefined {
  let first: GrowingDataStream | undefined;
  for (const stream of streams) {
    if (stream.head === undefined) continue;
    if (
      first === undefined ||
      stream.headNs < first.headNs ||
      (stream.headNs === first.headNs && compareDataStreams(stream, first) < 0)
    )
      first = stream;
  }
  return first;
}

/** Whether a stream without an item may still have one before the first. */
function isHeldUp(
  first: GrowingDataStream,
  streams: readonly GrowingDataStream[],
  silentFor: ReadonlyMap<GrowingDataStream, number>,
  patience: number,
): boolean {
  return streams.some(
    (stream) =>
      stream.head === undefined &&
      !stream.isOver &&
      stream.quietNs < first.headNs &&
      (silentFor.get(stream) ?? 0) <= patience,
  );
}
