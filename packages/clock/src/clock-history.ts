// SPDX-License-Identifier: MIT
// The history of a clock page: every segment that was ever published, in a file, so that records
// stamped with raw cycles (the kernel's, under `x86-tsc`) can be given the ns that a program would have
// read at that moment. Written by the keeper before a segment begins; read by the converter.
//
//   header  0 magic u32 'LSCH' | 4 version u32 | 8 counter bits u32 | 12 CPU count u32
//           16 origin cycles u64 | 24 origin ns i64 | 32 … 64 zeros
//   record  cpu f64 | from position f64 | start position f64 | start ns f64 | ns per cycle f64 | kind f64
// From where it holds is where it starts, except where its publication came late: such a record is of
// kind 1 and replaces the CPU's last one; the line stays, so that both give the same numbers.

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { ProtocolError } from '@lockstep/base';
import { applySegment, expandReading, type ClockPageOrigin, type ClockSegment } from './clock-page.ts';

const MAGIC = 0x4843534c; // 'LSCH', little-endian
const VERSION = 1;
const HEADER_SIZE_BYTES = 64;
const RECORD_SIZE_BYTES = 48;
const KIND_SEGMENT = 0;
const KIND_CORRECTION = 1;
const MAX_CPU_COUNT = 8192;
/** Some thousand segments at a time. */
const READ_SIZE_BYTES = RECORD_SIZE_BYTES * 4096;

/** Its name in the directory of a recording's own files. */
export const CLOCK_HISTORY_FILE = 'clock-history';

export class ClockHistoryWriter {
  readonly #fd: number;
  readonly #record = new Float64Array(RECORD_SIZE_BYTES / 8);

  /** Creates the file; throws what open(2) or write(2) says. */
  constructor(path: string, cpuCount: number, counterBits: number, origin: ClockPageOrigin) {
    this.#fd = openSync(path, 'wx', 0o600);
    const header = Buffer.alloc(HEADER_SIZE_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(VERSION, 4);
    header.writeUInt32LE(counterBits, 8);
    header.writeUInt32LE(cpuCount, 12);
    header.writeBigUInt64LE(BigInt.asUintN(64, origin.cycles), 16);
    header.writeBigInt64LE(origin.ns, 24);
    writeSync(this.#fd, header);
  }

  append(cpu: number, segment: ClockSegment): void {
    this.#write(cpu, segment, segment.startCycles, KIND_SEGMENT);
  }

  /** The last segment of the CPU holds only from a later position on. */
  correct(cpu: number, segment: ClockSegment, fromCycles: number): void {
    this.#write(cpu, segment, fromCycles, KIND_CORRECTION);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(cpu: number, segment: ClockSegment, fromCycles: number, kind: number): void {
    const record = this.#record;
    record[0] = cpu;
    record[1] = fromCycles;
    record[2] = segment.startCycles;
    record[3] = segment.startNs;
    record[4] = segment.nsPerCycle;
    record[5] = kind;
    // One call: a reader sees whole records only, and one that is cut off is not read.
    writeSync(this.#fd, new Uint8Array(record.buffer));
  }
}

interface PlacedSegment extends ClockSegment {
  /** Where it begins to hold. */
  readonly fromCycles: number;
}

/** Segments of one CPU, oldest first. `read` is asked for readings in ascending order. */
export class CpuTimeline {
  readonly #segments: PlacedSegment[] = [];
  readonly #origin: ClockPageOrigin;
  readonly #counterBits: number;
  #at = 0;

  constructor(origin: ClockPageOrigin, counterBits: number) {
    this.#origin = origin;
    this.#counterBits = counterBits;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** ns from the page's origin at a reading; before the first segment the first one is drawn out. */
  readReading(reading: bigint): number {
    const first = this.#segments[this.#at];
    if (first === undefined) return 0;
    return this.read(expandReading(reading, this.#origin.cycles, first.startCycles, this.#counterBits));
  }

  /** The same for a position: cycles from the page's origin. */
  read(position: number): number {
    const segments = this.#segments;
    while (this.#at + 1 < segments.length && position >= (segments[this.#at + 1] as PlacedSegment).fromCycles)
      this.#at++;
    // Records of one page may be a little out of order across pages; a step back finds them.
    while (this.#at > 0 && position < (segments[this.#at] as PlacedSegment).fromCycles) this.#at--;
    const segment = segments[this.#at];
    return segment === undefined ? 0 : applySegment(segment, position);
  }

  add(segment: PlacedSegment, isCorrection: boolean): void {
    if (isCorrection) this.#segments.pop();
    this.#segments.push(segment);
    // What lies far behind is asked for no more: a page holds less than a hundred segments' time.
    const surplus = this.#at - MAX_KEPT_BEHIND;
    if (surplus > MAX_KEPT_BEHIND) {
      this.#segments.splice(0, surplus);
      this.#at -= surplus;
    }
    if (this.#at >= this.#segments.length) this.#at = this.#segments.length - 1;
  }
}

/** Bounded memory, whatever the length of the recording; ten minutes at ten segments a second. */
const MAX_KEPT_BEHIND = 6000;

export class ClockHistory {
  readonly origin: ClockPageOrigin;
  readonly counterBits: number;
  readonly #fd: number;
  readonly #timelines: readonly CpuTimeline[];
  readonly #buffer = Buffer.alloc(READ_SIZE_BYTES);
  #offset = HEADER_SIZE_BYTES;

  /** Throws ProtocolError when the file is no history; what open(2) says when there is none. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    const header = Buffer.alloc(HEADER_SIZE_BYTES);
    const size = readSync(this.#fd, header, 0, HEADER_SIZE_BYTES, 0);
    const counterBits = header.readUInt32LE(8);
    const cpuCount = header.readUInt32LE(12);
    if (
      size < HEADER_SIZE_BYTES ||
      header.readUInt32LE(0) !== MAGIC ||
      header.readUInt32LE(4) !== VERSION ||
      counterBits < 8 ||
      counterBits > 64 ||
      cpuCount < 1 ||
      cpuCount > MAX_CPU_COUNT
    ) {
      closeSync(this.#fd);
      throw new ProtocolError('The history of the synthetic clock is damaged or of another version', { path });
    }
    this.counterBits = counterBits;
    const origin = { cycles: header.readBigUInt64LE(16), ns: header.readBigInt64LE(24) };
    this.origin = origin;
    this.#timelines = Array.from({ length: cpuCount }, () => new CpuTimeline(origin, counterBits));
  }

  /** Reads what was appended since the last call. */
  refresh(): void {
    for (;;) {
      const size = readSync(this.#fd, this.#buffer, 0, READ_SIZE_BYTES, this.#offset);
      const count = Math.floor(size / RECORD_SIZE_BYTES);
      for (let index = 0; index < count; index++) this.#take(index * RECORD_SIZE_BYTES);
      this.#offset += count * RECORD_SIZE_BYTES;
      if (size < READ_SIZE_BYTES) return;
    }
  }

  /** Undefined: the keeper never saw this CPU. */
  timeline(cpu: number): CpuTimeline | undefined {
    const timeline = this.#timelines[cpu];
    return timeline === undefined || timeline.isEmpty ? undefined : timeline;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #take(at: number): void {
    const buffer = this.#buffer;
    const segment = {
      fromCycles: buffer.readDoubleLE(at + 8),
      startCycles: buffer.readDoubleLE(at + 16),
      startNs: buffer.readDoubleLE(at + 24),
      nsPerCycle: buffer.readDoubleLE(at + 32),
    };
    // A file that somebody spoilt gives wrong times, not an exception in the middle of a conversion.
    if (
      Number.isNaN(segment.fromCycles) ||
      !Number.isSafeInteger(segment.startCycles) ||
      !Number.isSafeInteger(segment.startNs)
    )
      return;
    if (!(segment.nsPerCycle > 0 && segment.nsPerCycle < 1e9)) return;
    this.#timelines[buffer.readDoubleLE(at)]?.add(segment, buffer.readDoubleLE(at + 40) === KIND_CORRECTION);
  }
}
