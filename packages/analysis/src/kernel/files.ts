// SPDX-License-Identifier: MIT
// What the file descriptors of each process are: system calls that make and close them, and the state
// dump, in; `/srv/a.bin`, `socket 10.0.0.7:5432`, `pipe` … out.

import type { DataStream, EventRecord, EventRecordClass, FieldValue } from '@lockstep/ctf';
import { toNumber, toOptionalNumber, toText } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { HOST, type Host } from './host.ts';
import { processOf, type KernelThread } from './kernel-thread.ts';
import { PROCESSES, type Processes } from './processes.ts';
import { SYSTEM_CALLS, type SystemCall, type SystemCalls } from './system-calls.ts';

export interface OpenFile {
  readonly kind: 'file' | 'socket' | 'pipe' | 'other';
  /** Path, or what it is in a word; of a socket, its peer when known. */
  name: string;
}

/** Descriptors remembered of one process, and processes; a trace can name any number. */
const MAX_FDS = 1 << 16;
const MAX_PROCESSES = 1 << 15;
const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;
/** Calls that make one descriptor, and what it is called. */
const MAKERS: readonly (readonly [call: string, name: string])[] = [
  ['epoll_create', 'epoll'],
  ['epoll_create1', 'epoll'],
  ['eventfd', 'eventfd'],
  ['eventfd2', 'eventfd'],
  ['timerfd_create', 'timerfd'],
  ['signalfd4', 'signalfd'],
  ['inotify_init1', 'inotify'],
  ['io_uring_setup', 'io_uring'],
  ['pidfd_open', 'pidfd'],
  ['memfd_create', 'memfd'],
];

type FdTable = Map<number, OpenFile>;

export class Files implements Handler {
  readonly #host: Host;
  readonly #tables = new Map<number, FdTable>();
  /** LTTng's state dump names tables by their address in the kernel. */
  readonly #pidOfTable = new Map<number, number>();

  constructor(host: Host, calls: SystemCalls, processes: Processes) {
    this.#host = host;
    for (const name of ['open', 'openat', 'openat2', 'creat'])
      calls.listen(name, (call) =>
        this.#made(call, 'file', toText(call.arguments?.filename ?? call.arguments?.pathname)),
      );
    for (const [name, what] of MAKERS) calls.listen(name, (call) => this.#made(call, 'other', what));
    calls.listen('socket', (call) => this.#made(call, 'socket', 'socket'));
    for (const name of ['accept', 'accept4'])
      calls.listen(name, (call) => this.#made(call, 'socket', addressText(call.results?.upeer_sockaddr) ?? 'socket'));
    calls.listen('connect', (call) => this.#connected(call));
    for (const name of ['pipe', 'pipe2']) calls.listen(name, (call) => this.#pipe(call));
    for (const name of ['dup', 'dup2', 'dup3'])
      calls.listen(name, (call) => this.#copied(call, toNumber(call.arguments?.fildes ?? call.arguments?.oldfd)));
    calls.listen('fcntl', (call) => {
      const command = toNumber(call.arguments?.cmd);
      if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) this.#copied(call, toNumber(call.arguments?.fd));
    });
    calls.listen('close', (call) => {
      if (call.result === 0) this.#tables.get(processOf(call.thread))?.delete(toNumber(call.arguments?.fd));
    });
    calls.describeFd = (thread, fd) => {
      const name = this.tryFile(thread, fd)?.name;
      return name === undefined || name === '' ? undefined : name;
    };
    processes.onFork.push((child, parent) => this.#forked(child, parent));
    processes.onExec.push((thread) => this.#copyTable(processOf(thread), thread.tid));
    processes.onExit.push((thread) => {
      if (thread.pid === undefined || thread.pid === thread.tid) this.#tables.delete(thread.tid);
    });
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    if (name === 'lttng_statedump_process_state') return (record) => this.#noteTable(record);
    if (name === 'lttng_statedump_file_descriptor') return (record) => this.#dumped(record);
    return undefined;
  }

  tryFile(thread: KernelThread, fd: number): OpenFile | undefined {
    return this.#tables.get(processOf(thread))?.get(fd);
  }

  set(thread: KernelThread, fd: number, file: OpenFile): void {
    const table = this.#table(processOf(thread));
    if (fd >= 0 && (table.size < MAX_FDS || table.has(fd))) table.set(fd, file);
  }

  #table(pid: number): FdTable {
    let table = this.#tables.get(pid);
    if (table === undefined) {
      table = new Map();
      if (this.#tables.size < MAX_PROCESSES) this.#tables.set(pid, table);
    }
    return table;
  }

  #made(call: SystemCall, kind: OpenFile['kind'], name: string): void {
    // A path that the kernel half did not follow is a pointer and no text: the descriptor stays without a name.
    if (call.result >= 0) this.set(call.thread, call.result, { kind, name });
  }

  #connected(call: SystemCall): void {
    const text = addressText(call.arguments?.uservaddr);
    const fd = toOptionalNumber(call.arguments?.fd);
    if (fd !== undefined && text !== undefined) this.set(call.thread, fd, { kind: 'socket', name: text });
  }

  #pipe(call: SystemCall): void {
    const fds = call.results?.fildes;
    if (call.result !== 0 || !Array.isArray(fds)) return;
    for (const fd of fds as readonly FieldValue[]) this.set(call.thread, toNumber(fd), { kind: 'pipe', name: 'pipe' });
  }

  #copied(call: SystemCall, from: number): void {
    const file = this.tryFile(call.thread, from);
    if (call.result >= 0 && file !== undefined) this.set(call.thread, call.result, file);
  }

  /** A thread shares its process's table; a new process begins with a copy. */
  #forked(child: KernelThread, parent: KernelThread | undefined): void {
    if (parent === undefined || child.pid === undefined || child.pid !== child.tid) return;
    this.#copyTable(processOf(parent), child.tid);
  }

  #copyTable(from: number, to: number): void {
    const table = this.#tables.get(from);
    if (from !== to && table !== undefined && this.#tables.size < MAX_PROCESSES) this.#tables.set(to, new Map(table));
  }

  #noteTable(record: EventRecord): void {
    const address = toOptionalNumber(record.payload?.['file_table_address']);
    if (address !== undefined && this.#pidOfTable.size < MAX_PROCESSES)
      this.#pidOfTable.set(address, toNumber(record.payload?.pid));
  }

  #dumped(record: EventRecord): void {
    const { payload } = record;
    const pid = this.#pidOfTable.get(toNumber(payload?.['file_table_address'])) ?? toOptionalNumber(payload?.pid);
    if (pid === undefined) return;
    const name = toText(payload?.filename);
    const kind = name.startsWith('socket:')
      ? 'socket'
      : name.startsWith('pipe:')
        ? 'pipe'
        : name.startsWith('/')
          ? 'file'
          : 'other';
    this.set(this.#host.thread(pid), toNumber(payload?.fd), { kind, name });
  }
}

/** Address of a sockaddr that was recorded as a structure; undefined for a pointer. */
function addressText(value: FieldValue | undefined): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = value as { readonly [name: string]: FieldValue | undefined };
  const port = toOptionalNumber(fields.dport ?? fields.sport ?? fields.port);
  const address = fields.v4addr ?? fields.v6addr ?? fields.addr;
  if (address === undefined) return undefined;
  const text = Array.isArray(address)
    ? (address as readonly FieldValue[]).map((part) => toNumber(part)).join('.')
    : typeof address === 'string'
      ? address
      : ipv4Text(toNumber(address));
  return port === undefined ? text : `${text}:${port}`;
}

function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

export const FILES: HandlerType<Files> = {
  name: 'files',
  needs: [HOST, SYSTEM_CALLS, PROCESSES],
  create: (context) => new Files(context.get(HOST), context.get(SYSTEM_CALLS), context.get(PROCESSES)),
};
