// SPDX-License-Identifier: MIT
// What to track, as a person writes it (`pid=12,13`, `user=www-data`, `name=node*`) -> one expression on
// context fields. As LTTng's inclusion sets: a record passes when it is in all sets; the values of one
// kind are one set.

import { readdirSync, readFileSync } from 'node:fs';
import { InputError } from '@lockstep/base';

const NUMBER_KINDS: Readonly<Record<string, 'passwd' | 'group' | undefined>> = {
  pid: undefined,
  tid: undefined,
  vpid: undefined,
  vtid: undefined,
  uid: 'passwd',
  vuid: 'passwd',
  gid: 'group',
  vgid: 'group',
};

/** '' when nothing is given. Throws InputError. */
export function parseTrackers(texts: readonly string[]): string {
  const sets = new Map<string, string[]>();
  for (const text of texts) {
    const match = /^\s*(\w+)\s*=\s*(.+?)\s*$/.exec(text);
    const [, kind = '', values = ''] = match ?? [];
    if (match === null || !(kind in NUMBER_KINDS || kind === 'name')) {
      throw new InputError(
        `"${text}" says nothing to track; write KIND=VALUE with a kind of ${Object.keys(NUMBER_KINDS).join(', ')} or name.`,
        { track: text },
      );
    }
    const set = sets.get(kind) ?? [];
    sets.set(kind, set);
    // A name may hold a comma.
    for (const value of kind === 'name' ? [values] : values.split(',')) set.push(condition(kind, value.trim(), text));
  }
  return [...sets.values()].map((conditions) => `(${conditions.join(' || ')})`).join(' && ');
}

/**
 * Thread ids that include all that is tracked, when pids or tids are: the kernel then records no others.
 * What these fork is recorded too, and left out by the conversion. Undefined: the kernel cannot help.
 */
export function threadsToTrack(texts: readonly string[]): number[] | undefined {
  for (const kind of ['tid', 'pid'] as const) {
    const values = texts.flatMap((text) => {
      const match = /^\s*(\w+)\s*=\s*(.+?)\s*$/.exec(text);
      return match?.[1] === kind ? (match[2] ?? '').split(',').map(Number) : [];
    });
    if (values.length > 0) return kind === 'tid' ? values : values.flatMap(threadsOf);
  }
  return undefined;
}

/** The number itself when there is no such process yet. */
function threadsOf(pid: number): number[] {
  try {
    return [pid, ...readdirSync(`/proc/${pid}/task`).map(Number)];
  } catch {
    return [pid];
  }
}

function condition(kind: string, value: string, text: string): string {
  if (kind === 'name') {
    if (/["\\]/.test(value) || value.length > 64)
      throw new InputError('The name of a thread to track holds a quote or a backslash, or is too long.', {
        track: text,
      });
    return `$ctx.procname == "${value}"`;
  }
  const database = NUMBER_KINDS[kind];
  const id = /^\d+$/.test(value) ? Number(value) : database === undefined ? undefined : idOf(database, value);
  if (id === undefined || id > 0xffff_ffff)
    throw new InputError(
      database === undefined
        ? `A ${kind} to track is a number.`
        : `This machine has no ${database === 'passwd' ? 'user' : 'group'} "${value}" in /etc/${database}.`,
      { track: text },
    );
  return `$ctx.${kind} == ${id}`;
}

function idOf(database: 'passwd' | 'group', name: string): number | undefined {
  try {
    for (const line of readFileSync(`/etc/${database}`, 'utf8').split('\n')) {
      const [entry, , id] = line.split(':');
      if (entry === name) return Number(id);
    }
  } catch {
    // As if it were empty.
  }
  return undefined;
}
