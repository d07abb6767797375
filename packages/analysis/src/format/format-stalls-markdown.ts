// SPDX-License-Identifier: MIT
// The report of stalls in, Markdown out: for an issue, a pull request or an incident's page.

import { countText, durationText, msText } from '../stalls/amounts.ts';
import type { StallReport } from '../stalls/stall-report.ts';
import {
  details,
  headline,
  numberText,
  partText,
  stallsToShow,
  timeText,
  type FormatOptions,
} from './format-stalls-text.ts';

export function formatStallsMarkdown(report: StallReport, options: FormatOptions = {}): string {
  const lines = ['# Event-loop stalls', '', `${escape(headline(report))}.`, ''];
  if (report.causes.length > 0) {
    lines.push('| stalls | total | worst | cause |', '|---:|---:|---:|---|');
    for (const cause of report.causes.slice(0, 10)) {
      lines.push(
        `| ${cause.count} | ${durationText(cause.totalMs)} | ${durationText(cause.worstMs)} | ${escape(cause.text)} |`,
      );
    }
    lines.push('');
  }
  for (const stall of stallsToShow(report, options.maxStalls ?? 20)) {
    lines.push(
      `## ${numberText(stall)}${timeText(report, stall.beginNs, options)}: ${msText(stall.durationMs)}`,
      '',
      `${escape(stall.sentence)}.`,
      '',
    );
    for (const line of details(stall, true)) lines.push(`- ${escape(line)}`);
    for (const part of stall.parts) if (part.ms >= 0.5) lines.push(`- ${escape(partText(part).trimStart())}`);
    lines.push('');
  }
  if (report.loops.length > 0) {
    lines.push('| program | iterations | median | 99 % | longest | busy |', '|---|---:|---:|---:|---:|---:|');
    for (const loop of report.loops) {
      const who = `${loop.program.name} (pid ${loop.program.pid}${loop.thread.isMain ? '' : `, worker ${loop.thread.vtid}`})`;
      lines.push(
        `| ${escape(who)} | ${countText(loop.iterationCount, '').trim()} | ${msText(loop.medianMs)} | ${msText(loop.p99Ms)} | ${msText(loop.longestMs)} | ${durationText(loop.busyMs)} |`,
      );
    }
    lines.push('');
  }
  for (const doubt of report.doubts) lines.push(`> ${escape(doubt.text)}`, '');
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Names come from traces: they must not become markup. */
function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#]/g, (character) => `\\${character}`).replace(/[\r\n]+/g, ' ');
}
