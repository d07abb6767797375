// SPDX-License-Identifier: MIT
// What outruns the converter: raw pages appended to files of Lockstep's own directory, and all that is
// needed to convert them after everything else died: `kernel-spool.json`, on disk before the first page.
//
// A spool file is `kernel-spool.START`, START being how many bytes were spooled before it. Each entry:
//   0 magic u32 | 4 stream u32 | 8 size in bytes u32 | 12 size of a page u32 | 16 pages
// `kernel-spool.progress`: u64 spooled bytes converted, then a u32 of packets for each stream, written
// before an entry is converted, so that packets beyond it are known to be of an unfinished entry.

import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { ProtocolError } from '@lockstep/base';
import { CLOCK_HISTORY_FILE } from '@lockstep/clock';
import { MAX_COMPACT_EVENT_ID } from '@lockstep/ctf/write';
import { isChannelConversion, type ChannelConversion } from './channel-conversion.ts';
import type { ConversionPlan } from './event-class.ts';
import { CHUNK_SIZE_BYTES, type Slot } from './page-queue.ts';
import type { SyscallConversion } from './syscalls/syscall-event.ts';

export const SPOOL_DESCRIPTION_NAME = 'kernel-spool.json';
const SPOOL_PREFIX = 'kernel-spool.';
const PROGRESS_NAME = 'kernel-spool.progress';
const ENTRY_MAGIC = 0x504b534c;
export const ENTRY_HEADER_SIZE_BYTES = 16;
const VERSION = 2;

export interface StreamDescription {
  /** Name of the data stream file. */
  readonly fileName: string;
  /** CTF data stream class id. */
  readonly streamClassId: number;
  readonly cpuId: number;
}

/** Everything the converter needs, in the recording and after it. */
export interface SpoolDescription {
  readonly version: number;
  readonly outputDirectory: string;
  readonly uuid: string;
  readonly plans: readonly ConversionPlan[];
  readonly streams: readonly StreamDescription[];
  /** With a synthetic clock: name of the file beside the description that turns cycles into its ns. */
  readonly clockHistory?: string | undefined;
  /** What is done to the records of each data stream class beside copying them. */
  readonly channels: readonly ChannelConversion[];
  /** Of system calls that stand for themselves: the last streams, from this one on. */
  readonly wholeStreams?: { readonly first: number; readonly streamClassId: number } | undefined;
}

export function writeSpoolDescription(directory: string, text: string): void {
  const path = `${directory}/${SPOOL_DESCRIPTION_NAME}`;
  try {
    writeFileSync(path, text);
  } catch (error) {
    // Half of it would be taken for pages that a killed recording left.
    rmSync(path, { force: true });
    throw error;
  }
}

/** `plansText` is JSON of the plans: it comes from a cache as it is, and is long. */
export function spoolDescriptionText(
  description: Omit<SpoolDescription, 'version' | 'plans'>,
  plansText: string,
): string {
  const { outputDirectory, uuid, streams, channels, clockHistory, wholeStreams } = description;
  const head = { version: VERSION, outputDirectory, uuid, streams, channels, clockHistory, wholeStreams };
  return `${JSON.stringify(head).slice(0, -1)},"plans":${plansText}}`;
}

/** Undefined when there is none: nothing was left to finish. */
export function readSpoolDescription(directory: string): SpoolDescription | undefined {
  const path = `${directory}/${SPOOL_DESCRIPTION_NAME}`;
  return existsSync(path) ? parseSpoolDescription(readFileSync(path, 'utf8'), path) : undefined;
}

/** Whoever made the trace directory made the text: code is generated from the plans, so every number is checked. */
export function parseSpoolDescription(text: string, path: string): SpoolDescription {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError(
      'The description of the spooled kernel pages is damaged; what was converted before stays.',
      { path },
      { cause },
    );
  }
  const description = parsed as Partial<SpoolDescription> | null;
  if (
    description?.version !== VERSION ||
    !Array.isArray(description.plans) ||
    !Array.isArray(description.streams) ||
    !Array.isArray(description.channels) ||
    typeof description.uuid !== 'string'
  ) {
    throw new ProtocolError(
      'The spooled kernel pages were left by a version of Lockstep that this one does not know.',
      { path },
    );
  }
  for (const stream of description.streams as readonly StreamDescription[]) {
    if (!/^[\w-]+$/.test(stream.fileName))
      throw new ProtocolError('The description of the spooled kernel pages names an impossible file.', { path });
  }
  if (description.clockHistory !== undefined && !/^[\w-]+$/.test(description.clockHistory))
    throw new ProtocolError('The description of the spooled kernel pages names an impossible file.', { path });
  const { wholeStreams } = description;
  if (
    wholeStreams !== undefined &&
    !(isCount(wholeStreams.first, MAX_PLACE) && isCount(wholeStreams.streamClassId, MAX_PLACE))
  )
    throw new ProtocolError('The description of the spooled kernel pages has impossible streams.', { path });
  if (!(description.plans as readonly unknown[]).every(isPlan)) {
    throw new ProtocolError('The description of the spooled kernel pages has an impossible conversion plan.', { path });
  }
  if (!(description.channels as readonly unknown[]).every(isChannelConversion)) {
    throw new ProtocolError('The description of the spooled kernel pages has an impossible channel.', { path });
  }
  return description as SpoolDescription;
}

/** Raw records and their fields are shorter than a sub-buffer. */
const MAX_PLACE = 1 << 20;
/** Of a record of a system call's exit, its result included. */
const EXIT_SIZE_BYTES = 24;

function isPlan(value: unknown): value is ConversionPlan {
  const plan = value as Partial<ConversionPlan> | null;
  return (
    isCount(plan?.id, MAX_COMPACT_EVENT_ID) &&
    isCount(plan.sizeBytes, MAX_PLACE) &&
    isElementSize(plan.alignment) &&
    (plan.hasErrno === undefined || plan.sizeBytes >= EXIT_SIZE_BYTES) &&
    (plan.syscall === undefined || isSyscallConversion(plan.syscall)) &&
    Array.isArray(plan.steps) &&
    (plan.steps as readonly unknown[]).every(isStep)
  );
}

const SYSCALL_FIELD_KINDS: ReadonlySet<unknown> = new Set([
  'argument',
  'result',
  'number',
  'arguments',
  'string',
  'strings',
  'elements',
  'address',
] satisfies readonly SyscallConversion['fields'][number]['kind'][]);

function isSyscallConversion(value: unknown): boolean {
  const syscall = value as Partial<SyscallConversion> | null;
  return (
    typeof syscall?.number === 'number' &&
    typeof syscall.isExit === 'boolean' &&
    typeof syscall.isRemembered === 'boolean' &&
    isCount(syscall.boundBytes, MAX_PLACE) &&
    Array.isArray(syscall.fields) &&
    syscall.fields.length <= 64 &&
    (syscall.fields as readonly unknown[]).every((field) => {
      const { kind, arg, sizeBytes, alignment } = field as { readonly [name: string]: unknown };
      return (
        SYSCALL_FIELD_KINDS.has(kind) &&
        (arg === undefined || isCount(arg, 5)) &&
        (kind !== 'argument' || isElementSize(sizeBytes)) &&
        (kind !== 'elements' || (isCount(sizeBytes, 1024) && sizeBytes > 0 && isElementSize(alignment)))
      );
    })
  );
}

function isStep(value: unknown): boolean {
  const step = value as { readonly [name: string]: unknown } | null;
  if (!isCount(step?.['from'], MAX_PLACE)) return false;
  switch (step['kind']) {
    case 'integer':
      return isElementSize(step['sizeBytes']);
    case 'bytes':
      return isCount(step['sizeBytes'], MAX_PLACE) && isElementSize(step['elementSizeBytes']);
    case 'rwbs':
      return isCount(step['sizeBytes'], MAX_PLACE);
    case 'process':
      return step['from'] % 4 === 0;
    case 'string':
      return typeof step['isRelative'] === 'boolean';
    case 'sequence':
      return typeof step['isRelative'] === 'boolean' && isElementSize(step['elementSizeBytes']);
    default:
      return false;
  }
}

function isCount(value: unknown, maximum: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maximum;
}

function isElementSize(value: unknown): value is number {
  return value === 1 || value === 2 || value === 4 || value === 8;
}

/** The spool is empty and the trace whole: nothing is left to finish. */
export function removeSpool(directory: string): void {
  for (const start of listSpoolFiles(directory)) rmSync(spoolPath(directory, start), { force: true });
  rmSync(`${directory}/${PROGRESS_NAME}`, { force: true });
  rmSync(`${directory}/${CLOCK_HISTORY_FILE}`, { force: true });
  rmSync(`${directory}/${SPOOL_DESCRIPTION_NAME}`, { force: true });
}

export function spoolPath(directory: string, start: bigint): string {
  return `${directory}/${SPOOL_PREFIX}${start}`;
}

/** Starts of the spool files, ascending. */
export function listSpoolFiles(directory: string): bigint[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(SPOOL_PREFIX) && /^\d+$/.test(name.slice(SPOOL_PREFIX.length)))
    .map((name) => BigInt(name.slice(SPOOL_PREFIX.length)))
    .sort((one, other) => (one < other ? -1 : 1));
}

export function writeEntryHeader(bytes: Uint8Array, slot: Slot): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_HEADER_SIZE_BYTES);
  view.setUint32(0, ENTRY_MAGIC, true);
  view.setUint32(4, slot.stream, true);
  view.setUint32(8, slot.sizeBytes, true);
  view.setUint32(12, slot.pageSizeBytes, true);
}

/**
 * Reads the entry at `offset` of a spool file into `target`; undefined when it is cut off or makes no sense.
 * The stream after the last is what was captured of system calls.
 */
export function tryReadEntry(fd: number, offset: number, target: Uint8Array, streamCount: number): Slot | undefined {
  const header = new Uint8Array(ENTRY_HEADER_SIZE_BYTES);
  if (readFully(fd, header, offset) < ENTRY_HEADER_SIZE_BYTES) return undefined;
  const view = new DataView(header.buffer);
  const slot = {
    stream: view.getUint32(4, true),
    sizeBytes: view.getUint32(8, true),
    pageSizeBytes: view.getUint32(12, true),
  };
  if (view.getUint32(0, true) !== ENTRY_MAGIC || slot.stream > streamCount) return undefined;
  if (slot.sizeBytes === 0 || slot.sizeBytes > CHUNK_SIZE_BYTES || slot.pageSizeBytes < 16) return undefined;
  const read = readFully(fd, target.subarray(0, slot.sizeBytes), offset + ENTRY_HEADER_SIZE_BYTES);
  return read < slot.sizeBytes ? undefined : slot;
}

function readFully(fd: number, target: Uint8Array, offset: number): number {
  let done = 0;
  while (done < target.length) {
    const count = readSync(fd, target, done, target.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Writes all of `bytes` or throws what write(2) says. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
}

export class SpoolProgress {
  readonly #fd: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(directory: string, streamCount: number) {
    this.#bytes = new Uint8Array(8 + 4 * streamCount);
    this.#view = new DataView(this.#bytes.buffer);
    this.#fd = openSync(`${directory}/${PROGRESS_NAME}`, 'w');
  }

  write(convertedBytes: bigint, packetCounts: readonly number[]): void {
    this.#view.setBigUint64(0, convertedBytes, true);
    packetCounts.forEach((count, stream) => this.#view.setUint32(8 + 4 * stream, count, true));
    writeSync(this.#fd, this.#bytes, 0, this.#bytes.length, 0);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Undefined when no spooled entry was begun. */
export function readSpoolProgress(
  directory: string,
  streamCount: number,
): { readonly convertedBytes: bigint; readonly packetCounts: readonly number[] } | undefined {
  const path = `${directory}/${PROGRESS_NAME}`;
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length < 8 + 4 * streamCount) return undefined;
  return {
    convertedBytes: bytes.readBigUInt64LE(0),
    packetCounts: Array.from({ length: streamCount }, (_, stream) => bytes.readUInt32LE(8 + 4 * stream)),
  };
}
