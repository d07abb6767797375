// SPDX-License-Identifier: MIT
// `lockstep stats FAMILY`: a trace -> tables of what the kernel half tells of CPUs, calls, disks and so on.

import {
  analyzeTables,
  formatTablesCsv,
  formatTablesJson,
  formatTablesMarkdown,
  formatTablesText,
  type TableFamily,
  type TableOptions,
  type TablesReport,
} from '@lockstep/analysis';
import { InputError } from '@lockstep/base';
import { openTraceDirectory, readEventRecords, type TraceSet } from '@lockstep/ctf/node';
import { readRange, type RangeFlags } from '../time-range.ts';
import { findTrace } from '../trace-argument.ts';

export interface TableFlags extends RangeFlags {
  readonly procname: readonly string[];
  readonly tid: readonly string[];
  readonly cpu: readonly string[];
  readonly min?: string;
  readonly max?: string;
  readonly limit: string;
  readonly top?: boolean;
  readonly freq?: boolean;
  readonly freqResolution: string;
  readonly log?: boolean;
  readonly period: readonly string[];
  readonly periodCaptures: readonly string[];
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly csv?: boolean;
}

const DEFAULT_WIDTH = 80;
const MAX_RESOLUTION = 10_000;

export async function runStatsTables(
  family: TableFamily,
  directory: string | undefined,
  flags: TableFlags,
): Promise<void> {
  const formats = [flags.json, flags.markdown, flags.csv].filter((flag) => flag === true).length;
  if (formats > 1) throw new InputError('--json, --markdown and --csv exclude each other');
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path);
  try {
    const options = readOptions(flags, traceSet);
    const report = analyzeTables(readEventRecords(traceSet), family, options, flags.period, flags.periodCaptures);
    process.stdout.write(format(report, flags));
  } finally {
    traceSet.close();
  }
}

function format(report: TablesReport, flags: TableFlags): string {
  if (flags.json === true) return formatTablesJson(report);
  if (flags.csv === true) return formatTablesCsv(report);
  const options = { isUtc: flags.clockGmt === true, width: process.stdout.columns ?? DEFAULT_WIDTH };
  return flags.markdown === true ? formatTablesMarkdown(report, options) : formatTablesText(report, options);
}

function readOptions(flags: TableFlags, traceSet: TraceSet): TableOptions {
  const { begin, end } = readRange(flags, traceSet);
  return {
    beginNs: begin,
    endNs: end,
    procnames: words(flags.procname),
    tids: words(flags.tid).map((text) => readCount('--tid', text)),
    cpus: words(flags.cpu).map((text) => readCount('--cpu', text)),
    minNs: flags.min === undefined ? undefined : readMicroseconds('--min', flags.min),
    maxNs: flags.max === undefined ? undefined : readMicroseconds('--max', flags.max),
    limit: readAboveZero('--limit', flags.limit),
    resolution: Math.min(MAX_RESOLUTION, readAboveZero('--freq-resolution', flags.freqResolution)),
    hasTop: flags.top === true,
    hasFrequencies: flags.freq === true,
    hasLog: flags.log === true,
  };
}

/** Repeated options and lists with commas are the same. */
function words(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).filter((word) => word !== '');
}

function readCount(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InputError(`${name} takes a whole number`, { value: text });
  return Number(text);
}

function readAboveZero(name: string, text: string): number {
  const count = readCount(name, text);
  if (count === 0) throw new InputError(`${name} takes a number above 0`, { value: text });
  return count;
}

function readMicroseconds(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InputError(`${name} takes microseconds`, { value: text });
  return value * 1000;
}
