// SPDX-License-Identifier: MIT
// A program and its threads: what node:* records told of them, kept as long as somebody needs it: for
// the loop iteration that goes on, and for stalls and requests that wait for late records.

import type { EventRecord } from '@lockstep/ctf';
import { FloatColumn } from '../growable-columns.ts';
import type { KernelThread } from '../kernel/kernel-thread.ts';
import { CallTree, type Frame } from './call-tree.ts';
import { LoopHistogram } from './loop-histogram.ts';
import { Timeline, type Interval } from './timeline.ts';

export interface CollectionInterval extends Interval {
  readonly collection: string;
}
/** A synchronous operation: the thread did nothing else meanwhile. */
export interface OperationInterval extends Interval {
  readonly operation: string;
  readonly path: string | undefined;
  readonly size: number | undefined;
  /** Request that it was done for; 0 unknown. */
  readonly request: number;
}
export interface SampleInterval extends Interval {
  readonly frame: Frame;
  /** Executing line, 0 unknown. */
  readonly line: number;
}
/** Its control group may use so much CPU and no more: what that cost it between two readings of the group's own count. */
export interface QuotaReading extends Interval {
  readonly throttledNs: number;
}
export interface RequestBegin extends Interval {
  readonly method: string;
  readonly url: string;
}
export interface LoopIteration extends Interval {
  /** Waited before `begin`. */
  readonly idleNs: number;
  /** Timer callbacks that ran in it, when those were many. */
  readonly timerCount: number;
}

/** What the program half tells about a stretch of time. */
export class ProgramStory {
  readonly collections = new Timeline<CollectionInterval>();
  readonly operations = new Timeline<OperationInterval>();
  readonly samples = new Timeline<SampleInterval>();
  readonly requests = new Timeline<RequestBegin>();
  readonly iterations = new Timeline<LoopIteration>();
  readonly quotas = new Timeline<QuotaReading>();

  forgetBefore(time: number): void {
    this.collections.forgetBefore(time);
    this.operations.forgetBefore(time);
    this.samples.forgetBefore(time);
    this.requests.forgetBefore(time);
    this.iterations.forgetBefore(time);
    this.quotas.forgetBefore(time);
  }
}

/** Whose code a thread runs: from each time on the request with that id; 0 = nobody knows, negative = likely that. */
export class Turns {
  readonly times = new FloatColumn();
  readonly requests = new FloatColumn();

  add(time: number, request: number): void {
    const last = this.times.length - 1;
    if (last >= 0 && this.requests.values[last] === request) return;
    if (this.times.length >= 1 << 20) this.#drop(1 << 19);
    this.times.push(time);
    this.requests.push(request);
  }

  /** Whose turn it is now. */
  last(): number {
    return this.requests.length === 0 ? 0 : Math.max(0, this.requests.values[this.requests.length - 1] as number);
  }

  forgetBefore(time: number): void {
    const { values, length } = this.times;
    let count = 0;
    while (count + 1 < length && (values[count + 1] as number) <= time) count += 1;
    this.#drop(count);
  }

  #drop(count: number): void {
    this.times.dropFirst(count);
    this.requests.dropFirst(count);
  }
}

/** An asynchronous operation that the program waits for: of its thread pool, of a socket, of a timer. */
export interface AsyncOperation {
  readonly thread: ProgramThread;
  readonly id: number;
  /** Request that it was begun for; 0 unknown. */
  readonly request: number;
  /** `fs.readFile`, `crypto.pbkdf2`, `dns.lookup`, `http GET`, `setTimeout` … */
  readonly operation: string;
  /** Path, host, or whatever it works on. */
  readonly subject: string;
  readonly begin: number;
  /** When its callback was about to run; undefined = not yet. */
  end: number | undefined;
  /** When it was ready and only its callback's turn was awaited; set by OPERATION_TIMES. */
  ready: number | undefined;
}

/** A request to the program's server. */
export interface ServerRequest {
  readonly thread: ProgramThread;
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly peer: string;
  /** A piece of its response was written. */
  hasAnswered: boolean;
  /** Its socket took no more when a piece was last written. */
  isSocketFull: boolean;
  /** Its handler was about to run. */
  readonly begin: number;
  /** Its response was finished; undefined = not yet. */
  end: number | undefined;
  status: number;
  readonly operations: AsyncOperation[];
}

export class Program {
  name = '';
  argv: string | undefined = undefined;
  nodeVersion = '';
  readonly pid: number;
  /** Threads of libuv's pool; 4 unless the program's environment says otherwise. */
  poolSize = 4;
  readonly threads: ProgramThread[] = [];

  constructor(pid: number) {
    this.pid = pid;
  }

  openRequestCount(): number {
    let count = 0;
    for (const thread of this.threads) count += thread.openRequests.size;
    return count;
  }
}

export class ProgramThread {
  readonly program: Program;
  readonly vtid: number;
  readonly kernel: KernelThread;
  readonly firstTime: number;
  isMain: boolean;
  lastRecord: EventRecord;
  lastTime: number;
  /** End of the last loop iteration; undefined before the first. */
  iterationEnd: number | undefined = undefined;
  /** Time of the first record since then that was written when what it tells happened. */
  firstActivity: number | undefined = undefined;
  hasSamples = false;
  /** Its first record was node:process: nothing of it lies before the trace. */
  readonly isSeenFromStart: boolean;
  readonly story = new ProgramStory();
  readonly turns = new Turns();
  readonly tree = new CallTree();
  readonly loop = new LoopHistogram();
  readonly openRequests = new Map<number, ServerRequest>();
  /** By kind and id. */
  readonly openOperations = new Map<string, AsyncOperation>();
  forgottenAt = 0;
  /** Nobody asks for what was before. */
  heldSince = -Infinity;
  /** Length of the kernel log at which forgetting is worth its cost again. */
  forgetAtLength = 0;
  /** Of the iteration that has not ended. */
  timerCount = 0;

  constructor(program: Program, vtid: number, kernel: KernelThread, firstRecord: EventRecord, firstTime: number) {
    this.program = program;
    this.vtid = vtid;
    this.kernel = kernel;
    this.firstTime = firstTime;
    this.lastRecord = firstRecord;
    this.lastTime = firstTime;
    this.isSeenFromStart = firstRecord.eventRecordClass.name === 'node:process';
    this.isMain = vtid === program.pid;
    program.threads.push(this);
  }
}
