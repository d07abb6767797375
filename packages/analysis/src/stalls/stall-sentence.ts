// SPDX-License-Identifier: MIT
// One line that says why: `event loop blocked 84 ms: 61 ms running renderReport (report.ts:88), 20 ms
// runnable but preempted by pid 771 ffmpeg, 3 ms GC`.

import { assertUnreachable } from '@lockstep/base';
import { msText } from './amounts.ts';
import type { Doubt, Stall, StallCause } from './stall-report.ts';

/** Causes named in the sentence; the others are added up. */
const MAX_CAUSES = 4;
/** A cause below this share, or below a ms, is not named. */
const MIN_SHARE = 0.02;

export function sentenceOf(
  kind: Stall['kind'],
  isMain: boolean,
  durationMs: number,
  causes: readonly StallCause[],
  doubts: readonly Doubt[],
): string {
  const named = causes
    .slice(0, MAX_CAUSES)
    .filter((cause, index) => index === 0 || (cause.ms >= 1 && cause.ms >= durationMs * MIN_SHARE));
  const phrases = named.map((cause) => `${msText(cause.ms)} ${cause.text}`);
  const restMs = durationMs - named.reduce((ms, cause) => ms + cause.ms, 0);
  if (restMs >= 1 && named.length > 0) phrases.push(`${msText(restMs)} other`);
  const doubt = doubts.find((each) => each.about === 'kernel-half-missing' || each.about === 'kernel-half-partial');
  const shortDoubt = doubt === undefined ? '' : ` (${doubt.short ?? doubt.text})`;
  return `${subject(kind, isMain)} ${msText(durationMs)}: ${phrases.join(', ')}${shortDoubt}`;
}

function subject(kind: Stall['kind'], isMain: boolean): string {
  const loop = isMain ? 'event loop' : "worker's event loop";
  switch (kind) {
    case 'iteration':
      return `${loop} blocked`;
    case 'start-up':
      return isMain ? 'start-up took' : "worker's start-up took";
    case 'unfinished':
      return `${loop} still blocked when its trace ended, for`;
    default:
      return assertUnreachable(kind);
  }
}
