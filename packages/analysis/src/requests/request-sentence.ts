// SPDX-License-Identifier: MIT
// Sentences of requests: of one, `GET /report took 312 ms: 201 ms in the queue of the thread pool …`; of
// all, what most of their time went to.

import { countText, msText } from '../stalls/amounts.ts';
import type { CauseTotals } from './cause-totals.ts';
import type { RequestCategory, RequestCause } from './request-report.ts';

/** How a category is said where there is no room for more. */
export const CATEGORY_TEXTS: Readonly<Record<RequestCategory, string>> = {
  queued: 'waiting for the event loop',
  javascript: 'running JavaScript',
  gc: 'GC',
  runnable: 'runnable, waiting for a CPU',
  'system-call': 'running in the kernel',
  native: 'running native code',
  disk: 'in file operations',
  network: 'waiting for peers',
  'connection-queue': 'waiting for a free connection',
  thread: 'waiting for another thread of the program',
  'pool-queue': 'in the queue of the thread pool',
  'pool-work': 'worked on by the thread pool',
  lock: 'waiting for a lock',
  timer: 'waiting for timers',
  'child-process': 'waiting for child processes',
  blocked: 'blocked',
  interrupt: 'interrupted',
  unknown: 'unknown',
};

const MAX_CAUSES = 4;
/** A cause below this share, or below a tenth of a ms, is not named. */
const MIN_SHARE = 0.02;
/** One text with at least this share of its category's time stands for it. */
const DOMINANT_SHARE = 0.5;

export function sentenceOfRequest(
  subject: string,
  durationMs: number,
  hasEnded: boolean,
  causes: readonly RequestCause[],
): string {
  const named = causes
    .slice(0, MAX_CAUSES)
    .filter(({ ms }, index) => index === 0 || (ms >= 0.1 && ms >= durationMs * MIN_SHARE));
  const phrases = named.map(({ ms, text }) => `${msText(ms)} ${text}`);
  const restMs = durationMs - named.reduce((sum, { ms }) => sum + ms, 0);
  if (restMs >= 0.1 && restMs >= durationMs * MIN_SHARE) phrases.push(`${msText(restMs)} other`);
  return `${subject} ${hasEnded ? 'took' : 'had taken, when the trace ended,'} ${msText(durationMs)}: ${phrases.join(', ')}`;
}

export interface AllRequests {
  readonly count: number;
  readonly slowCount: number;
  readonly thresholdMs: number;
  /** Of the slow ones, if there are any. */
  readonly totals: CauseTotals;
}

export function sentenceOfAll({ count, slowCount, thresholdMs, totals }: AllRequests): string {
  if (count === 0) return 'no HTTP server request was recorded';
  const shares = sharesOf(totals);
  const [first, second] = shares;
  if (first === undefined) return 'requests took no time';
  const who =
    slowCount > 0
      ? `${countText(slowCount, 'request')} of ${countText(count, '', '').trim()} took ${thresholdMs} ms or more: they spent`
      : `no request took ${thresholdMs} ms or more: they spent`;
  const also = second === undefined || second.share < 0.1 ? '' : `, ${percent(second.share)} ${second.text}`;
  return `${who} ${percent(first.share)} of their time ${first.text}${also}`;
}

/** Categories by share, each under its dominant text. */
function sharesOf(totals: CauseTotals): { readonly text: string; readonly share: number }[] {
  let allNs = 0;
  for (const ns of totals.categories.values()) allNs += ns;
  const causes = totals.sorted();
  return [...totals.categories]
    .sort((a, b) => b[1] - a[1])
    .map(([category, ns]) => {
      const told = causes.filter((cause) => cause.category === category);
      const toldNs = told.reduce((sum, cause) => sum + cause.ns, 0);
      const [first] = told;
      const isDominant = first !== undefined && first.text !== '' && first.ns >= toldNs * DOMINANT_SHARE;
      const text = isDominant ? first.text : textOfMany(category, told);
      return { text, share: ns / allNs };
    });
}

function textOfMany(category: RequestCategory, told: readonly { readonly text: string }[]): string {
  const [first] = told;
  return first === undefined || first.text === '' || first.text === CATEGORY_TEXTS[category]
    ? CATEGORY_TEXTS[category]
    : `${CATEGORY_TEXTS[category]}, most ${first.text}`;
}

export function listCauses(totals: CauseTotals, limit: number): (RequestCause & { readonly count: number })[] {
  return totals
    .sorted()
    .slice(0, limit)
    .map(({ category, text, ns, count }) => ({
      category,
      text: text === '' ? CATEGORY_TEXTS[category] : text,
      ms: ns / 1e6,
      count,
    }));
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
