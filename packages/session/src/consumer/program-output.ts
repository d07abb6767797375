// SPDX-License-Identifier: MIT
// The directory of one program's CTF trace: process description and event record classes -> metadata
// file, and the data stream files beside it. Nothing else may lie there, so what is written first
// and then renamed lies in `.lockstep/`.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { explainFileError } from '@lockstep/base';
import type { ClockClass, DataStreamClass, EventRecordClass, TraceClass } from '@lockstep/ctf/write';
import { programPacketClasses, writeEventRecordClass, writeMetadata } from '@lockstep/ctf/write';
import type { ChannelPlan, ProcessDescription } from '@lockstep/protocol';
import { formatDateTime } from '../date-time.ts';
import { DataStreamFile, type LastPacket } from './data-stream-file.ts';

export interface ProgramOutputOptions {
  readonly traceDirectory: string;
  readonly sessionName: string;
  readonly clockClass: ClockClass;
  readonly channels: readonly ChannelPlan[];
  readonly process: ProcessDescription;
}

export class ProgramOutput {
  readonly path: string;
  readonly #options: ProgramOutputOptions;
  readonly #traceClass: TraceClass;
  readonly #dataStreamClasses: readonly DataStreamClass[];
  #metadataFd: number | undefined;
  #metadataSizeBytes = 0;
  #writtenClassCount = 0;
  readonly #isContinued: boolean;

  /** A new directory, or that of a trace with the same uuid, which is gone on with. */
  constructor(options: ProgramOutputOptions) {
    this.#options = options;
    const parent = join(options.traceDirectory, 'ust', 'pid');
    const earlier = findTraceOf(parent, options.process.traceUuid);
    this.#isContinued = earlier !== undefined;
    this.path = earlier ?? freePath(parent, traceName(options.process));
    const packets = programPacketClasses(options.clockClass.name);
    this.#dataStreamClasses = options.channels.map((channel) => ({
      id: BigInt(channel.id),
      name: channel.name,
      packetContext: packets.packetContext,
      eventRecordHeader: packets.eventRecordHeader,
      ...(packets.commonContext === undefined ? {} : { commonContext: packets.commonContext }),
      defaultClock: options.clockClass,
      eventRecordClasses: new Map(),
    }));
    this.#traceClass = {
      uuid: options.process.traceUuid,
      byteOrder: 'little-endian',
      environment: environmentOf(options),
      packetHeader: packets.packetHeader,
      clockClasses: [options.clockClass],
      dataStreamClasses: new Map(
        this.#dataStreamClasses.map((dataStreamClass) => [dataStreamClass.id, dataStreamClass]),
      ),
    };
  }

  /** Makes the metadata describe all of `classes`; before the first packet that needs them. */
  writeClasses(classes: readonly EventRecordClass[]): void {
    if (this.#metadataFd !== undefined && classes.length === this.#writtenClassCount) return;
    const parts: string[] = [];
    for (const eventRecordClass of classes.slice(this.#writtenClassCount)) {
      for (const dataStreamClass of this.#dataStreamClasses) {
        parts.push(writeEventRecordClass(this.#traceClass, dataStreamClass, eventRecordClass));
      }
    }
    const text = parts.length === 0 ? '' : `\n${parts.join('\n')}`;
    if (this.#metadataFd === undefined) this.#createMetadata(text);
    else this.#appendMetadata(text);
    this.#writtenClassCount = classes.length;
  }

  openStream(name: string): { readonly file: DataStreamFile; readonly last: LastPacket | undefined } {
    const path = join(this.path, name);
    const indexPath = join(this.path, 'index', `${name}.idx`);
    if (this.#isContinued && existsSync(path) && existsSync(indexPath)) return DataStreamFile.reopen(path, indexPath);
    return { file: DataStreamFile.create(path, indexPath), last: undefined };
  }

  close(): void {
    if (this.#metadataFd !== undefined) closeSync(this.#metadataFd);
    this.#metadataFd = undefined;
  }

  #createMetadata(classesText: string): void {
    const path = join(this.path, 'metadata');
    const own = join(this.#options.traceDirectory, '.lockstep');
    const draft = join(own, `metadata-${this.#options.process.traceUuid}`);
    try {
      mkdirSync(join(this.path, 'index'), { recursive: true });
      mkdirSync(own, { recursive: true });
      // With the classes: what a recovery replaces describes packets that were written before.
      const text = writeMetadata(this.#traceClass) + classesText;
      // Renamed into place: a reader, and who recovers after a kill or on a full disk, sees a whole file.
      writeFileSync(draft, text);
      renameSync(draft, path);
      this.#metadataSizeBytes = Buffer.byteLength(text);
      this.#metadataFd = openSync(path, 'r+');
    } catch (error) {
      rmSync(draft, { force: true });
      throw explainFileError(error, 'The trace of a program cannot be made', path);
    }
  }

  #appendMetadata(text: string): void {
    const fd = this.#metadataFd as number;
    const bytes = Buffer.from(text);
    try {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(fd, bytes, written, bytes.length - written, this.#metadataSizeBytes + written);
      }
    } catch (error) {
      // Half a class would make the whole trace unreadable.
      ftruncateSync(fd, this.#metadataSizeBytes);
      throw explainFileError(error, 'The metadata of a program cannot be written', join(this.path, 'metadata'));
    }
    this.#metadataSizeBytes += bytes.length;
  }
}

function environmentOf(options: ProgramOutputOptions): ReadonlyMap<string, string | bigint> {
  const { process } = options;
  return new Map<string, string | bigint>([
    ['domain', 'ust'],
    ['tracer_name', 'lockstep'],
    ['tracer_major', 0n],
    ['tracer_minor', 1n],
    ['tracer_patchlevel', 0n],
    ['trace_buffering_scheme', 'pid'],
    ['trace_name', options.sessionName],
    ['architecture_bit_width', BigInt(process.pointerSizeBits)],
    ['hostname', hostname()],
    ['procname', process.procname],
    ['vpid', BigInt(process.vpid)],
    ['vpid_datetime', process.startedAt],
    ['exec_path', process.execPath],
    ['argv', process.argv.join(' ').slice(0, 4096)],
    ['node_version', process.nodeVersion],
    ['v8_version', process.v8Version],
  ]);
}

/** `<procname>-<pid>-<YYYYmmdd-HHMMSS>` in local time, as LTTng names it. */
function traceName(process: ProcessDescription): string {
  const procname = process.procname
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 64);
  return `${procname === '' ? 'program' : procname}-${process.vpid}-${formatDateTime(new Date(process.startedAt))}`;
}

/** Programs in different containers may have the same pid, name and second. */
function freePath(parent: string, name: string): string {
  let path = join(parent, name);
  for (let number = 2; existsSync(path); number++) path = join(parent, `${name}-${number}`);
  return path;
}

function findTraceOf(parent: string, uuid: string): string | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(parent);
  } catch {
    return undefined;
  }
  return names
    .map((name) => join(parent, name))
    .find((path) => {
      try {
        return readFileSync(join(path, 'metadata'), 'utf8').includes(`uuid = "${uuid}"`);
      } catch {
        return false;
      }
    });
}
