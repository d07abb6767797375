// SPDX-License-Identifier: MIT
// An open stall whose late records have come in, the stall of the report out.

import type { Host, KernelCoverage } from '../kernel/host.ts';
import { UNKNOWN } from '../kernel/thread-state.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import { countText, msText } from './amounts.ts';
import { attributeStall } from './attribute-stall.ts';
import type { DiscardedSpan, OpenStall } from './open-stall.ts';
import type { Positions } from './position.ts';
import { causesOf } from './stall-causes.ts';
import { tellHeldBack } from './held-back.ts';
import { partsOf } from './stall-parts.ts';
import { sentenceOf } from './stall-sentence.ts';
import type { Doubt, Stall, StallPart } from './stall-report.ts';

/** Time that may stay without an answer before it is worth a doubt. */
const MIN_DOUBT_MS = 1;
/** Samples of one wait follow each other without gaps but for the sampler's own jitter. */
const MAX_SAMPLE_GAP_NS = 1.5e6;
/** Requests listed with one stall. */
const MAX_REQUESTS = 8;

export interface CloseContext {
  readonly time: TraceTime;
  readonly host: Host;
  readonly positions: Positions;
  readonly discarded: readonly DiscardedSpan[];
}

/** Undefined when late records showed that it was a wait, and what is left is shorter than the threshold. */
export function closeStall(opened: OpenStall, thresholdNs: number, context: CloseContext): Stall | undefined {
  const open = withoutIdle(opened);
  if (open.end - open.begin < thresholdNs) return undefined;
  const { thread } = open;
  const slice = tellHeldBack(open.slice, open.end, open.story.quotas);
  const builder = attributeStall({ ...open, slice }, context.host.labels);
  const parts = partsOf(builder.totals.values(), context.positions, open.others);
  const causes = causesOf(parts, builder.javaScriptNs, context.positions, {
    timerCount: open.timerCount,
    ...(open.pageFaultCount === undefined ? {} : { pageFaultCount: open.pageFaultCount }),
  });
  const durationMs = (open.end - open.begin) / 1e6;
  const doubts = doubtsOf(open, parts, context);
  return {
    kind: open.kind,
    program: {
      name: thread.program.name,
      pid: thread.program.pid,
      ...(thread.program.argv === undefined ? {} : { argv: thread.program.argv }),
    },
    thread: { vtid: thread.vtid, tid: thread.kernel.tid, isMain: thread.isMain },
    beginNs: context.time.toNs(open.begin),
    durationMs,
    sentence: sentenceOf(open.kind, thread.isMain, durationMs, causes, doubts),
    causes,
    parts,
    requests: open.story.requests.slice(0, MAX_REQUESTS).map(({ method, url }) => ({ method, url })),
    openRequestCount: open.openRequestCount,
    ...(open.pageFaultCount === undefined ? {} : { pageFaultCount: open.pageFaultCount }),
    doubts,
  };
}

/**
 * Without the kernel half V8's sampler is the witness of a wait: `(idle)` is what it says while the loop
 * polls. libuv reckons only the last of the polls of one wait as idle, so a stall may begin with one.
 */
function withoutIdle(open: OpenStall): OpenStall {
  if (open.kind === 'start-up' || open.slice.states[0] !== UNKNOWN) return open;
  const idle = open.story.samples.filter(({ frame }) => frame.url === '' && frame.name === '(idle)');
  let { begin } = open;
  for (const sample of idle.sort((a, b) => a.begin - b.begin)) {
    if (sample.begin > begin + MAX_SAMPLE_GAP_NS) break;
    begin = Math.max(begin, Math.min(sample.end, open.end));
  }
  return begin === open.begin ? open : { ...open, begin };
}

function doubtsOf(open: OpenStall, parts: readonly StallPart[], context: CloseContext): Doubt[] {
  const doubts: Doubt[] = [];
  const unsplitMs = parts.reduce((ms, part) => (part.isSplit ? ms : ms + part.ms), 0);
  if (unsplitMs >= MIN_DOUBT_MS) doubts.push(unsplitDoubt(context.host.coverage, unsplitMs));
  for (const isKernel of [true, false]) {
    const doubt = discardedDoubt(open, context.discarded, isKernel);
    if (doubt !== undefined) doubts.push(doubt);
  }
  const untoldMs = parts.reduce(
    (ms, part) => (part.kind === 'unknown' && part.known !== 'not-running' ? ms + part.ms : ms),
    0,
  );
  if (untoldMs >= MIN_DOUBT_MS && !open.thread.hasSamples) {
    doubts.push({
      about: 'no-samples',
      text: `no CPU samples of this thread: ${msText(untoldMs)} of it cannot be given to functions; --no-sampler leaves them out, and a program that is killed or aborts takes its last ones along`,
    });
  }
  return doubts;
}

function unsplitDoubt(coverage: KernelCoverage, unsplitMs: number): Doubt {
  const of = `${msText(unsplitMs)} of it cannot be split into running and waiting`;
  if (!coverage.hasSched && !coverage.hasCalls) {
    const text = `kernel half missing: ${of}; record as root to know`;
    return { about: 'kernel-half-missing', text, short: 'kernel half missing: running or waiting not told' };
  }
  if (!coverage.hasSched) {
    const text = `sched_switch was not recorded: ${of}; record with -k 'sched_*' to know`;
    return { about: 'kernel-half-partial', text, short: 'sched_switch not recorded: running or waiting not told' };
  }
  return {
    about: 'kernel-half-partial',
    text: `the kernel half does not tell this thread's state all the time: ${of}`,
    short: `running or waiting not told for ${msText(unsplitMs)}`,
  };
}

function discardedDoubt(open: OpenStall, spans: readonly DiscardedSpan[], isKernel: boolean): Doubt | undefined {
  let count = 0n;
  let isExact = true;
  let found = false;
  for (const span of spans) {
    if (span.isKernel !== isKernel || span.begin >= open.end || span.end <= open.begin) continue;
    found = true;
    if (span.count === undefined) isExact = false;
    else count += span.count;
  }
  if (!found) return undefined;
  const amount = isExact ? countText(count, 'record') : 'some records';
  return isKernel
    ? {
        about: 'kernel-records-discarded',
        text: `${amount} of the kernel were discarded around this time: which thread ran when may be wrong`,
      }
    : {
        about: 'program-records-discarded',
        text: `${amount} of programs were discarded around this time: operations, collections and samples may be missing`,
      };
}
