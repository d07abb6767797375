// SPDX-License-Identifier: MIT
// A recording of the kernel: instances, reader and converter threads, metadata, state dump; from
// `startKernelRecording` to `stop`. One instance a channel; one reader and one converter for all.

import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { assert, InputError, SystemError, type LockstepError } from '@lockstep/base';
import type { ClockClass } from '@lockstep/ctf/write';
import { loadNative } from '@lockstep/native';
import type { ConverterWorkerData } from './converter-worker.ts';
import { describeCached, usualCacheDirectory } from './description-cache.ts';
import { Capture, type CaptureHandle } from './capture/capture-loader.ts';
import { whyNoCapture } from './capture/capture-wishes.ts';
import { describeEvents, type DescribedChannel, type EventDescription } from './event-description.ts';
import {
  kernelTraceClass,
  STATE_DUMP_CHANNEL_NAME,
  writeMetadataFile,
  type ChannelClass,
  type KernelTraceOptions,
} from './kernel-trace-class.ts';
import type {
  CaptureSummary,
  KernelChannelOptions,
  KernelRecording,
  KernelRecordingOptions,
  KernelRecordingStatus,
  KernelRecordingSummary,
} from './kernel-recording-types.ts';
import * as page from './page-queue.ts';
import { needsLookahead } from './record-hooks.ts';
import type { ReaderSource, ReaderWorkerData, WorkerMessage } from './reader-worker.ts';
import { removeSpool, spoolDescriptionText, writeSpoolDescription, type StreamDescription } from './spool.ts';
import type { StateDumpResult } from './state-dump/dump-state.ts';
import { StateDumper } from './state-dump/state-dumper.ts';
import { watchThreads, yieldNoMore, yieldToOthers } from './own-threads.ts';
import { makeProbeGroup, removeAbandonedProbes, removeProbesOf } from './dynamic-events.ts';
import { errorCode, openTracefs } from './tracefs.ts';
import { listCpuIds, removeAbandonedInstances, TracefsInstance } from './tracefs-instance.ts';
import { threadsToTrack } from './trackers.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

/** What an eventfd takes: a uint64, not 0. */
const STOP_EVENT = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
export const DEFAULT_BUFFER_SIZE_KB = 32 * 1024;
/**
 * A hundred times what 10 000 processes take: threads that end before are unknown, and with them what trackers ask, so
 * that a busy machine is waited for. A thread of ours that fails ends the waiting.
 */
const MAX_THREADS_READ_MS = 120_000;

interface Channel {
  readonly options: KernelChannelOptions;
  readonly described: DescribedChannel;
  readonly instance: TracefsInstance;
  isEnabled: boolean;
}

/** Throws InputError for rules that name nothing, SystemError for what the machine refuses. */
export async function startKernelRecording(options: KernelRecordingOptions): Promise<KernelRecording> {
  const tracefs = openTracefs();
  const place = { tracefs, directory: usualCacheDirectory() };
  // All rules are checked before anything of the machine is changed.
  // What is captured goes into a buffer that keeps its oldest, which fits no flight recorder.
  const isCaptureWanted =
    options.isCaptured !== false && options.isFlightRecorder !== true && whyNoCapture() === undefined;
  const describe = (): EventDescription =>
    describeEvents(tracefs, options.channels, isCaptureWanted, options.hasSyscallEvents);
  const description =
    options.hasSyscallEvents === false
      ? describe()
      : describeCached(place, options.channels, describe, isCaptureWanted);
  const channels = options.channels.map((channel, index): Channel => {
    const described = description.channels[index];
    assert(described !== undefined, 'every channel is described');
    const instance = new TracefsInstance(tracefs, {
      name: `${options.name}-${channel.name}`,
      clock: options.clock.kernelName,
      bufferSizeKb: channel.bufferSizeKb ?? DEFAULT_BUFFER_SIZE_KB,
    });
    return { options: channel, described, instance, isEnabled: false };
  });
  const recording = new Recording(options, tracefs, channels, description);
  try {
    await recording.start();
    return recording;
  } catch (error) {
    await recording.abandon();
    throw error;
  }
}

class Recording implements KernelRecording {
  readonly #options: KernelRecordingOptions;
  readonly #tracefs: string;
  readonly #channels: readonly Channel[];
  readonly #queue = new page.PageQueue();
  readonly #traceOptions: KernelTraceOptions;
  readonly #descriptionText: string;
  readonly #refusedEvents: string[] = [];
  readonly #capturing: EventDescription['capture'];
  readonly #classTexts: string[] = [];
  #capture: Capture | undefined;
  #captureLoaded: ((handle: CaptureHandle | undefined) => void) | undefined;
  readonly #capturePromise = new Promise<CaptureHandle | undefined>((resolve) => (this.#captureLoaded = resolve));
  #watchdog: Watchdog | undefined;
  #instances: Promise<void> = Promise.resolve();
  #reader: Worker | undefined;
  #converter: Worker | undefined;
  /** Threads that let the recorded program go first until it has ended. */
  #yielding: readonly number[] = [];
  #ended: Promise<unknown> = Promise.resolve();
  #problem: SystemError | undefined;
  #hasStoppedWriting = false;
  readonly probeGroup = makeProbeGroup();
  readonly #dumper: StateDumper;
  /** The one from the start. */
  #stateDump: Promise<void> = Promise.resolve();
  readonly #dumped = { recordCount: 0, sizeBytes: 0, sentences: [] as string[] };
  #unreadCount = 0;
  /** An eventfd that wakes the reader where it waits for pages; -1 without the addon. */
  #stopFd = loadNative()?.openEvent() ?? -1;
  #stopping: Promise<KernelRecordingSummary> | undefined;

  constructor(
    options: KernelRecordingOptions,
    tracefs: string,
    channels: readonly Channel[],
    description: EventDescription,
  ) {
    this.#capturing = description.capture;
    this.#options = options;
    this.#tracefs = tracefs;
    this.#channels = channels;
    const uuid = randomUUID();
    this.#traceOptions = {
      uuid,
      clockClass: options.clock.toClockClass(),
      // Their classes are texts already.
      channels: [
        ...channels.map(({ options: { name, id }, described }): ChannelClass => ({
          name,
          id,
          events: [],
          contexts: described.conversion.contexts,
        })),
        ...this.#wholeChannel(),
      ],
      stateDumpChannelId: this.#stateDumpChannelId(),
      traceName: options.name,
      startTime: new Date(),
      environment: options.environment ?? {},
    };
    this.#descriptionText = spoolDescriptionText(
      {
        outputDirectory: options.outputDirectory,
        uuid,
        streams: [...this.#streams().map(({ stream }) => stream), ...this.#wholeStreams()],
        wholeStreams: this.#wholeStreamsPlace(),
        clockHistory: options.clock.historyPath === undefined ? undefined : basename(options.clock.historyPath),
        channels: channels.map((channel) => channel.described.conversion),
      },
      description.plansText,
    );
    this.#dumper = new StateDumper(
      {
        outputDirectory: options.outputDirectory,
        uuid,
        streamClassId: this.#traceOptions.stateDumpChannelId,
        fileName: `${STATE_DUMP_CHANNEL_NAME}_0`,
        hasMemoryMaps: options.hasMemoryMaps ?? true,
      },
      options.clock,
      (tids) => this.#excludeThreads(tids),
    );
  }

  #excludeThreads(tids: readonly number[]): void {
    for (const { instance, options } of this.#channels) if (options.pids === 'all') instance.excludeThreads(tids);
  }

  #stateDumpChannelId(): number {
    return Math.max(0, ...this.#channels.map((channel) => channel.options.id)) + 1;
  }

  /** Of system calls that the kernel's own events do not tell of: a data stream class beside their channel's. */
  #wholeChannel(): ChannelClass[] {
    const channel = this.#channels.find(({ options }) => options.id === this.#capturing?.channelId);
    if (channel === undefined) return [];
    return [{ name: `${channel.options.name}_bpf`, id: this.#stateDumpChannelId() + 1, events: [] }];
  }

  #wholeStreams(): StreamDescription[] {
    return this.#wholeChannel().flatMap(({ name, id }) =>
      listCpuIds(this.#tracefs).map((cpuId) => ({ fileName: `${name}_${cpuId}`, streamClassId: id, cpuId })),
    );
  }

  #wholeStreamsPlace(): { readonly first: number; readonly streamClassId: number } | undefined {
    const [channel] = this.#wholeChannel();
    return channel === undefined ? undefined : { first: this.#streams().length, streamClassId: channel.id };
  }

  #streams(): { readonly stream: StreamDescription; readonly source: ReaderSource }[] {
    const cpuIds = listCpuIds(this.#tracefs);
    return this.#channels.flatMap(({ options, instance }) => {
      const bufferSizeBytes = (options.bufferSizeKb ?? DEFAULT_BUFFER_SIZE_KB) * 1024;
      return cpuIds.map((cpuId) => ({
        stream: { fileName: `${options.name}_${cpuId}`, streamClassId: options.id, cpuId },
        source: { instancePath: instance.path, cpuId, bufferSizeBytes },
      }));
    });
  }

  /** The kernel takes its time over the instances; everything else happens meanwhile. */
  async start(): Promise<void> {
    // First, since it also makes the kernel wait less.
    this.#watchdog = startWatchdog(
      this.#tracefs,
      this.probeGroup,
      this.#channels.map((channel) => channel.instance.name),
    );
    // The kernel begins now.
    const made = this.#makeInstance(0);
    const tids = this.#startWorkers();
    // The kernel may be waiting for us by now.
    await new Promise((resolve) => setImmediate(resolve));
    const { outputDirectory, stateDirectory } = this.#options;
    mkdirSync(outputDirectory, { recursive: true });
    mkdirSync(stateDirectory, { recursive: true });
    // On disk before the first page: formats, ids, clock.
    this.#writeMetadata(this.#traceOptions.clockClass);
    writeSpoolDescription(stateDirectory, this.#descriptionText);
    if (this.#channels.some((channel) => needsLookahead(channel.described.conversion))) await this.#threadsKnown();
    await this.#enableAll(made, tids);
    this.#stateDump = Promise.all([this.#stateDump, this.#removeAbandoned()]).then(() => undefined);
  }

  /** Until the converter has read what threads there are; those that begin later tell it themselves. */
  async #threadsKnown(): Promise<void> {
    const { control } = this.#queue;
    for (const end = performance.now() + MAX_THREADS_READ_MS; performance.now() < end;) {
      if (Atomics.load(control, page.ARE_THREADS_KNOWN) !== 0 || Atomics.load(control, page.READER_ENDED) !== 0) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /**
   * Before the kernel's events are enabled: what is captured of a call is then written before its event.
   * The reader's thread loads it, while the kernel makes the instances.
   */
  async #takeCapture(): Promise<void> {
    if (this.#capturing === undefined) return;
    const handle = await this.#capturePromise;
    const native = loadNative();
    if (handle === undefined || native === undefined) return;
    this.#capture = Capture.adopt(native.bpf, handle);
    Atomics.store(this.#queue.control, page.CAPTURE_RING, this.#capture.ringFd + 1);
  }

  /** Heard where it is awaited; a worker or a disk that fails earlier must not leave it unheard. */
  #makeInstance(index: number): Promise<void> {
    this.#instances = this.#channels[index]?.instance.make() ?? Promise.resolve();
    this.#instances.catch(() => {});
    return this.#instances;
  }

  /**
   * Every channel as soon as its instance is there, and only then the next instance: enabling would wait for
   * the same locks of the kernel, 30 ms. The state is dumped as soon as the whole machine is recorded: what
   * changes from then on is in the trace.
   */
  async #enableAll(first: Promise<void>, tids: readonly number[]): Promise<void> {
    const lastOfMachine = this.#channels.findLastIndex(({ options }) => options.pids === 'all');
    if (lastOfMachine < 0) this.#stateDump = this.#dumpFirstState();
    let made = first;
    for (const [index, channel] of this.#channels.entries()) {
      await made;
      // Calls of the last channel, the program's, are what is captured of.
      if (index === this.#channels.length - 1) await this.#takeCapture();
      const { pids } = channel.options;
      const tracked = threadsToTrack(channel.options.trackers ?? []);
      if (tracked !== undefined && pids === 'all') channel.instance.setPids(tracked);
      if (pids === 'all') channel.instance.excludeThreads([...tids, ...(this.#options.excludePids ?? [])]);
      else if (pids.roots.length > 0) {
        for (const pid of pids.roots) this.#capture?.addThread(pid);
        channel.instance.setPids(pids.roots);
      }
      if (pids === 'all' || pids.roots.length > 0) this.#enable(channel);
      if (index === lastOfMachine) this.#stateDump = this.#dumpFirstState();
      made = this.#makeInstance(index + 1);
    }
    this.#watchdog?.arm();
    Atomics.store(this.#queue.control, page.ARE_INSTANCES_THERE, 1);
    Atomics.notify(this.#queue.control, page.ARE_INSTANCES_THERE);
  }

  #writeMetadata(clockClass: ClockClass): void {
    const { outputDirectory, stateDirectory } = this.#options;
    const eventTexts = [...this.#channels.map((channel) => channel.described.metadataText), ...this.#classTexts];
    writeMetadataFile(
      kernelTraceClass({ ...this.#traceOptions, clockClass }),
      eventTexts,
      outputDirectory,
      stateDirectory,
    );
  }

  /** What earlier recordings left behind: only after the caller let its program run. */
  async #removeAbandoned(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    removeAbandonedInstances(this.#tracefs);
    removeAbandonedProbes(this.#tracefs);
  }

  async #dumpFirstState(): Promise<void> {
    await this.regenerateStateDump().catch((error: unknown) => {
      if (!(error instanceof SystemError)) throw error;
      this.#problem ??= error;
    });
  }

  async regenerateStateDump(): Promise<StateDumpResult> {
    const result = await this.#dumper.dump();
    this.#dumped.recordCount += result.recordCount;
    this.#dumped.sizeBytes += result.sizeBytes;
    this.#dumped.sentences.push(...result.sentences);
    return result;
  }

  /** Returns their tids, without waiting until they run: the buffers hold what happens before. */
  #startWorkers(): readonly number[] {
    const memory = this.#queue.memory;
    const { stateDirectory } = this.#options;
    const readerData: ReaderWorkerData = {
      memory,
      stateDirectory,
      sources: this.#streams().map(({ source }) => source),
      // Pages of a synthetic clock carry cycles of their CPU; what is captured is told in the clock's own ns.
      clock: this.#options.clock.historyPath === undefined ? this.#options.clock.kernelName : 'synthetic',
      clockPagePath: this.#options.clock.pagePath,
      isFlightRecorder: this.#options.isFlightRecorder === true,
      stopFd: this.#stopFd,
      captureStream: this.#streams().length + this.#wholeStreams().length,
      captureSet: this.#capturing?.set,
    };
    const converterData: ConverterWorkerData = { memory, stateDirectory, descriptionText: this.#descriptionText };
    // Threads of the pool that are made meanwhile read and write for us too.
    return watchThreads(() => {
      const reader = this.#startWorker('./reader-worker.js', readerData);
      const { made: converter, tids } = watchThreads(() => this.#startWorker('./converter-worker.js', converterData));
      // What it is late with waits in the queue and in the spool; what the reader is late with is lost.
      yieldToOthers(tids);
      this.#yielding = tids;
      this.#reader = reader.worker;
      this.#converter = converter.worker;
      this.#ended = Promise.all([reader.ended, converter.ended]);
      this.#dumper.prepare();
    }).tids;
  }

  #startWorker(file: string, workerData: unknown): { readonly worker: Worker; readonly ended: Promise<void> } {
    // Empty options: the threads that record are not to be traced or instrumented themselves.
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData,
      execArgv: [],
      // Descriptors come from the addon and go to other threads: whose they are is known here.
      trackUnmanagedFds: false,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const ended = new Promise<void>((resolve) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'ended') return resolve();
        if (message.type === 'capture') return this.#captureLoaded?.(message.handle);
        if (message.type === 'class') {
          this.#classTexts.push(message.text);
          return;
        }
        this.#note(message.sentence, message.code, message.path);
        if (message.path === this.#options.outputDirectory) this.#hasStoppedWriting = true;
      });
      worker.on('error', (error) => {
        this.#note(`A thread of the kernel half ended: ${error.message}.`, 'EIO', this.#options.outputDirectory);
        Atomics.store(this.#queue.control, page.READER_ENDED, 1);
        this.#queue.wake();
      });
      worker.on('exit', () => {
        this.#captureLoaded?.(undefined);
        resolve();
      });
    });
    return { worker, ended };
  }

  #note(sentence: string, code: string, path: string): void {
    // What ended the recording is told rather than what came before it.
    if (this.#problem === undefined || (code === 'ENOSPC' && this.#problem.code !== code))
      this.#problem = new SystemError(sentence, code, 'record', path);
  }

  #enable(channel: Channel): void {
    channel.isEnabled = true;
    const { events, wholeSystems, conversion } = channel.described;
    channel.instance.recordStacks(conversion.kernelStackId !== 0, conversion.userStackId !== 0);
    const enabledSystems = new Set<string>();
    for (const system of wholeSystems) {
      try {
        channel.instance.enable(system);
        enabledSystems.add(system);
      } catch {
        // One of its events is refused; the loop below finds out which.
      }
    }
    let firstError: LockstepError | undefined;
    for (const event of events) {
      if (enabledSystems.has(event.system)) continue;
      const path = `${event.system}/${event.name}`;
      const { filter } = event;
      try {
        if (filter !== undefined) channel.instance.setFilter(path, filter);
        channel.instance.enable(path);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (filter !== undefined)
          throw new InputError(
            `The kernel refuses the filter of ${event.lttngName}; a field of it may have another name or type.`,
            { filter },
            { cause: error },
          );
        firstError ??= error;
        this.#refusedEvents.push(event.lttngName);
      }
    }
    // One event of a hundred that the kernel keeps to itself is no reason to record nothing.
    if (firstError !== undefined && this.#refusedEvents.length >= events.length) throw firstError;
  }

  get instanceNames(): readonly string[] {
    return this.#channels.map((channel) => channel.instance.name);
  }

  addPid(pid: number): void {
    this.#capture?.addThread(pid);
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
      events: this.#count(page.RECORD_COUNT) + this.#dumped.recordCount,
      bytes: this.#count(page.WRITTEN_BYTES) + this.#dumped.sizeBytes,
      discarded: this.#count(page.DISCARDED_COUNT) + this.#unreadCount,
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

  async #stop(
    onProgress: (share: number) => void,
    clockClass: ClockClass | undefined,
  ): Promise<KernelRecordingSummary> {
    this.#watchdog?.hurry();
    this.#stopReading();
    yieldNoMore(this.#yielding);
    // While the rest is read and converted.
    const detached = this.#capture?.detach();
    this.#dumper.end();
    await this.#stateDump;
    await this.#dumper.settled;
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
    await detached;
    const capture = this.#endCapture();
    const { outputDirectory, stateDirectory } = this.#options;
    // What the reader left is lost with the instances: it must not go uncounted, whatever the reason.
    for (const channel of this.#channels) this.#unreadCount += channel.instance.tryCountUnreadEvents() ?? 0;
    this.#removeInstances();
    try {
      if (clockClass !== undefined) this.#writeMetadata(clockClass);
      // After a full disk the rest of the spool waits for room: the next command finishes it.
      if (!this.#hasStoppedWriting) removeSpool(stateDirectory);
    } catch (error) {
      this.#note(
        'The metadata could not be written anew; the one from the start is kept.',
        errorCode(error),
        outputDirectory,
      );
    }
    return {
      ...this.status(),
      readBytes: this.#count(page.READ_BYTES),
      unknownLossCount: this.#count(page.UNKNOWN_LOSS_COUNT),
      damagedPageCount: this.#count(page.DAMAGED_PAGE_COUNT),
      stateDumpRecordCount: this.#dumped.recordCount,
      stateDumpSentences: this.#dumped.sentences,
      readerCpuNs: this.#count(page.READER_CPU_NS),
      converterCpuNs: this.#count(page.CONVERTER_CPU_NS),
      refusedEvents: this.#refusedEvents,
      capture,
    };
  }

  /** When everything is converted. */
  #endCapture(): CaptureSummary | undefined {
    if (this.#capture === undefined) return undefined;
    const lostCount = this.#capture.lostCount();
    this.#capture.close();
    return {
      lostCount,
      faultCount: this.#count(page.CAPTURE_FAULT_COUNT),
      truncatedCount: this.#count(page.CAPTURE_TRUNCATED_COUNT),
      missingCount: this.#count(page.CAPTURE_MISSING_COUNT),
    };
  }

  #stopReading(): void {
    for (const { instance } of this.#channels) {
      const sentence = instance.stop();
      if (sentence !== undefined) this.#note(sentence, 'ENODEV', instance.path);
    }
    const { control } = this.#queue;
    Atomics.store(control, page.STOP, 1);
    Atomics.notify(control, page.STOP);
    if (this.#stopFd >= 0) writeSync(this.#stopFd, STOP_EVENT);
  }

  /** By the watchdog, which the kernel may keep waiting for tenths of a second. */
  #removeInstances(): void {
    // The reader has ended.
    if (this.#stopFd >= 0) closeSync(this.#stopFd);
    this.#stopFd = -1;
    if (this.#watchdog?.isAlive === true) this.#watchdog.finish();
    else {
      for (const channel of this.#channels) channel.instance.remove();
      removeProbesOf(this.#tracefs, this.probeGroup);
    }
  }

  async abandon(): Promise<void> {
    // A call of the pool cannot be taken back.
    await this.#instances.catch(() => {});
    this.#stopReading();
    await Promise.all([this.#reader?.terminate(), this.#converter?.terminate(), this.#dumper.terminate()]);
    this.#capture?.close();
    this.#removeInstances();
  }
}
