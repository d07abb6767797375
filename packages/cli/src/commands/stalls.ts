// SPDX-License-Identifier: MIT
// `lockstep stalls`: a trace -> each event-loop stall with its cause.

import { readFileSync } from 'node:fs';
import { analyzeStalls, formatStallsJson, formatStallsMarkdown, formatStallsText } from '@lockstep/analysis';
import { InputError } from '@lockstep/base';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { createSourceMapResolver } from '@lockstep/symbols';
import { quietBrokenPipe } from '../exit.ts';
import { findTrace } from '../trace-argument.ts';

interface StallFlags {
  readonly threshold: string;
  readonly limit: string;
  readonly parts?: boolean;
  readonly utc?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

export async function runStalls(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as StallFlags;
  const thresholdMs = readNumber('--threshold', options.threshold);
  const maxStalls = readNumber('--limit', options.limit);
  if (options.json === true && options.markdown === true)
    throw new InputError('--json and --markdown exclude each other');
  const path = await findTrace(directory);
  quietBrokenPipe();
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

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InputError(`${name} takes a number above 0`, { value: text });
  return value;
}

/** Sources may have moved since the recording: no text, no source map. */
function tryReadText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
