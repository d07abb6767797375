// SPDX-License-Identifier: MIT
// Kernel event rules + the events that this kernel has -> the events to record. Names are LTTng's,
// the kernel's or `system:name`; nothing that a rule names is left out silently.

import { compileGlob, parseRule, type Rule } from '@lockstep/filter';
import { InputError } from '@lockstep/base';
import { lttngName, UNISTD_NAMES } from './lttng-names.ts';
import { readTracefs } from './tracefs.ts';

export interface AvailableEvent {
  readonly system: string;
  /** The kernel's. */
  readonly name: string;
  readonly lttngName: string;
}

export interface MatchedEvent extends AvailableEvent {
  /** The rules that want it; without a filter in one of them every record is wanted. */
  readonly rules: readonly Rule[];
}

/** All events that tracefs offers, from its `available_events`. */
export function listAvailableEvents(tracefs: string): AvailableEvent[] {
  const events: AvailableEvent[] = [];
  for (const line of readTracefs(`${tracefs}/available_events`).split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const system = line.slice(0, colon);
    const name = line.slice(colon + 1);
    events.push({ system, name, lttngName: lttngName(system, name).name });
  }
  return events;
}

/** At the end of a default rule: not every kernel has such an event. */
const OPTIONAL = '?';

/**
 * Throws InputError for a rule that names nothing, or something that cannot be recorded yet. `otherCalls`: names of
 * system calls that are recorded without events of the kernel, on one that has none of system calls.
 */
export function matchKernelRules(
  rules: readonly (string | Rule)[],
  available: readonly AvailableEvent[],
  otherCalls: readonly string[] = [],
): MatchedEvent[] {
  const matched = new Map<AvailableEvent, Rule[]>();
  for (const given of rules) {
    const isOptional = typeof given === 'string' && given.endsWith(OPTIONAL);
    const rule = typeof given === 'string' ? parseRule(isOptional ? given.slice(0, -1) : given, 'kernel') : given;
    const events = matchRule(rule, available);
    if (events.length === 0 && !isOptional && !isOtherCall(rule, otherCalls)) throw unknownName(rule, available);
    for (const event of events) {
      const list = matched.get(event);
      if (list === undefined) matched.set(event, [rule]);
      else list.push(rule);
    }
  }
  return [...matched].map(([event, rulesOfEvent]) => ({ ...event, rules: rulesOfEvent }));
}

/** What a filter asks is known of the kernel's events only. */
function isOtherCall(rule: Rule, otherCalls: readonly string[]): boolean {
  const isMatch = compileGlob(rule.pattern);
  return rule.kind === 'syscall' && rule.filter === undefined && otherCalls.some((name) => isMatch(name));
}

function matchRule(rule: Rule, available: readonly AvailableEvent[]): AvailableEvent[] {
  const isMatch = compileGlob(rule.pattern);
  if (rule.kind === 'syscall') {
    return available.filter((event) => {
      const call = syscallOf(event);
      return call !== undefined && (isMatch(call) || isMatch(UNISTD_NAMES[call] ?? call) || isMatch(event.lttngName));
    });
  }
  if (rule.kind !== 'tracepoint') {
    throw new InputError(
      `This version of Lockstep cannot record ${rule.kind} rules yet; tracepoints and system calls it can.`,
      { rule: rule.text },
    );
  }
  // As in LTTng, "*" means the tracepoints; system calls have their own kind, or are named.
  const isAboutSyscalls = /^(raw_)?sys/.test(rule.pattern);
  return available.filter((event) => {
    if (!isAboutSyscalls && (event.system === 'syscalls' || event.system === 'raw_syscalls')) return false;
    return (
      isMatch(event.lttngName) ||
      isMatch(unistdEventName(event)) ||
      isMatch(event.name) ||
      isMatch(`${event.system}:${event.name}`)
    );
  });
}

/** `syscall_entry_fstat` of `syscall_entry_newfstat`; the others' own. */
function unistdEventName(event: AvailableEvent): string {
  const call = syscallOf(event);
  const name = call === undefined ? undefined : UNISTD_NAMES[call];
  return name === undefined ? event.lttngName : event.lttngName.replace(call ?? '', name);
}

/** `openat` of `syscall_entry_openat`. */
function syscallOf(event: AvailableEvent): string | undefined {
  return event.system === 'syscalls' ? /^syscall_(?:entry|exit)_(.+)$/.exec(event.lttngName)?.[1] : undefined;
}

const SUGGESTION_COUNT = 3;

function unknownName(rule: Rule, available: readonly AvailableEvent[]): InputError {
  const isSyscall = rule.kind === 'syscall';
  const names = new Set<string>();
  for (const event of available) {
    const call = syscallOf(event);
    if (isSyscall && call !== undefined) names.add(call).add(UNISTD_NAMES[call] ?? call);
    if (!isSyscall && call === undefined) names.add(event.lttngName);
  }
  if (isSyscall && names.size === 0) {
    return new InputError(
      rule.filter === undefined
        ? 'This kernel has no events for system calls; one built with CONFIG_FTRACE_SYSCALLS is needed, or one that allows BPF programs.'
        : 'This kernel has no events for system calls (CONFIG_FTRACE_SYSCALLS), without which they cannot be filtered.',
      { rule: rule.text },
    );
  }
  const wanted = (rule.pattern.split(':').pop() ?? '').replace(/\*/g, '');
  const close = [...names]
    .map((name) => ({ name, distance: wanted !== '' && name.includes(wanted) ? 0 : editDistance(wanted, name) }))
    .filter(({ distance }) => distance <= Math.max(2, wanted.length / 3))
    .sort((one, other) => one.distance - other.distance || one.name.length - other.name.length)
    .slice(0, SUGGESTION_COUNT)
    .map(({ name }) => (isSyscall ? `syscall:${name}` : name));
  const what = isSyscall ? 'system call' : 'event';
  const advice =
    close.length > 0 ? `close to it: ${close.join(', ')}` : 'the file available_events of tracefs lists all';
  return new InputError(`This kernel has no ${what} "${rule.pattern}"; ${advice}.`, { rule: rule.text });
}

/** Levenshtein's, with one row kept. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
