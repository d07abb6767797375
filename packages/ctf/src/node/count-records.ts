// SPDX-License-Identifier: MIT
// The event records of opened traces counted: each decoded, none made. In this thread, or packets
// shared out among several.

import { Worker } from 'node:worker_threads';
import { CtfError, LockstepError } from '@lockstep/base';
import type { Loss } from '../read/loss-finder.ts';
import { LossFinder } from '../read/loss-finder.ts';
import { countPacket, PacketReader } from '../read/packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from '../read/trace-decoder.ts';
import { openedTraceSet } from './opened.ts';
import { shareOutPackets, takeRanges, threadCountOf, type PacketRange, type ParallelOptions } from './packet-ranges.ts';
import type { OpenedDataStream, TraceSet } from './trace-set.ts';

export interface TraceCounts {
  readonly records: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
  /** Those that are counted; `hasUncounted` tells of more. */
  readonly discardedEventRecords: bigint;
  readonly discardedPackets: bigint;
  /** A stream began with losses of which the number is unknown. */
  readonly hasUncounted: boolean;
}

interface Sums {
  records: number;
  packets: number;
  bytes: number;
  discardedEventRecords: bigint;
  discardedPackets: bigint;
  hasUncounted: boolean;
}

/** A part's result, and its place in the work. */
export type PartResult =
  | { readonly sums: Sums }
  | { readonly error: { readonly sentence: string; readonly pairs: CtfError['pairs'] } };

function noSums(): Sums {
  return { records: 0, packets: 0, bytes: 0, discardedEventRecords: 0n, discardedPackets: 0n, hasUncounted: false };
}

function toCounts(sums: Sums): TraceCounts {
  return { ...sums, records: BigInt(sums.records), packets: BigInt(sums.packets), bytes: BigInt(sums.bytes) };
}

/** Decodes all event records, stream after stream, without making objects of them. */
export function countEventRecords(traceSet: TraceSet, options: { readonly decoder?: DecoderKind } = {}): TraceCounts {
  const sums = noSums();
  for (const dataStream of openedTraceSet(traceSet).dataStreams)
    countPackets(dataStream, { first: 0, offset: 0, end: undefined }, sums, options.decoder);
  return toCounts(sums);
}

/**
 * Counts a range of packets. What was lost before its first packet needs the counters of the packet
 * before that, so a range that is not the first begins by reading that packet's header.
 */
function countPackets(
  dataStream: OpenedDataStream,
  range: Omit<PacketRange, 'stream'>,
  sums: Sums,
  kind: DecoderKind = 'generated',
): void {
  const reader = new PacketReader({
    decoder: traceDecoderOf(dataStream.trace.traceClass, kind),
    medium: dataStream.medium,
    streamName: dataStream.path ?? dataStream.name,
    start: { index: Math.max(0, range.first - 1), offset: range.offset },
  });
  const losses = new LossFinder();
  if (range.first > 0) {
    reader.nextHeader();
    losses.next(reader.state);
    reader.endPacket();
  }
  while (reader.next()) {
    if (!reader.isContinuation) {
      sums.packets++;
      sums.bytes += reader.packetSizeBytes;
      addLosses(sums, losses.next(reader.state));
    }
    sums.records += countPacket(reader);
    reader.endPacket();
    if (!reader.state.isPartial && reader.state.packetIndex + 1 === range.end) break;
  }
}

function addLosses(sums: Sums, losses: readonly Loss[]): void {
  for (const { type, count } of losses) {
    if (count === undefined) sums.hasUncounted = true;
    else if (type === 'discarded-packets') sums.discardedPackets += count;
    else sums.discardedEventRecords += count;
  }
}

/** What a thread does with a range. */
export function countRange(traceSet: TraceSet, range: PacketRange): PartResult {
  const sums = noSums();
  try {
    countPackets(openedTraceSet(traceSet).dataStreams[range.stream]!, range, sums);
    return { sums };
  } catch (error) {
    if (error instanceof LockstepError) return { error: { sentence: error.sentence, pairs: error.pairs } };
    throw error;
  }
}

/** The same in several threads, where there is enough to count; the sums and errors are those of one. */
export async function countEventRecordsParallel(
  traceSet: TraceSet,
  path: string,
  options: ParallelOptions = {},
): Promise<TraceCounts> {
  const { dataStreams } = openedTraceSet(traceSet);
  const threads = threadCountOf(options);
  const ranges = shareOutPackets(dataStreams, threads);
  if (ranges === undefined) return countEventRecords(traceSet);
  const results = await shareOut(traceSet, path, ranges, threads);
  const sums = noSums();
  for (const result of results) {
    if ('error' in result) throw new CtfError(result.error.sentence, result.error.pairs);
    sums.records += result.sums.records;
    sums.packets += result.sums.packets;
    sums.bytes += result.sums.bytes;
    sums.discardedEventRecords += result.sums.discardedEventRecords;
    sums.discardedPackets += result.sums.discardedPackets;
    sums.hasUncounted ||= result.sums.hasUncounted;
  }
  return toCounts(sums);
}

/** This thread works as well; each takes the next range when it is done with one. */
async function shareOut(
  traceSet: TraceSet,
  path: string,
  ranges: readonly PacketRange[],
  threads: number,
): Promise<PartResult[]> {
  const results = new Array<PartResult | undefined>(ranges.length);
  const next = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: Math.min(threads, ranges.length) - 1 }, () => {
    const worker = new Worker(new URL('./count-worker.js', import.meta.url), { workerData: { path, ranges, next } });
    return new Promise<void>((resolve, reject) => {
      worker.on('message', (done: readonly (readonly [number, PartResult])[]) => {
        for (const [at, result] of done) results[at] = result;
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  });
  for (const [at, range] of takeRanges(ranges, next)) results[at] = countRange(traceSet, range);
  await Promise.all(workers);
  return results.map((result, at) => result ?? countRange(traceSet, ranges[at]!));
}
