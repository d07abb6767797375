// SPDX-License-Identifier: MIT
// A directory in which traces are being written, followed: new traces, data streams, packets and
// metadata are taken as they come. A packet counts as written when the index names it; without an
// index, when the file is as long as the packet says.

import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CtfError, InputError } from '@lockstep/base';
import { decodeMetadata } from '../metadata/metadata-packets.ts';
import type { Trace } from '../model/event-record.ts';
import type { StreamItem } from '../read/data-stream-reader.ts';
import { GrowingDataStream, GrowingTrace, type PacketSource, type Pulled } from '../read/growing-trace.ts';
import { mergeGrowing } from '../read/merge-growing.ts';
import { packetExtent } from '../read/packet-extent.ts';
import { INDEX_HEADER_SIZE_BYTES } from '../write/data-stream-index.ts';
import { makePause, type FollowOptions } from './follow-pause.ts';
import { makeTextDecode } from './opened.ts';
import { findTraceDirectories } from './trace-set.ts';

/** A stream that is silent for so many looks holds others up no longer. */
const PATIENCE = 10;
const FIRST_READ_BYTES = 65_536;
/** Index entries are read from the file's end in this many bytes. */
const INDEX_ENTRY_SIZES = { smallest: 56, largest: 4096 } as const;

export interface FollowedDirectory {
  readonly traces: readonly Trace[];
  /** Until `signal`. To be called once. */
  items(options?: FollowOptions): AsyncGenerator<StreamItem, void, undefined>;
  close(): void;
}

export function followTraceDirectory(path: string): FollowedDirectory {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new InputError('There is no such directory to follow', { path });
  return new Followed(path);
}

class Followed implements FollowedDirectory {
  readonly #root: string;
  readonly #traces = new Map<string, FollowedTrace>();
  readonly #streams: GrowingDataStream[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  get traces(): readonly Trace[] {
    return [...this.#traces.values()].map((followed) => followed.trace);
  }

  items(options: FollowOptions = {}): AsyncGenerator<StreamItem, void, undefined> {
    const refresh = (): Promise<boolean> => {
      this.#look();
      return Promise.resolve(true);
    };
    const { patience = PATIENCE } = options;
    return mergeGrowing(this.#streams, { refresh, pause: makePause(options), patience });
  }

  close(): void {
    for (const followed of this.#traces.values()) followed.close();
  }

  #look(): void {
    for (const directory of findTraceDirectories(this.#root, 0)) {
      let followed = this.#traces.get(directory);
      if (followed === undefined)
        this.#traces.set(directory, (followed = new FollowedTrace(directory, relative(this.#root, directory))));
      this.#streams.push(...followed.look());
    }
  }
}

class FollowedTrace {
  readonly trace: GrowingTrace;
  readonly #directory: string;
  readonly #files = new Map<string, FileSource>();
  #metadataSize = -1;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.trace = new GrowingTrace(name);
  }

  /** Streams that are new. */
  look(): GrowingDataStream[] {
    this.#readMetadata();
    if (!this.trace.hasTraceClass) return [];
    const added: GrowingDataStream[] = [];
    for (const entry of readdirSync(this.#directory, { withFileTypes: true })) {
      const { name } = entry;
      if (!entry.isFile() || name === 'metadata' || name.startsWith('.') || this.#files.has(name)) continue;
      const path = join(this.#directory, name);
      const source = new FileSource(path, join(this.#directory, 'index', `${name}.idx`), this.trace, () =>
        this.#readMetadata(),
      );
      this.#files.set(name, source);
      added.push(new GrowingDataStream({ trace: this.trace, name, path, source, textDecode: makeTextDecode() }));
    }
    return added;
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }

  #readMetadata(): void {
    const path = join(this.#directory, 'metadata');
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? -1;
    if (size <= 0 || size === this.#metadataSize) return;
    try {
      this.trace.setTraceClass(decodeMetadata(readFileSync(path)));
      this.#metadataSize = size;
    } catch (error) {
      // Half written: the next look sees more of it.
      if (!(error instanceof CtfError)) throw error;
    }
  }
}

class FileSource implements PacketSource {
  readonly #path: string;
  readonly #indexPath: string;
  readonly #trace: GrowingTrace;
  readonly #readMetadata: () => void;
  #fd: number | undefined;
  #offset = 0;

  constructor(path: string, indexPath: string, trace: GrowingTrace, readMetadata: () => void) {
    this.#path = path;
    this.#indexPath = indexPath;
    this.#trace = trace;
    this.#readMetadata = readMetadata;
  }

  pull(): Promise<Pulled> {
    return Promise.resolve(this.#next());
  }

  #next(): Pulled {
    this.#fd ??= openSync(this.#path, 'r');
    const written = Math.min(fstatSync(this.#fd).size, this.#indexedSize());
    const available = written - this.#offset;
    if (available <= 0) return { type: 'nothing' };
    for (let size = Math.min(available, FIRST_READ_BYTES); ; size = Math.min(available, size * 4)) {
      const extent = packetExtent(this.#read(size), available, this.#trace.traceClass, this.#path);
      if (extent === undefined) {
        if (size >= available) return { type: 'nothing' };
        continue;
      }
      if (extent.sizeBytes > available) return { type: 'nothing' };
      const bytes = this.#read(extent.sizeBytes);
      this.#offset += bytes.length;
      // Classes are written before the first packet that has their records, maybe since the last look.
      this.#readMetadata();
      return { type: 'packet', bytes };
    }
  }

  #read(sizeBytes: number): Uint8Array {
    const bytes = new Uint8Array(sizeBytes);
    const read = readSync(this.#fd!, bytes, 0, sizeBytes, this.#offset);
    return bytes.subarray(0, read);
  }

  /** Bytes of the file that the index names; without a usable index no limit. */
  #indexedSize(): number {
    if (!existsSync(this.#indexPath)) return Number.POSITIVE_INFINITY;
    const fd = openSync(this.#indexPath, 'r');
    try {
      const head = new DataView(new ArrayBuffer(INDEX_HEADER_SIZE_BYTES));
      if (readSync(fd, head, 0, INDEX_HEADER_SIZE_BYTES, 0) < INDEX_HEADER_SIZE_BYTES) return 0;
      const entrySize = head.getUint32(12);
      if (entrySize < INDEX_ENTRY_SIZES.smallest || entrySize > INDEX_ENTRY_SIZES.largest)
        return Number.POSITIVE_INFINITY;
      const count = Math.floor((fstatSync(fd).size - INDEX_HEADER_SIZE_BYTES) / entrySize);
      if (count <= 0) return 0;
      const entry = new DataView(new ArrayBuffer(16));
      readSync(fd, entry, 0, 16, INDEX_HEADER_SIZE_BYTES + (count - 1) * entrySize);
      return Number(entry.getBigUint64(0) + entry.getBigUint64(8) / 8n);
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
