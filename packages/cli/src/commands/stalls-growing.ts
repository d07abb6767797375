// SPDX-License-Identifier: MIT
// `lockstep stalls --follow`: each stall of a recording that goes on, some seconds after it has ended; at the
// recording's end what they come to.

import {
  AnalysisPass,
  formatFollowedStall,
  formatStallJson,
  formatStallsText,
  stallsHandler,
  type FormatOptions,
} from '@lockstep/analysis';
import { createSourceMapResolver } from '@lockstep/symbols';
import { followRecording } from '../follow-recording.ts';
import { writeOutput } from '../output.ts';
import { tryReadText } from '../report-options.ts';

export interface GrowingStallOptions {
  readonly thresholdMs: number;
  readonly format: FormatOptions;
  readonly isJson: boolean;
}

export async function followStalls(directory: string | undefined, options: GrowingStallOptions): Promise<void> {
  const { thresholdMs, format, isJson } = options;
  const type = stallsHandler({
    thresholdMs,
    resolvePosition: createSourceMapResolver(tryReadText),
    onStall: (stall) => {
      const { isWallClock, baseNs: beginNs = 0n } = pass.time;
      if (isJson) writeOutput(formatStallJson(stall, isWallClock));
      else writeOutput(formatFollowedStall(stall, { isWallClock, beginNs }, format));
    },
  });
  const pass = new AnalysisPass([type]);
  await followRecording(directory, (item) => pass.take(item));
  pass.finish();
  const report = pass.get(type).report(pass);
  if (!isJson) writeOutput(`\n${formatStallsText(report, { ...format, maxStalls: 0 })}`);
}
