// SPDX-License-Identifier: MIT
// `lockstep profile`: a trace -> where programs spent or waited away their time, as tables or for the
// tools that draw flame graphs.

import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  analyzeProfile,
  analyzeStalls,
  formatCollapsedStacks,
  formatPprof,
  formatSpeedscope,
  formatTablesJson,
  formatTablesText,
  profileTables,
  type ProfileOptions,
  type ProfileReport,
} from '@lockstep/analysis';
import { explainFileError, InputError } from '@lockstep/base';
import { openTraceDirectory, readEventRecords, type TraceSet } from '@lockstep/ctf/node';
import { createSourceMapResolver } from '@lockstep/symbols';
import { countText } from '../amounts.ts';
import { readCount, readPositive, tryReadText } from '../report-options.ts';
import { readRange, type RangeFlags } from '../time-range.ts';
import { findTrace } from '../trace-argument.ts';

interface ProfileFlags extends RangeFlags {
  readonly offCpu?: boolean;
  readonly wall?: boolean;
  readonly idle?: boolean;
  readonly program?: string;
  readonly tid?: string;
  readonly stall?: string;
  readonly threshold: string;
  readonly request?: string;
  readonly format: 'text' | 'json' | 'collapsed' | 'speedscope' | 'pprof';
  readonly output?: string;
  readonly limit: string;
}

const DEFAULT_WIDTH = 80;

export async function runProfile(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as ProfileFlags;
  if (options.offCpu === true && options.wall === true) throw new InputError('--off-cpu and --wall exclude each other');
  if (options.stall !== undefined && options.request !== undefined)
    throw new InputError('--stall and --request exclude each other');
  if (options.format === 'pprof' && options.output === undefined && process.stdout.isTTY)
    throw new InputError('A pprof profile is bytes; name a file with -o');
  const limit = readCount('--limit', options.limit);
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path);
  try {
    const report = analyzeProfile(readEventRecords(traceSet), {
      kind: options.offCpu === true ? 'off-cpu' : options.wall === true ? 'wall' : 'cpu',
      hasIdle: options.idle === true,
      pid: readOptional('--program', options.program),
      vtid: readOptional('--tid', options.tid),
      request: readOptional('--request', options.request),
      resolvePosition: createSourceMapResolver(tryReadText),
      ...chooseRange(options, traceSet),
    });
    write(encode(report, options, basename(path), limit), options.output);
    for (const note of report.notes) if (options.format !== 'text') process.stderr.write(`lockstep: ${note}\n`);
  } finally {
    traceSet.close();
  }
}

/** The range that is asked for, or that of a stall with its thread. */
function chooseRange(
  options: ProfileFlags,
  traceSet: TraceSet,
): Pick<ProfileOptions, 'beginNs' | 'endNs' | 'pid' | 'vtid'> {
  if (options.stall === undefined) {
    const { begin, end } = readRange(options, traceSet);
    return { beginNs: begin, endNs: end };
  }
  const wanted = readCount('--stall', options.stall);
  const { stalls } = analyzeStalls(readEventRecords(traceSet), {
    thresholdMs: readPositive('--threshold', options.threshold),
  });
  const stall = stalls.find(({ number }) => number === wanted);
  if (stall === undefined) {
    const count = stalls.filter(({ number }) => number !== undefined).length;
    throw new InputError(
      `The trace has ${countText(count)} stalls of ${options.threshold} ms or more; lockstep stalls lists them with their numbers`,
      { stall: wanted },
    );
  }
  return {
    beginNs: stall.beginNs,
    endNs: stall.beginNs + BigInt(Math.round(stall.durationMs * 1e6)),
    pid: stall.program.pid,
    vtid: stall.thread.vtid,
  };
}

function encode(report: ProfileReport, options: ProfileFlags, name: string, limit: number): string | Uint8Array {
  switch (options.format) {
    case 'collapsed':
      return formatCollapsedStacks(report);
    case 'speedscope':
      return formatSpeedscope(report, name);
    case 'pprof':
      return gzipSync(formatPprof(report));
    case 'text':
    case 'json': {
      const begins = report.threads.map(({ beginNs }) => beginNs);
      const ends = report.threads.map(({ endNs }) => endNs);
      const tables = {
        family: 'profile',
        beginNs: begins.reduce<bigint | undefined>(
          (least, ns) => (least === undefined || ns < least ? ns : least),
          undefined,
        ),
        endNs: ends.reduce<bigint | undefined>((most, ns) => (most === undefined || ns > most ? ns : most), undefined),
        isWallClock: true,
        tables: profileTables(report, limit),
        discardedCount: 0n,
      } as const;
      if (options.format === 'json') return formatTablesJson(tables);
      return formatTablesText(tables, {
        isUtc: options.clockGmt === true,
        width: process.stdout.columns ?? DEFAULT_WIDTH,
      });
    }
  }
}

function write(content: string | Uint8Array, path: string | undefined): void {
  if (path === undefined) {
    process.stdout.write(content);
    return;
  }
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw explainFileError(error, 'The profile cannot be written', path);
  }
}

function readOptional(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : readCount(name, text);
}
