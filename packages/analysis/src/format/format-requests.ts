// SPDX-License-Identifier: MIT
// The report of requests in; lines for a terminal, Markdown, or JSON out.

import { countText, durationText, msText } from '../stalls/amounts.ts';
import type { RequestExplanation, RequestReport } from '../requests/request-report.ts';
import { timeText, type TraceClockBase } from './format-stalls-text.ts';
import { CATEGORY_TEXTS } from '../requests/request-sentence.ts';

export interface RequestFormatOptions {
  readonly isUtc?: boolean;
}

interface Block {
  readonly title: string;
  readonly lines: readonly string[];
}

export function formatRequestsText(report: RequestReport, options: RequestFormatOptions = {}): string {
  const lines = [headline(report), report.sentence];
  if (report.growth !== undefined) lines.push(report.growth);
  for (const { title, lines: rows } of blocksOf(report, options)) {
    if (rows.length > 0) lines.push('', `${title}:`, ...rows.map((row) => `  ${row}`));
  }
  for (const { text } of report.doubts) lines.push(`note: ${text}`);
  return `${lines.join('\n')}\n`;
}

/** One request as it is told while its recording goes on. */
export function formatFollowedRequest(
  request: RequestExplanation,
  trace: TraceClockBase,
  options: RequestFormatOptions = {},
): string {
  const { name, pid } = request.program;
  return `${timeText(trace, request.beginNs, options)} ${request.sentence} [request ${request.request} of ${name} (pid ${pid})]\n`;
}

/** The same in one line of JSON. */
export function formatRequestJson(request: RequestExplanation): string {
  return `${JSON.stringify(request, bigintText)}\n`;
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Totals of a recording whose slow requests have been told one by one. */
export function formatRequestsSummary(report: RequestReport): string {
  const lines = [headline(report), report.sentence];
  if (report.growth !== undefined) lines.push(report.growth);
  for (const { text } of report.doubts) lines.push(`note: ${text}`);
  return `${lines.join('\n')}\n`;
}

export function formatRequestsMarkdown(report: RequestReport, options: RequestFormatOptions = {}): string {
  const lines = ['# Requests', '', `${headline(report)}.`, '', `**${report.sentence}.**`];
  if (report.growth !== undefined) lines.push('', `${report.growth}.`);
  for (const { title, lines: rows } of blocksOf(report, options)) {
    if (rows.length > 0)
      lines.push('', `## ${title}`, '', ...rows.map((row) => `- ${row.trim().replace(/\s+/g, ' ')}`));
  }
  if (report.doubts.length > 0) lines.push('', ...report.doubts.map(({ text }) => `> ${text}`));
  return `${lines.join('\n')}\n`;
}

/** bigints are decimal strings. */
export function formatRequestsJson(report: RequestReport): string {
  return `${JSON.stringify(report, bigintText)}\n`;
}

function headline(report: RequestReport): string {
  if (report.requestCount === 0) return `no HTTP server request in ${durationText(report.durationMs)}`;
  const open = report.openCount === 0 ? '' : `, ${countText(report.openCount, 'more', 'more')} open at the end`;
  return `${countText(report.requestCount, 'request')} in ${durationText(report.durationMs)}${open}: median ${msText(report.medianMs)}, 90 % below ${msText(report.p90Ms)}, 99 % below ${msText(report.p99Ms)}, slowest ${msText(report.worstMs)}`;
}

function blocksOf(report: RequestReport, options: RequestFormatOptions): Block[] {
  const tell = (request: RequestExplanation): string => {
    const when = timeText(report, request.beginNs, options);
    return `${when} ${request.sentence} [request ${request.request}]`;
  };
  const allMs = report.causes.reduce((sum, { ms }) => sum + ms, 0);
  return [
    { title: 'Slowest', lines: report.slowest.map(tell) },
    { title: 'At the 99th percentile', lines: report.p99 === undefined ? [] : [tell(report.p99)] },
    { title: 'At the median', lines: report.median === undefined ? [] : [tell(report.median)] },
    {
      title: 'What the slowest have more than the median',
      lines: report.differences.map(
        ({ category, slowMs, medianMs }) =>
          `${msText(slowMs - medianMs)} more ${CATEGORY_TEXTS[category]} (${msText(slowMs)} against ${msText(medianMs)})`,
      ),
    },
    {
      title: report.slowCount > 0 ? `Where the time of the slow ones went` : 'Where the time went',
      lines: report.causes
        .filter(({ ms }) => ms >= allMs * 0.01)
        .map(({ text, ms, count }) => `${durationText(ms).padStart(8)}  ${text}, in ${countText(count, 'request')}`),
    },
    {
      title: 'By route',
      lines:
        report.routes.length < 2
          ? []
          : report.routes.map(
              ({ route, count, medianMs, p99Ms, worstMs, totals }) =>
                `${String(count).padStart(6)} ${route}: median ${msText(medianMs)}, 99 % below ${msText(p99Ms)}, slowest ${msText(worstMs)}; most ${CATEGORY_TEXTS[(Object.keys(totals)[0] ?? 'unknown') as keyof typeof CATEGORY_TEXTS]}`,
            ),
    },
  ];
}
