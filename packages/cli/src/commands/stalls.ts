// SPDX-License-Identifier: MIT
// `lockstep stalls`: a trace -> each event-loop stall with its cause.

import { analyzeStalls, formatStallsJson, formatStallsMarkdown, formatStallsText } from '@lockstep/analysis';
import { InputError } from '@lockstep/base';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { createSourceMapResolver } from '@lockstep/symbols';
import { checkOneFormat, readCount, readPositive, tryReadText } from '../report-options.ts';
import { followStalls } from './stalls-growing.ts';
import { findTrace } from '../trace-argument.ts';

interface StallFlags {
  readonly threshold: string;
  readonly limit: string;
  readonly parts?: boolean;
  readonly follow?: boolean;
  readonly utc?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

export async function runStalls(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as StallFlags;
  const thresholdMs = readPositive('--threshold', options.threshold);
  const maxStalls = readCount('--limit', options.limit);
  checkOneFormat(options);
  if (options.follow === true) {
    if (options.markdown === true)
      throw new InputError('--markdown is for a recording that is over; leave --follow out');
    const format = { isUtc: options.utc === true, hasParts: options.parts === true };
    await followStalls(directory, { thresholdMs, format, isJson: options.json === true });
    return;
  }
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path);
  try {
    const report = analyzeStalls(readEventRecords(traceSet), {
      thresholdMs,
      resolvePosition: createSourceMapResolver(tryReadText),
    });
    const format = { isUtc: options.utc === true, maxStalls, hasParts: options.parts === true };
    if (options.json === true) process.stdout.write(formatStallsJson(report));
    else if (options.markdown === true) process.stdout.write(formatStallsMarkdown(report, format));
    else process.stdout.write(formatStallsText(report, format));
  } finally {
    traceSet.close();
  }
}
