// SPDX-License-Identifier: MIT
// `lockstep critical-path` and `lockstep why`: a trace and a thread, a request or a moment -> what that
// hung on, over wake-ups.

import {
  analyzeRequests,
  analyzeStalls,
  explainMoment,
  followThread,
  formatPathJson,
  formatPathMarkdown,
  formatPathText,
  type PathReport,
  type Stretch,
} from '@lockstep/analysis';
import { InputError } from '@lockstep/base';
import { openTraceDirectory, readEventRecords, type TraceSet } from '@lockstep/ctf/node';
import { checkOneFormat, readCount } from '../report-options.ts';
import { readRange } from '../time-range.ts';
import { findTrace } from '../trace-argument.ts';

interface PathFlags {
  readonly tid?: string;
  readonly slowestRequest?: boolean;
  readonly begin?: string;
  readonly end?: string;
  readonly at?: string;
  readonly utc?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** How far before its moment `why` looks for the begin of a state. */
const REACH_NS = 60_000_000_000n;

export async function runCriticalPath(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as PathFlags;
  if (options.tid === undefined && (options.begin ?? options.end) !== undefined)
    throw new InputError('--begin and --end say when of a thread, so they need --tid');
  if (options.tid !== undefined && options.slowestRequest === true)
    throw new InputError('--tid and --slowest-request exclude each other');
  await printReport(directory, options, (traceSet) => {
    const stretch = options.tid === undefined ? findStretch(traceSet, options) : readStretch(traceSet, options);
    return followThread(readEventRecords(traceSet), stretch);
  });
}

export async function runWhy(tid: string, directory: string | undefined, flags: object): Promise<void> {
  const options = flags as PathFlags;
  await printReport(directory, options, (traceSet) => {
    const { begin } = readRange({ begin: options.at ?? '', clockGmt: options.utc === true }, traceSet);
    if (begin === undefined) throw new InputError('why needs a moment: lockstep why 4711 --at 14:02:07.113');
    return explainMoment(readEventRecords(traceSet), readCount('TID', tid), begin, REACH_NS);
  });
}

async function printReport(
  directory: string | undefined,
  options: PathFlags,
  make: (traceSet: TraceSet) => PathReport,
): Promise<void> {
  checkOneFormat(options);
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path);
  try {
    const report = make(traceSet);
    const format = { isUtc: options.utc === true };
    if (options.json === true) process.stdout.write(formatPathJson(report));
    else if (options.markdown === true) process.stdout.write(formatPathMarkdown(report, format));
    else process.stdout.write(formatPathText(report, format));
  } finally {
    traceSet.close();
  }
}

function readStretch(traceSet: TraceSet, options: PathFlags): Stretch {
  const range = readRange(
    {
      ...(options.begin === undefined ? {} : { begin: options.begin }),
      ...(options.end === undefined ? {} : { end: options.end }),
      clockGmt: options.utc === true,
    },
    traceSet,
  );
  return { tid: readCount('--tid', options.tid ?? ''), beginNs: range.begin, endNs: range.end };
}

/** Nothing named: the slowest request, or the worst stall. */
function findStretch(traceSet: TraceSet, options: PathFlags): Stretch {
  if (options.slowestRequest === true) {
    const [slowest] = analyzeRequests(readEventRecords(traceSet), { maxRequests: 1 }).slowest;
    if (slowest === undefined) throw new InputError('The trace holds no HTTP server request; name a thread with --tid');
    return stretchOf(slowest.thread.tid, slowest.beginNs, slowest.durationMs);
  }
  const { stalls } = analyzeStalls(readEventRecords(traceSet), { thresholdMs: 5 });
  const worst = stalls
    .filter(({ kind }) => kind !== 'start-up')
    .reduce<(typeof stalls)[number] | undefined>(
      (best, stall) => (best === undefined || stall.durationMs > best.durationMs ? stall : best),
      undefined,
    );
  if (worst === undefined) throw new InputError('The trace holds no stall of an event loop; name a thread with --tid');
  return stretchOf(worst.thread.tid, worst.beginNs, worst.durationMs);
}

function stretchOf(tid: number, beginNs: bigint, durationMs: number): Stretch {
  return { tid, beginNs, endNs: beginNs + BigInt(Math.round(durationMs * 1e6)) };
}
