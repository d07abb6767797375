// SPDX-License-Identifier: MIT
// A recording of the kernel: instances, reader and converter threads, metadata, state dump; from
// `startKernelRecording` to `stop`. One instance a channel; one reader and one converter for all.

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { InputError, SystemError, type LockstepError } from '@lockstep/base';
import type { ClockClass, EnvironmentValue } from '@lockstep/ctf/write';
import type { Rule } from '@lockstep/filter';
import type { ConverterWorkerData } from './converter-worker.ts';
import { makeEventClass, type KernelEventClass } from './event-class.ts';
import { parseEventFormat } from './event-format.ts';
import { isUnfiltered, kernelFilterOf } from './kernel-filter.ts';
import { listAvailableEvents, matchKernelRules, type AvailableEvent, type MatchedEvent } from './kernel-rules.ts';
import { kernelTraceClass, STATE_DUMP_CHANNEL_NAME, writeMetadataFile, type ChannelClass, type KernelTraceOptions } from './kernel-trace-class.ts';
import * as page from './page-queue.ts';
import type { ReaderSource, ReaderWorkerData, WorkerMessage } from './reader-worker.ts';
import { removeSpool, writeSpoolDescription, type SpoolDescription, type StreamDescription } from './spool.ts';
import { dumpState } from './state-dump.ts';
import { openTracefs, readTracefs } from './tracefs.ts';
import { removeAbandonedInstances, TracefsInstance } from './tracefs-instance.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

export const DEFAULT_BUFFER_SIZE_KB = 32 * 1024;

/** What the kernel half needs of a trace clock; @lockstep/clock's TraceClock is one. */
export interface KernelClock {
  readonly kernelName: 'x86-tsc' | 'mono';
  now(): bigint;
  toClockClass(): ClockClass;
}

export interface KernelChannelOptions {
  readonly name: string;
  /** CTF data stream class id. */
  readonly id: number;
  readonly rules: readonly (string | Rule)[];
  /** `roots`: these processes and what they fork. With no root yet nothing is recorded before the first `addPid`. */
  readonly pids: 'all' | { readonly roots: readonly number[] };
  /** Of each CPU. */
  readonly bufferSizeKb?: number;
}

export interface KernelRecordingOptions {
  readonly name: string;
  /** The trace: DIR/kernel. */
  readonly outputDirectory: string;
  /** Lockstep's own files: DIR/.lockstep. */
  readonly stateDirectory: string;
  readonly clock: KernelClock;
  readonly channels: readonly KernelChannelOptions[];
  /** Threads to leave out of channels that record all; the reading threads are left out always. */
  readonly excludePids?: readonly number[];
  readonly environment?: Readonly<Record<string, EnvironmentValue>>;
}

export interface KernelRecordingStatus {
  /** Event records converted so far. */
  readonly events: number;
  /** Of the trace on disk. */
  readonly bytes: number;
  readonly discarded: number;
  /** Raw pages that wait in the spool. */
  readonly spooledBytes: number;
  /** First thing that went wrong on the way; recording may go on or have ended. */
  readonly problem: SystemError | undefined;
}

export interface KernelRecordingSummary extends KernelRecordingStatus {
  readonly readBytes: number;
  /** Losses that the kernel told without a number; each counts as one in `discarded`. */
  readonly unknownLossCount: number;
  readonly damagedPageCount: number;
  readonly stateDumpRecordCount: number;
  /** CPU time of the reader and the converter thread; 0 without the native addon. */
  readonly readerCpuNs: number;
  readonly converterCpuNs: number;
  /** Events that a rule named and the kernel did not let us enable. */
  readonly refusedEvents: readonly string[];
}

export interface KernelRecording {
  readonly instanceNames: readonly string[];
  status(): KernelRecordingStatus;
  /** Records this process, and what it forks, in the channels that have `roots`. */
  addPid(pid: number): void;
  /**
   * Stops recording, converts what is left, writes the metadata anew, with `clockClass` if it is known
   * better now. `onProgress` hears the share that is converted.
   */
  stop(onProgress?: (share: number) => void, clockClass?: ClockClass): Promise<KernelRecordingSummary>;
  /** Stops recording at once and leaves unconverted pages in the spool: `recoverKernelSpool` finishes. */
  abandon(): Promise<void>;
}

interface Channel {
  readonly options: KernelChannelOptions;
  readonly events: readonly MatchedEvent[];
  readonly wholeSystems: ReadonlySet<string>;
  /** `system/name` -> text for the kernel; of events that are not wanted whole. */
  readonly filters: ReadonlyMap<string, string>;
  readonly classes: readonly KernelEventClass[];
  readonly instance: TracefsInstance;
  isEnabled: boolean;
}

/** Throws InputError for rules that name nothing, SystemError for what the machine refuses. */
export async function startKernelRecording(options: KernelRecordingOptions): Promise<KernelRecording> {
  const tracefs = openTracefs();
  removeAbandonedInstances(tracefs);
  const available = listAvailableEvents(tracefs);
  // All rules are checked before anything of the machine is changed.
  const matched = options.channels.map((channel) => matchKernelRules(channel.rules, available));
  const channels: Channel[] = [];
  try {
    const readClass = eventClassReader(tracefs);
    options.channels.forEach((channel, index) => {
      channels.push(openChannel(tracefs, options, channel, matched[index] ?? [], available, readClass));
    });
    const recording = new Recording(options, channels);
    await recording.start();
    return recording;
  } catch (error) {
    for (const channel of channels) channel.instance.remove();
    throw error;
  }
}

type ClassReader = (event: MatchedEvent) => KernelEventClass | undefined;

/** Several channels may record the same events; a format is read once. */
function eventClassReader(tracefs: string): ClassReader {
  const known = new Map<string, KernelEventClass | undefined>();
  return (event) => {
    const key = `${event.system}/${event.name}`;
    if (!known.has(key)) {
      const format = parseEventFormat(event.system, readTracefs(`${tracefs}/events/${key}/format`));
      known.set(key, format === undefined ? undefined : makeEventClass(format));
    }
    return known.get(key);
  };
}

function openChannel(
  tracefs: string,
  options: KernelRecordingOptions,
  channel: KernelChannelOptions,
  events: readonly MatchedEvent[],
  available: readonly AvailableEvent[],
  readClass: ClassReader,
): Channel {
  const classes = events.map(readClass).filter((eventClass) => eventClass !== undefined);
  // Checked before the machine is changed.
  const filters = new Map<string, string>();
  for (const event of events) {
    const path = `${event.system}/${event.name}`;
    const filter = isUnfiltered(event) ? undefined : kernelFilterOf(event, readTracefs(`${tracefs}/events/${path}/format`));
    if (filter !== undefined) filters.set(path, filter);
  }
  const instance = new TracefsInstance(tracefs, {
    name: `${options.name}-${channel.name}`,
    clock: options.clock.kernelName,
    bufferSizeKb: channel.bufferSizeKb ?? DEFAULT_BUFFER_SIZE_KB,
  });
  return { options: channel, events, wholeSystems: findWholeSystems(events, available), filters, classes, instance, isEnabled: false };
}

/** Systems of which every event is wanted, without a filter: one write enables them. */
function findWholeSystems(events: readonly MatchedEvent[], available: readonly AvailableEvent[]): ReadonlySet<string> {
  const missing = new Map<string, number>();
  for (const event of available) missing.set(event.system, (missing.get(event.system) ?? 0) + 1);
  for (const event of events) if (isUnfiltered(event)) missing.set(event.system, (missing.get(event.system) ?? 0) - 1);
  return new Set([...missing].filter(([, count]) => count === 0).map(([system]) => system));
}

class Recording implements KernelRecording {
  readonly #options: KernelRecordingOptions;
  readonly #channels: readonly Channel[];
  readonly #queue = new page.PageQueue();
  readonly #watchdog: Watchdog;
  readonly #traceOptions: KernelTraceOptions;
  readonly #description: SpoolDescription;
  readonly #refusedEvents: string[] = [];
  #reader: Worker | undefined;
  #converter: Worker | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #problem: SystemError | undefined;
  #hasStoppedWriting = false;
  #stateDump: Promise<number> = Promise.resolve(0);
  #stopping: Promise<KernelRecordingSummary> | undefined;

  constructor(options: KernelRecordingOptions, channels: readonly Channel[]) {
    this.#options = options;
    this.#channels = channels;
    this.#watchdog = startWatchdog(channels.map((channel) => channel.instance.path));
    const uuid = randomUUID();
    this.#traceOptions = {
      uuid,
      clockClass: options.clock.toClockClass(),
      channels: channels.map((channel): ChannelClass => ({ name: channel.options.name, id: channel.options.id, events: channel.classes })),
      stateDumpChannelId: Math.max(0, ...channels.map((channel) => channel.options.id)) + 1,
      traceName: options.name,
      startTime: new Date(),
      environment: options.environment ?? {},
    };
    const plans = new Map(channels.flatMap((channel) => channel.classes.map((eventClass) => [eventClass.plan.id, eventClass.plan] as const)));
    this.#description = { version: 1, outputDirectory: options.outputDirectory, uuid, plans: [...plans.values()], streams: this.#streams().map(({ stream }) => stream) };
  }

  #streams(): { readonly stream: StreamDescription; readonly source: ReaderSource }[] {
    return this.#channels.flatMap(({ options, instance }) => {
      const subBufferSizeBytes = instance.subBufferSizeBytes;
      const bufferSizeBytes = (options.bufferSizeKb ?? DEFAULT_BUFFER_SIZE_KB) * 1024;
      return instance.cpuIds.map((cpuId) => ({
        stream: { fileName: `${options.name}_${cpuId}`, streamClassId: options.id, cpuId },
        source: { path: `${instance.path}/per_cpu/cpu${cpuId}/trace_pipe_raw`, subBufferSizeBytes, bufferSizeBytes },
      }));
    });
  }

  async start(): Promise<void> {
    const { outputDirectory, stateDirectory } = this.#options;
    mkdirSync(outputDirectory, { recursive: true });
    mkdirSync(stateDirectory, { recursive: true });
    // On disk before the first page: formats, ids, clock.
    writeMetadataFile(kernelTraceClass(this.#traceOptions), outputDirectory, stateDirectory);
    writeSpoolDescription(stateDirectory, this.#description);
    const tids = await this.#startWorkers();
    for (const channel of this.#channels) {
      const { pids } = channel.options;
      if (pids === 'all') channel.instance.excludeThreads([...tids, ...(this.#options.excludePids ?? [])]);
      else if (pids.roots.length > 0) channel.instance.setPids(pids.roots);
      if (pids === 'all' || pids.roots.length > 0) this.#enable(channel);
    }
    this.#stateDump = dumpState({
      outputDirectory,
      uuid: this.#traceOptions.uuid,
      streamClassId: this.#traceOptions.stateDumpChannelId,
      fileName: `${STATE_DUMP_CHANNEL_NAME}_0`,
      now: () => this.#options.clock.now(),
    }).catch((error: unknown) => {
      this.#note('The state dump could not be written; names of threads may be missing.', String((error as { code?: unknown }).code ?? 'EIO'), outputDirectory);
      return 0;
    });
  }

  async #startWorkers(): Promise<number[]> {
    const memory = this.#queue.memory;
    const { stateDirectory } = this.#options;
    const readerData: ReaderWorkerData = { memory, stateDirectory, sources: this.#streams().map(({ source }) => source) };
    const converterData: ConverterWorkerData = { memory, stateDirectory, description: this.#description };
    const reader = this.#startWorker('./reader-worker.js', readerData);
    const converter = this.#startWorker('./converter-worker.js', converterData);
    this.#reader = reader.worker;
    this.#converter = converter.worker;
    this.#ended = Promise.all([reader.ended, converter.ended]);
    return Promise.all([reader.ready, converter.ready]);
  }

  #startWorker(file: string, workerData: unknown): { readonly worker: Worker; readonly ready: Promise<number>; readonly ended: Promise<void> } {
    // Empty options: the threads that record are not to be traced or instrumented themselves.
    const worker = new Worker(new URL(file, import.meta.url), { workerData, execArgv: [], env: { ...process.env, NODE_OPTIONS: '' } });
    let markEnded = (): void => {};
    const ended = new Promise<void>((resolve) => (markEnded = resolve));
    const ready = new Promise<number>((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'ready') resolve(message.tid);
        else this.#note(message.sentence, message.code, message.path);
        if (message.type === 'problem' && message.path === this.#options.outputDirectory) this.#hasStoppedWriting = true;
      });
      worker.on('error', (error) => {
        this.#note(`A thread of the kernel half ended: ${error.message}.`, 'EIO', this.#options.outputDirectory);
        Atomics.store(this.#queue.control, page.READER_ENDED, 1);
        this.#queue.wake();
        reject(error);
      });
      worker.on('exit', () => {
        markEnded();
        resolve(0);
      });
    });
    return { worker, ready, ended };
  }

  #note(sentence: string, code: string, path: string): void {
    this.#problem ??= new SystemError(sentence, code, 'record', path);
  }

  #enable(channel: Channel): void {
    channel.isEnabled = true;
    const enabledSystems = new Set<string>();
    for (const system of channel.wholeSystems) {
      try {
        channel.instance.enable(system);
        enabledSystems.add(system);
      } catch {
        // One of its events is refused; the loop below finds out which.
      }
    }
    let firstError: LockstepError | undefined;
    for (const event of channel.events) {
      if (enabledSystems.has(event.system)) continue;
      const path = `${event.system}/${event.name}`;
      const filter = channel.filters.get(path);
      try {
        if (filter !== undefined) channel.instance.setFilter(path, filter);
        channel.instance.enable(path);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (filter !== undefined) throw new InputError(`The kernel refuses the filter of ${event.lttngName}; a field of it may have another name or type.`, { filter }, { cause: error });
        firstError ??= error;
        this.#refusedEvents.push(event.lttngName);
      }
    }
    // One event of a hundred that the kernel keeps to itself is no reason to record nothing.
    if (firstError !== undefined && this.#refusedEvents.length >= channel.events.length) throw firstError;
  }

  get instanceNames(): readonly string[] {
    return this.#channels.map((channel) => channel.instance.name);
  }

  addPid(pid: number): void {
    for (const channel of this.#channels) {
      if (channel.options.pids === 'all') continue;
      if (channel.isEnabled) {
        channel.instance.addPid(pid);
      } else {
        channel.instance.setPids([pid]);
        this.#enable(channel);
      }
    }
  }

  status(): KernelRecordingStatus {
    const spooled = this.#count(page.SPOOL_WRITTEN) - this.#count(page.SPOOL_CONVERTED);
    return {
      events: this.#count(page.RECORD_COUNT),
      bytes: this.#count(page.WRITTEN_BYTES),
      discarded: this.#count(page.DISCARDED_COUNT),
      spooledBytes: spooled,
      problem: this.#problem,
    };
  }

  #count(word: number): number {
    return Number(Atomics.load(this.#queue.counters, word));
  }

  stop(onProgress: (share: number) => void = () => {}, clockClass?: ClockClass): Promise<KernelRecordingSummary> {
    this.#stopping ??= this.#stop(onProgress, clockClass);
    return this.#stopping;
  }

  async #stop(onProgress: (share: number) => void, clockClass: ClockClass | undefined): Promise<KernelRecordingSummary> {
    this.#stopReading();
    const stateDumpRecordCount = await this.#stateDump;
    const before = this.#count(page.SPOOL_CONVERTED);
    const timer = setInterval(() => {
      const total = this.#count(page.SPOOL_WRITTEN) - before;
      onProgress(total <= 0 ? 1 : (this.#count(page.SPOOL_CONVERTED) - before) / total);
    }, 200);
    try {
      await this.#ended;
    } finally {
      clearInterval(timer);
    }
    onProgress(1);
    this.#removeInstances();
    const { outputDirectory, stateDirectory } = this.#options;
    try {
      if (clockClass !== undefined) writeMetadataFile(kernelTraceClass({ ...this.#traceOptions, clockClass }), outputDirectory, stateDirectory);
      // After a full disk the rest of the spool waits for room: the next command finishes it.
      if (!this.#hasStoppedWriting) removeSpool(stateDirectory);
    } catch (error) {
      this.#note('The metadata could not be written anew; the one from the start is kept.', String((error as { code?: unknown }).code ?? 'EIO'), outputDirectory);
    }
    return {
      ...this.status(),
      events: this.#count(page.RECORD_COUNT) + stateDumpRecordCount,
      readBytes: this.#count(page.READ_BYTES),
      unknownLossCount: this.#count(page.UNKNOWN_LOSS_COUNT),
      damagedPageCount: this.#count(page.DAMAGED_PAGE_COUNT),
      stateDumpRecordCount,
      readerCpuNs: this.#count(page.READER_CPU_NS),
      converterCpuNs: this.#count(page.CONVERTER_CPU_NS),
      refusedEvents: this.#refusedEvents,
    };
  }

  #stopReading(): void {
    for (const channel of this.#channels) channel.instance.stop();
    Atomics.store(this.#queue.control, page.STOP, 1);
    Atomics.notify(this.#queue.control, page.STOP);
  }

  #removeInstances(): void {
    const removed = this.#channels.map((channel) => channel.instance.remove());
    // The watchdog goes on where something is left, as if we had died.
    if (removed.every(Boolean)) this.#watchdog.dismiss();
  }

  async abandon(): Promise<void> {
    this.#stopReading();
    await Promise.all([this.#reader?.terminate(), this.#converter?.terminate()]);
    this.#removeInstances();
  }
}
