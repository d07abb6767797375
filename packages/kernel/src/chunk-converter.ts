// SPDX-License-Identifier: MIT
// Chunks of raw pages, of any stream of a recording -> packets in its data stream files. Used by the
// converter thread while recording and by the recovery of a spool afterwards.

import { CopierTable, PageConverter } from './page-converter.ts';
import { DataStreamWriter } from './data-stream-writer.ts';
import type { Slot } from './page-queue.ts';
import type { SpoolDescription } from './spool.ts';

interface Stream {
  readonly writer: DataStreamWriter;
  converter: PageConverter | undefined;
  discardedBefore: bigint;
}

export class ChunkConverter {
  readonly #table: CopierTable;
  readonly #streams: readonly Stream[];
  #convertedCount = 0;
  #writtenCount = 0;

  constructor(description: SpoolDescription) {
    this.#table = new CopierTable(description.plans);
    this.#streams = description.streams.map((stream) => ({
      writer: new DataStreamWriter(description.outputDirectory, description.uuid, stream),
      converter: undefined,
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
    for (let at = 0; at + slot.pageSizeBytes <= slot.sizeBytes; at += slot.pageSizeBytes) {
      this.#convertedCount += stream.converter.convertPage(words, bytes, offset + at, slot.pageSizeBytes);
    }
  }

  flush(): void {
    for (const stream of this.#streams) stream.converter?.flush();
  }

  close(): void {
    for (const stream of this.#streams) stream.writer.close();
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
