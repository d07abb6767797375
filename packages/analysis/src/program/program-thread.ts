// SPDX-License-Identifier: MIT
// A thread of a traced program: what its node:* records told about the loop iteration it is in, kept
// until that iteration is over, and longer by stalls that are still open for late records.

import type { EventRecord } from '@lockstep/ctf';
import type { KernelThread } from '../kernel/kernel-thread.ts';
import { CallTree, type Frame } from './call-tree.ts';
import { LoopHistogram } from './loop-histogram.ts';

export interface Interval {
  readonly begin: number;
  readonly end: number;
}
export interface CollectionInterval extends Interval {
  readonly collection: string;
}
export interface OperationInterval extends Interval {
  readonly operation: string;
  readonly path: string | undefined;
  readonly size: number | undefined;
}
export interface SampleInterval extends Interval {
  readonly frame: Frame;
  /** Executing line, 0 unknown. */
  readonly line: number;
}
export interface RequestBegin extends Interval {
  readonly method: string;
  readonly url: string;
}

/** What the program half tells about a stretch of time. */
export class ProgramStory {
  collections: CollectionInterval[] = [];
  operations: OperationInterval[] = [];
  samples: SampleInterval[] = [];
  requests: RequestBegin[] = [];

  /** A story of what overlaps [begin, end). */
  during(begin: number, end: number): ProgramStory {
    const overlaps = (interval: Interval): boolean => interval.begin < end && interval.end > begin;
    const story = new ProgramStory();
    story.collections = this.collections.filter(overlaps);
    story.operations = this.operations.filter(overlaps);
    story.samples = this.samples.filter(overlaps);
    story.requests = this.requests.filter((request) => request.begin >= begin && request.begin < end);
    return story;
  }

  forgetBefore(time: number): void {
    const isKept = (interval: Interval): boolean => interval.end > time;
    if (this.collections.length > 0) this.collections = this.collections.filter(isKept);
    if (this.operations.length > 0) this.operations = this.operations.filter(isKept);
    if (this.samples.length > 0) this.samples = this.samples.filter(isKept);
    if (this.requests.length > 0) this.requests = this.requests.filter(isKept);
  }
}

export class Program {
  name = '';
  argv: string | undefined = undefined;
  readonly pid: number;
  readonly openRequests = new Set<number>();

  constructor(pid: number) {
    this.pid = pid;
  }
}

export class ProgramThread {
  readonly program: Program;
  readonly vtid: number;
  readonly kernel: KernelThread;
  readonly firstTime: number;
  isMain: boolean;
  lastRecord: EventRecord;
  /** End of the last loop iteration; undefined before the first. */
  iterationEnd: number | undefined = undefined;
  /** First record since then that was written when what it tells happened. */
  firstActivity: EventRecord | undefined = undefined;
  hasSamples = false;
  /** Its first record was node:process: nothing of it lies before the trace. */
  readonly isSeenFromStart: boolean;
  readonly story = new ProgramStory();
  readonly tree = new CallTree();
  readonly loop = new LoopHistogram();

  constructor(program: Program, vtid: number, kernel: KernelThread, firstRecord: EventRecord, firstTime: number) {
    this.program = program;
    this.vtid = vtid;
    this.kernel = kernel;
    this.firstTime = firstTime;
    this.lastRecord = firstRecord;
    this.isSeenFromStart = firstRecord.eventRecordClass.name === 'node:process';
    this.isMain = vtid === program.pid;
  }
}
