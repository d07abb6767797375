// SPDX-License-Identifier: MIT
// A trace that has just been recorded -> lines for the summary: the worst stall and the slowest request,
// each with its causes. In bounded time: who recorded much waits for no analysis, and is told so.

import { AnalysisPass, requestsHandler, stallsHandler, type RequestReport, type StallReport } from '@lockstep/analysis';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { createSourceMapResolver } from '@lockstep/symbols';
import { countText } from './amounts.ts';
import { tryReadText } from './report-options.ts';

/** A pass takes 1.5 to 3 million records a second. */
const MAX_RECORDS = 4_000_000;
const MAX_MS = 4000;
const RECORDS_BETWEEN_LOOKS = 65_536;

export function explainRecording(traceDirectory: string, recordCount: number): readonly string[] {
  if (recordCount > MAX_RECORDS)
    return [`  stall    not looked for in ${countText(recordCount)} event records; lockstep stalls does`];
  const resolvePosition = createSourceMapResolver(tryReadText);
  const stallType = stallsHandler({ resolvePosition });
  const requestType = requestsHandler({ resolvePosition, maxRequests: 1 });
  const pass = new AnalysisPass([stallType, requestType]);
  const traceSet = openTraceDirectory(traceDirectory);
  const begin = performance.now();
  let untilLook = RECORDS_BETWEEN_LOOKS;
  let isCut = false;
  try {
    for (const record of readEventRecords(traceSet)) {
      pass.take(record);
      untilLook -= 1;
      if (untilLook > 0) continue;
      untilLook = RECORDS_BETWEEN_LOOKS;
      isCut = performance.now() - begin > MAX_MS;
      if (isCut) break;
    }
  } finally {
    traceSet.close();
  }
  pass.finish();
  const lines = [...stallLines(pass.get(stallType).report(pass)), ...requestLines(pass.get(requestType).report(pass))];
  if (isCut && lines.length > 0) {
    const share = Math.round((pass.recordCount / recordCount) * 100);
    lines.push(`  note     these are from the first ${share} % of the records; lockstep stalls and requests read all`);
  }
  return lines;
}

function stallLines(report: StallReport): string[] {
  if (report.loops.length === 0) return [];
  const worst = report.stalls
    .filter(({ kind }) => kind !== 'start-up')
    .reduce<StallReport['stalls'][number] | undefined>(
      (best, stall) => (best === undefined || stall.durationMs > best.durationMs ? stall : best),
      undefined,
    );
  if (worst === undefined) return [`  stall    none over ${report.thresholdMs} ms`];
  const of = report.stallCount === 1 ? '' : `worst of ${countText(report.stallCount)}: `;
  return [`  stall    ${of}${worst.sentence}`];
}

function requestLines(report: RequestReport): string[] {
  const [slowest] = report.slowest;
  if (slowest === undefined) return [];
  const lines = [`  request  slowest of ${countText(report.requestCount)}: ${slowest.sentence}`];
  if (report.slowCount > 0) lines.push(`           ${report.sentence}`);
  if (report.growth !== undefined) lines.push(`           ${report.growth}`);
  return lines;
}
