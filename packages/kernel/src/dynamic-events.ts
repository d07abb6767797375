// SPDX-License-Identifier: MIT
// Probes that a recording defines in the kernel (kprobes, uprobes, event probes): lines of tracefs's
// dynamic_events that outlive who wrote them. Their group carries the owner's pid and start time, as
// instances do, so that a later start removes those of dead owners and nobody else's.

import { existsSync } from 'node:fs';
import { readTracefs, tryWriteTracefs } from './tracefs.ts';
import { processStartTime } from './tracefs-instance.ts';

/** Since Linux 5.0 one list; before, one a kind. */
const LISTS = ['dynamic_events', 'kprobe_events', 'uprobe_events'] as const;
/** `p:GROUP/NAME …`, `r16:GROUP/NAME …`, `e:GROUP/NAME …`. */
const LINE = /^[a-z]+\d*:([A-Za-z0-9_]+)\/(\S+)/;
const OWNED_GROUP = /^lockstep_(\d+)_(\d+)_\d+$/;

let groupCount = 0;

/** A group for the probes of one recording of this process. Its watchdog and later starts know them by it. */
export function makeProbeGroup(): string {
  return `lockstep_${process.pid}_${processStartTime(process.pid) ?? '0'}_${groupCount++}`;
}

/** Removes probes whose owners are dead. Returns `group/name` of those that are gone. */
export function removeAbandonedProbes(tracefs: string): string[] {
  return removeProbes(tracefs, (group) => {
    const match = OWNED_GROUP.exec(group);
    return match !== null && processStartTime(Number(match[1])) !== match[2];
  });
}

/** Those of one recording; one that is still enabled somewhere stays. */
export function removeProbesOf(tracefs: string, group: string): string[] {
  return removeProbes(tracefs, (each) => each === group);
}

/** Most probes whose formats are read for a fingerprint: each is a file of tracefs. */
const MAX_FINGERPRINT_COUNT = 64;

/**
 * Changes whenever a probe of anybody came, went or may have another id or format. Undefined: nobody can tell,
 * since one cannot be read or there are very many.
 */
export function fingerprintProbes(tracefs: string): string | undefined {
  const parts: string[] = [];
  const lines = new Set(LISTS.flatMap((name) => tryRead(`${tracefs}/${name}`).split('\n')));
  for (const line of lines) {
    if (line === '') continue;
    const [, group = '', name = ''] = LINE.exec(line) ?? [];
    // It begins with the id, which a probe that is defined anew gets anew.
    const format = group === '' ? '' : tryRead(`${tracefs}/events/${group}/${name}/format`);
    if (format === '' || parts.length >= MAX_FINGERPRINT_COUNT) return undefined;
    parts.push(line, format);
  }
  return parts.join('\n');
}

function removeProbes(tracefs: string, isWanted: (group: string) => boolean): string[] {
  const list = LISTS.map((name) => `${tracefs}/${name}`).filter((path) => existsSync(path));
  const removed: string[] = [];
  for (const path of list) {
    for (const line of tryRead(path).split('\n')) {
      const [, group = '', name = ''] = LINE.exec(line) ?? [];
      if (group === '' || !isWanted(group)) continue;
      // Appended: a list that is opened to be written anew forgets everybody's probes.
      if (tryWriteTracefs(path, `-:${group}/${name}`, 'append')) removed.push(`${group}/${name}`);
    }
  }
  return removed;
}

function tryRead(path: string): string {
  try {
    return readTracefs(path);
  } catch {
    return '';
  }
}
