// SPDX-License-Identifier: MIT
// A critical path's report in; lines for a terminal, Markdown, or JSON out.

import { stepCountText, type PathReport } from '../path/path-report.ts';
import { clockText, msText, relativeText } from '../stalls/amounts.ts';
import { threadText } from '../stalls/stall-causes.ts';

export interface PathFormatOptions {
  readonly isUtc?: boolean;
}

export function formatPathText(report: PathReport, options: PathFormatOptions = {}): string {
  const lines = [`${timeOf(report, report.beginNs, options)} ${report.sentence}`, '', 'What it hung on:'];
  for (const { thread, text, ms } of report.causes)
    lines.push(`  ${msText(ms).padStart(8)}  ${threadText(thread)}: ${text}`);
  lines.push('', 'Step by step:');
  for (const step of report.steps)
    lines.push(
      `  ${timeOf(report, step.beginNs, options)} ${msText(step.durationMs).padStart(8)}  ${threadText(step.thread)}: ${step.text}`,
    );
  if (report.omittedStepCount > 0) lines.push(`  ${stepCountText(report)} between them not listed.`);
  for (const doubt of report.doubts) lines.push(`note: ${doubt}`);
  return `${lines.join('\n')}\n`;
}

export function formatPathMarkdown(report: PathReport, options: PathFormatOptions = {}): string {
  const lines = ['# Critical path', '', `**${report.sentence}.**`, '', '| ms | thread | what |', '|---:|---|---|'];
  for (const { thread, text, ms } of report.causes)
    lines.push(`| ${msText(ms)} | ${threadText(thread)} | ${text.replaceAll('|', '\\|')} |`);
  lines.push('', '| from | ms | thread | what |', '|---|---:|---|---|');
  for (const step of report.steps)
    lines.push(
      `| ${timeOf(report, step.beginNs, options)} | ${msText(step.durationMs)} | ${threadText(step.thread)} | ${step.text.replaceAll('|', '\\|')} |`,
    );
  for (const doubt of report.doubts) lines.push('', `> ${doubt}`);
  return `${lines.join('\n')}\n`;
}

/** bigints are decimal strings. */
export function formatPathJson(report: PathReport): string {
  return `${JSON.stringify(report, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))}\n`;
}

function timeOf(report: PathReport, ns: bigint, options: PathFormatOptions): string {
  return report.isWallClock ? clockText(ns, options.isUtc === true) : relativeText(ns - report.traceBeginNs);
}
