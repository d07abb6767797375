// SPDX-License-Identifier: MIT
// `lockstep view`: a trace -> its event records as text, like babeltrace2's, or their number.

import { once } from 'node:events';
import { createTextPrinter, isEventRecord } from '@lockstep/ctf';
import { countEventRecords, openTraceDirectory, readEventRecords, type TraceSet } from '@lockstep/ctf/node';
import { countText } from '../amounts.ts';
import { quietBrokenPipe } from '../exit.ts';
import { findTrace } from '../trace-argument.ts';
import { recordToJson } from '../record-json.ts';
import { readRange } from '../time-range.ts';

interface ViewFlags {
  readonly count?: boolean;
  readonly begin?: string;
  readonly end?: string;
  readonly clockSeconds?: boolean;
  readonly clockGmt?: boolean;
  readonly json?: boolean;
}

export async function runView(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as ViewFlags;
  const path = await findTrace(directory);
  quietBrokenPipe();
  const traceSet = openTraceDirectory(path);
  try {
    if (options.count === true) printCount(traceSet, options.json === true);
    else await printRecords(traceSet, options);
  } finally {
    traceSet.close();
  }
}

function printCount(traceSet: TraceSet, isJson: boolean): void {
  const counts = countEventRecords(traceSet);
  if (isJson) {
    const text = JSON.stringify(counts, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    process.stdout.write(`${text}\n`);
    return;
  }
  process.stdout.write(`${counts.records}\n`);
  if (counts.discardedEventRecords > 0n || counts.discardedPackets > 0n) {
    process.stderr.write(
      `lockstep: ${countText(counts.discardedEventRecords)} event records and ${countText(counts.discardedPackets)} packets were discarded while recording.\n`,
    );
  }
}

async function printRecords(traceSet: TraceSet, options: ViewFlags): Promise<void> {
  const range = readRange(options, traceSet);
  const write = (text: string): void => {
    process.stdout.write(text);
  };
  const printer =
    options.json === true
      ? undefined
      : createTextPrinter({
          write,
          writeWarning: (text) => process.stderr.write(text),
          ...(options.clockSeconds === true ? { clockSeconds: true } : {}),
          ...(options.clockGmt === true ? { clockGmt: true } : {}),
        });
  let held = '';
  for (const item of readEventRecords(traceSet, range)) {
    if (printer !== undefined) printer.print(item);
    else if (isEventRecord(item)) held += `${recordToJson(item)}\n`;
    if (held.length > 65_536) {
      write(held);
      held = '';
    }
    // A slow reader of the pipe must not make this process hold the whole text.
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  }
  if (printer !== undefined) printer.flush();
  else if (held !== '') write(held);
}
