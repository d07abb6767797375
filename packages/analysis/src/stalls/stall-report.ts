// SPDX-License-Identifier: MIT
// What the analysis of stalls hands out: plain data, the shape that `lockstep stalls --json` prints
// (bigints as decimal strings there). Times of parts are milliseconds; the parts of a stall sum to
// its duration. Described for users in docs/stalls.md.

import type { Phase } from '../program/call-tree.ts';

/** A place in a source file, lines and columns from 1. */
export interface SourcePosition {
  /** Path or URL, of the original source where a source map leads there. */
  readonly source: string;
  readonly line: number;
  readonly column?: number;
}

/** Finds the original position of a generated one; undefined = no source map. */
export type ResolvePosition = (
  url: string,
  line: number,
  column?: number,
) => { readonly source: string; readonly line: number; readonly column?: number; readonly name?: string } | undefined;

export interface FunctionName {
  /** `(anonymous)` when it has none. */
  readonly name: string;
  /** Where it begins; undefined for built-in functions. */
  readonly position?: SourcePosition;
}

/** A synchronous operation that covered a part: an fs call with its path, JSON.parse with its size. */
export interface OperationName {
  readonly operation: string;
  readonly path?: string;
  /** Bytes or characters that went in. */
  readonly size?: number;
}

export interface ThreadName {
  readonly tid: number;
  readonly pid?: number;
  /** Without a pid: the thread that made it, so it is a thread or a child of that one. */
  readonly madeBy?: number;
  readonly name: string;
  /** It ran before all threads of usual priority. */
  readonly isRealTime?: true;
}

interface PartBase {
  readonly ms: number;
  /** False: the kernel half does not tell whether the thread ran or waited in this time. */
  readonly isSplit: boolean;
  /** What covered this time, when something known did. */
  readonly during?: OperationName;
  /** Function of the user's code that called `during`, when samples tell. */
  readonly caller?: FunctionName;
}

/** JavaScript on a CPU (or, without the kernel half, on top of the stack when sampled). */
export interface JavaScriptPart extends PartBase {
  readonly kind: 'javascript';
  /** Nearest function of the user's own code on the stack; the function on top when there is none. */
  readonly function: FunctionName;
  /** Line of that function that was sampled most, when the samples tell. */
  readonly hotLine?: SourcePosition;
  /** What called it, when that was always one. */
  readonly phase?: Exclude<Phase, 'other'>;
  /** What it called, when most of its time went into one function of Node's. */
  readonly callee?: FunctionName;
  /** Functions on top of the stack beneath `function`, longest first; itself included. */
  readonly self: readonly { readonly function: FunctionName; readonly ms: number }[];
}
/** On a CPU outside JavaScript and outside system calls. */
export interface NativePart extends PartBase {
  readonly kind: 'native';
}
/** On a CPU, in the kernel. */
export interface SystemCallPart extends PartBase {
  readonly kind: 'system-call';
  readonly call: string;
}
export interface GarbageCollectionPart extends PartBase {
  readonly kind: 'garbage-collection';
  /** Label of node:gc's kind, or `sampled` when only the sampler saw it. */
  readonly collection: string;
}
/** Could have run, but another thread had the CPU. */
export interface RunnablePart extends PartBase {
  readonly kind: 'runnable';
  /**
   * `preempted`: was running before; `woken`: had waited for something that came; `held-back`: its CPU was
   * idle and it did not run, as a CPU quota does.
   */
  readonly reason: 'preempted' | 'woken' | 'held-back';
  /** Who ran on that CPU instead; undefined = nobody known (the CPU was idle or being switched). */
  readonly instead?: ThreadName;
}
/** Waited for something: `call` is the system call, `page fault`, or `unknown`. */
export interface BlockedPart extends PartBase {
  readonly kind: 'blocked';
  readonly call: string;
  /** A garbage collection was going on: it waits for its helper threads. */
  readonly isCollecting: boolean;
}
export interface InterruptPart extends PartBase {
  readonly kind: 'interrupt';
  readonly interrupt: string;
}
/** `running`: on a CPU, but nothing tells at what. `not-running`: off the CPU, reason unknown. `nothing`: no trace of it. */
export interface UnknownPart extends PartBase {
  readonly kind: 'unknown';
  readonly known: 'running' | 'not-running' | 'nothing';
}

export type StallPart =
  | JavaScriptPart
  | NativePart
  | SystemCallPart
  | GarbageCollectionPart
  | RunnablePart
  | BlockedPart
  | InterruptPart
  | UnknownPart;

/** Parts that a person would call one thing; stalls with the same `key` of their first cause are grouped. */
export interface StallCause {
  /** Stable for the same thing in other stalls: no times, sizes or thread ids. */
  readonly key: string;
  /** As in the sentence: `running renderReport (report.ts:88)`. */
  readonly text: string;
  readonly ms: number;
}

/** Why a figure may be wrong, one sentence each. */
export interface Doubt {
  readonly about:
    | 'kernel-half-missing'
    | 'kernel-half-partial'
    | 'kernel-records-discarded'
    | 'program-records-discarded'
    | 'no-samples'
    | 'unknown-waits';
  readonly text: string;
  /** As it stands in the sentence, when that is shorter. */
  readonly short?: string;
}

export interface ProgramName {
  readonly name: string;
  /** As the program sees itself. */
  readonly pid: number;
  readonly argv?: string;
}

export interface Stall {
  /** `iteration`: one turn of the event loop; `start-up`: before the first turn; `unfinished`: still running at the end. */
  readonly kind: 'iteration' | 'start-up' | 'unfinished';
  /** By length: 1 is the longest. Start-up is no stall and has none. `lockstep profile --stall` takes it. */
  readonly number?: number;
  readonly program: ProgramName;
  readonly thread: { readonly vtid: number; readonly tid: number; readonly isMain: boolean };
  /** ns from the clock's origin; the Unix epoch when the report says `isWallClock`. */
  readonly beginNs: bigint;
  readonly durationMs: number;
  /** One line without the time of day: `event loop blocked 84 ms: …`. */
  readonly sentence: string;
  readonly causes: readonly StallCause[];
  readonly parts: readonly StallPart[];
  /** HTTP requests whose handling began within the stall. */
  readonly requests: readonly { readonly method: string; readonly url: string }[];
  /** HTTP server requests that were open when the stall ended. */
  readonly openRequestCount: number;
  /** Page faults within the stall; undefined when they were not recorded. */
  readonly pageFaultCount?: number;
  readonly doubts: readonly Doubt[];
}

export interface LoopStatistics {
  readonly program: ProgramName;
  readonly thread: { readonly vtid: number; readonly tid: number; readonly isMain: boolean };
  readonly iterationCount: number;
  /** Time in iterations, without the waits between them. */
  readonly busyMs: number;
  readonly longestMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

export interface CauseSummary {
  readonly key: string;
  readonly text: string;
  /** Stalls that had this as a cause of at least a tenth of their time. */
  readonly count: number;
  /** ms of this cause in them. */
  readonly totalMs: number;
  readonly worstMs: number;
  readonly worstBeginNs: bigint;
}

export interface StallReport {
  readonly version: 1;
  readonly thresholdMs: number;
  readonly isWallClock: boolean;
  readonly beginNs: bigint;
  readonly durationMs: number;
  readonly recordCount: number;
  readonly kernelHalf: 'present' | 'partial' | 'missing';
  /** Stalls in order of their begin; the longest ones when there were too many to keep (`omittedCount`). */
  readonly stalls: readonly Stall[];
  readonly stallCount: number;
  readonly omittedCount: number;
  readonly causes: readonly CauseSummary[];
  readonly loops: readonly LoopStatistics[];
  readonly discarded: readonly {
    readonly stream: string;
    readonly count: bigint | undefined;
    readonly what: 'records' | 'packets';
  }[];
  /** What holds for the whole report. */
  readonly doubts: readonly Doubt[];
}
