// SPDX-License-Identifier: MIT
// A thread that reads columns: what to do in its `workerData`, batches of rows in its messages.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { CtfError } from '@lockstep/base';
import type { Column, ColumnBatch } from '../read/columns.ts';
import { openedTraceSet } from './opened.ts';
import { takeRanges, type PacketRange } from './packet-ranges.ts';
import { readStreamColumns, type ColumnOptions } from './read-columns.ts';
import { openTraceDirectory, type OpenedFrom } from './trace-set.ts';

/** Batches of a message: one costs about as much as a few thousand rows. */
const MESSAGE_BATCHES = 8;
/** Messages that may be under way; a range of packets takes about as many. */
const MOST_MESSAGES = 12;

export interface ColumnWorkerData extends OpenedFrom {
  readonly ranges: readonly PacketRange[];
  readonly next: Int32Array;
  /** Messages that were taken, by thread. */
  readonly taken: Int32Array;
  readonly thread: number;
  readonly columnOptions: ColumnOptions;
}

export interface SentBatch extends Omit<ColumnBatch, 'dataStream' | 'eventRecordClass'> {
  readonly classId: bigint;
}

export interface ColumnMessage {
  readonly range: number;
  readonly thread: number;
  readonly batches: readonly SentBatch[];
  /** Nothing of this range follows. */
  readonly isDone: boolean;
  readonly error: { readonly sentence: string; readonly pairs: CtfError['pairs'] } | undefined;
}

function copyBatch({ eventRecordClass, rowCount, columns, clock }: ColumnBatch): SentBatch {
  return {
    classId: eventRecordClass.id,
    rowCount,
    columns: columns.map((column) => copyColumn(column, rowCount)),
    clock: clock?.slice(0, rowCount),
  };
}

function copyColumn(column: Column, rowCount: number): Column {
  if (!('begins' in column)) return column.slice(0, rowCount);
  // Rows lie one after another in the window.
  const first = column.begins[0] ?? 0;
  const bytes = column.bytes.slice(first, column.ends[rowCount - 1] ?? 0);
  const moved = (places: Uint32Array): Uint32Array => places.slice(0, rowCount).map((place) => place - first);
  return { bytes, begins: moved(column.begins), ends: moved(column.ends) };
}

/** What of a column can be handed over instead of being copied. */
function buffersOf(column: Column | undefined): ArrayBuffer[] {
  if (column === undefined) return [];
  if ('begins' in column) return [column.bytes, column.begins, column.ends].map(({ buffer }) => buffer as ArrayBuffer);
  return ArrayBuffer.isView(column) ? [column.buffer as ArrayBuffer] : [];
}

function work({ path, options, ranges, next, taken, thread, columnOptions }: ColumnWorkerData): void {
  const traceSet = openTraceDirectory(path, options);
  const { dataStreams } = openedTraceSet(traceSet);
  let sent = 0;
  const send = (message: Omit<ColumnMessage, 'thread'>): void => {
    for (let done = Atomics.load(taken, thread); sent - done >= MOST_MESSAGES; done = Atomics.load(taken, thread))
      Atomics.wait(taken, thread, done);
    const buffers = message.batches.flatMap(({ columns, clock }) => [...columns, clock].flatMap(buffersOf));
    parentPort?.postMessage({ ...message, thread } satisfies ColumnMessage, buffers);
    sent++;
  };
  try {
    for (const [range, packets] of takeRanges(ranges, next)) {
      let batches: SentBatch[] = [];
      let error: ColumnMessage['error'];
      try {
        for (const batch of readStreamColumns(dataStreams[packets.stream]!, columnOptions, packets)) {
          batches.push(copyBatch(batch));
          if (batches.length < MESSAGE_BATCHES) continue;
          send({ range, batches, isDone: false, error: undefined });
          batches = [];
        }
      } catch (found) {
        if (!(found instanceof CtfError)) throw found;
        error = { sentence: found.sentence, pairs: found.pairs };
      }
      send({ range, batches, isDone: true, error });
    }
  } finally {
    traceSet.close();
  }
}

if (!isMainThread) work(workerData as ColumnWorkerData);
