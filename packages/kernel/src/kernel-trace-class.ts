// SPDX-License-Identifier: MIT
// Channels and their events -> the CTF trace class of a kernel trace, and its metadata file.
//
// The environment is LTTng's, tracer_name "lttng-modules" and its version included: Trace Compass
// chooses its kernel event layout by these, and the events that follow are named and shaped as that
// tracer's are. `trace_producer` says who really wrote the trace.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname, release, version } from 'node:os';
import { assert } from '@lockstep/base';
import {
  kernelPacketClasses,
  structure,
  writeEventRecordClass,
  writeMetadata,
  writeTypeAlias,
  type ClockClass,
  type DataStreamClass,
  type EnvironmentValue,
  type EventRecordClass,
  type FieldClass,
  type TraceClass,
} from '@lockstep/ctf/write';
import { contextMembers, findContextField } from './context-fields.ts';
import type { KernelEventClass } from './event-class.ts';
import { ERRNO_CLASS, ERRNO_TYPE_NAME } from './syscalls/errno.ts';
import { STATE_DUMP_EVENT_CLASSES } from './state-dump/record-classes.ts';

export interface ChannelClass {
  readonly name: string;
  readonly id: number;
  readonly events: readonly Pick<KernelEventClass, 'name' | 'context' | 'payload' | 'plan'>[];
  /** Names of context fields that stand in each of its event records. */
  readonly contexts?: readonly string[];
}

export const STATE_DUMP_CHANNEL_NAME = 'statedump';

export interface KernelTraceOptions {
  readonly uuid: string;
  readonly clockClass: ClockClass;
  readonly channels: readonly ChannelClass[];
  readonly stateDumpChannelId: number;
  readonly traceName: string;
  readonly startTime: Date;
  readonly environment: Readonly<Record<string, EnvironmentValue>>;
}

export function kernelTraceClass(options: KernelTraceOptions): TraceClass {
  const dataStreamClasses = new Map<bigint, DataStreamClass>();
  for (const channel of options.channels) {
    const events = channel.events.map((event): EventRecordClass => ({
      id: BigInt(event.plan.id),
      name: event.name,
      ...(event.context === undefined ? {} : { specificContext: event.context }),
      payload: event.payload,
    }));
    dataStreamClasses.set(
      BigInt(channel.id),
      dataStreamClass(options.clockClass, channel.id, channel.name, events, channel.contexts),
    );
  }
  const dumpId = options.stateDumpChannelId;
  dataStreamClasses.set(
    BigInt(dumpId),
    dataStreamClass(options.clockClass, dumpId, STATE_DUMP_CHANNEL_NAME, STATE_DUMP_EVENT_CLASSES),
  );
  return {
    uuid: options.uuid,
    byteOrder: 'little-endian',
    environment: kernelEnvironment(options),
    packetHeader: kernelPacketClasses(options.clockClass.name).packetHeader,
    clockClasses: [options.clockClass],
    dataStreamClasses,
  };
}

function dataStreamClass(
  clock: ClockClass,
  id: number,
  name: string,
  events: readonly EventRecordClass[],
  contexts: readonly string[] = [],
): DataStreamClass {
  const classes = kernelPacketClasses(clock.name);
  const { commonContext } = classes;
  const added = contextMembers(contexts.flatMap((context) => findContextField(context) ?? []));
  return {
    id: BigInt(id),
    name,
    packetContext: classes.packetContext,
    eventRecordHeader: classes.eventRecordHeader,
    ...(commonContext === undefined ? {} : { commonContext: structure([...commonContext.memberClasses, ...added]) }),
    defaultClock: clock,
    eventRecordClasses: new Map(events.map((event) => [event.id, event])),
  };
}

function kernelEnvironment(options: KernelTraceOptions): Map<string, EnvironmentValue> {
  return new Map<string, EnvironmentValue>([
    ['hostname', hostname()],
    ['domain', 'kernel'],
    ['sysname', 'Linux'],
    ['kernel_release', release()],
    ['kernel_version', kernelVersion()],
    ['tracer_name', 'lttng-modules'],
    ['tracer_major', 2n],
    ['tracer_minor', 13n],
    ['tracer_patchlevel', 0n],
    ['trace_buffering_scheme', 'global'],
    ['trace_name', options.traceName],
    ['trace_creation_datetime', dateTime(options.startTime)],
    ['trace_producer', 'lockstep'],
    ...Object.entries(options.environment),
  ]);
}

function kernelVersion(): string {
  try {
    return readFileSync('/proc/sys/kernel/version', 'utf8').trim();
  } catch {
    return version();
  }
}

/** As LTTng writes it: 20260131T235959+0000. */
function dateTime(date: Date): string {
  return `${date.toISOString().replace(/[-:]/g, '').slice(0, 15)}+0000`;
}

/** Types that the metadata file declares by name, for texts of event record classes. */
const TYPE_NAMES: ReadonlyMap<FieldClass, string> = new Map([[ERRNO_CLASS, ERRNO_TYPE_NAME]]);

/** The event record classes of a channel as metadata. They name no clock, so any clock will do. */
export function writeEventClasses(channel: ChannelClass): string {
  const clockClass: ClockClass = {
    name: 'unused',
    frequency: 1n,
    offsetSeconds: 0n,
    offsetCycles: 0n,
    absolute: false,
  };
  const traceClass = kernelTraceClass({
    uuid: NIL_UUID,
    clockClass,
    channels: [channel],
    stateDumpChannelId: channel.id + 1,
    traceName: '',
    startTime: new Date(0),
    environment: {},
  });
  const dataStream = traceClass.dataStreamClasses.get(BigInt(channel.id));
  assert(dataStream !== undefined, 'a channel has a data stream class');
  return [...dataStream.eventRecordClasses.values()]
    .map((event) => writeEventRecordClass(traceClass, dataStream, event, TYPE_NAMES))
    .join('\n');
}

/** One class that was met while recording, as metadata. */
export function writeWholeClass(streamClassId: number, eventClass: EventRecordClass): string {
  const { id, name, specificContext, payload } = eventClass;
  assert(payload?.type === 'structure', 'a system call has a payload');
  const plan = { id: Number(id), sizeBytes: 0, alignment: 1, steps: [] };
  const event = {
    name: name ?? '',
    ...(specificContext === undefined ? {} : { context: specificContext }),
    payload,
    plan,
  };
  return writeEventClasses({ name: '', id: streamClassId, events: [event] });
}

const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Replaces `metadata` in one step: a reader of the directory meets the old text or the new one, whole.
 * `eventTexts` are the classes that `traceClass` leaves out.
 */
export function writeMetadataFile(
  traceClass: TraceClass,
  eventTexts: readonly string[],
  outputDirectory: string,
  stateDirectory: string,
): void {
  mkdirSync(`${outputDirectory}/index`, { recursive: true });
  // Beside the trace, not in it: readers refuse files that they do not know.
  const temporary = `${stateDirectory}/kernel-metadata.new`;
  writeFileSync(
    temporary,
    [writeMetadata(traceClass), writeTypeAlias(ERRNO_TYPE_NAME, ERRNO_CLASS, traceClass.byteOrder), ...eventTexts].join(
      '\n',
    ),
  );
  renameSync(temporary, `${outputDirectory}/metadata`);
}
