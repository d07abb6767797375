// SPDX-License-Identifier: MIT
// `lockstep requests`: a trace -> where the latency of HTTP server requests went.

import { analyzeRequests, formatRequestsJson, formatRequestsMarkdown, formatRequestsText } from '@lockstep/analysis';
import { InputError } from '@lockstep/base';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { createSourceMapResolver } from '@lockstep/symbols';
import { checkOneFormat, readCount, readPositive, tryReadText } from '../report-options.ts';
import { followRequests } from './requests-growing.ts';
import { findTrace } from '../trace-argument.ts';

interface RequestFlags {
  readonly threshold: string;
  readonly limit: string;
  readonly follow?: boolean;
  readonly utc?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

export async function runRequests(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as RequestFlags;
  const thresholdMs = readPositive('--threshold', options.threshold);
  const maxRequests = readCount('--limit', options.limit);
  checkOneFormat(options);
  if (options.follow === true) {
    if (options.markdown === true)
      throw new InputError('--markdown is for a recording that is over; leave --follow out');
    const isJson = options.json === true;
    await followRequests(directory, { thresholdMs, format: { isUtc: options.utc === true }, isJson });
    return;
  }
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path);
  try {
    const report = analyzeRequests(readEventRecords(traceSet), {
      thresholdMs,
      maxRequests,
      resolvePosition: createSourceMapResolver(tryReadText),
    });
    const format = { isUtc: options.utc === true };
    if (options.json === true) process.stdout.write(formatRequestsJson(report));
    else if (options.markdown === true) process.stdout.write(formatRequestsMarkdown(report, format));
    else process.stdout.write(formatRequestsText(report, format));
  } finally {
    traceSet.close();
  }
}
