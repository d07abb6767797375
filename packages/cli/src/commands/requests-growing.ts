// SPDX-License-Identifier: MIT
// `lockstep requests --follow`: each slow request of a recording that goes on, some seconds after it has
// ended; at the recording's end what they come to.

import {
  AnalysisPass,
  formatFollowedRequest,
  formatRequestJson,
  formatRequestsSummary,
  requestsHandler,
  type RequestFormatOptions,
} from '@lockstep/analysis';
import { createSourceMapResolver } from '@lockstep/symbols';
import { followRecording } from '../follow-recording.ts';
import { writeOutput } from '../output.ts';
import { tryReadText } from '../report-options.ts';

export interface GrowingRequestOptions {
  readonly thresholdMs: number;
  readonly format: RequestFormatOptions;
  readonly isJson: boolean;
}

export async function followRequests(directory: string | undefined, options: GrowingRequestOptions): Promise<void> {
  const { thresholdMs, format, isJson } = options;
  const type = requestsHandler({
    thresholdMs,
    resolvePosition: createSourceMapResolver(tryReadText),
    onSlow: (request) => {
      const { isWallClock, baseNs: beginNs = 0n } = pass.time;
      if (isJson) writeOutput(formatRequestJson(request));
      else writeOutput(formatFollowedRequest(request, { isWallClock, beginNs }, format));
    },
  });
  const pass = new AnalysisPass([type]);
  await followRecording(directory, (item) => pass.take(item));
  pass.finish();
  const report = pass.get(type).report(pass);
  if (!isJson) writeOutput(`\n${formatRequestsSummary(report)}`);
}
