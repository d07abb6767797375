// SPDX-License-Identifier: MIT
// Writes traces into directories, as LTTng lays them out: `metadata`, a file a data stream, an index
// file for each in `index/`. A trace can be continued: what is appended goes after the last packet, and
// new event record classes are described before the first packet that needs them.

import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CtfError, InputError } from '@lockstep/base';
import { decodeMetadata } from '../metadata/metadata-packets.ts';
import { writeEventRecordClass, writeMetadata } from '../metadata/metadata-writer.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { decodeIndex, encodeIndexEntry, encodeIndexHeader } from '../write/data-stream-index.ts';
import { DataStreamWriter, type WrittenPacket } from '../write/data-stream-writer.ts';

export interface TraceWriterOptions {
  /** Text of the metadata; TSDL 1.8 when not given. */
  readonly writeMetadata?: (traceClass: TraceClass) => string;
}

export interface StreamOptions {
  /** Of this data stream among those of its class; not given: that of the file which is continued, or a new one. */
  readonly id?: bigint;
  readonly packetSizeBytes?: number;
  readonly packet?: WrittenPacket;
}

export class TraceWriter {
  #traceClass: TraceClass;
  readonly #directory: string;
  readonly #streams = new Map<string, WrittenStream>();
  /** Files of one class and id would be read as one data stream that was written in parts. */
  #nextId: bigint;

  private constructor(directory: string, traceClass: TraceClass) {
    this.#directory = directory;
    this.#traceClass = traceClass;
    this.#nextId = greatestId(join(directory, 'index')) + 1n;
  }

  /** A new trace; the directory must not exist or be empty. */
  static create(directory: string, traceClass: TraceClass, options: TraceWriterOptions = {}): TraceWriter {
    if (existsSync(directory) && readdirSync(directory).length > 0)
      throw new InputError('The directory of a new trace must not exist or be empty', { path: directory });
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'metadata'), (options.writeMetadata ?? writeMetadata)(traceClass));
    return new TraceWriter(directory, traceClass);
  }

  /** An existing trace, to be continued. */
  static append(directory: string): TraceWriter {
    const traceClass = decodeMetadata(readFileSync(join(directory, 'metadata')));
    return new TraceWriter(directory, traceClass);
  }

  get traceClass(): TraceClass {
    return this.#traceClass;
  }

  /** A writer of the data stream in file `name`, begun or continued. */
  dataStream(name: string, dataStreamClass: DataStreamClass, options: StreamOptions = {}): DataStreamWriter {
    if (!/^[^/\0]+$/.test(name) || name === '.' || name === '..' || name === 'metadata' || name === 'index')
      throw new InputError('This cannot be the name of a data stream file', { name });
    const known = this.#streams.get(name);
    if (known !== undefined) return known.writer;
    const stream = new WrittenStream(this.#directory, name, this.#traceClass, dataStreamClass, {
      ...options,
      newId: this.#nextId,
    });
    if (stream.id >= this.#nextId) this.#nextId = stream.id + 1n;
    this.#streams.set(name, stream);
    return stream.writer;
  }

  /** Describes a class that appears late. Data streams that are open write its records from now on. */
  addEventRecordClass(dataStreamClass: DataStreamClass, eventRecordClass: EventRecordClass): void {
    if (dataStreamClass.eventRecordClasses.has(eventRecordClass.id))
      throw new CtfError('The data stream class has an event record class with this id.', { id: eventRecordClass.id });
    const text = writeEventRecordClass(this.#traceClass, dataStreamClass, eventRecordClass);
    appendFileSync(join(this.#directory, 'metadata'), `\n${text}`);
    const grown: DataStreamClass = {
      ...dataStreamClass,
      eventRecordClasses: new Map([...dataStreamClass.eventRecordClasses, [eventRecordClass.id, eventRecordClass]]),
    };
    this.#traceClass = {
      ...this.#traceClass,
      dataStreamClasses: new Map([...this.#traceClass.dataStreamClasses, [grown.id, grown]]),
    };
    for (const stream of this.#streams.values()) stream.writer.useTraceClass(this.#traceClass);
  }

  /** Ends all packets and closes the files. */
  close(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }
}

class WrittenStream {
  readonly writer: DataStreamWriter;
  readonly id: bigint;
  readonly #fd: number;
  readonly #indexFd: number;

  constructor(
    directory: string,
    name: string,
    traceClass: TraceClass,
    dataStreamClass: DataStreamClass,
    options: StreamOptions & { readonly newId: bigint },
  ) {
    const path = join(directory, name);
    const indexPath = join(directory, 'index', `${name}.idx`);
    const start = placeOfEnd(path, indexPath);
    this.id = options.id ?? start?.id ?? options.newId;
    this.#fd = openSync(path, 'a');
    mkdirSync(dirname(indexPath), { recursive: true });
    const isNew = !existsSync(indexPath);
    this.#indexFd = openSync(indexPath, 'a');
    if (isNew) writeSync(this.#indexFd, encodeIndexHeader());
    this.writer = new DataStreamWriter({
      traceClass,
      dataStreamClass,
      dataStreamId: this.id,
      ...(options.packetSizeBytes === undefined ? {} : { packetSizeBytes: options.packetSizeBytes }),
      ...(options.packet === undefined ? {} : { packet: options.packet }),
      ...(start === undefined ? {} : { start }),
      // The entry after the packet: whoever follows the index sees whole packets only.
      write: (packet, entry) => {
        writeSync(this.#fd, packet);
        writeSync(this.#indexFd, encodeIndexEntry(entry));
      },
    });
  }

  close(): void {
    this.writer.endPacket();
    closeSync(this.#fd);
    closeSync(this.#indexFd);
  }
}

/** Where a stream that exists ends; undefined for a new one. */
function placeOfEnd(
  path: string,
  indexPath: string,
): { id: bigint; offsetBytes: bigint; sequenceNumber: bigint; discardedEventRecordCount: bigint } | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return undefined;
  const last = existsSync(indexPath) ? decodeIndex(readFileSync(indexPath), indexPath).at(-1) : undefined;
  if (last === undefined || last.offsetBytes + last.packetSizeBits / 8n !== BigInt(size))
    throw new InputError('A data stream without an index of all its packets cannot be continued', { path });
  return {
    id: last.streamInstanceId ?? 0n,
    offsetBytes: BigInt(size),
    sequenceNumber: (last.sequenceNumber ?? -1n) + 1n,
    discardedEventRecordCount: last.discardedEventRecordCount,
  };
}

/** Greatest id of the data streams that an index directory tells of; -1 if none. */
function greatestId(indexDirectory: string): bigint {
  let greatest = -1n;
  for (const name of existsSync(indexDirectory) ? readdirSync(indexDirectory) : []) {
    const path = join(indexDirectory, name);
    const id = decodeIndex(readFileSync(path), path).at(-1)?.streamInstanceId;
    if (id !== undefined && id > greatest) greatest = id;
  }
  return greatest;
}
