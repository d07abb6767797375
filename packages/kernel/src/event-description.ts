// SPDX-License-Identifier: MIT
// Rules of the channels + the events of this kernel -> everything that a recording has to know of
// them: what to enable, with which filters, how to convert it and what the metadata says. Texts and
// plain JSON only, so that a later start can take it from a file (description-cache.ts).

import type { Rule } from '@lockstep/filter';
import { makeEventClass, type KernelEventClass } from './event-class.ts';
import { parseEventFormat } from './event-format.ts';
import { isUnfiltered, kernelFilterOf } from './kernel-filter.ts';
import { listAvailableEvents, matchKernelRules, type AvailableEvent, type MatchedEvent } from './kernel-rules.ts';
import { writeEventClasses } from './kernel-trace-class.ts';
import { readTracefs } from './tracefs.ts';

export interface DescribedEvent {
  readonly system: string;
  /** The kernel's. */
  readonly name: string;
  readonly lttngName: string;
  /** For the kernel; absent: every record is wanted. */
  readonly filter?: string;
}

export interface DescribedChannel {
  readonly events: readonly DescribedEvent[];
  /** Systems of which every event is wanted, without a filter: one write enables them. */
  readonly wholeSystems: readonly string[];
  /** The event record classes as metadata. */
  readonly metadataText: string;
}

export interface EventDescription {
  readonly channels: readonly DescribedChannel[];
  /** JSON of an array of ConversionPlan; a text, since only the converter thread needs more of it. */
  readonly plansText: string;
}

export interface ChannelRules {
  readonly name: string;
  readonly id: number;
  readonly rules: readonly (string | Rule)[];
}

/** Reads and parses a format file an event, which takes long. Throws InputError for rules that name nothing. */
export function describeEvents(tracefs: string, channels: readonly ChannelRules[]): EventDescription {
  const available = listAvailableEvents(tracefs);
  // All rules are checked before the first format is read.
  const matched = channels.map((channel) => ({ channel, events: matchKernelRules(channel.rules, available) }));
  const reader = new FormatReader(tracefs);
  const plans = new Map<number, KernelEventClass['plan']>();
  const described = matched.map(({ channel, events }): DescribedChannel => {
    const classes = events.map((event) => reader.classOf(event)).filter((eventClass) => eventClass !== undefined);
    for (const { plan } of classes) plans.set(plan.id, plan);
    return {
      events: events.map((event) => describeEvent(event, reader)),
      wholeSystems: findWholeSystems(events, available),
      metadataText: writeEventClasses({ ...channel, events: classes }),
    };
  });
  return { channels: described, plansText: JSON.stringify([...plans.values()]) };
}

function describeEvent(event: MatchedEvent, reader: FormatReader): DescribedEvent {
  const { system, name, lttngName } = event;
  const filter = isUnfiltered(event) ? undefined : kernelFilterOf(event, reader.textOf(event));
  return { system, name, lttngName, ...(filter === undefined ? {} : { filter }) };
}

/** Several channels may record the same events; a format is read once. */
class FormatReader {
  readonly #tracefs: string;
  readonly #texts = new Map<string, string>();
  readonly #classes = new Map<string, KernelEventClass | undefined>();

  constructor(tracefs: string) {
    this.#tracefs = tracefs;
  }

  textOf(event: AvailableEvent): string {
    const key = `${event.system}/${event.name}`;
    let text = this.#texts.get(key);
    if (text === undefined) this.#texts.set(key, (text = readTracefs(`${this.#tracefs}/events/${key}/format`)));
    return text;
  }

  classOf(event: AvailableEvent): KernelEventClass | undefined {
    const key = `${event.system}/${event.name}`;
    if (!this.#classes.has(key)) {
      const format = parseEventFormat(event.system, this.textOf(event));
      this.#classes.set(key, format === undefined ? undefined : makeEventClass(format));
    }
    return this.#classes.get(key);
  }
}

function findWholeSystems(events: readonly MatchedEvent[], available: readonly AvailableEvent[]): string[] {
  const missing = new Map<string, number>();
  for (const event of available) missing.set(event.system, (missing.get(event.system) ?? 0) + 1);
  for (const event of events) if (isUnfiltered(event)) missing.set(event.system, (missing.get(event.system) ?? 0) - 1);
  return [...missing].filter(([, count]) => count === 0).map(([system]) => system);
}
