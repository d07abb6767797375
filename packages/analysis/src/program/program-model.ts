// SPDX-License-Identifier: MIT
// The program half of the model: records of traced programs in (node:*, docs/node-events.md, and any
// other, as a sign of life), programs, threads, loop iterations, requests and operations out. Late
// records (gc, cpu_sample) are placed at their own begin.

import type { DataStream, EventRecord, EventRecordClass, PacketScopes } from '@lockstep/ctf';
import { toBigint, toNumber, toText } from '../fields.ts';
import { HOST, type Host } from '../kernel/host.ts';
import { SYSTEM_CALLS, type SystemCalls } from '../kernel/system-calls.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { nsPerCycle, type TraceTime } from '../pass/trace-time.ts';
import {
  Program,
  ProgramThread,
  type AsyncOperation,
  type CollectionInterval,
  type LoopIteration,
  type SampleInterval,
  type ServerRequest,
} from './program-thread.ts';

const COLLECTIONS: ReadonlyMap<number, string> = new Map([
  [1, 'scavenge'],
  [2, 'minor mark-sweep'],
  [4, 'mark-sweep-compact'],
  [8, 'incremental marking'],
  [16, 'weak callbacks'],
]);
const MAX_OPEN_REQUESTS = 1 << 17;
const MAX_OPEN_OPERATIONS = 1 << 17;
/** Operations remembered of one request. */
const MAX_OPERATIONS_PER_REQUEST = 1024;
/** Forgetting costs; it is done once in this time, or when a log grew beyond the number. */
const FORGET_PERIOD_NS = 50e6;
const FORGET_AT_INTERVALS = 1 << 14;

export class ProgramModel implements Handler {
  readonly programs: Program[] = [];
  readonly threads: ProgramThread[] = [];
  /** An iteration ended; the thread's story and its kernel log still reach back to its begin. */
  readonly onIteration: ((thread: ProgramThread, iteration: LoopIteration) => void)[] = [];
  readonly onCollection: ((thread: ProgramThread, interval: CollectionInterval) => void)[] = [];
  readonly onSample: ((thread: ProgramThread, interval: SampleInterval) => void)[] = [];
  readonly onRequestBegin: ((request: ServerRequest) => void)[] = [];
  readonly onRequestEnd: ((request: ServerRequest) => void)[] = [];
  readonly onOperationBegin: ((operation: AsyncOperation) => void)[] = [];
  readonly onOperationEnd: ((operation: AsyncOperation) => void)[] = [];
  /** Each says since when it still needs a thread's story and log; Infinity = it does not. */
  readonly holders: ((thread: ProgramThread) => number)[] = [];
  readonly #time: TraceTime;
  readonly #host: Host;
  readonly #calls: SystemCalls;
  readonly #programsByKey = new Map<string, Program>();
  readonly #threadsByKey = new Map<string, ProgramThread>();
  readonly #byStream = new Map<DataStream, { packet: PacketScopes; thread: ProgramThread }>();

  constructor(time: TraceTime, host: Host, calls: SystemCalls) {
    this.#time = time;
    this.#host = host;
    this.#calls = calls;
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'node:process':
        return (record, time) => this.#process(record, time);
      case 'node:loop_iteration':
        return (record, time) => this.#loopIteration(record, time);
      case 'node:gc':
        return (record, time) => this.#gc(record, time);
      case 'node:fs_sync':
        return (record, time) => {
          const { payload } = record;
          this.#operation(record, time, toText(payload?.operation), toText(payload?.path), undefined);
        };
      case 'node:sync_call':
        return (record, time) => {
          const { payload } = record;
          this.#operation(record, time, toText(payload?.operation), toText(payload?.subject), toNumber(payload?.size));
        };
      case 'node:console':
        return (record, time) => {
          const { payload } = record;
          this.#operation(record, time, `console.${toText(payload?.level)}`, undefined, toNumber(payload?.length));
        };
      case 'node:cpu_quota':
        return (record, time) => {
          const { payload } = record;
          const begin = this.#beginOf(record);
          const interval = { begin, end: begin + durationOf(record), throttledNs: toNumber(payload?.throttled) };
          this.#threadOf(record, time).story.quotas.add(interval);
        };
      case 'node:http_server_request_begin':
        return (record, time) => this.#requestBegin(record, time);
      case 'node:http_server_request_end':
        return (record, time) => this.#requestEnd(record, time);
      case 'node:http_client_request_begin':
        return (record, time) => {
          const { payload } = record;
          const subject = `${toText(payload?.host)}${toText(payload?.path)}`;
          this.#operationBegin(record, time, 'client', `http ${toText(payload?.method)}`, subject);
        };
      case 'node:http_client_request_end':
        return (record, time) => this.#operationEnd(record, time, 'client');
      case 'node:fetch_begin':
        return (record, time) => {
          const { payload } = record;
          const subject = toText(payload?.url).replace(/^https?:\/\//, '');
          this.#operationBegin(record, time, 'fetch', `fetch ${toText(payload?.method)}`, subject);
        };
      case 'node:fetch_end':
        return (record, time) => this.#operationEnd(record, time, 'fetch');
      case 'node:async_begin':
        return (record, time) => {
          const { payload } = record;
          this.#operationBegin(record, time, 'async', toText(payload?.operation), toText(payload?.subject));
        };
      case 'node:async_end':
        return (record, time) => this.#operationEnd(record, time, 'async');
      case 'node:timers':
        return (record, time) => {
          this.#threadOf(record, time).timerCount = toNumber(record.payload?.count);
        };
      case 'node:thread_pool':
        return (record, time) => {
          this.#touch(record, time).program.poolSize = Math.max(1, toNumber(record.payload?.size));
        };
      case 'node:cpu_node':
        return (record, time) => this.#cpuNode(record, time);
      case 'node:cpu_sample':
        return (record, time) => this.#cpuSample(record, time);
      case 'node:sampler_state':
        return (record, time) => void this.#threadOf(record, time);
      default:
        return (record, time) => void this.#touch(record, time);
    }
  }

  #threadOf(record: EventRecord, time: number): ProgramThread {
    const cached = this.#byStream.get(record.dataStream);
    let thread: ProgramThread;
    if (cached !== undefined && cached.packet === record.packet) thread = cached.thread;
    else {
      thread = this.#findThread(record, time);
      this.#byStream.set(record.dataStream, { packet: record.packet, thread });
    }
    thread.lastRecord = record;
    thread.lastTime = time;
    return thread;
  }

  #findThread(record: EventRecord, time: number): ProgramThread {
    const { trace } = record.dataStream;
    const environment = trace.traceClass.environment;
    const context = record.packet.context;
    const pid = toNumber(context?.vpid) || Number(environment.get('vpid') ?? 0);
    const vtid = toNumber(context?.vtid) || pid;
    const tid = toNumber(context?.tid) || vtid;
    const programKey = `${trace.traceClass.uuid ?? trace.name} ${pid}`;
    let program = this.#programsByKey.get(programKey);
    if (program === undefined) {
      program = new Program(pid);
      program.name = String(environment.get('procname') ?? '');
      this.#programsByKey.set(programKey, program);
      this.programs.push(program);
    }
    const key = `${programKey} ${vtid}`;
    let thread = this.#threadsByKey.get(key);
    if (thread === undefined) {
      thread = new ProgramThread(program, vtid, this.#host.watch(tid, time), record, time);
      this.#threadsByKey.set(key, thread);
      this.threads.push(thread);
    }
    return thread;
  }

  /** For records that are written when what they tell happens: a thread that writes one is not waiting in its loop. */
  #touch(record: EventRecord, time: number): ProgramThread {
    const thread = this.#threadOf(record, time);
    thread.firstActivity ??= time;
    return thread;
  }

  #process(record: EventRecord, time: number): void {
    const thread = this.#touch(record, time);
    const { program } = thread;
    program.argv = toText(record.payload?.argv);
    program.name = displayName(toText(record.payload?.procname), program.argv) || program.name;
    program.nodeVersion = toText(record.payload?.['node_version']);
    const isMain = record.payload?.['main_thread'];
    if (isMain !== undefined) thread.isMain = isMain === true || isMain === 1;
    if (thread.kernel.pid === undefined && thread.isMain) thread.kernel.pid = thread.kernel.tid;
  }

  #beginOf(record: EventRecord): number {
    return this.#time.ofCycles(record, toBigint(record.payload?.begin));
  }

  #loopIteration(record: EventRecord, time: number): void {
    const thread = this.#threadOf(record, time);
    const told = this.#beginOf(record);
    const end = told + durationOf(record);
    // libuv reckons only the last of the polls of one wait as idle: the kernel half knows better.
    const begin = this.#calls.pollEnd(thread.kernel, told, end);
    const idleNs = toNumber(record.payload?.idle) * nsPerCycle(record) + begin - told;
    const iteration: LoopIteration = { begin, end, idleNs, timerCount: thread.timerCount };
    thread.timerCount = 0;
    thread.loop.add(end - begin);
    thread.story.iterations.add(iteration);
    for (const listener of this.onIteration) listener(thread, iteration);
    thread.iterationEnd = end;
    thread.firstActivity = undefined;
    thread.turns.add(end, likelyTurn(thread));
    this.#forget(thread, end);
  }

  #forget(thread: ProgramThread, end: number): void {
    const { log } = thread.kernel;
    const isDue =
      end - thread.forgottenAt > FORGET_PERIOD_NS || (log !== undefined && log.length > FORGET_AT_INTERVALS);
    if (!isDue && this.holders.length > 0) return;
    thread.forgottenAt = end;
    let from = end;
    for (const holder of this.holders) from = Math.min(from, holder(thread));
    thread.heldSince = from;
    thread.story.forgetBefore(from);
    thread.turns.forgetBefore(from);
    thread.kernel.forgetBefore(from);
    if (log !== undefined) thread.forgetAtLength = Math.max(FORGET_AT_INTERVALS, log.length * 2);
  }

  #gc(record: EventRecord, time: number): void {
    const thread = this.#threadOf(record, time);
    const kind = toNumber(record.payload?.kind);
    const begin = this.#beginOf(record);
    const interval = { begin, end: begin + durationOf(record), collection: COLLECTIONS.get(kind) ?? `kind ${kind}` };
    thread.story.collections.add(interval);
    for (const listener of this.onCollection) listener(thread, interval);
  }

  #operation(
    record: EventRecord,
    time: number,
    operation: string,
    path: string | undefined,
    size: number | undefined,
  ): void {
    const thread = this.#touch(record, time);
    const begin = this.#beginOf(record);
    const end = begin + durationOf(record);
    const request = toNumber(record.payload?.request);
    if (request !== 0) thread.turns.add(begin, request);
    thread.story.operations.add({ begin, end, operation, path: path === '' ? undefined : path, size, request });
  }

  #requestBegin(record: EventRecord, time: number): void {
    const thread = this.#touch(record, time);
    const { payload } = record;
    const request: ServerRequest = {
      thread,
      id: toNumber(payload?.request),
      method: toText(payload?.method),
      url: toText(payload?.url),
      peer: toText(payload?.peer),
      hasAnswered: false,
      isSocketFull: false,
      begin: time,
      end: undefined,
      status: 0,
      operations: [],
    };
    if (thread.openRequests.size < MAX_OPEN_REQUESTS) thread.openRequests.set(request.id, request);
    thread.turns.add(time, request.id);
    thread.story.requests.add({ begin: time, end: time + 1, method: request.method, url: request.url });
    for (const listener of this.onRequestBegin) listener(request);
  }

  #requestEnd(record: EventRecord, time: number): void {
    const thread = this.#touch(record, time);
    const id = toNumber(record.payload?.request);
    const request = thread.openRequests.get(id);
    if (request === undefined) return;
    thread.openRequests.delete(id);
    request.end = time;
    request.status = toNumber(record.payload?.status);
    // What comes next is no longer for it.
    if (thread.turns.last() === id) thread.turns.add(time, 0);
    for (const listener of this.onRequestEnd) listener(request);
  }

  #operationBegin(record: EventRecord, time: number, kind: string, name: string, subject: string): void {
    const thread = this.#touch(record, time);
    const id = toNumber(record.payload?.id);
    const request = toNumber(record.payload?.request);
    const operation: AsyncOperation = {
      thread,
      id,
      request,
      operation: name,
      subject,
      begin: time,
      end: undefined,
      ready: undefined,
    };
    if (thread.openOperations.size < MAX_OPEN_OPERATIONS) thread.openOperations.set(`${kind}${id}`, operation);
    const operations = thread.openRequests.get(request)?.operations;
    if (operations !== undefined && operations.length < MAX_OPERATIONS_PER_REQUEST) operations.push(operation);
    if (request !== 0) thread.turns.add(time, request);
    for (const listener of this.onOperationBegin) listener(operation);
  }

  #operationEnd(record: EventRecord, time: number, kind: string): void {
    const thread = this.#touch(record, time);
    const key = `${kind}${toNumber(record.payload?.id)}`;
    const operation = thread.openOperations.get(key);
    if (operation === undefined) return;
    thread.openOperations.delete(key);
    operation.end = time;
    // Its callback runs next.
    thread.turns.add(time, operation.request);
    for (const listener of this.onOperationEnd) listener(operation);
  }

  #cpuNode(record: EventRecord, time: number): void {
    const thread = this.#threadOf(record, time);
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

  #cpuSample(record: EventRecord, time: number): void {
    const thread = this.#threadOf(record, time);
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
    thread.story.samples.add(interval);
    for (const listener of this.onSample) listener(thread, interval);
  }
}

/**
 * Whose code runs in the next iteration is not known before something tells; when one request alone is
 * open, it is likely that one's (negative: a guess, which anything that the request waits for refutes).
 */
function likelyTurn(thread: ProgramThread): number {
  if (thread.openRequests.size !== 1) return 0;
  for (const id of thread.openRequests.keys()) return -id;
  return 0;
}

function durationOf(record: EventRecord): number {
  return toNumber(record.payload?.duration) * nsPerCycle(record);
}

/** `node /app/server.js 8080` is `server.js` to its owner. */
function displayName(procname: string, argv: string): string {
  const script = argv.split(' ').find((word, index) => index > 0 && !word.startsWith('-'));
  if (script === undefined || !/^(node|MainThread)/.test(procname)) return procname;
  return script.slice(script.lastIndexOf('/') + 1);
}

export const PROGRAMS: HandlerType<ProgramModel> = {
  name: 'programs',
  needs: [HOST, SYSTEM_CALLS],
  create: (context) => new ProgramModel(context.time, context.get(HOST), context.get(SYSTEM_CALLS)),
};
