// SPDX-License-Identifier: MIT
// Opens traces on disk: a directory in, the traces below it with their data streams out. A trace is a
// directory with a file `metadata`; its other files are data streams. Lockstep's own files, in
// `.lockstep/`, are none.

import { readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { join, relative } from 'node:path';
import { CtfError, InputError } from '@lockstep/base';
import { decodeMetadata } from '../metadata/metadata-packets.ts';
import { readRegularFile } from './regular-file.ts';
import { shiftClocks } from '../model/shift-clocks.ts';
import type { DataStream, Trace } from '../model/event-record.ts';
import type { DataStreamClass, TraceClass } from '../model/trace-class.ts';
import { PacketReader } from '../read/packet-reader.ts';
import type { Medium } from '../read/medium.ts';
import { requireDataStreamClasses, traceDecoderOf } from '../read/trace-decoder.ts';
import { fileMedium, type StreamFile } from './file-medium.ts';
import { attempt, FilePool } from './file-pool.ts';

/** Directories deeper than this are not searched: links may go in circles. */
const DEEPEST_SEARCH = 32;
const OWN_DIRECTORY = '.lockstep';

export interface TraceSet {
  readonly traces: readonly Trace[];
  /** Closes the files. What was read stays valid. */
  close(): void;
}

/** A data stream with the bytes to read it. */
export interface OpenedDataStream extends DataStream {
  readonly medium: Medium;
  /** Where its packet index is, if there is one; undefined for streams of several files. */
  readonly indexPath: string | undefined;
}

/** How to open the same in another thread. */
export interface OpenedFrom {
  readonly path: string;
  readonly options: OpenOptions;
}

export interface OpenedTraceSet extends TraceSet {
  readonly openedFrom: OpenedFrom;
  readonly dataStreams: readonly OpenedDataStream[];
}

export interface OpenOptions {
  /** Sets all clocks forward (or back) by so many ns. */
  readonly clockOffsetNs?: bigint;
}

export function openTraceDirectory(path: string, options: OpenOptions = {}): TraceSet {
  const root = attemptInput(path);
  const directories = findTraceDirectories(root, 0);
  if (directories.length === 0) {
    throw new InputError(
      isEmpty(root)
        ? `${path} holds no CTF trace: it is empty, as a recording is in which nothing was traced.`
        : `${path} holds no CTF trace: no file \`metadata\` lies in it or below it; name the directory of a trace or one above.`,
    );
  }
  const pool = new FilePool();
  const traces = directories.map((directory) => openTrace(pool, directory, relative(root, directory), options));
  const opened: OpenedTraceSet = {
    openedFrom: { path: root, options },
    traces,
    dataStreams: traces.flatMap((trace) => trace.dataStreams as readonly OpenedDataStream[]),
    close: () => pool.close(),
  };
  return opened;
}

function attemptInput(path: string): string {
  try {
    const root = realpathSync(path);
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    throw new InputError(`${path} cannot be opened; name the directory of a trace.`, {}, { cause: error });
  }
  throw new InputError(`${path} is no directory; name the directory of a trace.`);
}

function entriesOf(directory: string): Dirent[] {
  const entries = attempt('readdir', directory, () => readdirSync(directory, { withFileTypes: true }));
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Whether nothing lies in a directory but directories, and Lockstep's own files. */
function isEmpty(directory: string): boolean {
  return entriesOf(directory).every(
    (entry) => entry.name === OWN_DIRECTORY || (entry.isDirectory() && isEmpty(join(directory, entry.name))),
  );
}

export function findTraceDirectories(directory: string, depth: number): string[] {
  const entries = entriesOf(directory);
  if (entries.some((entry) => entry.name === 'metadata' && !entry.isDirectory())) return [directory];
  if (depth >= DEEPEST_SEARCH) return [];
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== OWN_DIRECTORY)
    .flatMap((entry) => findTraceDirectories(join(directory, entry.name), depth + 1));
}

class OpenedTrace implements Trace {
  readonly name: string;
  readonly traceClass: TraceClass;
  readonly dataStreams: OpenedDataStream[] = [];

  constructor(name: string, traceClass: TraceClass) {
    this.name = name;
    this.traceClass = traceClass;
  }
}

/** A directory can hold many traces: an error of metadata says whose. */
function nameFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CtfError) throw new CtfError(error.sentence, { ...error.pairs, path }, { cause: error });
    throw error;
  }
}

function openTrace(pool: FilePool, directory: string, name: string, options: OpenOptions): Trace {
  const metadataPath = join(directory, 'metadata');
  const metadata = attempt('read', metadataPath, () => readRegularFile(metadataPath));
  const traceClass = nameFile(metadataPath, () => shiftClocks(decodeMetadata(metadata), options.clockOffsetNs ?? 0n));
  const trace = new OpenedTrace(name, traceClass);
  for (const group of groupFiles(pool, directory, traceClass)) {
    const first = group.files[0]!;
    trace.dataStreams.push({
      name: relative(directory, first.path),
      path: first.path,
      trace,
      dataStreamClass: group.dataStreamClass,
      id: group.id,
      medium: fileMedium(pool, group.files),
      indexPath:
        group.files.length === 1 ? join(directory, 'index', `${relative(directory, first.path)}.idx`) : undefined,
    });
  }
  return trace;
}

interface FirstPacket {
  readonly file: StreamFile;
  readonly dataStreamClass: DataStreamClass;
  readonly id: bigint | undefined;
  readonly begin: bigint;
}

interface FileGroup {
  readonly files: readonly StreamFile[];
  readonly dataStreamClass: DataStreamClass;
  readonly id: bigint | undefined;
}

/** Files whose packets say the same class and stream id are one data stream, in order of time. */
function groupFiles(pool: FilePool, directory: string, traceClass: TraceClass): FileGroup[] {
  const groups = new Map<string, FirstPacket[]>();
  for (const file of streamFiles(directory)) {
    requireDataStreamClasses(traceClass);
    const packet = readFirstPacket(pool, file, traceClass);
    if (packet === undefined) continue;
    const key = packet.id === undefined ? file.path : `${packet.dataStreamClass.id}:${packet.id}`;
    groups.set(key, [...(groups.get(key) ?? []), packet]);
  }
  return [...groups.values()].map((packets) => {
    packets.sort((a, b) => (a.begin < b.begin ? -1 : a.begin > b.begin ? 1 : 0));
    const { dataStreamClass, id } = packets[0]!;
    return { files: packets.map((packet) => packet.file), dataStreamClass, id };
  });
}

function streamFiles(directory: string): StreamFile[] {
  return entriesOf(directory)
    .filter((entry) => entry.name !== 'metadata' && !entry.name.startsWith('.'))
    .map((entry) => join(directory, entry.name))
    .map((path) => ({ path, stat: attempt('stat', path, () => statSync(path)) }))
    .filter(({ stat }) => stat.isFile() && stat.size > 0)
    .map(({ path, stat }) => ({ path, sizeBytes: stat.size }));
}

function readFirstPacket(pool: FilePool, file: StreamFile, traceClass: TraceClass): FirstPacket | undefined {
  const medium = fileMedium(pool, [file]);
  const reader = new PacketReader({ decoder: traceDecoderOf(traceClass, 'generated'), medium, streamName: file.path });
  if (!reader.nextHeader()) return undefined;
  const { state, decoder } = reader;
  return {
    file,
    dataStreamClass: decoder!.dataStreamClass,
    id: state.dataStreamId === undefined ? undefined : BigInt(state.dataStreamId),
    begin: state.packetBegin ?? 0n,
  };
}
