// SPDX-License-Identifier: MIT
// A timeline as Chrome's trace JSON ("Trace Event Format"), which chrome://tracing, Perfetto and
// speedscope open. Threads have durations (B, E); rows of their own are asynchronous events (b, e).

import type { StructureValue } from '../model/event-record.ts';
import { plainJson } from './plain-json.ts';
import { unsignedNs, type TimelineSink, type Track } from './timeline.ts';

/** Characters that are handed out together. */
const CHUNK_LENGTH = 65_536;
/** Process of the tracks that belong to none: above every pid of Linux (PID_MAX_LIMIT, 2^22). */
const SYSTEM_PID = 2 ** 22 + 1;

export class ChromeSink implements TimelineSink {
  readonly #write: (text: string) => void;
  #held = '{"displayTimeUnit":"ns","traceEvents":[\n';
  #isFirst = true;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  track(track: Track): void {
    if (track.kind === 'process') this.#name('process_name', track);
    else if (track.kind === 'thread' || track.kind === 'cpu') this.#name('thread_name', track);
  }

  beginSlice(track: Track, timeNs: bigint, name: string, args: StructureValue): void {
    const phase = isOwnRow(track) ? `"ph":"b","cat":${text(track.name)},"id":${track.id}` : '"ph":"B"';
    this.#event(track, timeNs, `${phase},"name":${text(name)},"args":${plainJson(args)}`, name);
  }

  endSlice(track: Track, timeNs: bigint, args: StructureValue = {}): void {
    const name = isOwnRow(track) ? this.#openName(track) : undefined;
    const phase =
      name === undefined ? '"ph":"E"' : `"ph":"e","cat":${text(track.name)},"id":${track.id},"name":${text(name)}`;
    this.#event(track, timeNs, `${phase},"args":${plainJson(args)}`);
  }

  instant(track: Track, timeNs: bigint, name: string, args: StructureValue): void {
    this.#event(track, timeNs, `"ph":"i","s":"t","name":${text(name)},"args":${plainJson(args)}`);
  }

  counter(track: Track, timeNs: bigint, value: number | bigint): void {
    const number = typeof value === 'bigint' || Number.isFinite(value) ? String(value) : '0';
    this.#event(track, timeNs, `"ph":"C","name":${text(track.name)},"args":{"value":${number}}`);
  }

  /** Ends the file. */
  finish(): void {
    this.#write(`${this.#held}\n]}\n`);
    this.#held = '';
  }

  /** Names of the slices that are open on rows of their own: an end repeats the name. */
  readonly #open = new Map<Track, string[]>();

  #openName(track: Track): string {
    return this.#open.get(track)?.pop() ?? track.name;
  }

  #name(kind: 'process_name' | 'thread_name', track: Track): void {
    this.#add(`{"ph":"M","name":"${kind}",${ids(track)},"args":{"name":${text(track.name)}}}`);
  }

  #event(track: Track, timeNs: bigint, rest: string, opened?: string): void {
    if (opened !== undefined && isOwnRow(track)) {
      const open = this.#open.get(track);
      if (open === undefined) this.#open.set(track, [opened]);
      else open.push(opened);
    }
    const ns = unsignedNs(timeNs);
    const microseconds = `${ns / 1000n}.${String(ns % 1000n).padStart(3, '0')}`;
    this.#add(`{${ids(track)},"ts":${microseconds},${rest}}`);
  }

  #add(line: string): void {
    this.#held += this.#isFirst ? line : `,\n${line}`;
    this.#isFirst = false;
    if (this.#held.length < CHUNK_LENGTH) return;
    this.#write(this.#held);
    this.#held = '';
  }
}

function isOwnRow(track: Track): boolean {
  return track.kind === 'child';
}

function ids(track: Track): string {
  const owner = track.kind === 'child' || track.kind === 'counter' ? (track.parent ?? track) : track;
  return `"pid":${owner.pid ?? SYSTEM_PID},"tid":${owner.tid ?? owner.pid ?? owner.id}`;
}

function text(value: string): string {
  return JSON.stringify(value);
}
