// SPDX-License-Identifier: MIT
// What the conversion knows of threads besides what each record says: their process, parent, user and
// namespaces. From /proc when a thread is first met, and from then on from the events that change it.
//
// Pages of one CPU are converted before another's that are as old, so a thread may be met before the
// record of its beginning: the converter lets the table hear of `task_newtask` as soon as a page is there
// (record-hooks.ts), and a thread that is gone from /proc by then is known from that alone.

import { readFileSync, readlinkSync } from 'node:fs';

export const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;
export type Namespace = (typeof NAMESPACES)[number];

/** -1: nobody knows. */
export interface ThreadAttributes {
  readonly tid: number;
  pid: number;
  ppid: number;
  vtid: number;
  vpid: number;
  vppid: number;
  uid: number;
  euid: number;
  suid: number;
  gid: number;
  egid: number;
  sgid: number;
  vuid: number;
  veuid: number;
  vsuid: number;
  vgid: number;
  vegid: number;
  vsgid: number;
  nice: number;
  /** As task_prio() in the kernel: from 0 for the highest real-time priority down; negative ones are real-time. */
  prio: number;
  /** At most 15 bytes, latin1. */
  name: string;
  /** Inode numbers; absent until somebody asks. */
  namespaces: Partial<Record<Namespace, number>> | undefined;
  /** Something changed: /proc is to be asked again. */
  isStale: boolean;
}

const USER_IDS = [
  ...(['uid', 'euid', 'suid', 'gid', 'egid', 'sgid'] as const),
  ...(['vuid', 'veuid', 'vsuid', 'vgid', 'vegid', 'vsgid'] as const),
] as const;

export const CLONE_PARENT = 0x8000;
export const CLONE_THREAD = 0x10000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW_NAMESPACES = 0x7e02_0000;

/** Threads that are kept; the oldest go. A machine has at most four million, and hardly ever a hundred thousand. */
const MAX_THREADS = 200_000;

export class ThreadTable {
  readonly #threads = new Map<number, ThreadAttributes>();
  readonly #proc: string | undefined;
  readonly #wantedNamespaces = new Set<Namespace>();

  /** `proc`: undefined when the recording is over and its threads have nothing to do with those of now. */
  constructor(proc: string | undefined = '/proc') {
    this.#proc = proc;
  }

  get size(): number {
    return this.#threads.size;
  }

  /** Of each thread from when it is met: after its end nobody can ask. */
  wantNamespace(namespace: Namespace): void {
    this.#wantedNamespaces.add(namespace);
  }

  /** The thread itself where nobody knows. */
  readonly processOf = (tid: number): number => {
    const pid = this.get(tid).pid;
    return pid < 0 ? tid : pid;
  };

  /** Valid until the next call that changes the table; with -1 for what is not known. */
  get(tid: number): ThreadAttributes {
    const known = this.#threads.get(tid);
    if (known !== undefined && !known.isStale) return known;
    const thread = known ?? unknownThread(tid);
    if (tid > 0) this.#read(thread);
    thread.isStale = false;
    if (known === undefined) this.#add(thread);
    return thread;
  }

  /** A thread began. `flags` are those of clone(2). */
  noteNewTask(parentTid: number, tid: number, flags: number, name: string): void {
    if (tid <= 0) return;
    const parent = this.get(parentTid);
    const isThread = (flags & CLONE_THREAD) !== 0;
    const isSibling = isThread || (flags & CLONE_PARENT) !== 0;
    const hasNewNamespaces = (flags & CLONE_NEW_NAMESPACES) !== 0;
    const isInRootNamespace = parent.vtid === parent.tid && !hasNewNamespaces;
    this.#add({
      ...parent,
      tid,
      name,
      pid: isThread ? parent.pid : tid,
      ppid: isSibling ? parent.ppid : parent.pid,
      vtid: isInRootNamespace ? tid : -1,
      vpid: isThread ? parent.vpid : isInRootNamespace ? tid : -1,
      vppid: isSibling ? parent.vppid : parent.vpid,
      namespaces: hasNewNamespaces || parent.namespaces === undefined ? undefined : { ...parent.namespaces },
      isStale: !isInRootNamespace,
    });
  }

  noteName(tid: number, name: string): void {
    const thread = this.#threads.get(tid);
    if (thread !== undefined) thread.name = name;
  }

  /** Its user, groups or namespaces may have changed: nobody knows them until /proc is asked, which a thread that has ended cannot be. */
  noteChange(tid: number): void {
    const thread = this.#threads.get(tid);
    if (thread === undefined) return;
    thread.isStale = true;
    thread.namespaces = undefined;
    for (const id of USER_IDS) thread[id] = -1;
  }

  /** A thread ended: its process's children, if it was the process, get another parent. */
  noteExit(tid: number): void {
    for (const thread of this.#threads.values()) if (thread.ppid === tid && thread.tid !== tid) thread.isStale = true;
  }

  /** Inode number; -1 when nobody knows. */
  namespaceOf(tid: number, namespace: Namespace): number {
    return this.#noteNamespace(this.get(tid), namespace);
  }

  #noteNamespace(thread: ThreadAttributes, namespace: Namespace): number {
    const namespaces = (thread.namespaces ??= {});
    return (namespaces[namespace] ??= this.#readNamespace(thread.tid, namespace));
  }

  /** All threads of now: those that end before their first record is converted are known then. */
  readAll(listThreads: () => Iterable<number>): void {
    for (const tid of listThreads()) this.get(tid);
  }

  #add(thread: ThreadAttributes): void {
    this.#threads.delete(thread.tid);
    if (this.#threads.size >= MAX_THREADS) {
      const [oldest] = this.#threads.keys();
      if (oldest !== undefined) this.#threads.delete(oldest);
    }
    this.#threads.set(thread.tid, thread);
  }

  /** Leaves what it has when the thread is gone. */
  #read(thread: ThreadAttributes): void {
    if (this.#proc === undefined) return;
    try {
      const directory = `${this.#proc}/${thread.tid}`;
      readStatus(thread, readFileSync(`${directory}/status`, 'latin1'));
      readStat(thread, readFileSync(`${directory}/stat`, 'latin1'));
      if (thread.uid >= 0) this.#readVirtualIds(thread);
      for (const namespace of this.#wantedNamespaces) this.#noteNamespace(thread, namespace);
      thread.vppid = thread.vtid === thread.tid ? thread.ppid : this.#virtualPidOf(thread.ppid);
    } catch {
      // It has ended.
    }
  }

  /** Of a process in the innermost pid namespace that it is in. */
  #virtualPidOf(pid: number): number {
    if (pid <= 0) return pid;
    try {
      const status = readFileSync(`${this.#proc ?? ''}/${pid}/status`, 'latin1');
      return lastNumber(/^NStgid:(.*)$/m.exec(status)?.[1]) ?? pid;
    } catch {
      return -1;
    }
  }

  #readVirtualIds(thread: ThreadAttributes): void {
    const users = readIdMap(`${this.#proc ?? ''}/${thread.tid}/uid_map`);
    const groups = readIdMap(`${this.#proc ?? ''}/${thread.tid}/gid_map`);
    thread.vuid = users(thread.uid);
    thread.veuid = users(thread.euid);
    thread.vsuid = users(thread.suid);
    thread.vgid = groups(thread.gid);
    thread.vegid = groups(thread.egid);
    thread.vsgid = groups(thread.sgid);
  }

  #readNamespace(tid: number, namespace: Namespace): number {
    if (this.#proc === undefined) return -1;
    try {
      const link = readlinkSync(`${this.#proc}/${tid === 0 ? 1 : tid}/ns/${namespace}`);
      return Number(/\[(\d+)\]/.exec(link)?.[1] ?? -1);
    } catch {
      return -1;
    }
  }
}

function unknownThread(tid: number): ThreadAttributes {
  // The idle threads are all number 0, the kernel's own.
  const id = tid === 0 ? 0 : -1;
  return {
    tid,
    pid: id,
    ppid: id,
    vtid: id,
    vpid: id,
    vppid: id,
    uid: id,
    euid: id,
    suid: id,
    gid: id,
    egid: id,
    sgid: id,
    vuid: id,
    veuid: id,
    vsuid: id,
    vgid: id,
    vegid: id,
    vsgid: id,
    nice: tid === 0 ? 0 : -1,
    prio: tid === 0 ? 20 : -1,
    name: '',
    namespaces: undefined,
    isStale: false,
  };
}

function readStatus(thread: ThreadAttributes, status: string): void {
  const line = (key: string): string | undefined => new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1];
  const numbers = (key: string): number[] => (line(key) ?? '').split(/\s+/).map(Number);
  thread.name = unescapeName(line('Name') ?? '');
  thread.pid = numbers('Tgid')[0] ?? -1;
  thread.ppid = numbers('PPid')[0] ?? -1;
  [thread.uid = -1, thread.euid = -1, thread.suid = -1] = numbers('Uid');
  [thread.gid = -1, thread.egid = -1, thread.sgid = -1] = numbers('Gid');
  thread.vtid = lastNumber(line('NSpid')) ?? thread.tid;
  thread.vpid = lastNumber(line('NStgid')) ?? thread.pid;
}

/** /proc/PID/status writes \n and \\ for these two. */
function unescapeName(name: string): string {
  return name.replace(/\\(n|\\)/g, (_text, letter: string) => (letter === 'n' ? '\n' : '\\'));
}

function lastNumber(text: string | undefined): number | undefined {
  const last = text?.trim().split(/\s+/).pop();
  return last === undefined || last === '' ? undefined : Number(last);
}

function readStat(thread: ThreadAttributes, stat: string): void {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  thread.prio = Number(fields[15] ?? -1);
  thread.nice = Number(fields[16] ?? -1);
}

/** An id of the host -> the id inside, by /proc/PID/uid_map; 65534, as the kernel says, when it has none. */
function readIdMap(path: string): (id: number) => number {
  const ranges = readFileSync(path, 'latin1')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return (id) => {
    for (const [inside = 0, outside = 0, count = 0] of ranges)
      if (id >= outside && id < outside + count) return inside + id - outside;
    return 65_534;
  };
}
