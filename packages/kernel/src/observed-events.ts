// SPDX-License-Identifier: MIT
// What a channel's contexts, filters and trackers have to know of threads -> the kernel's events that
// tell it. Those that no rule wants are recorded for the conversion alone.

import { OBSERVED_FIELDS, type ObservedEvent, type ObservedRole } from './channel-conversion.ts';
import { findContextField, type ContextNeed } from './context-fields.ts';
import type { KernelEventFormat } from './event-format.ts';

/** `system:event`, what it tells, and for which needs. */
const EVENTS: readonly (readonly [name: string, role: ObservedRole, needs: readonly ContextNeed[]])[] = [
  ['sched:sched_switch', 'switch', ['switches']],
  ['sched:sched_pi_setprio', 'change-prio', ['switches']],
  ['task:task_rename', 'rename', ['switches']],
  ['task:task_newtask', 'new-task', ['switches', 'threads', 'credentials', 'namespaces']],
  ['sched:sched_process_exit', 'exit', ['threads']],
  ['sched:sched_process_exec', 'change', ['threads', 'credentials']],
  ...['setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'unshare', 'setns'].map(
    (call): readonly [string, ObservedRole, readonly ContextNeed[]] => [
      `syscalls:sys_exit_${call}`,
      'change',
      ['credentials', 'namespaces'],
    ],
  ),
];

export function needsOf(contextNames: Iterable<string>): Set<ContextNeed> {
  const needs = new Set<ContextNeed>();
  for (const name of contextNames) {
    const need = findContextField(name)?.need;
    if (need !== undefined) needs.add(need);
  }
  return needs;
}

/** `system:event` of what has to be observed. `hasProcessField`: an event tells of processes by tids. */
export function namesToObserve(needs: ReadonlySet<ContextNeed>, hasProcessField: boolean): string[] {
  const names = EVENTS.filter(([, , of]) => of.some((need) => needs.has(need))).map(([name]) => name);
  if (hasProcessField && !names.includes(NEW_TASK)) names.push(NEW_TASK);
  return names;
}

const NEW_TASK = 'task:task_newtask';

/** Undefined when this kernel's event lacks what it is observed for. */
export function observe(format: KernelEventFormat, isHidden: boolean): ObservedEvent | undefined {
  const role = EVENTS.find(([name]) => name === `${format.system}:${format.name}`)?.[1];
  if (role === undefined) return undefined;
  const offsets: number[] = [];
  for (const name of OBSERVED_FIELDS[role]) {
    const field = format.fields.find((candidate) => candidate.name === name);
    const isText = field?.typeName === 'char';
    // Numbers are read as words of 32 bits, names are arrays of 16 bytes.
    if (field === undefined || (isText ? field.array !== 'fixed' || field.sizeBytes !== 16 : field.offset % 4 !== 0))
      return undefined;
    offsets.push(field.offset);
  }
  return { id: format.id, role, offsets, isHidden };
}
