// SPDX-License-Identifier: MIT
// A critical path in, sums by what it hung on and one sentence out.

import type { Host } from '../kernel/host.ts';
import type { KernelThread } from '../kernel/kernel-thread.ts';
import { BLOCKED, INTERRUPTED, NOT_RUNNING, PREEMPTED, RUNNING, WOKEN } from '../kernel/thread-state.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import { countText, msText } from '../stalls/amounts.ts';
import { HELD_BACK, threadText } from '../stalls/stall-causes.ts';
import type { ThreadName } from '../stalls/stall-report.ts';
import { isOnCpu } from '../kernel/interval-log.ts';
import { criticalPath, type PathSegment } from './critical-path.ts';

export interface PathStep {
  readonly thread: ThreadName;
  readonly beginNs: bigint;
  readonly durationMs: number;
  /** `running`, `running in read (fd 7)`, `runnable, pid 771 ffmpeg ran`, `blocked in …, ended by irq 24 virtio0` … */
  readonly text: string;
}

export interface PathCause {
  readonly thread: ThreadName;
  readonly text: string;
  readonly ms: number;
}

export interface PathReport {
  readonly version: 1;
  readonly isWallClock: boolean;
  /** Of the trace; of the path it is the first step's. */
  readonly traceBeginNs: bigint;
  readonly thread: ThreadName;
  readonly beginNs: bigint;
  readonly durationMs: number;
  readonly sentence: string;
  readonly causes: readonly PathCause[];
  readonly steps: readonly PathStep[];
  readonly omittedStepCount: number;
  readonly doubts: readonly string[];
}

/** Steps told one by one, the longest. */
const MAX_STEPS = 40;
const MAX_CAUSES = 12;
const MAX_NAMED = 3;

export function pathReport(host: Host, time: TraceTime, thread: KernelThread, begin: number, end: number): PathReport {
  const segments = criticalPath(host, thread, begin, end);
  const sums = new Map<string, { readonly thread: KernelThread; readonly text: string; ns: number }>();
  let unknownNs = 0;
  for (const segment of segments) {
    const text = causeText(host, segment);
    const key = `${segment.thread.tid} ${text}`;
    const ns = segment.end - segment.begin;
    if (text === UNKNOWN_TEXT) unknownNs += ns;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { thread: segment.thread, text, ns });
    else sum.ns += ns;
  }
  const causes = [...sums.values()]
    .sort((a, b) => b.ns - a.ns)
    .map((sum): PathCause => ({ thread: nameOf(sum.thread), text: sum.text, ms: sum.ns / 1e6 }));
  const merged = joinNeighbours(host, segments);
  const longest = new Set([...merged].sort((a, b) => b.end - b.begin - (a.end - a.begin)).slice(0, MAX_STEPS));
  const durationMs = (end - begin) / 1e6;
  return {
    version: 1,
    isWallClock: time.isWallClock,
    traceBeginNs: time.baseNs ?? 0n,
    thread: nameOf(thread),
    beginNs: time.toNs(begin),
    durationMs,
    sentence: sentenceOf(nameOf(thread), durationMs, causes),
    causes: causes.slice(0, MAX_CAUSES),
    steps: merged
      .filter((segment) => longest.has(segment))
      .map((segment) => ({
        thread: nameOf(segment.thread),
        beginNs: time.toNs(segment.begin),
        durationMs: (segment.end - segment.begin) / 1e6,
        text: textOfStep(host, segment),
      })),
    omittedStepCount: merged.length - longest.size,
    doubts: doubtsOf(host, unknownNs / 1e6, durationMs),
  };
}

export function nameOf(thread: KernelThread): ThreadName {
  const { tid, name, pid, madeBy } = thread;
  const origin = madeBy === undefined ? {} : { madeBy };
  return { tid, name, ...(pid === undefined ? origin : { pid }) };
}

const UNKNOWN_TEXT = 'not known';
const RUNNING_TEXT = 'running';
const RUNNABLE_TEXT = 'runnable';
/** What was less of a run than this is not told. */
const MIN_PART_SHARE = 0.05;
const MIN_PART_NS = 50_000;

/** What it hung on, without what differs from time to time. */
function causeText(host: Host, segment: PathSegment): string {
  return stepText(host, segment)
    .replace(/, (pid|tid) .* ran$/, ', waiting for a CPU')
    .replace(/ \(fd \d+\)/, '');
}

export function stepText(host: Host, { state, ref, call }: PathSegment): string {
  const name = host.labels.textOf(call);
  switch (state) {
    case RUNNING:
      return name === '' ? RUNNING_TEXT : `${RUNNING_TEXT} in ${name}`;
    case INTERRUPTED:
      return `interrupted by ${host.labels.textOf(ref)}`;
    case PREEMPTED:
    case WOKEN: {
      if (ref === 0) return state === PREEMPTED ? HELD_BACK : 'runnable, being woken';
      const other = host.threads.get(ref);
      return `${RUNNABLE_TEXT}, ${other === undefined ? `tid ${ref}` : threadText(nameOf(other))} ran`;
    }
    case BLOCKED:
      return `blocked${name === '' ? '' : ` in ${name}`}${wakerText(host, ref)}`;
    case NOT_RUNNING:
      return 'not running, why is not known';
    default:
      return UNKNOWN_TEXT;
  }
}

function wakerText(host: Host, ref: number): string {
  if (ref < 0) return `, ended by ${host.labels.textOf(-ref)}`;
  if (ref === 0) return ', not ended or its waker not recorded';
  const waker = host.threads.get(ref);
  return `, woken by ${waker === undefined ? `tid ${ref}` : threadText(nameOf(waker))}`;
}

/** Neighbouring segments of one thread: all that it was on a CPU for, all that it waited for one, or those that read the same. */
interface Step extends PathSegment {
  /** ns by what reads the same. */
  readonly parts: Map<string, number>;
}

/** Calls, page faults and interrupts of one stay on a CPU are one step, as are all who had the CPU meanwhile. */
function joinNeighbours(host: Host, segments: readonly PathSegment[]): Step[] {
  const steps: Step[] = [];
  for (const segment of segments) {
    const last = steps.at(-1);
    const text = stepText(host, segment);
    const isJoined =
      last !== undefined &&
      last.thread === segment.thread &&
      ((isOnCpu(last.state) && isOnCpu(segment.state)) ||
        (hasOccupant(last) && hasOccupant(segment)) ||
        stepText(host, last) === text);
    const parts = isJoined ? last.parts : new Map<string, number>();
    parts.set(text, (parts.get(text) ?? 0) + segment.end - segment.begin);
    if (isJoined) steps[steps.length - 1] = { ...last, end: segment.end };
    else steps.push({ ...segment, parts });
  }
  return steps;
}

function hasOccupant({ state, ref }: PathSegment): boolean {
  return (state === PREEMPTED || state === WOKEN) && ref !== 0;
}

/** `running (0.8 ms of it in read (fd 7))`, `runnable, pid 7 ffmpeg ran (3 ms), tid 8 bash ran (1 ms) and 2 others`. */
function textOfStep(host: Host, step: Step): string {
  if (step.parts.size === 1) return stepText(host, step);
  const parts = [...step.parts].sort((a, b) => b[1] - a[1]);
  if (hasOccupant(step)) {
    const named = parts
      .slice(0, MAX_NAMED)
      .map(([text, ns]) => `${text.slice(RUNNABLE_TEXT.length + 2)} (${msText(ns / 1e6)})`);
    const restCount = parts.length - named.length;
    return `${RUNNABLE_TEXT}, ${named.join(', ')}${restCount === 0 ? '' : ` and ${countText(restCount, 'other')}`}`;
  }
  const leastNs = Math.max(MIN_PART_NS, (step.end - step.begin) * MIN_PART_SHARE);
  const told = parts
    .filter(([text, ns]) => text !== RUNNING_TEXT && ns >= leastNs)
    .slice(0, MAX_NAMED)
    .map(
      ([text, ns], index) => `${msText(ns / 1e6)}${index === 0 ? ' of it' : ''} ${text.replace(/^running in/, 'in')}`,
    );
  return told.length === 0 ? RUNNING_TEXT : `${RUNNING_TEXT} (${told.join(', ')})`;
}

function sentenceOf(thread: ThreadName, durationMs: number, causes: readonly PathCause[]): string {
  const named = causes.slice(0, MAX_NAMED).filter(({ ms }, index) => index === 0 || ms >= durationMs * 0.02);
  const phrases = named.map((cause) => {
    const who = cause.thread.tid === thread.tid ? 'itself' : threadText(cause.thread);
    return `${msText(cause.ms)} ${who} ${cause.text}`;
  });
  const restMs = durationMs - named.reduce((sum, { ms }) => sum + ms, 0);
  if (restMs >= 0.1) phrases.push(`${msText(restMs)} other`);
  return `${msText(durationMs)} of ${threadText(thread)} hung on: ${phrases.join(', ')}`;
}

function doubtsOf(host: Host, unknownMs: number, durationMs: number): string[] {
  const { coverage } = host;
  if (!coverage.hasSched)
    return [
      "unknown: sched_switch was not recorded; record as root, or with -k 'sched_*', to know who waited for whom",
    ];
  const doubts: string[] = [];
  if (!coverage.hasWaking)
    doubts.push(
      "sched_waking was not recorded: wakers are guessed from where a wake-up was carried out; record with -k 'sched_*' to know",
    );
  if (!coverage.hasCalls)
    doubts.push(
      "system calls were not recorded: in which call a thread waited is unknown; record with -k 'syscall:*' to know",
    );
  if (unknownMs > durationMs * 0.05)
    doubts.push(
      `${msText(unknownMs)} of ${msText(durationMs)} unknown: the threads' states before their first event in the range`,
    );
  return doubts;
}

export function stepCountText(report: PathReport): string {
  return countText(report.omittedStepCount, 'shorter step');
}
