// SPDX-License-Identifier: MIT
// `lockstep convert`: a trace -> CTF of either version, Perfetto, Chrome JSON, JSON lines or CSV.

import { closeSync, openSync } from 'node:fs';
import { explainFileError, InputError } from '@lockstep/base';
import { ChromeSink, CsvWriter, isEventRecord, PerfettoSink, TimelineBuilder, type EventRecord } from '@lockstep/ctf';
import { convertToCtf, openTraceDirectory, readEventRecords, type TraceSet } from '@lockstep/ctf/node';
import { compileGlob, isGlob } from '@lockstep/filter';
import { plural } from '../amounts.ts';
import { writeFileOutput, writeOutput } from '../output.ts';
import { recordToJson } from '../record-json.ts';
import { readRange, type RangeFlags } from '../time-range.ts';
import { findTrace } from '../trace-argument.ts';

export const CONVERT_FORMATS = ['ctf-1.8', 'ctf-2', 'perfetto', 'chrome', 'jsonl', 'csv'] as const;
type Format = (typeof CONVERT_FORMATS)[number];

interface ConvertFlags extends RangeFlags {
  readonly to: Format;
  readonly output?: string;
  readonly event: readonly string[];
  readonly json?: boolean;
}

/** Characters that are written together. */
const CHUNK_LENGTH = 65_536;
const TEXT_FORMATS: readonly Format[] = ['chrome', 'jsonl', 'csv'];

export async function runConvert(directory: string | undefined, flags: object): Promise<void> {
  const options = flags as ConvertFlags;
  const isText = TEXT_FORMATS.includes(options.to);
  if (options.output === undefined && !isText)
    throw new InputError(`--to ${options.to} needs --output: it is not text`, {});
  if (options.output === undefined && options.json === true)
    throw new InputError('--json prints what was written to --output, so it needs one', {});
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path);
  try {
    const range = readRange(options, traceSet);
    const globs = options.event.map((pattern) => compileGlob(pattern));
    const isWanted = (name: string): boolean => globs.length === 0 || globs.some((matches) => matches(name));
    if (options.to === 'ctf-1.8' || options.to === 'ctf-2') {
      const version = options.to === 'ctf-2' ? '2' : '1.8';
      const counts = convertToDirectory(options.output!, (directory) =>
        convertToCtf(traceSet, directory, { version, ...range, isWanted }),
      );
      report(options, counts.records);
      return;
    }
    const records = wantedRecords(traceSet, range, isWanted);
    report(options, convertRecords(records, options));
  } finally {
    traceSet.close();
  }
}

function convertToDirectory<Counts>(directory: string, write: (directory: string) => Counts): Counts {
  try {
    return write(directory);
  } catch (error) {
    throw explainFileError(error, 'The new trace cannot be written', directory);
  }
}

function* wantedRecords(
  traceSet: TraceSet,
  range: ReturnType<typeof readRange>,
  isWanted: (name: string) => boolean,
): Generator<EventRecord, void, undefined> {
  for (const item of readEventRecords(traceSet, range))
    if (isEventRecord(item) && isWanted(item.eventRecordClass.name)) yield item;
}

function convertRecords(records: Iterable<EventRecord>, options: ConvertFlags): number {
  const output = openOutput(options.output);
  try {
    switch (options.to) {
      case 'perfetto': {
        const sink = new PerfettoSink(output.write);
        const count = draw(records, new TimelineBuilder(sink));
        sink.flush();
        return count;
      }
      case 'chrome': {
        const sink = new ChromeSink(output.write);
        const count = draw(records, new TimelineBuilder(sink));
        sink.finish();
        return count;
      }
      case 'csv':
        return writeCsv(records, options, output.write);
      default:
        return writeLines(records, output.write, (record) => `${recordToJson(record)}\n`);
    }
  } finally {
    output.close();
  }
}

function draw(records: Iterable<EventRecord>, timeline: TimelineBuilder): number {
  let count = 0;
  for (const record of records) {
    timeline.add(record);
    count++;
  }
  timeline.finish();
  return count;
}

/** Columns are fields when `--event` names one event. */
function writeCsv(records: Iterable<EventRecord>, options: ConvertFlags, write: (text: string) => void): number {
  const [only] = options.event;
  const isOne = options.event.length === 1 && only !== undefined && !isGlob(only);
  let writer: CsvWriter | undefined;
  const count = writeLines(records, write, (record) => {
    if (writer !== undefined) return writer.record(record);
    writer = new CsvWriter(isOne ? { eventRecordClass: record.eventRecordClass, record } : undefined);
    return writer.header() + writer.record(record);
  });
  if (writer === undefined) write(new CsvWriter().header());
  return count;
}

function writeLines(
  records: Iterable<EventRecord>,
  write: (text: string) => void,
  format: (record: EventRecord) => string,
): number {
  let [held, count] = ['', 0];
  for (const record of records) {
    held += format(record);
    count++;
    if (held.length < CHUNK_LENGTH) continue;
    write(held);
    held = '';
  }
  write(held);
  return count;
}

interface Output {
  readonly write: (data: string | Uint8Array) => void;
  close(): void;
}

function openOutput(path: string | undefined): Output {
  if (path === undefined || path === '-') return { write: writeOutput, close: () => {} };
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw explainFileError(error, 'The output file cannot be written', path);
  }
  return {
    write: (data) => writeFileOutput(fd, path, data),
    close: () => closeSync(fd),
  };
}

function report(options: ConvertFlags, records: number): void {
  if (options.output === undefined || options.output === '-') return;
  if (options.json === true)
    writeOutput(`${JSON.stringify({ output: options.output, format: options.to, records })}\n`);
  else process.stderr.write(`lockstep: ${plural(records, 'event record')} written to ${options.output}\n`);
}
