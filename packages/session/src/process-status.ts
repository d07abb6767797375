// SPDX-License-Identifier: MIT
// What /proc says of processes and threads: whether the one that a directory names still lives, and
// which id the host knows a thread by that lives in another PID namespace.

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Field 22 of /proc/PID/stat: start in clock ticks since boot. Undefined: there is no such process. */
export function processStart(pid: number | string): number | undefined {
  const text = tryRead(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command's name is in parentheses and may hold anything, so fields are counted after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = Number(fields[19]);
  // A zombie keeps its entry until its parent waits for it, but writes no more.
  const isDead = fields[0] === 'Z' || fields[0] === 'X';
  return isDead || !Number.isSafeInteger(start) ? undefined : start;
}

export function isProcessAlive(pid: number, start: number | undefined): boolean {
  const found = processStart(pid);
  return found !== undefined && (start === undefined || found === start);
}

export function readBootId(): string {
  return tryRead('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** As `readlink /proc/PID/ns/pid` gives it, `pid:[4026531836]`; '' when it cannot be read. */
export function pidNamespaceOf(pid: number | 'self'): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return '';
  }
}

/** The digits of a namespace link, so that `pid:[N]` and `N` compare equal. */
export function namespaceInode(link: string): string {
  return /\d+/.exec(link)?.[0] ?? '';
}

/**
 * Host ids of one process and its threads. In our own PID namespace ids are what they are; from
 * another one, /proc/PID/status lists a process under every id it has, outermost first (NSpid).
 */
export class HostIds {
  readonly #hostPid: number | undefined;
  readonly #isSameNamespace: boolean;
  readonly #tids = new Map<number, number>();

  constructor(vpid: number, pidNamespace: string) {
    const inode = namespaceInode(pidNamespace);
    this.#isSameNamespace = inode === '' || inode === namespaceInode(pidNamespaceOf('self'));
    this.#hostPid = this.#isSameNamespace ? vpid : findHostPid(vpid, inode);
  }

  get hostPid(): number | undefined {
    return this.#hostPid;
  }

  /** 0 when the host's id cannot be known, for instance because the thread is gone. */
  hostTid(vtid: number): number {
    if (this.#isSameNamespace) return vtid;
    if (this.#hostPid === undefined) return 0;
    const known = this.#tids.get(vtid);
    if (known !== undefined) return known;
    for (const entry of tryList(`/proc/${this.#hostPid}/task`)) {
      const inner = innermostPid(tryRead(`/proc/${this.#hostPid}/task/${entry}/status`));
      if (inner !== undefined) this.#tids.set(inner, Number(entry));
    }
    return this.#tids.get(vtid) ?? 0;
  }

  /** Whether a thread is stopped, by a signal or a debugger; false also when that cannot be known. */
  isThreadStopped(vtid: number): boolean {
    const stat =
      this.#hostPid === undefined ? undefined : tryRead(`/proc/${this.#hostPid}/task/${this.hostTid(vtid)}/stat`);
    // Its name, in parentheses, may hold any character.
    const state = stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    return state === 'T' || state === 't';
  }

  /** Whether a thread of the process still runs; true also when that cannot be known. */
  isThreadAlive(vtid: number): boolean {
    if (this.#hostPid === undefined) return true;
    const tid = this.hostTid(vtid);
    if (tid === 0 || existsSync(`/proc/${this.#hostPid}/task/${tid}`)) return true;
    if (this.#isSameNamespace) return false;
    // Its number may be another thread's by now.
    this.#tids.delete(vtid);
    return this.hostTid(vtid) !== 0;
  }
}

function findHostPid(vpid: number, inode: string): number | undefined {
  for (const entry of tryList('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    if (innermostPid(tryRead(`/proc/${entry}/status`)) !== vpid) continue;
    if (namespaceInode(pidNamespaceOf(Number(entry))) === inode) return Number(entry);
  }
  return undefined;
}

function innermostPid(status: string | undefined): number | undefined {
  const line = status === undefined ? undefined : /^NSpid:\s*(.*)$/m.exec(status)?.[1];
  const last = line?.trim().split(/\s+/).at(-1);
  return last === undefined || last === '' ? undefined : Number(last);
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function tryList(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
