// SPDX-License-Identifier: MIT
// Chunks of raw pages, of any stream of a recording -> packets in its data stream files. Used by the
// converter thread while recording and by the recovery of a spool afterwards.

import { ClockHistory } from '@lockstep/clock';
import { isPlainConversion, type ChannelConversion, type ObservedEvent } from './channel-conversion.ts';
import type { EventRecordClass } from '@lockstep/ctf/write';
import { FLAG_LATE, FLAG_WHOLE, RESULT_OFFSET } from './capture/capture-record.ts';
import { CaptureStore, readCapturedCalls, type CapturedCall, type CaptureLosses } from './capture/capture-store.ts';
import { DataStreamWriter } from './data-stream-writer.ts';
import { CopierTable, PageConverter, type ConvertedPacket } from './page-converter.ts';
import type { Slot } from './page-queue.ts';
import { PageRetimer } from './page-retimer.ts';
import { forEachRecord } from './raw-records.ts';
import { makeHookedTable, needsLookahead, noteNewTask, tellWishes } from './record-hooks.ts';
import type { SpoolDescription, StreamDescription } from './spool.ts';
import type { StackPlaceRecorder } from './stack-places.ts';
import { StackJoiner } from './stack-joiner.ts';
import { ThreadTable } from './thread-table.ts';
import { EntryMemory } from './syscalls/entry-memory.ts';
import { ExitPatches, type PatchableStream } from './syscalls/exit-patches.ts';
import type { SyscallSources } from './syscalls/syscall-copier.ts';
import { WholeCalls } from './whole-calls.ts';

interface Stream {
  readonly writer: DataStreamWriter;
  readonly patchable: PatchableStream;
  readonly description: StreamDescription;
  /** Undefined: fields are copied, and nothing else. */
  readonly conversion: ChannelConversion | undefined;
  /** Of an event that tells of new threads, where they are to be known before their records. */
  readonly newTask: ObservedEvent | undefined;
  readonly joiner: StackJoiner | undefined;
  converter: PageConverter | undefined;
  readonly retimer: PageRetimer | undefined;
  discardedBefore: bigint;
}

export class ChunkConverter {
  readonly #plans: SpoolDescription['plans'];
  /** Of each channel: its own memory of the calls that its events tell of. */
  readonly #syscalls = new Map<number, SyscallSources>();
  readonly #streams: readonly Stream[];
  readonly #threads: ThreadTable;
  /** Hears of stacks, when the processes of the recording are those of now; set before the first chunk. */
  places: StackPlaceRecorder | undefined;
  /** Whether chunks are to be shown to `lookAhead` before any of their round is converted. */
  readonly needsLookahead: boolean;
  readonly #plainTables = new Map<number, CopierTable>();
  /** With a synthetic clock: what turns the pages' cycles into its ns. */
  readonly #history: ClockHistory | undefined;
  readonly #wholeCalls: WholeCalls;
  readonly #wholeStore: CaptureStore;
  /** Streams of calls that stand for themselves, by CPU. */
  readonly #wholeStreams = new Map<number, Stream>();
  #convertedCount = 0;
  #writtenCount = 0;
  #isOnlyCounting = false;

  /**
   * `stateDirectory`: where the description lies, and what it names. `threads` is what is known of the threads that
   * were recorded: of those of now, or nothing. Throws when the clock's history is missing or damaged.
   */
  constructor(
    description: SpoolDescription,
    stateDirectory: string,
    threads: ThreadTable = new ThreadTable(undefined),
    onClass: (streamClassId: number, eventClass: EventRecordClass) => void = () => {},
  ) {
    const { clockHistory } = description;
    const history = clockHistory === undefined ? undefined : new ClockHistory(`${stateDirectory}/${clockHistory}`);
    this.#history = history;
    this.#plans = description.plans;
    this.#threads = threads;
    this.#streams = description.streams.map((stream, index): Stream => {
      const conversion = description.channels.find((channel) => channel.streamClassId === stream.streamClassId);
      const isPlain = conversion === undefined || isPlainConversion(conversion);
      const writer = new DataStreamWriter(description.outputDirectory, description.uuid, stream);
      return {
        writer,
        patchable: {
          get packetStart() {
            return writer.sizeBytes;
          },
          patch: (start, byte, bytes) => this.#patch(index, start, byte, bytes),
        },
        description: stream,
        conversion: isPlain ? undefined : conversion,
        newTask:
          isPlain || !needsLookahead(conversion)
            ? undefined
            : conversion.observed.find((event) => event.role === 'new-task'),
        joiner:
          isPlain || (conversion.kernelStackId === 0 && conversion.userStackId === 0)
            ? undefined
            : new StackJoiner(conversion.kernelStackId, conversion.userStackId),
        converter: undefined,
        retimer: history === undefined ? undefined : new PageRetimer(history, stream.cpuId),
        discardedBefore: 0n,
      };
    });
    for (const { conversion } of this.#streams) if (conversion !== undefined) tellWishes(conversion, threads);
    this.needsLookahead = this.#streams.some((stream) => stream.newTask !== undefined);
    for (const { streamClassId } of description.streams.slice(0, description.wholeStreams?.first)) {
      if (this.#syscalls.has(streamClassId)) continue;
      this.#syscalls.set(streamClassId, makeSources());
    }
    const { wholeStreams } = description;
    for (const [index, stream] of description.streams.entries()) {
      const own = this.#streams[index];
      if (wholeStreams !== undefined && index >= wholeStreams.first && own !== undefined)
        this.#wholeStreams.set(stream.cpuId, own);
    }
    const [first] = this.#syscalls.values();
    this.#wholeStore = first?.store ?? new CaptureStore();
    this.#wholeCalls = new WholeCalls(this.#wholeStore, (eventClass) =>
      onClass(wholeStreams?.streamClassId ?? 0, eventClass),
    );
  }

  /** Goes on behind the packets that are on disk: see DataStreamWriter.resume. */
  resume(packetCounts: readonly number[] | undefined): void {
    this.#streams.forEach((stream, index) => {
      stream.discardedBefore = stream.writer.resume(packetCounts?.[index]);
    });
  }

  /** Throws what writing says. */
  convert(slot: Slot, words: Int32Array, bytes: Uint8Array, offset: number): void {
    if (slot.stream === this.#streams.length) {
      const calls = readCapturedCalls(bytes, offset, slot.sizeBytes);
      // Where an entry finds the texts that could be read at its exit only.
      for (const call of calls) if (isLateWhole(call)) this.#wholeStore.add(call);
      for (const call of calls) {
        if ((call.flags & FLAG_WHOLE) !== 0) this.#convertWhole(call);
        else
          for (const { store } of this.#syscalls.values())
            store.add(this.#history === undefined ? call : untimed(call));
      }
      return;
    }
    const stream = this.#streams[slot.stream];
    if (stream === undefined) return;
    // A megabyte a stream: made for those that have something to write.
    const converter = (stream.converter ??= this.#makeConverter(stream));
    const patches = this.#syscalls.get(stream.description.streamClassId)?.patches;
    if (patches !== undefined) patches.stream = stream.patchable;
    // Every segment that holds for these pages was written before they were.
    this.#history?.refresh();
    for (let at = 0; at + slot.pageSizeBytes <= slot.sizeBytes; at += slot.pageSizeBytes) {
      stream.retimer?.retime(words, offset + at, slot.pageSizeBytes);
      if (stream.joiner === undefined) {
        this.#convertedCount += converter.convertPage(words, bytes, offset + at, slot.pageSizeBytes);
      } else {
        const page = stream.joiner.push(bytes, offset + at, slot.pageSizeBytes);
        if (page !== undefined)
          this.#convertedCount += converter.convertPage(page.words, page.bytes, 0, page.bytes.length);
      }
    }
  }

  #patch(index: number, packetStart: number, byte: number, bytes: Uint8Array): void {
    const stream = this.#streams[index];
    if (stream === undefined) return;
    if (stream.writer.sizeBytes === packetStart) stream.converter?.patch(byte, bytes);
    else stream.writer.patch(packetStart + byte, bytes);
  }

  #makeConverter(stream: Stream): PageConverter {
    const { conversion, joiner } = stream;
    const { streamClassId, cpuId } = stream.description;
    const syscalls = this.#syscalls.get(streamClassId);
    const table =
      conversion === undefined
        ? this.#plainTable(streamClassId, syscalls)
        : makeHookedTable(this.#plans, conversion, {
            cpuId,
            threads: this.#threads,
            joiner,
            places: this.places,
            isAhead: stream.newTask !== undefined,
            syscalls,
          });
    return new PageConverter(table, stream.discardedBefore, (packet) => {
      this.#write(stream.writer, packet);
    });
  }

  #plainTable(streamClassId: number, syscalls: SyscallSources | undefined): CopierTable {
    const known = this.#plainTables.get(streamClassId);
    if (known !== undefined) return known;
    const table = new CopierTable(this.#plans, { syscalls });
    this.#plainTables.set(streamClassId, table);
    return table;
  }

  /** Notes the threads that the chunk tells of: their own records may be converted before it. */
  lookAhead(slot: Slot, words: Int32Array, offset: number): void {
    const newTask = this.#streams[slot.stream]?.newTask;
    if (newTask === undefined) return;
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    for (let at = 0; at + slot.pageSizeBytes <= slot.sizeBytes; at += slot.pageSizeBytes) {
      forEachRecord(words, (offset + at) >> 2, slot.pageSizeBytes, (record, recordBytes) => {
        if (((words[record] as number) & 0xffff) === newTask.id && recordBytes >= NEW_TASK_SIZE_BYTES)
          noteNewTask(newTask, this.#threads, words, bytes, record);
      });
    }
  }

  #convertWhole(call: CapturedCall): void {
    const stream = this.#wholeStreams.get(call.cpu);
    if (stream === undefined) return;
    stream.converter ??= this.#wholeCalls.makeConverter(stream.discardedBefore, (packet) => {
      this.#write(stream.writer, packet);
    });
    this.#convertedCount += this.#wholeCalls.convert(call, stream.converter);
    if (isLateWhole(call)) {
      const { tid, number, order, bytes } = call;
      this.#wholeStore.take(tid, number, true, order, bytes, RESULT_OFFSET, 8);
    }
  }

  #write(writer: DataStreamWriter, packet: ConvertedPacket): void {
    if (this.#isOnlyCounting) return;
    writer.write(packet);
    this.#writtenCount += packet.recordCount;
  }

  /** Nothing can be written any more: what is still converted is counted in `pendingRecordCount`. */
  giveUpWriting(): void {
    this.#isOnlyCounting = true;
  }

  flush(): void {
    for (const { joiner, converter } of this.#streams) {
      const page = joiner?.flush();
      if (page !== undefined && converter !== undefined)
        this.#convertedCount += converter.convertPage(page.words, page.bytes, 0, page.bytes.length);
      converter?.flush();
    }
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
  countCaptureLosses(kind: keyof CaptureLosses): number {
    let sum = 0;
    for (const { store } of this.#syscalls.values()) sum += store.losses[kind];
    return sum;
  }
  countLosses(kind: 'unknownLossCount' | 'damagedPageCount' | 'strayRecordCount'): number {
    return this.#streams.reduce((sum, stream) => sum + (stream.converter?.losses[kind] ?? 0), 0);
  }
}

/**
 * Of a synthetic clock: records of the kernel carry its segments' time, what is captured a line through some of them.
 * The two differ by more than a call is apart from the next one, so that their order decides.
 */
function untimed(call: CapturedCall): CapturedCall {
  return { ...call, time: undefined, order: 0 };
}

function isLateWhole({ flags }: CapturedCall): boolean {
  return (flags & FLAG_WHOLE) !== 0 && (flags & FLAG_LATE) !== 0;
}

function makeSources(): SyscallSources {
  const patches = new ExitPatches();
  return { store: new CaptureStore(), memory: new EntryMemory(patches), now: new Int32Array(2), patches };
}

/** Up to the flags of clone and the name. */
const NEW_TASK_SIZE_BYTES = 40;
