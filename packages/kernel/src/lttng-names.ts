// SPDX-License-Identifier: MIT
// The kernel's name of an event -> LTTng's name of it and of its fields. lttng-table.ts is the table; what
// is not in it keeps the kernel's names.

import { LTTNG_TABLE } from './lttng-table.ts';

/** A field that LTTng's event has and the kernel's record has not as such. */
export interface AddedField {
  readonly name: string;
  /** `tid`: the recording thread. `process`: the process of the thread whose tid the kernel's field `of` holds. */
  readonly source: { readonly kind: 'tid' } | { readonly kind: 'process'; readonly of: string };
}

export interface LttngEventName {
  readonly name: string;
  /** Kernel's field name -> LTTng's. */
  readonly fields: Readonly<Record<string, string>>;
  /** Kernel's fields whose letters LTTng has as flags (block layer). */
  readonly rwbsFields: readonly string[];
  readonly added: readonly AddedField[];
  /** LTTng has the event: plain integers where the kernel's print format has a table. */
  readonly isPlain: boolean;
}

let entries: Map<string, LttngEventName> | undefined;

function parseTable(): Map<string, LttngEventName> {
  const parsed = new Map<string, LttngEventName>();
  for (const [system, events] of LTTNG_TABLE) {
    for (const text of events.split(',')) {
      const words = text.trim().split(/\s+/);
      const [event = ''] = words;
      if (event === '') continue;
      const isRenamed = words[1] === '>';
      parsed.set(
        `${system}:${event}`,
        parseEntry(isRenamed ? (words[2] ?? event) : event, words.slice(isRenamed ? 3 : 1)),
      );
    }
  }
  return parsed;
}

function parseEntry(name: string, words: readonly string[]): LttngEventName {
  const fields: Record<string, string> = {};
  const rwbsFields: string[] = [];
  const added: AddedField[] = [];
  for (const word of words) {
    const rename = /^(\w+)=(\w+)$/.exec(word);
    const rwbs = /^(\w+):rwbs$/.exec(word);
    const process = /^\+(\w+):process\((\w+)\)$/.exec(word);
    const tid = /^\+(\w+):tid$/.exec(word);
    if (rename !== null) fields[rename[1] ?? ''] = rename[2] ?? '';
    else if (rwbs !== null) rwbsFields.push(rwbs[1] ?? '');
    else if (process !== null)
      added.push({ name: process[1] ?? '', source: { kind: 'process', of: process[2] ?? '' } });
    else if (tid !== null) added.push({ name: tid[1] ?? '', source: { kind: 'tid' } });
    else throw new Error(`lttng-table.ts has an entry that makes no sense: ${name} ${word}`);
  }
  return { name, fields, rwbsFields, added, isPlain: true };
}

export function lttngName(system: string, event: string): LttngEventName {
  entries ??= parseTable();
  const entry = entries.get(`${system}:${event}`);
  if (entry !== undefined) return entry;
  return {
    name: lttngSyscallName(system, event) ?? event,
    fields: {},
    rwbsFields: [],
    added: [],
    isPlain: system === 'syscalls',
  };
}

/** LTTng names a call as the kernel does its function: `newfstat`, not `fstat`. */
function lttngSyscallName(system: string, event: string): string | undefined {
  if (system !== 'syscalls') return undefined;
  const match = /^sys_(enter|exit)_(.+)$/.exec(event);
  return match === null ? undefined : `syscall_${match[1] === 'enter' ? 'entry' : 'exit'}_${match[2] ?? ''}`;
}

/** The kernel's function of a system call -> its name in unistd.h, where they differ: what a user may look for. */
export const UNISTD_NAMES: Readonly<Record<string, string>> = {
  newstat: 'stat',
  newfstat: 'fstat',
  newlstat: 'lstat',
  newuname: 'uname',
  sendfile64: 'sendfile',
  umount: 'umount2',
};

/**
 * LTTng's name of a call that no event of the kernel names, by its number's name in unistd.h and its function.
 * Functions of 32-bit programs are those of a 32-bit kernel, whose names have no suffix for their width.
 */
export function lttngCallName(name: string, functionName: string): string {
  const isOfWidth =
    functionName === `${name}_time32` || functionName === `${name}32` || functionName === `ia32_${name}`;
  return isOfWidth ? name : (LTTNG_CALLS[functionName] ?? functionName);
}

const LTTNG_CALLS: Readonly<Record<string, string>> = { old_mmap: 'mmap', mmap_pgoff: 'mmap2', _sysctl: 'sysctl' };
