// SPDX-License-Identifier: MIT
// The report of stalls in, lines for a terminal out.

import { assertUnreachable } from '@lockstep/base';
import { clockText, countText, durationText, msText, relativeText } from '../stalls/amounts.ts';
import { functionText } from '../stalls/position.ts';
import { threadText } from '../stalls/stall-causes.ts';
import type { Stall, StallPart, StallReport } from '../stalls/stall-report.ts';

export interface FormatOptions {
  /** Times of day in UTC instead of the reader's time zone. */
  readonly isUtc?: boolean;
  /** Stalls told one by one: the longest ones, in order of time. Default 20; 0 = none, they have been told. */
  readonly maxStalls?: number;
  /** Lists every part beneath its stall's sentence. */
  readonly hasParts?: boolean;
}

const DEFAULT_MAX_STALLS = 20;
/** Smaller parts are added up. */
const MIN_PART_SHARE = 0.01;
/** Rows of the summary by cause. */
const MAX_CAUSES = 10;

export function formatStallsText(report: StallReport, options: FormatOptions = {}): string {
  const lines = [headline(report)];
  const shown = stallsToShow(report, options.maxStalls ?? DEFAULT_MAX_STALLS);
  const programCount = new Set(report.loops.map(({ program }) => program.pid)).size;
  for (const stall of shown) {
    lines.push(`${timeText(report, stall.beginNs, options)} ${numberText(stall)}${stall.sentence}`);
    lines.push(...details(stall, programCount > 1 || !stall.thread.isMain).map((line) => `    ${line}`));
    if (options.hasParts === true) lines.push(...partLines(stall).map((line) => `    ${line}`));
  }
  const hiddenCount = report.stalls.length - shown.length + report.omittedCount;
  if (hiddenCount > 0 && options.maxStalls !== 0) lines.push(`${countText(hiddenCount, 'shorter one')} not listed.`);
  if (report.stallCount > 1) {
    lines.push('', 'By cause:', '  stalls     total     worst  cause');
    for (const cause of report.causes.slice(0, MAX_CAUSES)) {
      lines.push(
        `  ${String(cause.count).padStart(6)}  ${durationText(cause.totalMs).padStart(8)}  ${durationText(cause.worstMs).padStart(8)}  ${cause.text}`,
      );
    }
  }
  if (report.loops.length > 0) lines.push('', ...loopLines(report));
  for (const doubt of report.doubts) lines.push(`note: ${doubt.text}`);
  return `${lines.join('\n')}\n`;
}

/** One stall as it is told while its recording goes on. */
export function formatFollowedStall(stall: Stall, trace: TraceClockBase, options: FormatOptions = {}): string {
  const lines = [`${timeText(trace, stall.beginNs, options)} ${stall.sentence}`];
  lines.push(...details(stall, true).map((line) => `    ${line}`));
  if (options.hasParts === true) lines.push(...partLines(stall).map((line) => `    ${line}`));
  return `${lines.join('\n')}\n`;
}

/** `no stall over 20 ms in 12.3 s` or `3 stalls over 20 ms in 12.3 s`. */
export function headline(report: StallReport): string {
  const over = `over ${report.thresholdMs} ms in ${durationText(report.durationMs)}`;
  if (report.loops.length === 0 && report.stalls.length === 0) {
    return `no event loop was recorded in ${durationText(report.durationMs)}: node:loop_iteration records come from programs recorded with -u 'node:*'`;
  }
  return report.stallCount === 0 ? `no stall ${over}` : `${countText(report.stallCount, 'stall')} ${over}`;
}

/** The longest ones, in order of time. */
export function stallsToShow(report: StallReport, maxStalls: number): readonly Stall[] {
  if (report.stalls.length <= maxStalls) return report.stalls;
  const longest = [...report.stalls].sort((a, b) => b.durationMs - a.durationMs).slice(0, maxStalls);
  const isShown = new Set(longest);
  return report.stalls.filter((stall) => isShown.has(stall));
}

/** What times are told from: that of a report or of a pass that goes on. */
export interface TraceClockBase {
  readonly isWallClock: boolean;
  readonly beginNs: bigint;
}

export function timeText(report: TraceClockBase, ns: bigint, options: FormatOptions): string {
  return report.isWallClock ? clockText(ns, options.isUtc === true) : relativeText(ns - report.beginNs);
}

/** `#1 ` of the longest. */
export function numberText({ number }: Stall): string {
  return number === undefined ? '' : `#${number} `;
}

/** What stands beneath a stall's sentence. */
export function details(stall: Stall, hasProgram: boolean): string[] {
  const lines: string[] = [];
  if (hasProgram) {
    const thread = stall.thread.isMain ? '' : `, worker thread ${stall.thread.vtid}`;
    lines.push(`in ${stall.program.name} (pid ${stall.program.pid})${thread}`);
  }
  if (stall.requests.length > 0) {
    const requests = stall.requests.slice(0, 3).map(({ method, url }) => `${method} ${url}`);
    const more = stall.requests.length > 3 ? ' and more' : '';
    const open =
      stall.openRequestCount === 0 ? '' : `; ${countText(stall.openRequestCount, 'request')} open at its end`;
    lines.push(`serving ${requests.join(', ')}${more}${open}`);
  }
  if (stall.pageFaultCount !== undefined && stall.pageFaultCount >= 1000)
    lines.push(countText(stall.pageFaultCount, 'page fault'));
  for (const doubt of stall.doubts) {
    if (doubt.about === 'kernel-half-missing' || doubt.about === 'kernel-half-partial') continue;
    lines.push(`doubt: ${doubt.text}`);
  }
  return lines;
}

/** Parts of at least a hundredth of the stall, and the sum of the others. */
function partLines(stall: Stall): string[] {
  const large = stall.parts.filter(({ ms }) => ms >= stall.durationMs * MIN_PART_SHARE);
  const smallCount = stall.parts.length - large.length;
  const smallMs = stall.parts.slice(large.length).reduce((ms, part) => ms + part.ms, 0);
  const lines = large.map(partText);
  if (smallCount > 0) lines.push(`${msText(smallMs).padStart(7)}  in ${countText(smallCount, 'smaller part')}`);
  return lines;
}

/** One part in words, its ms first. */
export function partText(part: StallPart): string {
  return `${msText(part.ms).padStart(7)}  ${describe(part)}${part.isSplit ? '' : ' (running or waiting not told)'}`;
}

function describe(part: StallPart): string {
  const during =
    part.during === undefined
      ? ''
      : ` during ${part.during.operation}${part.during.path === undefined ? '' : ` ${part.during.path}`}`;
  switch (part.kind) {
    case 'javascript':
      return `JavaScript: ${functionText(part.function)}`;
    case 'native':
      return `native code${during}`;
    case 'system-call':
      return `system call ${part.call}${during}`;
    case 'garbage-collection':
      return `garbage collection: ${part.collection}`;
    case 'runnable':
      return `runnable (${part.reason}), ran instead: ${part.instead === undefined ? 'nobody known' : threadText(part.instead)}`;
    case 'blocked':
      return `blocked: ${part.call}${part.isCollecting ? ' during garbage collection' : during}`;
    case 'interrupt':
      return `interrupt: ${part.interrupt}`;
    case 'unknown':
      return part.known === 'nothing'
        ? 'not known'
        : `${part.known === 'running' ? 'running' : 'not running'}, not known why`;
    default:
      return assertUnreachable(part);
  }
}

function loopLines(report: StallReport): string[] {
  const lines: string[] = [];
  for (const loop of report.loops.slice(0, 20)) {
    const who = loop.thread.isMain
      ? `${loop.program.name} (pid ${loop.program.pid})`
      : `worker ${loop.thread.vtid} of ${loop.program.name}`;
    lines.push(
      `${who}: ${countText(loop.iterationCount, 'loop iteration')}, median ${msText(loop.medianMs)}, 99 % below ${msText(loop.p99Ms)}, longest ${msText(loop.longestMs)}, busy ${durationText(loop.busyMs)}`,
    );
  }
  return lines;
}
