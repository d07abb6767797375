// SPDX-License-Identifier: MIT
// A range of times that is asked for, beside that of the trace: one that lies outside of it is a mistake of
// whoever asks, and is told as one with the times that the trace has.

import { InputError } from '@lockstep/base';
import { clockText } from '../stalls/amounts.ts';
import type { AnalysisPass } from './analysis-pass.ts';

/** After the pass's last record. Times in ns of the clock; undefined = open. */
export function checkRange(pass: AnalysisPass, beginNs: bigint | undefined, endNs: bigint | undefined): void {
  const { time } = pass;
  if (time.baseNs === undefined) return;
  const lastNs = time.toNs(pass.lastTime);
  const isAfter = beginNs !== undefined && beginNs > lastNs;
  const isBefore = endNs !== undefined && endNs < time.baseNs;
  if (!isAfter && !isBefore) return;
  // Who reads only as far as the range stops early: then the end is not known.
  throw new InputError(
    isAfter
      ? `The time that is asked for lies after the end of the trace, which goes from ${timeText(pass, time.baseNs)} to ${timeText(pass, lastNs)}; name one within it`
      : `The time that is asked for lies before the begin of the trace, which begins at ${timeText(pass, time.baseNs)}; name one within it`,
  );
}

/** `14:02:07.113 (1700000527.113 s since the epoch)`. */
function timeText({ time }: AnalysisPass, ns: bigint): string {
  if (!time.isWallClock) return `${secondsText(ns)} s of its clock`;
  return `${clockText(ns, false)} (${secondsText(ns)} s since the epoch)`;
}

function secondsText(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String((ns % 1_000_000_000n) / 1_000_000n).padStart(3, '0')}`;
}
