// SPDX-License-Identifier: MIT
// Parts of a stall in, causes out: what a person would call one thing. A file read is one cause,
// whether its time was spent running in the kernel, blocked in it or copying; functions that share a
// stall in small pieces are one cause under the function that called them all.

import { assertUnreachable } from '@lockstep/base';
import { MEMORY_RECLAIM, PAGE_FAULT, STOPPED } from '../kernel/host.ts';
import {
  frameIdentity,
  isOwnUrl,
  isUserFrame,
  nearestUserFrame,
  type Frame,
  type Phase,
} from '../program/call-tree.ts';
import { countText, msText, sizeText } from './amounts.ts';
import { functionText, type Positions } from './position.ts';
import type { FunctionName, StallCause, StallPart, ThreadName } from './stall-report.ts';

/** A function with at least this share of the JavaScript time is named by itself. */
const DOMINANT_SHARE = 0.5;
/** Else the deepest function whose calls cover this share is named instead. */
const COVERING_SHARE = 0.8;

/** So many files of one operation are told by their number. */
const MANY_FILES = 3;

/** JavaScript of which so much is not known to have run is not said to have been running. */
const MAX_UNSPLIT_SHARE = 0.05;

/** A thread that had the CPU for this share of the time stands alone in the sentence; else some are named with their ms. */
const SOLE_OCCUPANT_SHARE = 0.7;
const MAX_OCCUPANTS = 3;

interface CauseTotal {
  readonly key: string;
  ms: number;
  readonly parts: StallPart[];
}

/** What the parts do not tell: how many of them there were. */
export interface StallCounts {
  readonly timerCount?: number;
  readonly pageFaultCount?: number;
}

export function causesOf(
  parts: readonly StallPart[],
  javaScriptNs: ReadonlyMap<Frame, number>,
  positions: Positions,
  { timerCount = 0, pageFaultCount = 0 }: StallCounts = {},
): StallCause[] {
  const totals = new Map<string, CauseTotal>();
  for (const part of parts) {
    const key = keyOf(part);
    const total = totals.get(key);
    if (total === undefined) totals.set(key, { key, ms: part.ms, parts: [part] });
    else {
      total.ms += part.ms;
      total.parts.push(part);
    }
  }
  const causes: StallCause[] = [];
  const scripts: CauseTotal[] = [];
  for (const total of withFilesTogether([...totals.values()])) {
    if (total.parts[0]?.kind === 'javascript') scripts.push(total);
    else causes.push({ key: stableKey(total), text: textOf(total, pageFaultCount), ms: total.ms });
  }
  causes.push(...withPromiseMachinery(javaScriptCauses(scripts, javaScriptNs, positions, timerCount), scripts, causes));
  causes.sort((a, b) => b.ms - a.ms);
  const [first] = causes;
  if (first?.key !== 'garbage collection') return causes;
  const allocates = allocatorText(parts);
  return allocates === ''
    ? causes
    : [{ ...first, text: `${first.text}, of memory that ${allocates} allocates` }, ...causes.slice(1)];
}

/** One operation on many files, none of which took most of it, is one cause. */
function withFilesTogether(totals: readonly CauseTotal[]): CauseTotal[] {
  const byOperation = new Map<string, CauseTotal[]>();
  const others: CauseTotal[] = [];
  for (const total of totals) {
    const { during, kind } = total.parts[0] as StallPart;
    const isCommand = during?.operation.startsWith('child_process.') === true;
    if (during?.path === undefined || isCommand || kind === 'javascript' || kind === 'garbage-collection')
      others.push(total);
    else {
      const group = byOperation.get(during.operation);
      if (group === undefined) byOperation.set(during.operation, [total]);
      else group.push(total);
    }
  }
  for (const [operation, group] of byOperation) {
    const ms = group.reduce((all, total) => all + total.ms, 0);
    const isTogether = group.length >= MANY_FILES && group.every((total) => total.ms < ms * DOMINANT_SHARE);
    if (isTogether) {
      const longestFirst = [...group].sort((a, b) => b.ms - a.ms);
      others.push({ key: `${operation} of files`, ms, parts: longestFirst.flatMap(({ parts }) => parts) });
    } else others.push(...group);
  }
  return others;
}

/**
 * Between two promise jobs V8's own code runs, of which the sampler says only that it is no JavaScript. When
 * nearly all JavaScript of a stall ran in such jobs, what is native in it is that: one cause.
 */
function withPromiseMachinery(
  own: StallCause[],
  scripts: readonly CauseTotal[],
  causes: StallCause[],
): readonly StallCause[] {
  const allMs = scripts.reduce((ms, script) => ms + script.ms, 0);
  const jobsMs = scripts.reduce((ms, { parts }) => ms + sum(parts, inPromiseJob), 0);
  const at = causes.findIndex(({ key }) => key === 'native');
  const native = causes[at];
  const [first, ...rest] = own;
  if (native === undefined || first === undefined || jobsMs < allMs * COVERING_SHARE) return own;
  causes.splice(at, 1);
  return [{ ...first, ms: first.ms + native.ms, text: `${first.text} and V8's work between them` }, ...rest];
}

function inPromiseJob(part: StallPart): boolean {
  return part.kind === 'javascript' && part.phase === 'promise jobs';
}

/** Stalls in which the same program had the CPU are one group, whichever thread of it. */
function stableKey(total: CauseTotal): string {
  const [first] = occupantsOf(total.parts);
  return first === undefined ? total.key : `${total.key} by ${first.thread.name}`;
}

function keyOf(part: StallPart): string {
  if (part.during !== undefined && (part.kind === 'native' || part.kind === 'system-call' || part.kind === 'blocked')) {
    return part.during.path === undefined ? part.during.operation : `${part.during.operation} ${part.during.path}`;
  }
  switch (part.kind) {
    case 'javascript':
      return `javascript ${positionKey(part.function)}`;
    case 'native':
      return 'native';
    case 'system-call':
      if (part.call === MEMORY_RECLAIM) return MEMORY_RECLAIM;
      return part.call === PAGE_FAULT ? 'page faults' : `system call ${withoutFd(part.call)}`;
    case 'garbage-collection':
      return 'garbage collection';
    case 'runnable':
      return part.reason;
    case 'blocked':
      if (part.call === MEMORY_RECLAIM) return MEMORY_RECLAIM;
      if (part.call === STOPPED) return STOPPED;
      return part.isCollecting ? 'garbage collection' : `blocked ${withoutFd(part.call)}`;
    case 'interrupt':
      return 'interrupts';
    case 'unknown':
      return `unknown ${part.known}`;
    default:
      return assertUnreachable(part);
  }
}

function positionKey(name: FunctionName): string {
  const { position } = name;
  return position === undefined ? name.name : `${name.name} ${position.source}:${position.line}`;
}

function withoutFd(call: string): string {
  const at = call.indexOf(' (fd ');
  return at < 0 ? call : call.slice(0, at);
}

function textOf(total: CauseTotal, pageFaultCount: number): string {
  const part = total.parts[0] as StallPart;
  if (part.during !== undefined && (part.kind === 'native' || part.kind === 'system-call' || part.kind === 'blocked')) {
    return operationText(total.parts);
  }
  switch (part.kind) {
    case 'native':
      return part.isSplit ? 'running native code' : 'in native code';
    case 'system-call':
      if (part.call === MEMORY_RECLAIM) return RECLAIMING;
      if (part.call === PAGE_FAULT) return pageFaultText(total, pageFaultCount);
      return part.isSplit ? `running in the kernel for ${callText(total)}` : `in system call ${callText(total)}`;
    case 'garbage-collection':
      return collectionText(total.parts);
    case 'runnable':
      return runnableText(part.reason, total.parts);
    case 'blocked':
      if (part.call === MEMORY_RECLAIM) return RECLAIMING;
      if (part.isCollecting) return collectionText(total.parts);
      if (part.call === STOPPED) return STOPPED_TEXT;
      if (part.call === 'unknown') return 'blocked, in which call is not known';
      return part.call === 'page fault' ? 'blocked in a page fault' : `blocked in ${terminalText(callText(total))}`;
    case 'interrupt':
      return `interrupted (${part.interrupt}${total.parts.length > 1 ? ' and others' : ''})`;
    case 'unknown':
      if (part.known === 'running') return 'running, at what is not known';
      return part.known === 'not-running' ? 'not running, why is not known' : 'not known';
    case 'javascript':
      return functionText(part.function);
    default:
      return assertUnreachable(part);
  }
}

const STOPPED_TEXT = 'stopped by a signal (SIGSTOP, Ctrl-Z) or a debugger';

export const RECLAIMING = 'reclaiming memory, of which none was free or its cgroup had no more';

/** `running in the kernel for 98 389 page faults, memory first touched by makeThumbnails (page-faults.cjs:8)`. */
function pageFaultText(total: CauseTotal, count: number): string {
  const most = total.parts.reduce((best, part) => (part.ms > best.ms ? part : best));
  const by = most.caller === undefined ? '' : ` by ${functionText(most.caller)}`;
  const what = count === 0 ? 'page faults' : countText(count, 'page fault');
  return `running in the kernel for ${what}, memory first touched${by}`;
}

/** Who ran when collections began, when that was mostly one. */
function allocatorText(parts: readonly StallPart[]): string {
  const collections = parts.filter(({ kind }) => kind === 'garbage-collection');
  const told = collections.filter(({ caller }) => caller !== undefined);
  const most = told.reduce<StallPart | undefined>(
    (best, part) => (best === undefined || part.ms > best.ms ? part : best),
    undefined,
  );
  if (most?.caller === undefined) return '';
  const key = positionKey(most.caller);
  const ms = sum(told, ({ caller }) => caller !== undefined && positionKey(caller) === key);
  return ms >= sum(collections, () => true) * DOMINANT_SHARE ? functionText(most.caller) : '';
}

/** A collection's own work and its waits for its helpers are one cause. */
function collectionText(parts: readonly StallPart[]): string {
  const waitedMs = sum(parts, (part) => part.kind === 'blocked');
  return waitedMs >= 1 ? `GC (${msText(waitedMs)} of it waiting for its helper threads)` : 'GC';
}

/** The call, with its file descriptor when it was always the same. */
function callText(total: CauseTotal): string {
  const calls = new Set(
    total.parts.map((part) => (part.kind === 'blocked' || part.kind === 'system-call' ? part.call : '')),
  );
  const [first] = calls;
  return calls.size === 1 && first !== undefined ? first : withoutFd(first ?? '');
}

const TERMINAL_WRITE = /^(?:write|writev) \(fd \d+ (\/dev\/(?:pts\/|tty|console)[^)]*)/;
const PIPE_WRITE = /^(?:write|writev|sendto|sendmsg) \(fd \d+ pipe/;

/** Writing to a terminal waits for whoever reads it. */
function terminalText(call: string): string {
  if (PIPE_WRITE.test(call)) return `${call}: who reads the pipe is slow`;
  return TERMINAL_WRITE.test(call) ? `${call}: the terminal takes no more for now` : call;
}

/** `in readFileSync /srv/a.bin, called by load (shop.ts:3) (10 ms running in the kernel, 30 ms blocked in read)`. */
function operationText(parts: readonly StallPart[]): string {
  const { during, caller } = parts.find((part) => part.caller !== undefined) ?? (parts[0] as StallPart);
  if (during === undefined) return '';
  const size =
    during.path !== undefined || during.size === undefined || during.size === 0 ? '' : ` of ${sizeText(during.size)}`;
  const paths = new Set(parts.map((part) => part.during?.path));
  const path = during.path === undefined ? '' : ` ${during.path}`;
  const of = paths.size > 1 ? ` of ${paths.size} files, most${path}` : `${path}${size}`;
  const what = `in ${during.operation}${of}`;
  const by = caller === undefined ? '' : ` called by ${functionText(caller)}`;
  const inKernel = sum(parts, (part) => part.kind === 'system-call' && part.isSplit);
  const blocked = sum(parts, (part) => part.kind === 'blocked');
  const details: string[] = [];
  if (inKernel >= 1) details.push(`${msText(inKernel)} running in the kernel`);
  if (blocked >= 1) details.push(`${msText(blocked)} blocked${terminalOf(parts)}`);
  return `${what}${by}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

/** Which terminal or pipe took no more, when most of the waiting was for one. */
function terminalOf(parts: readonly StallPart[]): string {
  const longest = parts.find(({ kind }) => kind === 'blocked');
  if (longest?.kind !== 'blocked') return '';
  if (PIPE_WRITE.test(longest.call)) return ' until the reader of the pipe took more';
  const terminal = TERMINAL_WRITE.exec(longest.call)?.[1];
  return terminal === undefined ? '' : ` until the terminal ${terminal} took more`;
}

function sum(parts: readonly StallPart[], isCounted: (part: StallPart) => boolean): number {
  let ms = 0;
  for (const part of parts) if (isCounted(part)) ms += part.ms;
  return ms;
}

/** Who ran instead, longest first. */
function occupantsOf(parts: readonly StallPart[]): { readonly thread: ThreadName; ms: number }[] {
  const byName = new Map<string, { readonly thread: ThreadName; ms: number }>();
  for (const part of parts) {
    if (part.kind !== 'runnable' || part.instead === undefined) continue;
    const key = threadText(part.instead);
    const known = byName.get(key);
    if (known === undefined) byName.set(key, { thread: part.instead, ms: part.ms });
    else known.ms += part.ms;
  }
  return [...byName.values()].sort((a, b) => b.ms - a.ms);
}

function runnableText(reason: 'preempted' | 'woken' | 'held-back', parts: readonly StallPart[]): string {
  if (reason === 'held-back') return HELD_BACK;
  const what = reason === 'preempted' ? 'runnable but preempted' : 'runnable after a wake-up, waiting for';
  const occupants = occupantsOf(parts);
  const [first] = occupants;
  if (first === undefined) return reason === 'preempted' ? what : `${what} a CPU`;
  const by = reason === 'preempted' ? 'by' : 'the CPU of';
  const allMs = sum(parts, () => true);
  const isOne = occupants.length === 1 || first.ms >= allMs * SOLE_OCCUPANT_SHARE;
  const named = isOne ? [first] : occupants.slice(0, MAX_OCCUPANTS);
  const names = named.map(({ thread, ms }) => (isOne ? threadText(thread) : `${threadText(thread)} (${msText(ms)})`));
  const restCount = occupants.length - named.length;
  const rest = restCount === 0 ? '' : ` and ${restCount} other${restCount === 1 ? '' : 's'}`;
  return `${what} ${by} ${names.join(', ')}${rest}`;
}

export const HELD_BACK = 'runnable but held back by the CPU quota of its cgroup';

export function threadText(thread: ThreadName): string {
  return `${identityText(thread)}${thread.isRealTime === true ? ', at real-time priority' : ''}`;
}

function identityText(thread: ThreadName): string {
  const { tid, pid, name, madeBy } = thread;
  if (pid === tid) return `pid ${pid} ${name}`.trimEnd();
  if (pid !== undefined) return `tid ${tid} ${name} of pid ${pid}`;
  return madeBy === undefined ? `tid ${tid} ${name}`.trimEnd() : `tid ${tid} ${name} made by ${madeBy}`;
}

function javaScriptCauses(
  scripts: readonly CauseTotal[],
  javaScriptNs: ReadonlyMap<Frame, number>,
  positions: Positions,
  timerCount: number,
): StallCause[] {
  const allMs = scripts.reduce((ms, script) => ms + script.ms, 0);
  const unsplitMs = scripts.reduce((ms, { parts }) => ms + sum(parts, (part) => !part.isSplit), 0);
  const isSplit = unsplitMs < allMs * MAX_UNSPLIT_SHARE;
  const verb = isSplit ? 'running' : 'in';
  const own = scripts.filter(isOwn);
  if (own.length > 0 && own.length < scripts.length) {
    const rest = scripts.filter((script) => !own.includes(script));
    return [
      ...javaScriptCauses(rest, withoutOwn(javaScriptNs), positions, timerCount),
      ...javaScriptCauses(own, javaScriptNs, positions, timerCount),
    ];
  }
  const flood = floodOf(scripts, verb, allMs);
  if (flood !== undefined) {
    const rest = scripts.filter((script) => !flood.of.includes(script));
    return [flood.cause, ...javaScriptCauses(rest, javaScriptNs, positions, timerCount)];
  }
  const storm = timerStorm(scripts, verb, timerCount);
  if (storm !== undefined) {
    const rest = scripts.filter((script) => {
      const part = script.parts[0];
      return !isTimerCode(script) && !(part?.kind === 'javascript' && part.phase === 'timer callbacks');
    });
    return [storm, ...javaScriptCauses(rest, javaScriptNs, positions, 0)];
  }
  if (own.length > 0) return [{ key: 'lockstep', ms: allMs, text: `${verb} Lockstep's own code` }];
  const longest = scripts.reduce<CauseTotal | undefined>(
    (best, script) => (best === undefined || script.ms > best.ms ? script : best),
    undefined,
  );
  if (longest === undefined) return [];
  if (longest.ms >= allMs * DOMINANT_SHARE) {
    return scripts.map((script) => ({ key: script.key, ms: script.ms, text: `${verb} ${scriptText(script)}` }));
  }
  const most = `most in ${scriptText(longest)}`;
  const covering = coveringFrame(javaScriptNs);
  if (covering === undefined) {
    const text = `${isSplit ? 'running JavaScript' : 'in JavaScript'} in ${scripts.length} functions, ${most}`;
    return [{ key: 'javascript of many functions', ms: allMs, text }];
  }
  const name = positions.functionOf(covering);
  const text = `${verb} ${functionText(name)} and what it calls, ${most}`;
  return [{ key: `javascript below ${positionKey(name)}`, ms: allMs, text }];
}

/** Functions of the tracer that no code of the program called. */
function isOwn(script: CauseTotal): boolean {
  const part = script.parts[0];
  const source = part?.kind === 'javascript' ? part.function.position?.source : undefined;
  return source !== undefined && isOwnUrl(source);
}

function withoutOwn(javaScriptNs: ReadonlyMap<Frame, number>): Map<Frame, number> {
  return new Map([...javaScriptNs].filter(([top]) => !isOwnUrl(nearestUserFrame(top).url)));
}

/** `renderReport (report.ts:88)`: at the line that was sampled most, else where the function begins. */
function scriptText(script: CauseTotal): string {
  const part = script.parts[0];
  if (part?.kind !== 'javascript') return '';
  const position = part.hotLine ?? part.function.position;
  const top = part.self[0];
  // Built-in functions have no place of their own: say them beside the user's function that called.
  const isTopTold = top !== undefined && top.function !== part.function && top.ms >= script.ms * DOMINANT_SHARE;
  const via = isTopTold ? `, in ${top.function.name}` : part.callee === undefined ? '' : `, in ${part.callee.name}`;
  const within = part.phase === undefined || isStormOnly(part.phase) ? '' : ` in ${part.phase}`;
  return `${functionText(position === undefined ? part.function : { name: part.function.name, position })}${via}${within}`;
}

/** Node's own work for timers. */
const TIMER_CODE = /^node:(internal\/)?(timers|linkedlist|priority_queue)/;

function isTimerCode(script: CauseTotal): boolean {
  const part = script.parts[0];
  return part?.kind === 'javascript' && TIMER_CODE.test(part.function.position?.source ?? '');
}

/** A storm of timers is one cause, whatever their callbacks are: undefined when it is none. */
function timerStorm(scripts: readonly CauseTotal[], verb: string, timerCount: number): StallCause | undefined {
  const own = scripts.filter(isTimerCode);
  const called = scripts.filter((script) => {
    const part = script.parts[0];
    return part?.kind === 'javascript' && part.phase === 'timer callbacks' && !own.includes(script);
  });
  const ownMs = own.reduce((ms, script) => ms + script.ms, 0);
  const ms = called.reduce((sum, script) => sum + script.ms, ownMs);
  if (ms === 0 || timerCount === 0) return undefined;
  const longest = called.reduce<CauseTotal | undefined>(
    (best, script) => (best === undefined || script.ms > best.ms ? script : best),
    undefined,
  );
  const most = longest === undefined ? '' : `, most ${scriptText(longest).replace(/ in timer callbacks$/, '')}`;
  return { key: 'timer storm', ms, text: `${verb} ${countText(timerCount, 'timer callback')}${most}` };
}

const FLOODS = ['immediates', 'process.nextTick callbacks', 'messages of workers'] as const;
/** Where Node's own work from one callback to the next takes this share beside them, there are very many. */
const FLOOD_SHARE = 0.2;
/** A flood of less than this share of the JavaScript is none. */
const MIN_FLOOD_SHARE = 0.3;

/** Very many short callbacks of one sort are one cause, with what Node does between them. */
function floodOf(
  scripts: readonly CauseTotal[],
  verb: string,
  allMs: number,
): { readonly cause: StallCause; readonly of: readonly CauseTotal[] } | undefined {
  for (const phase of FLOODS) {
    const of = scripts.filter(({ parts: [part] }) => part?.kind === 'javascript' && part.phase === phase);
    const isNodes = ({ parts: [part] }: CauseTotal): boolean =>
      part?.kind === 'javascript' && part.function.position?.source.startsWith('node:') === true;
    const ms = of.reduce((sum, script) => sum + script.ms, 0);
    const nodesMs = of.filter(isNodes).reduce((sum, script) => sum + script.ms, 0);
    if (ms === 0 || ms < allMs * MIN_FLOOD_SHARE || nodesMs < ms * FLOOD_SHARE) continue;
    const [longest] = of.filter((script) => !isNodes(script)).sort((a, b) => b.ms - a.ms);
    const most = longest === undefined ? '' : `, most ${scriptText(longest).replace(` in ${phase}`, '')}`;
    return { cause: { key: `flood of ${phase}`, ms, text: `${verb} very many ${phase}${most}` }, of };
  }
  return undefined;
}

/** Phases of most of a server's code: told only when there is a flood of them. */
function isStormOnly(phase: Phase): boolean {
  return phase === 'process.nextTick callbacks' || phase === 'messages of workers';
}

/** The deepest function of the user's code that most of the JavaScript time lies in or under. */
function coveringFrame(javaScriptNs: ReadonlyMap<Frame, number>): Frame | undefined {
  const covered = new Map<string, { ns: number; frame: Frame }>();
  let allNs = 0;
  for (const [top, ns] of javaScriptNs) {
    allNs += ns;
    const seen = new Set<string>();
    for (let frame: Frame | undefined = top; frame !== undefined; frame = frame.parent) {
      if (!isUserFrame(frame)) continue;
      const identity = frameIdentity(frame);
      if (seen.has(identity)) continue;
      seen.add(identity);
      const entry = covered.get(identity);
      if (entry === undefined) covered.set(identity, { ns, frame });
      else {
        entry.ns += ns;
        // A recursive function counts where it was entered first.
        if (frame.depth < entry.frame.depth) entry.frame = frame;
      }
    }
  }
  let best: Frame | undefined;
  for (const { ns, frame } of covered.values()) {
    if (ns >= allNs * COVERING_SHARE && (best === undefined || frame.depth > best.depth)) best = frame;
  }
  return best;
}
