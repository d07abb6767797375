// SPDX-License-Identifier: MIT
// Traces as text, fast: data streams in, bytes of text out, in the order of the merge and with the
// bytes of `createTextPrinter`, which is the twin that tests compare with and that prints where code
// may not be generated. Records are never made: each is decoded and printed by one generated function.

import { encodeUtf8, LockstepError } from '@lockstep/base';
import { canGenerateCode } from '../read/compile.ts';
import { createDataStreamReader } from '../read/data-stream-reader.ts';
import { compareDataStreams, mergeEventRecords } from '../read/merge.ts';
import { COLORS, NO_COLORS } from './colors.ts';
import { TimeFormatter } from './format-time.ts';
import { DEFAULT_FIELDS, DEFAULT_NAMES, lossText } from './record-head.ts';
import { StreamText, TraceLayouts, type StreamTextOptions } from './stream-text.ts';
import { TextBuffer } from './text-buffer.ts';
import { createTextPrinter, type TextOptions } from './text-printer.ts';
import { TimeText } from './time-text.ts';

/** Bytes that are handed out together. */
const CHUNK_BYTES = 128 * 1024;

export interface TraceTextOptions extends TextOptions {
  /** Receives whole lines about losses. */
  readonly writeWarning?: (text: string) => void;
  /** For tests: through event records and strings. */
  readonly withoutGeneratedCode?: boolean;
}

/**
 * Bytes of text, in pieces. A piece is valid until the next one is asked for. What comes before a
 * damaged place is handed out before the `CtfError` is thrown.
 */
export function* printDataStreams(
  streams: readonly StreamTextOptions[],
  options: TraceTextOptions = {},
): Generator<Uint8Array, void, undefined> {
  if (options.withoutGeneratedCode === true || !canGenerateCode()) {
    yield* printRecords(streams, options);
    return;
  }
  const merge = new TextMerge(streams, options);
  const { buffer } = merge;
  try {
    while (merge.fill(CHUNK_BYTES)) {
      yield buffer.bytes.subarray(0, buffer.position);
      buffer.position = 0;
    }
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    if (buffer.position > 0) yield buffer.bytes.subarray(0, buffer.position);
    throw error;
  }
  if (buffer.position > 0) yield buffer.bytes.subarray(0, buffer.position);
}

class TextMerge {
  readonly buffer: TextBuffer = new TextBuffer();
  #heap: StreamText[] = [];
  readonly #time: TimeText;
  readonly #warningTime: TimeFormatter;
  readonly #warn: (text: string) => void;

  constructor(streams: readonly StreamTextOptions[], options: TraceTextOptions) {
    this.#warn = options.writeWarning ?? ((): void => {});
    const colors = options.color === true ? COLORS : NO_COLORS;
    this.#time = new TimeText(options, colors, this.#warn);
    this.#warningTime = new TimeFormatter(options, this.#warn);
    const layoutOptions = {
      names: new Set(options.names ?? DEFAULT_NAMES),
      fields: new Set(options.fields ?? DEFAULT_FIELDS),
      colors,
      afterTime: this.#time.after,
    };
    const layouts = new Map<unknown, TraceLayouts>();
    const ordered = [...streams].sort((a, b) => compareDataStreams(a.dataStream, b.dataStream));
    ordered.forEach((stream, rank) => {
      const { trace } = stream.dataStream;
      let own = layouts.get(trace);
      if (own === undefined) layouts.set(trace, (own = new TraceLayouts(layoutOptions)));
      const head = new StreamText(stream, own);
      head.rank = rank;
      this.#heap.push(head);
    });
    for (const head of this.#heap) head.advance();
    this.#heap = this.#heap.filter((head) => head.kind !== 'end');
    for (let at = this.#heap.length >> 1; at >= 0; at--) this.#sink(at);
  }

  /** Prints until there are `size` bytes; false when all is printed. */
  fill(size: number): boolean {
    const { buffer } = this;
    const heap = this.#heap;
    while (heap.length > 0) {
      const head = heap[0]!;
      const next = this.#second();
      for (;;) {
        this.#printHead(head);
        head.advance();
        if (head.kind === 'end' || buffer.position >= size) break;
        if (next !== undefined && !isBefore(head, next)) break;
      }
      if (head.kind === 'end') this.#removeFirst();
      else this.#sink(0);
      if (buffer.position >= size) return true;
    }
    return false;
  }

  #printHead(head: StreamText): void {
    if (head.kind === 'loss') {
      this.#warn(lossText(head.loss!, this.#warningTime));
      return;
    }
    const { buffer } = this;
    const begin = buffer.position;
    try {
      if (head.hasClock) this.#time.put(buffer, head.seconds, head.nanoseconds, head);
      head.print(buffer);
    } catch (error) {
      // Of a record that cannot be decoded nothing is printed.
      buffer.position = begin;
      throw error;
    }
  }

  /** The stream that comes after the first. */
  #second(): StreamText | undefined {
    const [, left, right] = this.#heap;
    return right !== undefined && isBefore(right, left!) ? right : left;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const head = heap[from];
    if (head === undefined) return;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, head)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = head;
  }
}

function isBefore(a: StreamText, b: StreamText): boolean {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
  return a.rank < b.rank;
}

/** The twin: event records, then strings, then bytes. */
function* printRecords(
  streams: readonly StreamTextOptions[],
  options: TraceTextOptions,
): Generator<Uint8Array, void, undefined> {
  const pieces: string[] = [];
  const printer = createTextPrinter({ ...options, write: (text) => pieces.push(text) });
  const readers = streams.map((stream) => createDataStreamReader(stream));
  const take = function* (): Generator<Uint8Array, void, undefined> {
    for (const piece of pieces.splice(0)) yield encodeUtf8(piece);
  };
  const [first] = streams;
  const range = {
    ...(first?.begin === undefined ? {} : { begin: first.begin }),
    ...(first?.end === undefined ? {} : { end: first.end }),
  };
  try {
    for (const item of mergeEventRecords(readers, range)) {
      printer.print(item);
      if (pieces.length > 0) yield* take();
    }
  } catch (error) {
    printer.flush();
    yield* take();
    throw error;
  }
  printer.flush();
  yield* take();
}
