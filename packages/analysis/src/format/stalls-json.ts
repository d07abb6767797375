// SPDX-License-Identifier: MIT
// The report of stalls as JSON: the shape of stall-report.ts with bigints as decimal strings, plus a
// `begin` in ISO 8601 beside every `beginNs` when the clock is the wall clock.

import type { Stall, StallReport } from '../stalls/stall-report.ts';

/** One stall in one line. */
export function formatStallJson(stall: Stall, isWallClock: boolean): string {
  return `${JSON.stringify(withBegin(stall, isWallClock), bigintText)}\n`;
}

export function formatStallsJson(report: StallReport): string {
  const replaced = {
    ...withBegin(report, report.isWallClock),
    stalls: report.stalls.map((stall) => withBegin(stall, report.isWallClock)),
  };
  return `${JSON.stringify(replaced, bigintText, 2)}\n`;
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function withBegin<T extends { readonly beginNs: bigint }>(value: T, isWallClock: boolean): T & { begin?: string } {
  return isWallClock ? { begin: new Date(Number(value.beginNs / 1_000_000n)).toISOString(), ...value } : value;
}
