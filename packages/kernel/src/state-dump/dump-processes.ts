// SPDX-License-Identifier: MIT
// /proc -> records of every thread: its state, its namespaces, and once a process its open files and its
// cgroups. In LTTng's order, so that a reader knows a thread before it hears of its files.

import {
  deviceNumber,
  listIds,
  listNames,
  tryReadLink,
  tryReadNamespace,
  tryStat,
  unescapeOctal,
} from './proc-files.ts';
import type { DumpContext } from './dump-context.ts';
import { IdMap, NamespaceTree } from './namespace-tree.ts';
import {
  CGROUP,
  FILE_DESCRIPTOR,
  MOUNT,
  PROCESS_CGROUP,
  PROCESS_CGROUP_NS,
  PROCESS_IPC_NS,
  PROCESS_MNT_NS,
  PROCESS_NET_NS,
  PROCESS_PID_NS,
  PROCESS_STATE,
  PROCESS_TIME_NS,
  PROCESS_USER_NS,
  PROCESS_UTS_NS,
} from './record-classes.ts';
import {
  KERNEL_THREAD,
  MODE_UNKNOWN,
  parseThreadStat,
  parseThreadStatus,
  SUBMODE_NONE,
  USER_THREAD,
  type ThreadStat,
  type ThreadStatus,
} from './thread-stat.ts';

const FLAT_NAMESPACES = [
  ['cgroup', PROCESS_CGROUP_NS],
  ['ipc', PROCESS_IPC_NS],
  ['mnt', PROCESS_MNT_NS],
  ['net', PROCESS_NET_NS],
  ['uts', PROCESS_UTS_NS],
  ['time', PROCESS_TIME_NS],
] as const;

/** include/linux/fs.h: what may be done with an open file. The kernel's further bits are not told in /proc. */
const FMODE_PATH = 0x4000;
/** include/uapi/asm-generic/fcntl.h */
const O_ACCMODE = 3;
const O_PATH = 0o10000000;

/** Threads named irq/N-…: the interrupt that each serves. */
export type InterruptThreads = ReadonlyMap<number, number>;

export class ProcessDumper {
  readonly #context: DumpContext;
  readonly #pidNamespaces: NamespaceTree;
  readonly #userNamespaces: NamespaceTree;
  readonly #ownUserNamespace: number | undefined;
  /** Maps of user namespaces, each from the first process that was met in it. */
  readonly #uidMaps = new Map<number, IdMap>();
  readonly #gidMaps = new Map<number, IdMap>();
  /** Processes in nested pid namespaces: their ids, for their children. */
  readonly #vpids = new Map<number, readonly number[]>();
  readonly #mountNamespaces = new Set<number>();
  readonly #cgroups = new Set<string>();
  readonly #interruptThreads = new Map<number, number>();

  constructor(context: DumpContext) {
    this.#context = context;
    this.#pidNamespaces = new NamespaceTree(context.ancestorsOf);
    this.#userNamespaces = new NamespaceTree(context.ancestorsOf);
    this.#ownUserNamespace = tryReadNamespace(`${context.proc}/self/ns/user`);
  }

  get interruptThreads(): InterruptThreads {
    return this.#interruptThreads;
  }

  /** False: no time or room is left. */
  dump(): boolean {
    const { proc } = this.#context;
    const first = listIds(proc);
    if (!this.#dumpProcesses(first)) return false;
    // Those that began meanwhile: of the recorded program itself no event tells, since who starts it is not recorded.
    const known = new Set(first);
    return this.#dumpProcesses(listIds(proc).filter((pid) => !known.has(pid)));
  }

  #dumpProcesses(pids: readonly number[]): boolean {
    const { proc } = this.#context;
    for (const pid of pids) {
      if (!this.#context.mayGoOn('processes')) return false;
      const alone: number[] = [];
      for (const tid of listIds(`${proc}/${pid}/task`)) {
        const isAlone = tid !== pid && this.#context.areFilesShared(tid, pid) === false;
        if (isAlone) alone.push(tid);
        this.#dumpThread(pid, tid, isAlone ? tid : pid);
      }
      this.#dumpFiles(pid, pid);
      for (const tid of alone) this.#dumpFiles(pid, tid);
      this.#dumpCgroups(pid);
      this.#dumpMounts(pid);
    }
    return true;
  }

  /** `table` tells its open files: their numbers and what they are stand under it. */
  #dumpThread(pid: number, tid: number, table: number): void {
    const { files, writer, clock, proc } = this.#context;
    const path = `${proc}/${pid}/task/${tid}`;
    // Before it is read: what happens in between is in the events that follow, and they come later.
    const time = clock();
    const stat = parseThreadStat(files.tryRead(`${path}/stat`) ?? '');
    // It ended meanwhile.
    if (stat === undefined) return;
    const { ppid, name, isKernelThread, status, cpu } = stat;
    const type = isKernelThread ? KERNEL_THREAD : USER_THREAD;
    // Threads of a process share their files, but for those that left. The kernel's address of a table is not told;
    // any number that no other has says the same.
    const state = [tid, pid, ppid, name, type, MODE_UNKNOWN, SUBMODE_NONE, status, cpu, table];
    writer.add(PROCESS_STATE, time, state);
    const irq = /^irq\/(\d+)-/.exec(name)?.[1];
    if (irq !== undefined && isKernelThread) this.#interruptThreads.set(Number(irq), tid);
    const identity = parseThreadStatus(files.tryRead(`${path}/status`) ?? '');
    this.#dumpPidNamespaces(path, time, stat, tid, identity);
    this.#dumpUserNamespaces(path, time, tid, identity);
    for (const [kind, recordClass] of FLAT_NAMESPACES) {
      const inode = tryReadNamespace(`${path}/ns/${kind}`);
      if (inode !== undefined) writer.add(recordClass, time, [tid, inode]);
    }
  }

  /** From its own outwards, as LTTng. */
  #dumpPidNamespaces(path: string, time: bigint, stat: ThreadStat, tid: number, identity: ThreadStatus): void {
    const { writer } = this.#context;
    const inode = tryReadNamespace(`${path}/ns/pid`);
    if (inode === undefined) return;
    const { vpids, vtids } = identity;
    if (vpids.length > 1) this.#vpids.set(vpids[0] ?? 0, vpids);
    const depth = Math.max(vtids.length, 1);
    const chain = this.#pidNamespaces.chain(inode, `${path}/ns/pid`).slice(0, depth);
    for (const [index, { inode: nsInode, level }] of chain.entries()) {
      // Lists of ids begin with our namespace, chains with the thread's own.
      const at = depth - 1 - index;
      const vppid = at === 0 ? stat.ppid : (this.#parentIds(stat.ppid)[at] ?? 0);
      writer.add(PROCESS_PID_NS, time, [tid, vtids[at] ?? tid, vpids[at] ?? 0, vppid, level, nsInode]);
    }
  }

  #parentIds(ppid: number): readonly number[] {
    let ids = this.#vpids.get(ppid);
    if (ids === undefined) {
      ids = parseThreadStatus(this.#context.files.tryRead(`${this.#context.proc}/${ppid}/status`) ?? '').vpids;
      this.#vpids.set(ppid, ids);
    }
    return ids;
  }

  #dumpUserNamespaces(path: string, time: bigint, tid: number, { uid, gid }: ThreadStatus): void {
    const { files, writer } = this.#context;
    const inode = tryReadNamespace(`${path}/ns/user`);
    if (inode === undefined) return;
    if (!this.#uidMaps.has(inode) && inode !== this.#ownUserNamespace) {
      this.#uidMaps.set(inode, new IdMap(files.tryRead(`${path}/uid_map`)));
      this.#gidMaps.set(inode, new IdMap(files.tryRead(`${path}/gid_map`)));
    }
    for (const { inode: nsInode, level } of this.#userNamespaces.chain(inode, `${path}/ns/user`)) {
      const isOwn = nsInode === this.#ownUserNamespace;
      const vuid = isOwn ? uid : (this.#uidMaps.get(nsInode) ?? NO_IDS).toInside(uid);
      const vgid = isOwn ? gid : (this.#gidMaps.get(nsInode) ?? NO_IDS).toInside(gid);
      writer.add(PROCESS_USER_NS, time, [tid, vuid, vgid, level, nsInode]);
      if (isOwn) break;
    }
  }

  /** `table`: the thread whose table it is. */
  #dumpFiles(pid: number, table: number): void {
    const { files, writer, clock, proc, limits } = this.#context;
    const task = table === pid ? `${proc}/${pid}` : `${proc}/${pid}/task/${table}`;
    const directory = `${task}/fd`;
    const names = listNames(directory);
    const left = names.length - limits.filesOfProcess;
    if (left > 0) this.#context.leftOut('files', `more than ${limits.filesOfProcess} of one process`, left);
    for (const fd of names.slice(0, limits.filesOfProcess)) {
      const time = clock();
      const path = tryReadLink(`${directory}/${fd}`);
      if (path === undefined) continue;
      const flags = Number.parseInt(
        /flags:\s*([0-7]+)/.exec(files.tryRead(`${task}/fdinfo/${fd}`) ?? '')?.[1] ?? '0',
        8,
      );
      writer.add(FILE_DESCRIPTOR, time, [table, Number(fd), flags, modeOf(flags), path, pid]);
    }
  }

  #dumpCgroups(pid: number): void {
    const { files, writer, clock, proc, cgroupRoot } = this.#context;
    const time = clock();
    for (const line of (files.tryRead(`${proc}/${pid}/cgroup`) ?? '').split('\n')) {
      const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
      if (match === null) continue;
      const [, hierarchy = '', controllers = '', path = ''] = match;
      writer.add(PROCESS_CGROUP, time, [pid, Number(hierarchy), controllers, path]);
      const key = `${hierarchy}:${path}`;
      if (this.#cgroups.has(key)) continue;
      this.#cgroups.add(key);
      const directory = cgroupRoot(Number(hierarchy), controllers);
      const status = directory === undefined ? undefined : tryStat(`${directory}${path}`);
      if (status !== undefined) writer.add(CGROUP, time, [Number(hierarchy), status.ino, path]);
    }
  }

  /** Once a mount namespace. */
  #dumpMounts(pid: number): void {
    const { files, writer, clock, proc, limits } = this.#context;
    const inode = tryReadNamespace(`${proc}/${pid}/ns/mnt`);
    if (inode === undefined || this.#mountNamespaces.has(inode)) return;
    this.#mountNamespaces.add(inode);
    const time = clock();
    files.forEachLine(`${proc}/${pid}/mountinfo`, limits.mapsSizeBytes, (line) => {
      const mount = parseMount(line);
      if (mount !== undefined) writer.add(MOUNT, time, [inode, ...mount]);
      return true;
    });
  }
}

const NO_IDS = new IdMap(undefined);

function modeOf(flags: number): number {
  if ((flags & O_PATH) !== 0) return FMODE_PATH;
  return ((flags & O_ACCMODE) + 1) & O_ACCMODE;
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue` (proc(5)). */
export function parseMount(line: string): (number | string)[] | undefined {
  const separator = line.indexOf(' - ');
  if (separator < 0) return undefined;
  const [id, parent, device = '', root = '', point = '', options = ''] = line.slice(0, separator).split(' ');
  const [type = '', source = ''] = line.slice(separator + 3).split(' ');
  const texts = [root, point, type, source].map(unescapeOctal);
  return [Number(id), Number(parent), deviceNumber(device), ...texts, options];
}
