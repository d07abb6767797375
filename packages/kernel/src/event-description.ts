// SPDX-License-Identifier: MIT
// Rules of the channels + the events of this kernel -> everything that a recording has to know of
// them: what to enable, with which filters, how to convert it and what the metadata says. Texts and
// plain JSON only, so that a later start can take it from a file (description-cache.ts).

import { InputError } from '@lockstep/base';
import type { Rule } from '@lockstep/filter';
import type { CaptureSet } from './capture/capture-set.ts';
import { callNames, describeCapture } from './capture/capture-wishes.ts';
import type { ChannelConversion, EventFilter, ObservedEvent } from './channel-conversion.ts';
import { findContextField, parseContexts, type ContextField } from './context-fields.ts';
import { makeEventClass, type KernelEventClass } from './event-class.ts';
import { parseEventFormat, type KernelEventFormat } from './event-format.ts';
import { filterFitsNothing, splitFilters, whyNoFit } from './kernel-filter.ts';
import { listAvailableEvents, matchKernelRules, type AvailableEvent, type MatchedEvent } from './kernel-rules.ts';
import { writeEventClasses } from './kernel-trace-class.ts';
import { namesToObserve, needsOf, observe } from './observed-events.ts';
import { namesOf } from './record-filter.ts';
import { parseTrackers } from './trackers.ts';
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
  readonly conversion: ChannelConversion;
}

export interface EventDescription {
  readonly channels: readonly DescribedChannel[];
  /** JSON of an array of ConversionPlan; a text, since only the converter thread needs more of it. */
  readonly plansText: string;
  /** Programs that capture what the pointers of system calls point to, and the channel whose calls they are. */
  readonly capture?: { readonly set: CaptureSet; readonly channelId: number };
}

export interface ChannelRules {
  readonly name: string;
  readonly id: number;
  readonly rules: readonly (string | Rule)[];
  /** Names of context fields. */
  readonly contexts?: readonly string[];
  /** `KIND=VALUE`: see trackers.ts. */
  readonly trackers?: readonly string[];
  /** Whose events are recorded; 'all' when it is missing. */
  readonly pids?: 'all' | object;
}

/** Reads and parses a format file an event, which takes long. Throws InputError for rules that name nothing. */
export function describeEvents(
  tracefs: string,
  channels: readonly ChannelRules[],
  isCaptureWanted = false,
  hasSyscallEvents = true,
): EventDescription {
  const offered = listAvailableEvents(tracefs);
  const available = hasSyscallEvents ? offered : offered.filter(({ system }) => system !== 'syscalls');
  // A kernel without events of system calls (CONFIG_FTRACE_SYSCALLS): the capturing programs tell of all of them.
  const otherCalls = isCaptureWanted && !available.some(({ system }) => system === 'syscalls') ? callNames() : [];
  // All rules are checked before the first format is read.
  const matched = channels.map((channel) => ({
    channel,
    events: matchKernelRules(channel.rules, available, otherCalls),
  }));
  const capture = isCaptureWanted ? describeCapture(matched) : undefined;
  const reader = new FormatReader(tracefs, capture !== undefined);
  const plans = new Map<number, KernelEventClass['plan']>();
  const described = matched.map(({ channel, events }) => {
    const description = new ChannelDescriber(channel, available, reader).describe(events);
    for (const { plan } of description.classes) plans.set(plan.id, plan);
    return description.channel;
  });
  const plansText = JSON.stringify([...plans.values()]);
  return { channels: described, plansText, ...(capture === undefined ? {} : { capture }) };
}

/** Makes one channel of the events that its rules match. */
class ChannelDescriber {
  readonly #rules: ChannelRules;
  readonly #available: readonly AvailableEvent[];
  readonly #reader: FormatReader;
  readonly #contexts: readonly ContextField[];
  readonly #tracker: string;

  constructor(rules: ChannelRules, available: readonly AvailableEvent[], reader: FormatReader) {
    this.#rules = rules;
    this.#available = available;
    this.#reader = reader;
    this.#contexts = parseContexts(rules.contexts ?? []);
    this.#tracker = parseTrackers(rules.trackers ?? []);
  }

  describe(matched: readonly MatchedEvent[]): {
    readonly channel: DescribedChannel;
    readonly classes: readonly KernelEventClass[];
  } {
    const hasProcessField = matched.some((event) => {
      const steps = this.#reader.read(event)?.eventClass.plan.steps ?? [];
      return steps.some((step) => step.kind === 'process');
    });
    const toObserve = new Set(namesToObserve(needsOf(this.#contextNames(matched)), hasProcessField));
    const events: DescribedEvent[] = [];
    const filters: EventFilter[] = [];
    const observed: ObservedEvent[] = [];
    const classes: KernelEventClass[] = [];
    const hidden: KernelEventClass[] = [];
    for (const event of matched) {
      const known = this.#reader.read(event);
      if (known === undefined) continue;
      const isObserved = toObserve.has(keyOf(event));
      const split = splitFilters(event, known.format, known.eventClass, !isObserved);
      if (split === undefined) continue;
      if (split.conversion !== undefined) filters.push(split.conversion);
      events.push(describeEvent(event, split.kernel));
      classes.push(known.eventClass);
    }
    if (events.length === 0) this.#refuseFilters(matched);
    for (const event of this.#available) {
      if (!toObserve.has(keyOf(event))) continue;
      const known = this.#reader.read(event);
      const isHidden = !events.some((one) => keyOf(one) === keyOf(event));
      const one = known === undefined ? undefined : observe(known.format, isHidden);
      if (known === undefined || one === undefined) continue;
      observed.push(one);
      if (!isHidden) continue;
      events.push(describeEvent(event, undefined));
      hidden.push(known.eventClass);
    }
    return {
      channel: {
        events,
        wholeSystems: findWholeSystems(events, this.#available),
        metadataText: writeEventClasses({ ...this.#rules, events: classes }),
        conversion: {
          streamClassId: this.#rules.id,
          contexts: this.#contexts.map((field) => field.name),
          filters,
          tracker: this.#tracker,
          observed,
          kernelStackId: this.#stackId('kernel'),
          userStackId: this.#stackId('user'),
        },
      },
      classes: [...classes, ...hidden],
    };
  }

  /** All context fields that the channel writes or asks for. */
  #contextNames(matched: readonly MatchedEvent[]): Set<string> {
    const names = new Set(this.#contexts.map((field) => field.name));
    const expressions = new Set([this.#tracker]);
    for (const { rules } of matched)
      for (const { filter } of rules) if (filter !== undefined) expressions.add(filter.text);
    expressions.delete('');
    for (const text of expressions)
      for (const name of namesOf(text).context) names.add(findContextField(name)?.name ?? name);
    return names;
  }

  #refuseFilters(matched: readonly MatchedEvent[]): void {
    for (const event of matched) {
      const known = this.#reader.read(event);
      for (const rule of event.rules) {
        const reason = known === undefined ? undefined : whyNoFit(rule, known.eventClass);
        if (reason !== undefined) throw filterFitsNothing(rule, reason, event.lttngName);
      }
    }
  }

  /** Of the kernel's own event that carries stacks; 0 when they are not asked for. */
  #stackId(of: 'kernel' | 'user'): number {
    if (!this.#contexts.some((field) => field.shape === 'stack' && field.of === of)) return 0;
    const format = this.#reader.read({ system: 'ftrace', name: `${of}_stack` })?.format;
    if (format === undefined) {
      throw new InputError(`This kernel does not record ${of} stacks; leave out the context field callstack-${of}.`, {
        context: `callstack-${of}`,
      });
    }
    return format.id;
  }
}

interface EventName {
  readonly system: string;
  readonly name: string;
}

function keyOf(event: EventName): string {
  return `${event.system}:${event.name}`;
}

function describeEvent(event: AvailableEvent, filter: string | undefined): DescribedEvent {
  const { system, name, lttngName } = event;
  return { system, name, lttngName, ...(filter === undefined ? {} : { filter }) };
}

interface KnownEvent {
  readonly format: KernelEventFormat;
  readonly eventClass: KernelEventClass;
}

/** Several channels may record the same events; a format is read once. */
class FormatReader {
  readonly #tracefs: string;
  readonly #known = new Map<string, KnownEvent | undefined>();

  readonly #isCaptured: boolean;

  constructor(tracefs: string, isCaptured: boolean) {
    this.#isCaptured = isCaptured;
    this.#tracefs = tracefs;
  }

  /** Undefined for what has no format that makes sense. */
  read(event: EventName): KnownEvent | undefined {
    const key = `${event.system}/${event.name}`;
    if (!this.#known.has(key))
      this.#known.set(key, this.#readFormat(event.system, `${this.#tracefs}/events/${key}/format`));
    return this.#known.get(key);
  }

  #readFormat(system: string, path: string): KnownEvent | undefined {
    let text: string;
    try {
      text = readTracefs(path);
    } catch {
      return undefined;
    }
    const format = parseEventFormat(system, text);
    return format === undefined ? undefined : { format, eventClass: makeEventClass(format, this.#isCaptured) };
  }
}

function findWholeSystems(events: readonly DescribedEvent[], available: readonly AvailableEvent[]): string[] {
  const missing = new Map<string, number>();
  for (const event of available) missing.set(event.system, (missing.get(event.system) ?? 0) + 1);
  for (const event of events)
    if (event.filter === undefined) missing.set(event.system, (missing.get(event.system) ?? 0) - 1);
  return [...missing].filter(([, count]) => count === 0).map(([system]) => system);
}
