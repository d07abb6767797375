// SPDX-License-Identifier: MIT
// Is a trace sound? Everything is decoded and compared with what packets, clocks and indexes claim. An
// error is what a reader stumbles over or what contradicts itself; a warning is what is lost or odd but
// well said. One broken trace or data stream does not keep the others from being checked.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { InputError, LockstepError, type ErrorPairs } from '@lockstep/base';
import { LossFinder } from '../read/loss-finder.ts';
import { quirksOf } from '../read/quirks.ts';
import { decodeIndex, type IndexEntry } from '../write/data-stream-index.ts';
import { readRegularFile } from './regular-file.ts';
import { findTraceDirectories, openTraceDirectory, type OpenedDataStream, type OpenedTraceSet } from './trace-set.ts';
import { walkRecords } from './walk-records.ts';

export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Without a full stop where pairs follow. */
  readonly sentence: string;
  /** Where: path, packet, offset and what else is known. */
  readonly where: ErrorPairs;
}

export interface CheckReport {
  readonly traces: number;
  readonly dataStreams: number;
  readonly packets: number;
  readonly records: number;
  readonly errors: number;
  readonly warnings: number;
  /** The first ones. */
  readonly problems: readonly Problem[];
}

const LOST_PACKETS = 'The index names packets that are not there';
/** More of them say nothing new. */
const MOST_PROBLEMS = 1000;
/** Of one kind in one data stream. */
const MOST_OF_A_KIND = 10;

export function checkTraces(path: string): CheckReport {
  const directories = existsSync(path) ? findTraceDirectories(path, 0) : [];
  if (directories.length === 0)
    throw new InputError('There is no CTF trace; name a directory that has a file `metadata` in it or below it', {
      path,
    });
  const checker = new Checker();
  for (const directory of directories) checker.checkTrace(directory, relative(path, directory));
  return checker.report();
}

class Checker {
  #traces = 0;
  #dataStreams = 0;
  #packets = 0;
  #records = 0;
  #errors = 0;
  #warnings = 0;
  readonly #problems: Problem[] = [];

  report(): CheckReport {
    return {
      traces: this.#traces,
      dataStreams: this.#dataStreams,
      packets: this.#packets,
      records: this.#records,
      errors: this.#errors,
      warnings: this.#warnings,
      problems: this.#problems,
    };
  }

  checkTrace(directory: string, name: string): void {
    this.#traces++;
    this.#guard({ trace: name === '' ? undefined : name }, () => {
      const traceSet = openTraceDirectory(directory) as OpenedTraceSet;
      try {
        for (const dataStream of traceSet.dataStreams) this.#checkDataStream(dataStream);
        this.#checkLostStreams(directory);
      } finally {
        traceSet.close();
      }
    });
  }

  /** A file without a packet is no data stream, so only its index can tell that it once had some. */
  #checkLostStreams(directory: string): void {
    const indexes = join(directory, 'index');
    if (!existsSync(indexes)) return;
    for (const name of readdirSync(indexes)) {
      const stream = join(directory, basename(name, '.idx'));
      if (!name.endsWith('.idx') || (statSync(stream, { throwIfNoEntry: false })?.size ?? 0) > 0) continue;
      this.#guard({ stream }, () => {
        const path = join(indexes, name);
        const named = decodeIndex(readRegularFile(path), path).length;
        if (named > 0) this.#add('error', LOST_PACKETS, { stream, named, packets: 0 });
      });
    }
  }

  #checkDataStream(dataStream: OpenedDataStream): void {
    this.#dataStreams++;
    const stream = dataStream.path ?? dataStream.name;
    this.#guard({ stream }, () => {
      const packets = new PacketChecker(dataStream, (severity, sentence, where) =>
        this.#add(severity, sentence, { stream, ...where }),
      );
      walkRecords(dataStream, {
        packet: (reader) => {
          this.#packets++;
          packets.begin(reader);
        },
        record: (_class, _size, reader) => {
          this.#records++;
          packets.record(reader);
        },
        packetEnd: (reader) => packets.end(reader),
      });
      packets.finish();
    });
  }

  /** What is thrown on purpose is a finding. */
  #guard(where: ErrorPairs, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      this.#add('error', error.sentence, { ...where, ...error.pairs });
    }
  }

  #add(severity: Problem['severity'], sentence: string, where: ErrorPairs): void {
    if (severity === 'error') this.#errors++;
    else this.#warnings++;
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ severity, sentence, where });
  }
}

type Report = (severity: Problem['severity'], sentence: string, where: ErrorPairs) => void;
type Reader = Parameters<NonNullable<Parameters<typeof walkRecords>[1]['packet']>>[0];

/** What the packets of one data stream say of each other, of their records and in the index. */
class PacketChecker {
  readonly #report: Report;
  readonly #counts = new Map<string, number>();
  readonly #losses = new LossFinder();
  readonly #entries: readonly IndexEntry[] | undefined;
  readonly #hasClock: boolean;
  readonly #hasOldTracer: boolean;
  #index = -1;
  #offset = 0;
  /** The latest end of a packet or event record, and the latest event record. */
  #last: bigint | undefined;
  #lastRecord: bigint | undefined;
  #packetEnd: bigint | undefined;
  #packetBegin: bigint | undefined;

  constructor(dataStream: OpenedDataStream, report: Report) {
    this.#report = report;
    this.#hasClock = dataStream.dataStreamClass.defaultClock !== undefined;
    const quirks = quirksOf(dataStream.trace.traceClass);
    this.#hasOldTracer = quirks.hasRecordsAfterPacket || quirks.hasRecordsBeforePacket;
    this.#entries = this.#readIndex(dataStream.indexPath);
  }

  #readIndex(path: string | undefined): readonly IndexEntry[] | undefined {
    if (path === undefined || !existsSync(path)) return undefined;
    try {
      return decodeIndex(readRegularFile(path), path);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      this.#tell('error', error.sentence, error.pairs);
      return undefined;
    }
  }

  begin(reader: Reader): void {
    const { state } = reader;
    this.#index++;
    this.#offset = reader.packetOffset;
    this.#packetBegin = state.packetBegin;
    this.#packetEnd = state.packetEnd === undefined ? undefined : BigInt.asUintN(64, BigInt(state.packetEnd));
    for (const { type, count } of this.#losses.next(state)) {
      const what = type === 'discarded-packets' ? 'Packets' : 'Event records';
      this.#tell('warning', `${what} were discarded while recording`, { count: count ?? 'unknown' });
    }
    if (this.#hasClock) this.#checkTimes();
    this.#checkIndex(reader);
  }

  #checkTimes(): void {
    const [begin, end] = [this.#packetBegin, this.#packetEnd];
    if (begin !== undefined && end !== undefined && end < begin)
      this.#tell('error', 'A packet ends before it begins', { begin, end });
    if (begin === undefined || this.#last === undefined || begin >= this.#last || this.#hasOldTracer) return;
    // Tracers that read the end late wrote no record at a wrong time.
    const isRecordBehind = this.#lastRecord !== undefined && begin < this.#lastRecord;
    this.#tell(isRecordBehind ? 'error' : 'warning', 'A packet begins before the one before it ends', {
      begin,
      before: this.#last,
    });
  }

  #checkIndex(reader: Reader): void {
    if (this.#entries === undefined) return;
    const entry = this.#entries[this.#index];
    if (entry === undefined) {
      this.#tell('warning', 'The index does not name a packet', {});
      return;
    }
    const wrong =
      entry.offsetBytes !== BigInt(reader.packetOffset)
        ? 'offset'
        : entry.packetSizeBits !== BigInt(reader.packetSizeBytes * 8)
          ? 'size'
          : this.#packetBegin !== undefined && entry.timestampBegin !== this.#packetBegin
            ? 'begin'
            : this.#packetEnd !== undefined && entry.timestampEnd !== this.#packetEnd
              ? 'end'
              : undefined;
    if (wrong !== undefined) this.#tell('error', `The index says another ${wrong} of a packet than the packet`, {});
  }

  record(reader: Reader): void {
    if (!this.#hasClock) return;
    const reading = reader.state.clock[0] ?? 0n;
    if (this.#lastRecord !== undefined && reading < this.#lastRecord)
      this.#tell('error', 'The clock goes back from one event record to the next', {
        from: this.#lastRecord,
        to: reading,
      });
    else if (this.#packetBegin !== undefined && reading < this.#packetBegin && !this.#hasOldTracer)
      this.#tell('error', 'An event record is before the begin of its packet', { reading, begin: this.#packetBegin });
    this.#lastRecord = reading;
    if (this.#last === undefined || reading > this.#last) this.#last = reading;
  }

  end(reader: Reader): void {
    void reader;
    const end = this.#packetEnd;
    if (!this.#hasClock || end === undefined) return;
    if (this.#lastRecord !== undefined && this.#lastRecord > end && !this.#hasOldTracer)
      this.#tell('error', 'An event record is after the end of its packet', { reading: this.#lastRecord, end });
    if (this.#last === undefined || end > this.#last) this.#last = end;
  }

  finish(): void {
    const named = this.#entries?.length ?? 0;
    if (named > this.#index + 1) this.#tell('error', LOST_PACKETS, { named, packets: this.#index + 1 });
  }

  #tell(severity: Problem['severity'], sentence: string, where: ErrorPairs): void {
    const count = (this.#counts.get(sentence) ?? 0) + 1;
    this.#counts.set(sentence, count);
    if (count > MOST_OF_A_KIND) return;
    const place = this.#index < 0 ? {} : { packet: this.#index, offset: this.#offset };
    this.#report(severity, count === MOST_OF_A_KIND ? `${sentence} (and maybe more)` : sentence, {
      ...place,
      ...where,
    });
  }
}
