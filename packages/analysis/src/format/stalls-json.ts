// SPDX-License-Identifier: MIT
// The report of stalls as JSON: the shape of stall-report.ts with bigints as decimal strings, plus a
// `begin` in ISO 8601 beside every `beginNs` when the clock is the wall clock.

import type { StallReport } from '../stalls/stall-report.ts';

export function formatStallsJson(report: StallReport): string {
  const replaced = {
    ...withBegin(report, report.isWallClock),
    stalls: report.stalls.map((stall) => withBegin(stall, report.isWallClock)),
  };
  return `${JSON.stringify(replaced, (_name, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`;
}

function withBegin<T extends { readonly beginNs: bigint }>(value: T, isWallClock: boolean): T & { begin?: string } {
  return isWallClock ? { begin: new Date(Number(value.beginNs / 1_000_000n)).toISOString(), ...value } : value;
}
