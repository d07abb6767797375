// SPDX-License-Identifier: MIT
// The program half of the model: records of traced programs in (node:*, docs/node-events.md, and any
// other, as a sign of life), threads with their loop iterations and what happened in them out. Late
// records (gc, cpu_sample) are placed at their own begin.

import type { DataStream, EventRecord, EventRecordClass, PacketScopes } from '@lockstep/ctf';
import { toBigint, toNumber, toText } from '../fields.ts';
import type { KernelModel } from '../kernel/kernel-model.ts';
import type { RecordHandler } from '../record-dispatcher.ts';
import { nsPerCycle, type TraceTime } from '../trace-time.ts';
import {
  Program,
  ProgramThread,
  type CollectionInterval,
  type OperationInterval,
  type RequestBegin,
  type SampleInterval,
} from './program-thread.ts';

/** Who is told of what the program half learns. */
export interface ProgramObserver {
  /** An iteration ended; the thread's story and its kernel log still reach back to its begin. */
  iteration(thread: ProgramThread, begin: number, end: number, idleNs: number): void;
  collection(thread: ProgramThread, interval: CollectionInterval): void;
  sample(thread: ProgramThread, interval: SampleInterval): void;
}

const COLLECTIONS: ReadonlyMap<number, string> = new Map([
  [1, 'scavenge'],
  [2, 'minor mark-sweep'],
  [4, 'mark-sweep-compact'],
  [8, 'incremental marking'],
  [16, 'weak callbacks'],
]);
/** Intervals of one sort kept for one thread between two loop iterations. */
const MAX_INTERVALS = 1 << 20;
const MAX_OPEN_REQUESTS = 1 << 17;

export class ProgramModel {
  readonly threads: ProgramThread[] = [];
  readonly #time: TraceTime;
  readonly #kernel: KernelModel;
  readonly #observer: ProgramObserver;
  readonly #programs = new Map<string, Program>();
  readonly #threadsByKey = new Map<string, ProgramThread>();
  readonly #byStream = new Map<DataStream, { packet: PacketScopes; thread: ProgramThread }>();

  constructor(time: TraceTime, kernel: KernelModel, observer: ProgramObserver) {
    this.#time = time;
    this.#kernel = kernel;
    this.#observer = observer;
  }

  chooseHandler(eventRecordClass: EventRecordClass): RecordHandler {
    switch (eventRecordClass.name) {
      case 'node:process':
        return (record) => this.#process(record);
      case 'node:loop_iteration':
        return (record) => this.#loopIteration(record);
      case 'node:gc':
        return (record) => this.#gc(record);
      case 'node:fs_sync':
        return (record) =>
          this.#operation(record, toText(record.payload?.operation), toText(record.payload?.path), undefined);
      case 'node:sync_call':
        return (record) =>
          this.#operation(record, toText(record.payload?.operation), undefined, toNumber(record.payload?.size));
      case 'node:console':
        return (record) =>
          this.#operation(
            record,
            `console.${toText(record.payload?.level)}`,
            undefined,
            toNumber(record.payload?.length),
          );
      case 'node:http_server_request_begin':
        return (record) => this.#requestBegin(record);
      case 'node:http_server_request_end':
        return (record) => this.#touch(record).program.openRequests.delete(toNumber(record.payload?.request));
      case 'node:cpu_node':
        return (record) => this.#cpuNode(record);
      case 'node:cpu_sample':
        return (record) => this.#cpuSample(record);
      case 'node:sampler_state':
        return (record) => void this.#threadOf(record);
      default:
        return (record) => void this.#touch(record);
    }
  }

  #threadOf(record: EventRecord): ProgramThread {
    const cached = this.#byStream.get(record.dataStream);
    if (cached !== undefined && cached.packet === record.packet) {
      cached.thread.lastRecord = record;
      return cached.thread;
    }
    const thread = this.#findThread(record);
    thread.lastRecord = record;
    this.#byStream.set(record.dataStream, { packet: record.packet, thread });
    return thread;
  }

  #findThread(record: EventRecord): ProgramThread {
    const { trace } = record.dataStream;
    const environment = trace.traceClass.environment;
    const context = record.packet.context;
    const pid = toNumber(context?.vpid) || Number(environment.get('vpid') ?? 0);
    const vtid = toNumber(context?.vtid) || pid;
    const tid = toNumber(context?.tid) || vtid;
    const programKey = `${trace.traceClass.uuid ?? trace.name} ${pid}`;
    let program = this.#programs.get(programKey);
    if (program === undefined) {
      program = new Program(pid);
      program.name = String(environment.get('procname') ?? '');
      this.#programs.set(programKey, program);
    }
    const key = `${programKey} ${vtid}`;
    let thread = this.#threadsByKey.get(key);
    if (thread === undefined) {
      const time = this.#time.of(record);
      thread = new ProgramThread(program, vtid, this.#kernel.watch(tid, time), record, time);
      this.#threadsByKey.set(key, thread);
      this.threads.push(thread);
    }
    return thread;
  }

  /** For records that are written when what they tell happens: a thread that writes one is not waiting in its loop. */
  #touch(record: EventRecord): ProgramThread {
    const thread = this.#threadOf(record);
    thread.firstActivity ??= record;
    return thread;
  }

  #process(record: EventRecord): void {
    const thread = this.#touch(record);
    const { program } = thread;
    program.argv = toText(record.payload?.argv);
    program.name = displayName(toText(record.payload?.procname), program.argv) || program.name;
    const isMain = record.payload?.['main_thread'];
    if (isMain !== undefined) thread.isMain = isMain === true || isMain === 1;
    if (thread.kernel.pid === undefined && thread.isMain) thread.kernel.pid = thread.kernel.tid;
  }

  #beginOf(record: EventRecord): number {
    return this.#time.ofCycles(record, toBigint(record.payload?.begin));
  }

  #loopIteration(record: EventRecord): void {
    const thread = this.#threadOf(record);
    const told = this.#beginOf(record);
    const end = told + durationOf(record);
    // libuv reckons only the last of the polls of one wait as idle: the kernel half knows better.
    const begin = this.#kernel.pollEnd(thread.kernel, told, end);
    const idleNs = toNumber(record.payload?.idle) * nsPerCycle(record) + begin - told;
    thread.loop.add(end - begin);
    this.#observer.iteration(thread, begin, end, idleNs);
    thread.iterationEnd = end;
    thread.firstActivity = undefined;
    thread.story.forgetBefore(end);
    thread.kernel.forgetBefore(end);
  }

  #gc(record: EventRecord): void {
    const thread = this.#threadOf(record);
    const kind = toNumber(record.payload?.kind);
    const begin = this.#beginOf(record);
    const interval = { begin, end: begin + durationOf(record), collection: COLLECTIONS.get(kind) ?? `kind ${kind}` };
    keep(thread, thread.story.collections, interval);
    this.#observer.collection(thread, interval);
  }

  #operation(record: EventRecord, operation: string, path: string | undefined, size: number | undefined): void {
    const thread = this.#touch(record);
    const begin = this.#beginOf(record);
    const end = begin + durationOf(record);
    const interval: OperationInterval = { begin, end, operation, path: path === '' ? undefined : path, size };
    keep(thread, thread.story.operations, interval);
  }

  #requestBegin(record: EventRecord): void {
    const thread = this.#touch(record);
    const { openRequests } = thread.program;
    if (openRequests.size < MAX_OPEN_REQUESTS) openRequests.add(toNumber(record.payload?.request));
    const begin = this.#time.of(record);
    const interval: RequestBegin = {
      begin,
      end: begin + 1,
      method: toText(record.payload?.method),
      url: toText(record.payload?.url),
    };
    keep(thread, thread.story.requests, interval);
  }

  #cpuNode(record: EventRecord): void {
    const thread = this.#threadOf(record);
    const { payload } = record;
    thread.tree.addNode(
      toNumber(payload?.epoch),
      toNumber(payload?.node),
      toNumber(payload?.parent),
      toText(payload?.function),
      toText(payload?.url),
      toNumber(payload?.line),
      toNumber(payload?.column),
    );
  }

  #cpuSample(record: EventRecord): void {
    const thread = this.#threadOf(record);
    thread.hasSamples = true;
    const frame = thread.tree.frame(toNumber(record.payload?.epoch), toNumber(record.payload?.node));
    if (frame === undefined) return;
    const begin = this.#beginOf(record);
    const interval: SampleInterval = {
      begin,
      end: begin + durationOf(record),
      frame,
      line: toNumber(record.payload?.line),
    };
    keep(thread, thread.story.samples, interval);
    this.#observer.sample(thread, interval);
  }
}

function durationOf(record: EventRecord): number {
  return toNumber(record.payload?.duration) * nsPerCycle(record);
}

/** Keeps what reaches into the iteration that has not ended yet. */
function keep<T extends { readonly end: number }>(thread: ProgramThread, intervals: T[], interval: T): void {
  if (thread.iterationEnd !== undefined && interval.end <= thread.iterationEnd) return;
  if (intervals.length < MAX_INTERVALS) intervals.push(interval);
}

/** `node /app/server.js 8080` is `server.js` to its owner. */
function displayName(procname: string, argv: string): string {
  const script = argv.split(' ').find((word, index) => index > 0 && !word.startsWith('-'));
  if (script === undefined || !/^(node|MainThread)/.test(procname)) return procname;
  return script.slice(script.lastIndexOf('/') + 1);
}
