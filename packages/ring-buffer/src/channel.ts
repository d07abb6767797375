// SPDX-License-Identifier: MIT
// A channel: several ring buffers of one shape with the library's own records. Options -> memory with
// empty buffers; from there, in this thread or in any that has the handle, writers and a reader.
//
//   createChannel --handle--> openChannel (other threads: workerData; other processes: JSON)
//        |                        |
//        +- openReader            +- tryAttach -> RecordWriter

import { closeSync, existsSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { InputError, ProtocolError } from '@lockstep/base';
import { loadNative, type Native } from '@lockstep/native';
import { ChannelReader } from './channel-reader.ts';
import { checkChannelOptions, countBuffers, geometryOf, type ChannelOptions } from './channel-options.ts';
import { readRingCounters, type RingCounters } from './counters.ts';
import { createRing, readRingHeader } from './header.ts';
import {
  DOORBELL_WORD,
  FREED_COUNT_WORD,
  ringSizeBytes,
  WAITING_READERS_WORD,
  WAITING_WRITERS_WORD,
} from './layout.ts';
import { makePacketHeaderClient } from './packet-header.ts';
import { PerCpuRecordWriter } from './per-cpu-writer.ts';
import { monotonicClock } from './ring-clock.ts';
import { RECORD_FORMAT_32, RECORD_FORMAT_64, type RingClock } from './record-format.ts';
import { makeRecordWriter, type RecordWriter } from './record-writer.ts';
import { makeWordWaiter } from './waiting.ts';
import { WriterWatchdog } from './watchdog.ts';
import { tryAttachWriter, type RingClient, type RingOwner } from './writer.ts';

/** What another thread or process opens a channel by. JSON for files; structured clone for shared memory. */
export interface ChannelHandle {
  readonly options: Omit<ChannelOptions, 'backing'>;
  readonly buffers:
    | { readonly type: 'mapped'; readonly paths: readonly string[] }
    | { readonly type: 'memories'; readonly memories: readonly ArrayBufferLike[] };
}

export interface AttachOptions {
  /** Default CLOCK_MONOTONIC in ns. All writers of a channel use the same. */
  readonly clock?: RingClock;
  /** Default this process and thread. */
  readonly owner?: RingOwner;
}

/** Creates the buffers. Throws InputError for what cannot be, SystemError when the system refuses. */
export function createChannel(options: ChannelOptions): RingChannel {
  checkChannelOptions(options);
  const { backing, ...rest } = options;
  const geometry = geometryOf(options);
  const sizeBytes = ringSizeBytes(geometry);
  const memories: ArrayBufferLike[] = [];
  const paths: string[] = [];
  const native = loadNative();
  for (let index = 0; index < countBuffers(options); index++) {
    if (backing.type === 'given') memories.push(backing.memories[index]!);
    else if (backing.type === 'shared' || native === undefined) memories.push(new SharedArrayBuffer(sizeBytes));
    else if (backing.type === 'file') {
      paths.push(join(backing.directory, `${backing.name}_${index}.ring`));
      memories.push(native.mapFile(paths[index]!, { access: 'read-write', createSizeBytes: sizeBytes }).buffer);
    } else {
      const fd = native.createMemoryFile('lockstep-ring', sizeBytes);
      // Through /proc, so that other processes of the same user open it by the same path.
      paths.push(`/proc/${process.pid}/fd/${fd}`);
      memories.push(mapPath(native, paths[index]!));
    }
  }
  const fds = paths.flatMap((path) => (path.startsWith('/proc/') ? [Number(basename(path))] : []));
  memories.forEach((memory, index) =>
    createRing(memory, geometry, {
      channelId: 0,
      bufferNumber: index,
      recordFormat: formatOf(options),
    }),
  );
  const buffers = paths.length > 0 ? ({ type: 'mapped', paths } as const) : ({ type: 'memories', memories } as const);
  return new RingChannel({ options: rest, buffers }, memories, fds);
}

/** Opens what `createChannel` made elsewhere. Throws ProtocolError when it is something else. */
export function openChannel(handle: ChannelHandle): RingChannel {
  const { buffers } = handle as Partial<ChannelHandle>;
  if (buffers === undefined)
    throw new InputError("A channel is opened by another one's `handle`, which this is not; pass channel.handle on");
  if (buffers.type === 'memories') return new RingChannel(handle, buffers.memories);
  const native = loadNative();
  if (native === undefined) throw new InputError('A channel of mapped files needs the native addon');
  return new RingChannel(
    handle,
    buffers.paths.map((path) => mapPath(native, path)),
  );
}

function formatOf({ timestampBits }: Pick<ChannelOptions, 'timestampBits'>): number {
  return timestampBits === 32 ? RECORD_FORMAT_32 : RECORD_FORMAT_64;
}

function mapPath(native: Native, path: string): ArrayBuffer {
  return native.mapFile(path, { access: 'read-write', isFollowingLinks: path.startsWith('/proc/') }).buffer;
}

export class RingChannel {
  readonly handle: ChannelHandle;
  /** One for each buffer, for those who use rings directly. */
  readonly memories: readonly ArrayBufferLike[];

  readonly #fds: number[];

  constructor(handle: ChannelHandle, memories: readonly ArrayBufferLike[], fds: number[] = []) {
    if (memories.length === 0) throw new InputError('A channel has one buffer or more');
    // Refuses memory that is no ring buffer before anything is done with it.
    memories.forEach((memory) => {
      const { recordFormat } = readRingHeader(memory);
      if (recordFormat !== formatOf(handle.options))
        throw new ProtocolError('The ring buffer has records of another format', { recordFormat });
    });
    this.handle = handle;
    this.memories = memories;
    this.#fds = fds;
  }

  /** Memory files can be opened no more; who has them open keeps them. */
  close(): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }

  /**
   * A place to write for the calling thread, in a buffer of its own, of its CPU or of all; places of
   * threads that died are taken over. Undefined: all are taken.
   */
  tryAttach(options: AttachOptions = {}): RecordWriter | undefined {
    const clock = options.clock ?? monotonicClock();
    const owner = options.owner ?? currentThread();
    const { allocation } = this.handle.options;
    if (allocation === 'per-cpu') {
      if (!clock.hasCpu) throw new InputError('Buffers per CPU need a clock that tells the CPU');
      return new PerCpuRecordWriter(clock, this.memories.length, (index) => this.#tryAttachTo(index, clock, owner));
    }
    for (let index = 0; index < this.memories.length; index++) {
      const writer = this.#tryAttachTo(index, clock, owner);
      if (writer !== undefined) return writer;
    }
    return undefined;
  }

  /** One consuming reader at a time. */
  openReader(): ChannelReader {
    const { wakeUp, timerPeriodMs = 100 } = this.handle.options;
    return new ChannelReader(
      this.memories,
      wakeUp === 'none' ? undefined : wakeUp === 'timer' ? { timerPeriodMs } : { doorbell: this.#doorbell() },
      this.memories.map((memory) => this.#onFreed(memory)),
    );
  }

  /** Watches the writers of one buffer. */
  watchWriters(
    bufferIndex: number,
    reader: ChannelReader,
    stallMs: number,
    clock: RingClock = monotonicClock(),
    nowMs: () => number = () => performance.now(),
  ): WriterWatchdog {
    const memory = this.memories[bufferIndex];
    const ring = reader.buffers[bufferIndex];
    if (memory === undefined || ring === undefined) throw new InputError('There is no such buffer', { bufferIndex });
    const owner = currentThread();
    return new WriterWatchdog({
      memory,
      reader: ring,
      owner,
      client: this.#makeClient(memory, clock, owner),
      isAlive: isThreadAlive,
      stallMs,
      isCrashConsistent: this.handle.options.isCrashConsistent,
      nowMs,
    });
  }

  /** Losses by cause and other counts, of each buffer. */
  counters(): RingCounters[] {
    return this.memories.map((memory) => readRingCounters(new Int32Array(memory, 0, memory.byteLength >> 2)));
  }

  #tryAttachTo(index: number, clock: RingClock, owner: RingOwner): RecordWriter | undefined {
    const memory = this.memories[index]!;
    const client = this.#makeClient(memory, clock, owner);
    const writer = tryAttachWriter(memory, owner, client, (other) => !isThreadAlive(other));
    if (writer === undefined) return undefined;
    const { timestampBits, isCrashConsistent } = this.handle.options;
    return makeRecordWriter(writer, { clock, timestampBits, isCrashConsistent });
  }

  #makeClient(memory: ArrayBufferLike, clock: RingClock, owner: RingOwner): RingClient {
    const { wakeUp, blockingTimeoutMs } = this.handle.options;
    const doorbell = wakeUp === 'writer' ? this.#doorbell() : undefined;
    const calls: Pick<RingClient, 'onDeliver' | 'onFull'> = { onDeliver: () => doorbell?.ring() };
    if (blockingTimeoutMs !== undefined) {
      const freed = makeWordWaiter(memory, FREED_COUNT_WORD, WAITING_WRITERS_WORD);
      calls.onFull = (freedCount) => freed.wait(freedCount, blockingTimeoutMs);
    }
    return makePacketHeaderClient(memory, clock, owner, calls);
  }

  /** Of all buffers: a reader sleeps on one word. */
  #doorbell(): ReturnType<typeof makeWordWaiter> {
    return makeWordWaiter(this.memories[0]!, DOORBELL_WORD, WAITING_READERS_WORD);
  }

  #onFreed(memory: ArrayBufferLike): (() => void) | undefined {
    if (this.handle.options.blockingTimeoutMs === undefined) return undefined;
    return makeWordWaiter(memory, FREED_COUNT_WORD, WAITING_WRITERS_WORD).wakeAll;
  }
}

export function currentThread(): RingOwner {
  const tid = loadNative()?.gettid();
  if (tid === undefined) return { pid: process.pid, tid: threadId };
  ownNamespace ??= readNamespace();
  return { pid: process.pid, tid, pidNamespace: ownNamespace };
}

let ownNamespace: number | undefined;

/** Its inode, as an int32; 0 where /proc does not tell. */
function readNamespace(): number {
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0) | 0;
  } catch {
    return 0;
  }
}

/**
 * Whether the thread still runs. True also when that cannot be known: a thread of another PID
 * namespace (a container) has other numbers here, and a live writer must keep its place.
 */
export function isThreadAlive(owner: RingOwner): boolean {
  if (owner.pidNamespace !== undefined) {
    ownNamespace ??= readNamespace();
    // Every thread has a directory of its own number, though it is not listed.
    return owner.pidNamespace !== ownNamespace || existsSync(`/proc/${owner.tid}`);
  }
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
