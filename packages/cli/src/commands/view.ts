// SPDX-License-Identifier: MIT
// `lockstep view`: a trace -> its event records as text, like babeltrace2's, or their number.

import { createDetailsPrinter, isEventRecord } from '@lockstep/ctf';
import {
  countEventRecordsParallel,
  openTraceDirectory,
  readEventRecords,
  readMessages,
  readText,
  type ReadRange,
  type TraceSet,
} from '@lockstep/ctf/node';
import { isLiveUrl } from '@lockstep/protocol';
import { plural } from '../amounts.ts';
import { writeOutput } from '../output.ts';
import { recordToJson } from '../record-json.ts';
import { readTextOptions, type TextFlags } from '../text-flags.ts';
import { readClockOffset, readRange, type ClockOffsetFlags, type RangeFlags } from '../time-range.ts';
import { findTrace } from '../trace-argument.ts';

interface ViewFlags extends TextFlags, RangeFlags, ClockOffsetFlags {
  readonly clockGmt?: boolean;
  readonly count?: boolean;
  readonly json?: boolean;
  readonly follow?: boolean;
  readonly streamIntersection?: boolean;
  readonly details?: boolean;
  readonly compact?: boolean;
}

/** Characters of JSON that are written together. */
const CHUNK_LENGTH = 65_536;

export async function runView(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as ViewFlags;
  const text = readTextOptions(options);
  const clockOffsetNs = readClockOffset(options);
  if (options.follow === true || (directory !== undefined && isLiveUrl(directory))) {
    const { runGrowingView } = await import('./view-growing.ts');
    await runGrowingView(directory, { ...options, text });
    return;
  }
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path, { clockOffsetNs });
  try {
    if (options.count === true) {
      await printCount(traceSet, path, options.json === true);
      return;
    }
    const range = {
      ...readRange(options, traceSet),
      ...(options.streamIntersection === true ? { intersection: true } : {}),
    };
    if (options.json === true) {
      printJson(traceSet, range);
      return;
    }
    if (options.details === true) {
      printDetails(traceSet, range, options.compact === true);
      return;
    }
    const writeWarning = (warning: string): void => void process.stderr.write(warning);
    for (const bytes of readText(traceSet, { ...text, ...range, writeWarning })) writeOutput(bytes);
  } finally {
    traceSet.close();
  }
}

async function printCount(traceSet: TraceSet, path: string, isJson: boolean): Promise<void> {
  const counts = await countEventRecordsParallel(traceSet, path);
  if (isJson) {
    const text = JSON.stringify(counts, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    writeOutput(`${text}\n`);
    return;
  }
  writeOutput(`${counts.records}\n`);
  if (counts.discardedEventRecords > 0n || counts.discardedPackets > 0n) {
    process.stderr.write(
      `lockstep: ${plural(counts.discardedEventRecords, 'event record')} and ${plural(counts.discardedPackets, 'packet')} were discarded while recording.\n`,
    );
  }
}

function printDetails(traceSet: TraceSet, range: ReadRange, compact: boolean): void {
  let held = '';
  const printer = createDetailsPrinter({
    write: (text) => (held += text),
    compact,
    isForTerminal: process.stdout.isTTY,
  });
  try {
    for (const message of readMessages(traceSet, range)) {
      printer.print(message);
      if (held.length < CHUNK_LENGTH) continue;
      writeOutput(held);
      held = '';
    }
  } finally {
    writeOutput(held);
  }
}

function printJson(traceSet: TraceSet, range: ReadRange): void {
  let held = '';
  const flush = (): void => {
    writeOutput(held);
    held = '';
  };
  try {
    for (const item of readEventRecords(traceSet, range)) {
      if (!isEventRecord(item)) continue;
      held += `${recordToJson(item)}\n`;
      if (held.length > CHUNK_LENGTH) flush();
    }
  } finally {
    flush();
  }
}
