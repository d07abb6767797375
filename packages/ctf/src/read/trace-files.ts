// SPDX-License-Identifier: MIT
// Traces in files that have to be waited for: what a page was given, what a server has. Named media
// in; items in order of time out, a window of each stream in memory.

import { InputError } from '@lockstep/base';
import { decodeMetadata } from '../metadata/metadata-packets.ts';
import type { DataStream, Trace } from '../model/event-record.ts';
import type { TraceClass } from '../model/trace-class.ts';
import {
  createDataStreamReader,
  type DataStreamReader,
  type DataStreamReaderOptions,
  type StreamItem,
} from './data-stream-reader.ts';
import { WindowMedium, type AsyncMedium } from './medium.ts';
import { EventRecordMerge, mergeBatches } from './merge.ts';
import { packetExtent } from './packet-extent.ts';

export interface TraceFile {
  /** With `/` between directories, as a page's `webkitRelativePath` has them. */
  readonly path: string;
  readonly medium: AsyncMedium;
}

export interface TraceFiles {
  readonly traces: readonly Trace[];
  /** All items in order of time, some thousands at once. To be called once. */
  batches(): AsyncGenerator<readonly StreamItem[], void, undefined>;
}

const FIRST_READ_BYTES = 65_536;
/** Metadata is read whole. */
const LARGEST_METADATA_BYTES = 256 * 1024 * 1024;

/** How records are made: see `DataStreamReaderOptions`. */
export type TraceFilesOptions = Pick<DataStreamReaderOptions, 'lazy' | 'wideIntegers' | 'decoder'>;

/** A trace is a directory with a file `metadata`; the other files in it are its data streams. */
export async function openTraceFiles(
  files: readonly TraceFile[],
  options: TraceFilesOptions = {},
): Promise<TraceFiles> {
  const directories = new Map<string, TraceFile[]>();
  for (const file of files) {
    const directory = file.path.slice(0, Math.max(0, file.path.lastIndexOf('/')));
    directories.set(directory, [...(directories.get(directory) ?? []), file]);
  }
  const names = [...directories.keys()].filter((name) => directories.get(name)!.some(isMetadata)).sort();
  if (names.length === 0)
    throw new InputError('None of these files is named `metadata`; take all files of a trace directory', {
      files: files.length,
    });
  const root = commonDirectory(names);
  const traces: OpenedTrace[] = [];
  const readers: DataStreamReader[] = [];
  for (const directory of names) {
    const own = directories.get(directory)!;
    const traceClass = await readTraceClass(own.find(isMetadata)!.medium);
    const trace: OpenedTrace = { name: directory.slice(root.length).replace(/^\//, ''), traceClass, dataStreams: [] };
    traces.push(trace);
    const dataFiles = own.filter((file) => !isMetadata(file) && !baseName(file).startsWith('.'));
    for (const file of dataFiles.sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const reader = await openDataStream(file, trace, options);
      if (reader !== undefined) readers.push(reader);
    }
  }
  return { traces, batches: () => mergeBatches(new EventRecordMerge(readers)) };
}

interface OpenedTrace extends Trace {
  readonly dataStreams: DataStream[];
}

async function readTraceClass(medium: AsyncMedium): Promise<TraceClass> {
  const size = medium.sizeBytes;
  if (size > LARGEST_METADATA_BYTES) throw new InputError('A file `metadata` is too large to be one', { size });
  return decodeMetadata(await medium.read(0, size));
}

function baseName(file: TraceFile): string {
  return file.path.slice(file.path.lastIndexOf('/') + 1);
}

function isMetadata(file: TraceFile): boolean {
  return baseName(file) === 'metadata';
}

function commonDirectory(names: readonly string[]): string {
  let common = (names[0] ?? '').split('/');
  for (const name of names) {
    const parts = name.split('/');
    const end = common.findIndex((part, index) => parts[index] !== part);
    if (end >= 0) common = common.slice(0, end);
  }
  return common.join('/');
}

/** A reader of a file; undefined for one without packets. The class of the stream is in its first packet. */
async function openDataStream(
  file: TraceFile,
  trace: OpenedTrace,
  options: TraceFilesOptions,
): Promise<DataStreamReader | undefined> {
  const { medium, path } = file;
  for (let size = Math.min(medium.sizeBytes, FIRST_READ_BYTES); ; size = Math.min(medium.sizeBytes, size * 4)) {
    if (size === 0) return undefined;
    const extent = packetExtent(await medium.read(0, size), medium.sizeBytes, trace.traceClass, path);
    if (extent === undefined) {
      if (size >= medium.sizeBytes) return undefined;
      continue;
    }
    const dataStream: DataStream = {
      name: baseName(file),
      path,
      trace,
      dataStreamClass: trace.traceClass.dataStreamClasses.get(extent.dataStreamClassId)!,
      id: extent.dataStreamId,
    };
    trace.dataStreams.push(dataStream);
    return createDataStreamReader({ ...options, dataStream, medium: new WindowMedium(medium) });
  }
}
