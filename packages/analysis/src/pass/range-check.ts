// SPDX-License-Identifier: MIT
// A range of times that is asked for, beside that of the trace: one that lies outside of it is a mistake of
// whoever asks, and is told as one with the times that the trace has.

import { InputError } from '@lockstep/base';
import { clockText, relativeText } from '../stalls/amounts.ts';
import type { AnalysisPass } from './analysis-pass.ts';

/** After the pass's last record. Times in ns of the clock; undefined = open. */
export function checkRange(pass: AnalysisPass, beginNs: bigint | undefined, endNs: bigint | undefined): void {
  const { time } = pass;
  if (time.baseNs === undefined) return;
  const lastNs = time.toNs(pass.lastTime);
  const isAfter = beginNs !== undefined && beginNs > lastNs;
  const isBefore = endNs !== undefined && endNs < time.baseNs;
  if (!isAfter && !isBefore) return;
  throw new InputError(
    `The time that is asked for lies ${isAfter ? 'after the end' : 'before the begin'} of the trace, which goes ${rangeText(pass)}; name one within it`,
  );
}

/** `from 14:02:07.113 to 14:02:09.500 (1969…1971 s since the epoch)`. */
export function rangeText({ time, lastTime }: AnalysisPass): string {
  const beginNs = time.baseNs ?? 0n;
  const endNs = time.toNs(lastTime);
  const seconds = `${secondsText(beginNs)} to ${secondsText(endNs)}`;
  if (!time.isWallClock) return `from ${seconds} s of its clock (${relativeText(endNs - beginNs)})`;
  return `from ${clockText(beginNs, false)} to ${clockText(endNs, false)} (${seconds} s since the epoch)`;
}

function secondsText(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String((ns % 1_000_000_000n) / 1_000_000n).padStart(3, '0')}`;
}
