// SPDX-License-Identifier: MIT
// Event records -> what timeline viewers draw: tracks of processes, threads and CPUs; slices, instants
// and counters on them. What a record means follows from its name and fields, by the conventions of
// LTTng's kernel events and of Lockstep's tracepoints (docs/convert.md); everything else is an instant.

import type { Nanoseconds } from '@lockstep/base';
import type { EventRecord, FieldValue, StructureValue } from '../model/event-record.ts';
import { plainJson } from './plain-json.ts';
import { cyclesToTime, type CyclesToTime } from '../read/clock-time.ts';
import type { ClockClass } from '../model/trace-class.ts';

/** A row of the timeline. */
export interface Track {
  /** From 1 on. */
  readonly id: number;
  readonly name: string;
  /** Of the process or thread that it belongs to; undefined for CPUs. */
  readonly pid?: number;
  readonly tid?: number;
  readonly kind: 'process' | 'thread' | 'cpu' | 'child' | 'counter';
  readonly parent?: Track;
}

/** Takes what is to be drawn; a track is declared before it is used. */
export interface TimelineSink {
  track(track: Track): void;
  beginSlice(track: Track, timeNs: bigint, name: string, args: StructureValue): void;
  endSlice(track: Track, timeNs: bigint, args?: StructureValue): void;
  instant(track: Track, timeNs: bigint, name: string, args: StructureValue): void;
  counter(track: Track, timeNs: bigint, value: number | bigint): void;
}

const NO_ARGS: StructureValue = {};
const SYSCALL = /^(?:compat_)?syscall_(entry|exit)_(.+)$/;
const INTERRUPTS: Readonly<Record<string, 'entry' | 'exit'>> = {
  irq_handler_entry: 'entry',
  irq_handler_exit: 'exit',
  irq_softirq_entry: 'entry',
  irq_softirq_exit: 'exit',
};

export class TimelineBuilder {
  readonly #sink: TimelineSink;
  readonly #tracks = new Map<string, Track>();
  /** Slices that are open on a track, by what closes them. */
  readonly #open = new Map<Track, string[]>();
  /** Rows for pieces of work that may overlap, by process and name. */
  readonly #lanes = new Map<string, { readonly track: Track; id: string | undefined }[]>();
  readonly #threadNames = new Map<number, string>();
  readonly #clocks = new Map<ClockClass, CyclesToTime>();
  #lastNs = 0n;

  constructor(sink: TimelineSink) {
    this.#sink = sink;
  }

  add(record: EventRecord): void {
    const { timeNs, eventRecordClass } = record;
    if (timeNs === undefined) return;
    this.#lastNs = timeNs;
    const { name } = eventRecordClass;
    const payload = record.payload ?? NO_ARGS;
    if (name === 'sched_switch') this.#schedSwitch(record, timeNs, payload);
    else if (INTERRUPTS[name] !== undefined) this.#interrupt(record, timeNs, name, payload);
    else if (this.#syscall(record, timeNs, name, payload)) return;
    else if (this.#work(record, timeNs, name, payload)) return;
    else if (this.#complete(record, name, payload)) return;
    else if (this.#counter(record, timeNs, name, payload)) return;
    else this.#sink.instant(this.#trackOf(record), timeNs, name, payload);
  }

  /** Ends the slices that nothing ended. */
  finish(): void {
    for (const [track, open] of this.#open) for (const _ of open) this.#sink.endSlice(track, this.#lastNs);
    this.#open.clear();
  }

  #schedSwitch(record: EventRecord, timeNs: bigint, payload: StructureValue): void {
    const track = this.#cpu(record);
    if ((this.#open.get(track) ?? []).length > 0) this.#end(track, timeNs, 'run');
    const tid = numberOf(payload['next_tid']) ?? 0;
    const comm = textOf(payload['next_comm']) ?? String(tid);
    if (tid === 0) return;
    this.#threadNames.set(tid, comm);
    this.#begin(track, timeNs, 'run', comm, { tid, prio: payload['next_prio'] ?? 0 });
  }

  #interrupt(record: EventRecord, timeNs: bigint, name: string, payload: StructureValue): void {
    const track = this.#child(this.#cpu(record), name.startsWith('irq_handler') ? 'IRQ' : 'softirq');
    if (INTERRUPTS[name] === 'entry') {
      const label = payload['name'] ?? payload['irq'] ?? payload['vec'] ?? name;
      this.#begin(track, timeNs, 'irq', typeof label === 'string' ? label : String(numberOf(label) ?? name), payload);
    } else {
      this.#end(track, timeNs, 'irq', payload);
    }
  }

  #syscall(record: EventRecord, timeNs: bigint, name: string, payload: StructureValue): boolean {
    const match = SYSCALL.exec(name);
    if (match === null) return false;
    const track = this.#trackOf(record);
    const [, side, call] = match as unknown as [string, 'entry' | 'exit', string];
    if (side === 'entry') this.#begin(track, timeNs, 'syscall', call, payload);
    else this.#end(track, timeNs, 'syscall', payload);
    return true;
  }

  /** `NAME_begin {id}` and `NAME_end {id}`: pieces of work that may overlap. */
  #work(record: EventRecord, timeNs: bigint, name: string, payload: StructureValue): boolean {
    const match = /^(.+)_(begin|end)$/.exec(name);
    const id = payload['id'] ?? payload['request'];
    if (match === null || id === undefined) return false;
    const parent = this.#trackOf(record);
    const [, work, side] = match as unknown as [string, string, 'begin' | 'end'];
    const key = `${parent.pid ?? -1}:${work}`;
    let lanes = this.#lanes.get(key);
    if (lanes === undefined) this.#lanes.set(key, (lanes = []));
    const own = `${parent.tid ?? 0}:${plainJson(id)}`;
    if (side === 'begin') {
      let lane = lanes.find((free) => free.id === undefined);
      if (lane === undefined) {
        const track = this.#child(this.#process(parent), lanes.length === 0 ? work : `${work} ${lanes.length + 1}`);
        lanes.push((lane = { track, id: undefined }));
      }
      lane.id = own;
      this.#begin(lane.track, timeNs, own, work, payload);
      return true;
    }
    const lane = lanes.find((busy) => busy.id === own);
    if (lane === undefined) return true;
    lane.id = undefined;
    this.#end(lane.track, timeNs, own, payload);
    return true;
  }

  /** A record that says itself when something began and how long it took, in cycles. */
  #complete(record: EventRecord, name: string, payload: StructureValue): boolean {
    const [begin, duration] = [bigintOf(payload['begin']), bigintOf(payload['duration'])];
    const clock = record.dataStream.dataStreamClass.defaultClock;
    if (begin === undefined || duration === undefined || clock === undefined) return false;
    let toTime = this.#clocks.get(clock);
    if (toTime === undefined) this.#clocks.set(clock, (toTime = cyclesToTime(clock)));
    const label = payload['operation'] ?? payload['function'] ?? payload['kind'];
    const track = this.#child(this.#trackOf(record), name);
    this.#sink.beginSlice(track, toTime(begin), typeof label === 'string' && label !== '' ? label : name, payload);
    this.#sink.endSlice(track, toTime(begin + duration));
    return true;
  }

  /** A record whose only field is `value`. */
  #counter(record: EventRecord, timeNs: bigint, name: string, payload: StructureValue): boolean {
    const { value } = payload;
    if ((typeof value !== 'number' && typeof value !== 'bigint') || Object.keys(payload).length !== 1) return false;
    const parent = this.#process(this.#trackOf(record));
    const track = this.#track(`counter:${parent.id}:${name}`, { name, kind: 'counter', parent });
    this.#sink.counter(track, timeNs, value);
    return true;
  }

  #begin(track: Track, timeNs: bigint, key: string, name: string, args: StructureValue): void {
    const open = this.#open.get(track);
    if (open === undefined) this.#open.set(track, [key]);
    else open.push(key);
    this.#sink.beginSlice(track, timeNs, name, args);
  }

  /** Ends the innermost slice with the key and what is open in it; nothing when its begin was not recorded. */
  #end(track: Track, timeNs: bigint, key: string, args?: StructureValue): void {
    const open = this.#open.get(track) ?? [];
    const at = open.lastIndexOf(key);
    if (at < 0) return;
    while (open.length > at + 1) {
      open.pop();
      this.#sink.endSlice(track, timeNs);
    }
    open.pop();
    this.#sink.endSlice(track, timeNs, args);
  }

  /** The thread of a record; its CPU or its data stream where no thread is known. */
  #trackOf(record: EventRecord): Track {
    const { packet, commonContext, specificContext, dataStream } = record;
    const scopes = [specificContext, commonContext, packet.context];
    const find = (...names: string[]): number | undefined => {
      for (const name of names)
        for (const scope of scopes) {
          const value = numberOf(scope?.[name]);
          if (value !== undefined && value > 0) return value;
        }
      return undefined;
    };
    const { environment } = dataStream.trace.traceClass;
    const tid = find('tid', 'vtid');
    const pid = find('pid', 'vpid') ?? numberOf(environment.get('vpid'));
    if (tid === undefined && pid === undefined) return this.#cpu(record);
    const name =
      textOf(specificContext?.['procname']) ??
      textOf(commonContext?.['procname']) ??
      textOf(environment.get('procname'));
    const processId = pid ?? tid!;
    const known = this.#threadNames.get(processId) ?? (tid === undefined ? undefined : this.#threadNames.get(tid));
    const processName = name ?? known ?? String(processId);
    const process = this.#track(`process:${processId}`, { name: processName, kind: 'process', pid: processId });
    if (tid === undefined) return process;
    const threadName = this.#threadNames.get(tid) ?? name ?? String(tid);
    return this.#track(`thread:${processId}:${tid}`, {
      name: threadName,
      kind: 'thread',
      pid: processId,
      tid,
      parent: process,
    });
  }

  #process(track: Track): Track {
    return track.kind === 'thread' && track.parent !== undefined ? track.parent : track;
  }

  #cpu(record: EventRecord): Track {
    const { packet, dataStream } = record;
    const cpu = numberOf(packet.context?.['cpu_id']);
    if (cpu !== undefined) return this.#track(`cpu:${cpu}`, { name: `CPU ${cpu}`, kind: 'cpu' });
    return this.#track(`stream:${dataStream.name}`, { name: dataStream.name, kind: 'cpu' });
  }

  #child(parent: Track, name: string): Track {
    return this.#track(`child:${parent.id}:${name}`, {
      name,
      kind: 'child',
      parent,
      ...(parent.pid === undefined ? {} : { pid: parent.pid }),
      ...(parent.tid === undefined ? {} : { tid: parent.tid }),
    });
  }

  #track(key: string, track: Omit<Track, 'id'>): Track {
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const made: Track = { id: this.#tracks.size + 1, ...track };
    this.#tracks.set(key, made);
    this.#sink.track(made);
    return made;
  }
}

function numberOf(value: FieldValue): number | undefined {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined;
}

function bigintOf(value: FieldValue): bigint | undefined {
  return typeof value === 'bigint' ? value : undefined;
}

function textOf(value: FieldValue): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Time as a viewer's; before the epoch there is none. */
export function unsignedNs(timeNs: bigint | Nanoseconds): bigint {
  return timeNs < 0n ? 0n : timeNs;
}
