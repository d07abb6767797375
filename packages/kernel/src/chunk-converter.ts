// SPDX-License-Identifier: MIT
// Chunks of raw pages, of any stream of a recording -> packets in its data stream files. Used by the
// converter thread while recording and by the recovery of a spool afterwards.

import { ClockHistory } from '@lockstep/clock';
import { CopierTable, PageConverter } from './page-converter.ts';
import { DataStreamWriter } from './data-stream-writer.ts';
import type { Slot } from './page-queue.ts';
import { PageRetimer } from './page-retimer.ts';
import type { SpoolDescription } from './spool.ts';

interface Stream {
  readonly writer: DataStreamWriter;
  converter: PageConverter | undefined;
  readonly retimer: PageRetimer | undefined;
  discardedBefore: bigint;
}

export class ChunkConverter {
  readonly #table: CopierTable;
  readonly #streams: readonly Stream[];
  /** With a synthetic clock: what turns the pages' cycles into its ns. */
  readonly #history: ClockHistory | undefined;
  #convertedCount = 0;
  #writtenCount = 0;

  /** `stateDirectory`: where the description lies, and what it names. Throws when the clock's history is missing or damaged. */
  constructor(description: SpoolDescription, stateDirectory: string) {
    const { clockHistory } = description;
    const history = clockHistory === undefined ? undefined : new ClockHistory(`${stateDirectory}/${clockHistory}`);
    this.#history = history;
    this.#table = new CopierTable(description.plans);
    this.#streams = description.streams.map((stream) => ({
      writer: new DataStreamWriter(description.outputDirectory, description.uuid, stream),
      converter: undefined,
      retimer: history === undefined ? undefined : new PageRetimer(history, stream.cpuId),
      discardedBefore: 0n,
    }));
  }

  /** Goes on behind the packets that are on disk: see DataStreamWriter.resume. */
  resume(packetCounts: readonly number[] | undefined): void {
    this.#streams.forEach((stream, index) => {
      stream.discardedBefore = stream.writer.resume(packetCounts?.[index]);
    });
  }

  /** Throws what writing says. */
  convert(slot: Slot, words: Int32Array, bytes: Uint8Array, offset: number): void {
    const stream = this.#streams[slot.stream];
    if (stream === undefined) return;
    // A megabyte a stream: made for those that have something to write.
    stream.converter ??= new PageConverter(this.#table, stream.discardedBefore, (packet) => {
      stream.writer.write(packet);
      this.#writtenCount += packet.recordCount;
    });
    // Every segment that holds for these pages was written before they were.
    this.#history?.refresh();
    for (let at = 0; at + slot.pageSizeBytes <= slot.sizeBytes; at += slot.pageSizeBytes) {
      stream.retimer?.retime(words, offset + at, slot.pageSizeBytes);
      this.#convertedCount += stream.converter.convertPage(words, bytes, offset + at, slot.pageSizeBytes);
    }
  }

  flush(): void {
    for (const stream of this.#streams) stream.converter?.flush();
  }

  close(): void {
    for (const stream of this.#streams) stream.writer.close();
    this.#history?.close();
  }

  /** Of packets that are written. */
  get recordCount(): number {
    return this.#writtenCount;
  }
  /** Records in packets that are not written, because they are not full yet or because writing failed. */
  get pendingRecordCount(): number {
    return this.#convertedCount - this.#writtenCount;
  }
  get writtenBytes(): number {
    return this.#streams.reduce((sum, stream) => sum + stream.writer.sizeBytes, 0);
  }
  get discardedCount(): bigint {
    return this.#streams.reduce(
      (sum, stream) => sum + (stream.converter?.discardedCount ?? stream.discardedBefore),
      0n,
    );
  }
  get packetCounts(): number[] {
    return this.#streams.map((stream) => stream.writer.packetCount);
  }
  countLosses(kind: 'unknownLossCount' | 'damagedPageCount' | 'strayRecordCount'): number {
    return this.#streams.reduce((sum, stream) => sum + (stream.converter?.losses[kind] ?? 0), 0);
  }
}
