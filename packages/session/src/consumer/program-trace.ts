// SPDX-License-Identifier: MIT
// One traced process as the consumer sees it: its directory with classes and buffers -> its CTF trace.
// An error of one buffer ends that stream, an error of the class file all streams of this program;
// neither reaches another program.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError, ProtocolError, SystemError } from '@lockstep/base';
import { isUuidText } from '@lockstep/ctf/write';
import type { Native } from '@lockstep/native';
import {
  CLASSES_FILE,
  PACKETS_FILE_PATTERN,
  PROCESS_FILE,
  RING_FILE_PATTERN,
  type ChannelPlan,
  type ProcessDescription,
} from '@lockstep/protocol';
import { HostIds, isProcessAlive } from '../process-status.ts';
import { removeDirectory } from '../remove-directory.ts';
import { PacketFileSource, RingSource, type BufferSource, type SourceCounters } from './buffer-source.ts';
import { ClassReader } from './class-reader.ts';
import { ProgramOutput } from './program-output.ts';
import { ProgramStream, sumDiscarded, type RawPacket } from './program-stream.ts';
import type { ProgramReport } from './report.ts';
import type { ConsumerContext } from './context.ts';
import { walkRecords } from './record-walk.ts';

interface Buffer {
  readonly fileName: string;
  readonly source: BufferSource;
  readonly channel: ChannelPlan;
  readonly bufferNumber: number;
  /** Opened with the first packet. */
  stream: ProgramStream | undefined;
  counters: SourceCounters | undefined;
  isEnded: boolean;
  /** Its writer stood still at the last look. */
  isStalled: boolean;
}

const MAX_PROCESS_FILE_BYTES = 1024 * 1024;
/** Threads of one process that ever had a buffer; a directory with more is hostile. */
const MAX_BUFFER_COUNT = 16_384;
const MAX_PROBLEM_COUNT = 20;
/** How often a look in /proc is worth it, to take over what dead processes left. */
const LIFE_CHECK_INTERVAL_MS = 1000;

export class ProgramTrace {
  readonly #context: ConsumerContext;
  readonly #directory: string;
  readonly #process: ProcessDescription;
  readonly #start: number;
  readonly #hostIds: HostIds;
  readonly #classes: ClassReader;
  readonly #buffers = new Map<string, Buffer>();
  readonly #problems: string[] = [];
  #output: ProgramOutput | undefined;
  #seenChange = -1;
  #nextLifeCheckMs = 0;
  #areClassesBroken = false;
  #isOver = false;
  #stalledCount = 0;
  #recoveredCount = 0;

  /** Undefined while the program has not described itself yet. Throws ProtocolError when that is nonsense. */
  static tryOpen(context: ConsumerContext, directory: string, start: number): ProgramTrace | undefined {
    const process = tryReadProcess(join(directory, PROCESS_FILE));
    return process === undefined ? undefined : new ProgramTrace(context, directory, process, start);
  }

  private constructor(context: ConsumerContext, directory: string, process: ProcessDescription, start: number) {
    this.#context = context;
    this.#directory = directory;
    this.#process = process;
    this.#start = start;
    this.#hostIds = new HostIds(process.vpid, process.pidNamespace);
    this.#classes = new ClassReader(join(directory, CLASSES_FILE));
  }

  /** Everything was taken and the directory is gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It writes packets into files and rings no bell. */
  get isSilent(): boolean {
    if (this.#isOver) return false;
    return [...this.#buffers.values()].some(({ source, isEnded }) => !isEnded && source instanceof PacketFileSource);
  }

  get isAlive(): boolean {
    const { hostPid } = this.#hostIds;
    return (
      hostPid !== undefined && isProcessAlive(hostPid, this.#start > 0 && this.#start < 1e12 ? this.#start : undefined)
    );
  }

  /** Moves what was delivered since the last call; takes over everything when the process is dead. Returns packets moved. */
  poll(nowMs: number): number {
    if (this.#isOver) return 0;
    let isDead = false;
    const isLifeChecked = nowMs >= this.#nextLifeCheckMs;
    if (isLifeChecked) {
      this.#nextLifeCheckMs = nowMs + LIFE_CHECK_INTERVAL_MS;
      isDead = !this.isAlive;
    }
    this.#findBuffers();
    if (isDead) {
      this.finish();
      return 1;
    }
    if (this.#context.isSnapshot) return 0;
    // A buffer is made for a record, so there will be a trace; what is made of it now need not be made when
    // the program ends.
    if (this.#output === undefined)
      for (const buffer of this.#buffers.values()) this.#guard(buffer, () => this.#prepare());
    let count = 0;
    for (const buffer of this.#buffers.values()) {
      if (isLifeChecked) this.#guard(buffer, () => this.#recoverDead(buffer));
      count += this.#guard(buffer, () => this.#drain(buffer));
      if (isLifeChecked) this.#guard(buffer, () => this.#watchStall(buffer));
    }
    return count;
  }

  /** Takes all that is committed, also of packets that are not ended, and deletes the directory. */
  finish(): void {
    if (this.#isOver) return;
    this.#findBuffers();
    for (const buffer of this.#buffers.values()) {
      this.#guard(buffer, () => this.#takeAll(buffer));
      this.#endBuffer(buffer);
    }
    this.#classes.close();
    this.#output?.close();
    this.#isOver = true;
    // After an output error the buffers are all there is: `crash` may still save them.
    if (this.#context.outputError === undefined && !this.#context.isKeepingBuffers) {
      removeDirectory(this.#directory);
    }
  }

  /** Closes what is open, and takes nothing. */
  release(): void {
    for (const buffer of this.#buffers.values()) this.#endBuffer(buffer);
    this.#classes.close();
    this.#output?.close();
    this.#isOver = true;
  }

  report(): ProgramReport {
    const sums = {
      recordCount: 0,
      packetCount: 0,
      byteCount: 0,
      discardedCount: 0,
      damagedPacketCount: 0,
      truncatedStringCount: 0,
      badArgumentCount: 0,
      overwrittenPacketCount: 0,
    };
    const discardedCauses = { full: 0, tooBig: 0, wrapped: 0 };
    for (const buffer of this.#buffers.values()) {
      if (!buffer.isEnded) buffer.counters = buffer.source.counters();
      const { stream, counters } = buffer;
      discardedCauses.full += Number(counters?.discarded.full ?? 0n);
      discardedCauses.tooBig += Number(counters?.discarded.tooBig ?? 0n);
      discardedCauses.wrapped += Number(counters?.discarded.wrapped ?? 0n);
      sums.overwrittenPacketCount += counters?.overwrittenPackets ?? 0;
      sums.truncatedStringCount += counters?.truncatedStrings ?? 0;
      sums.badArgumentCount += counters?.badArguments ?? 0;
      if (stream === undefined) continue;
      sums.recordCount += stream.totals.recordCount;
      sums.packetCount += stream.totals.packetCount;
      sums.byteCount += stream.totals.byteCount;
      sums.discardedCount += Number(sumDiscarded(stream.totals.discarded));
      sums.damagedPacketCount += stream.totals.damagedPacketCount;
    }
    const path = this.#output === undefined ? '' : this.#output.path.slice(this.#context.traceDirectory.length + 1);
    return {
      name: this.#process.procname,
      vpid: this.#process.vpid,
      path,
      ...sums,
      discardedCauses,
      stalledThreadCount: this.#stalledCount,
      recoveredThreadCount: this.#recoveredCount,
      problems: [...this.#problems],
    };
  }

  #findBuffers(): void {
    let change: number;
    try {
      change = statSync(this.#directory).mtimeMs;
      if (change === this.#seenChange) return;
      this.#seenChange = change;
      for (const name of readdirSync(this.#directory)) this.#openBuffer(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#addProblem('Its directory was deleted while it was traced.');
    }
  }

  #openBuffer(fileName: string): void {
    if (this.#buffers.has(fileName)) return;
    const isRing = RING_FILE_PATTERN.test(fileName);
    const match = RING_FILE_PATTERN.exec(fileName) ?? PACKETS_FILE_PATTERN.exec(fileName);
    if (match === null) return;
    const channel = this.#context.channels.find((candidate) => candidate.name === match[1]);
    const bufferNumber = Number(match[2]);
    if (channel === undefined || !Number.isSafeInteger(bufferNumber) || this.#buffers.size >= MAX_BUFFER_COUNT) {
      this.#addProblem(`Its file ${fileName} belongs to no channel of this session.`);
      return;
    }
    try {
      const source = this.#openSource(join(this.#directory, fileName), isRing);
      if (source === undefined) {
        // Looked at again with the next pass, although the directory does not change any more.
        this.#seenChange = -1;
        return;
      }
      this.#buffers.set(fileName, {
        fileName,
        source,
        channel,
        bufferNumber,
        stream: undefined,
        counters: undefined,
        isEnded: false,
        isStalled: false,
      });
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      this.#addProblem(`${fileName}: ${error.message}.`);
      const source = nothingSource;
      this.#buffers.set(fileName, {
        fileName,
        source,
        channel,
        bufferNumber,
        stream: undefined,
        counters: undefined,
        isEnded: true,
        isStalled: false,
      });
    }
  }

  #openSource(path: string, isRing: boolean): BufferSource | undefined {
    if (!isRing) return new PacketFileSource(path);
    const native: Native | undefined = this.#context.native;
    if (native === undefined)
      throw new ProtocolError('A ring buffer cannot be read without the native addon', { path });
    return RingSource.tryOpen(path, native);
  }

  #prepare(): number {
    if (this.#output === undefined && this.#refreshClasses()) this.#writeClasses();
    return 0;
  }

  /** Threads that were terminated: their process lives on, and nobody else delivers what they had committed. */
  #recoverDead(buffer: Buffer): number {
    const { vpid } = this.#process;
    this.#recoveredCount += buffer.source.recoverDead(
      (owner) => owner.pid === vpid && !this.#hostIds.isThreadAlive(owner.tid),
    );
    return 0;
  }

  /**
   * A thread that is stopped, perhaps inside of a record, delivers nothing: what it committed is written as
   * a packet, and what it adds when it goes on as another. Its sub-buffer stays its own.
   */
  #watchStall(buffer: Buffer): number {
    const { writerTid } = buffer.source;
    const isStopped = writerTid !== undefined && this.#hostIds.isThreadStopped(writerTid);
    if (isStopped && !buffer.isStalled) {
      this.#stalledCount++;
      const packet = buffer.source.takeActive();
      if (packet !== undefined) this.#write(buffer, packet);
    }
    buffer.isStalled = isStopped;
    return 0;
  }

  #drain(buffer: Buffer): number {
    let count = 0;
    // Bounded, so that a program that is faster than the disk does not starve the others.
    for (const limit = 64; count < limit; count++) {
      const packet = buffer.source.tryGet();
      if (packet === undefined) break;
      this.#write(buffer, packet);
      buffer.source.put();
    }
    return count;
  }

  #takeAll(buffer: Buffer): number {
    if (this.#context.isSnapshot) {
      for (const packet of buffer.source.snapshot()) this.#write(buffer, packet);
    } else {
      while (this.#drain(buffer) > 0);
      const active = buffer.source.takeActive();
      if (active !== undefined) this.#write(buffer, active);
    }
    buffer.counters = buffer.source.counters();
    const discarded = buffer.counters?.discarded;
    // A stream with nothing but losses is a stream, too.
    if (
      discarded !== undefined &&
      (buffer.stream !== undefined || sumDiscarded(discarded) > 0n) &&
      this.#context.outputError === undefined
    ) {
      (buffer.stream ?? this.#openStream(buffer)).end(discarded);
    }
    return 0;
  }

  #write(buffer: Buffer, packet: RawPacket): void {
    // After the packet was taken: a class is committed before the first record that uses it.
    if (this.#refreshClasses() || this.#output === undefined) this.#writeClasses();
    if (this.#context.outputError !== undefined) {
      const walk = walkRecords(packet.bytes, packet.contentSizeBytes, this.#classes.sizes, 0n, undefined);
      this.#context.unwrittenRecordCount += walk.recordCount;
      return;
    }
    const stream = buffer.stream ?? this.#openStream(buffer);
    try {
      stream.append(packet, this.#classes.sizes);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#context.fail(error);
      this.#write(buffer, packet);
    }
  }

  #refreshClasses(): boolean {
    try {
      return this.#classes.refresh();
    } catch (error) {
      this.#areClassesBroken = error instanceof ProtocolError;
      throw error;
    }
  }

  #writeClasses(): void {
    if (this.#context.outputError !== undefined) return;
    try {
      this.#output ??= new ProgramOutput({
        traceDirectory: this.#context.traceDirectory,
        sessionName: this.#context.sessionName,
        clockClass: this.#context.clockClass,
        channels: this.#context.channels,
        process: this.#process,
      });
      this.#output.writeClasses(this.#classes.classes);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#context.fail(error);
    }
  }

  #openStream(buffer: Buffer): ProgramStream {
    if (this.#output === undefined) this.#writeClasses();
    const output = this.#output;
    if (output === undefined) throw new ProtocolError('A program has no trace to write to');
    const { file, last } = output.openStream(`${buffer.channel.name}_${buffer.bufferNumber}`);
    buffer.stream = new ProgramStream({
      file,
      last,
      traceUuid: this.#process.traceUuid,
      streamId: buffer.channel.id,
      bufferNumber: buffer.bufferNumber,
      vpid: this.#process.vpid,
      hostIds: this.#hostIds,
      splits: buffer.source,
    });
    return buffer.stream;
  }

  /** Runs `work` on a buffer; what the program broke ends that buffer's stream only. */
  #guard(buffer: Buffer, work: () => number): number {
    if (buffer.isEnded) return 0;
    try {
      return work();
    } catch (error) {
      if (error instanceof SystemError) {
        this.#context.fail(error);
      } else if (error instanceof LockstepError) {
        this.#addProblem(`Stream ${buffer.channel.name}_${buffer.bufferNumber} ended early: ${error.message}.`);
        // Without classes no buffer of this program can be understood.
        for (const ended of this.#areClassesBroken ? this.#buffers.values() : [buffer]) this.#endBuffer(ended);
      } else {
        throw error;
      }
      return 0;
    }
  }

  #endBuffer(buffer: Buffer): void {
    if (buffer.isEnded) return;
    buffer.isEnded = true;
    buffer.stream?.close();
    buffer.source.close();
  }

  #addProblem(sentence: string): void {
    if (this.#problems.length < MAX_PROBLEM_COUNT && !this.#problems.includes(sentence)) this.#problems.push(sentence);
  }
}

/** Stands for a file that cannot be opened, so that it is complained about once. */
const nothingSource: BufferSource = {
  tryGet: () => undefined,
  put: () => undefined,
  takeActive: () => undefined,
  writerTid: undefined,
  splitCount: 0,
  recoverDead: () => 0,
  snapshot: () => [],
  counters: () => undefined,
  close: () => undefined,
  remove: () => undefined,
};

function tryReadProcess(path: string): ProcessDescription | undefined {
  let text: string;
  try {
    if (statSync(path).size > MAX_PROCESS_FILE_BYTES)
      throw new ProtocolError('A program describes itself at too great a length', { path });
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const refuse = (what: string): ProtocolError =>
    new ProtocolError(`A program's description of itself ${what}`, { path });
  let value: Partial<ProcessDescription> | null;
  try {
    value = JSON.parse(text) as Partial<ProcessDescription> | null;
  } catch {
    throw refuse('is no JSON');
  }
  if (typeof value !== 'object' || value === null || value.version !== 2)
    throw refuse('is of another version of Lockstep');
  const { vpid, traceUuid, argv } = value;
  if (typeof vpid !== 'number' || !Number.isInteger(vpid) || vpid <= 0) throw refuse('has no pid');
  if (typeof traceUuid !== 'string' || !isUuidText(traceUuid)) throw refuse('has no trace uuid');
  const boundedText = (part: unknown): string =>
    typeof part === 'string' ? part.slice(0, 4096).replaceAll('\0', ' ') : '';
  const startedAt = boundedText(value.startedAt);
  return {
    version: 2,
    vpid,
    procname: boundedText(value.procname).slice(0, 256),
    argv: Array.isArray(argv) ? argv.slice(0, 1000).map(boundedText) : [],
    execPath: boundedText(value.execPath),
    nodeVersion: boundedText(value.nodeVersion),
    v8Version: boundedText(value.v8Version),
    traceUuid,
    startedAt: Number.isNaN(Date.parse(startedAt)) ? new Date(0).toISOString() : startedAt,
    pidNamespace: boundedText(value.pidNamespace),
    pointerSizeBits: value.pointerSizeBits === 32 ? 32 : 64,
  };
}
