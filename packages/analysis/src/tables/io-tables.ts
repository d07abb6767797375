// SPDX-License-Identifier: MIT
// Input and output: what processes and files read and wrote by system calls, how long opening, reading,
// writing and syncing took, and what the disks did. Calls are classed as lttng-analyses classes them.

import type { StructureValue } from '@lockstep/ctf';
import { toOptionalNumber, toText } from '../fields.ts';
import { DISKS, type Disk, type DiskRequest, type Disks } from '../kernel/disks.ts';
import { FILES, type Files, type OpenFile } from '../kernel/files.ts';
import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { processOf, type KernelThread } from '../kernel/kernel-thread.ts';
import { SYSTEM_CALLS, type SystemCall, type SystemCalls } from '../kernel/system-calls.ts';
import { errorName } from './error-names.ts';
import {
  familyContext,
  MAX_LOG_ROWS,
  missing,
  threadTitle,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import { Histogram, STATISTICS_COLUMNS, TopList } from './statistics.ts';
import { column, makeTable, sortedBy, type Cell, type Column, type Table } from './table.ts';

type Category = 'open' | 'read' | 'write' | 'sync';
const CATEGORIES: Readonly<Record<Category, readonly string[]>> = {
  open: ['open', 'openat', 'openat2', 'creat', 'socket', 'accept', 'accept4'],
  read: ['read', 'pread64', 'readv', 'preadv', 'preadv2', 'recvfrom', 'recvmsg', 'recvmmsg'],
  write: [
    'write',
    'pwrite64',
    'writev',
    'pwritev',
    'pwritev2',
    'sendto',
    'sendmsg',
    'sendmmsg',
    'sendfile',
    'sendfile64',
  ],
  sync: ['sync', 'fsync', 'fdatasync', 'sync_file_range', 'syncfs', 'msync'],
};
/** These return how many messages, not bytes. */
const COUNTS_MESSAGES = new Set(['recvmmsg', 'sendmmsg']);
const SECTOR_BYTES = 512;
const MAX_FILES = 1 << 16;

interface Traffic {
  readBytes: number;
  writeBytes: number;
  readCount: number;
  writeCount: number;
}
interface ProcessTraffic extends Traffic {
  thread: KernelThread;
  fileBytes: number;
  socketBytes: number;
  otherBytes: number;
  diskRequestCount: number;
  diskSectorCount: number;
}
interface DiskUse {
  readonly latencies: Histogram;
  readCount: number;
  writeCount: number;
  readSectors: number;
  writeSectors: number;
}

const LOG_COLUMNS: readonly Column[] = [
  column('begin', 'begin', 'time'),
  column('end', 'end', 'time'),
  column('duration', 'duration', 'duration'),
  column('call', 'call', 'text'),
  column('thread', 'thread', 'text'),
  column('bytes', 'bytes', 'bytes'),
  column('file', 'file', 'text'),
  column('error', 'error', 'text'),
];

class IoTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #files: Files;
  readonly #processes = new Map<number, ProcessTraffic>();
  readonly #byFile = new Map<string, Traffic>();
  readonly #byDisk = new Map<Disk, DiskUse>();
  readonly #byCategory = new Map<Category, Histogram>();
  readonly #top: TopList<readonly Cell[]>;
  readonly #log: (readonly Cell[])[] = [];
  #otherFileCount = 0;

  constructor(context: FamilyContext, calls: SystemCalls, files: Files, disks: Disks) {
    this.#context = context;
    this.#files = files;
    this.#top = new TopList(context.options.limit);
    for (const [category, names] of Object.entries(CATEGORIES))
      for (const name of names) calls.listen(name, (call) => this.#ended(call, category as Category));
    disks.onIssue.push((request) => this.#issued(request));
    disks.onComplete.push((request, end) => this.#completed(request, end));
  }

  tables(): readonly Table[] {
    const { options, host } = this.#context;
    const notes = host.coverage.hasCalls ? [] : [missing('system calls', "-k 'syscall:*'")];
    const tables = [
      this.#processTable(notes),
      makeTable(
        'files',
        'By file',
        [
          column('file', 'file', 'text'),
          column('read', 'read', 'bytes'),
          column('written', 'written', 'bytes'),
          column('reads', 'reads', 'count'),
          column('writes', 'writes', 'count'),
          column('total', 'total', 'bytes'),
        ],
        sortedBy(
          [...this.#byFile].map(([name, use]) => [
            name,
            use.readBytes,
            use.writeBytes,
            use.readCount,
            use.writeCount,
            use.readBytes + use.writeBytes,
          ]),
          5,
        ),
        {
          limit: options.limit,
          notes: this.#otherFileCount === 0 ? [] : [`${this.#otherFileCount} calls on further files are not listed.`],
        },
      ),
      makeTable(
        'latencies',
        'How long calls took',
        [column('category', 'calls', 'text'), ...STATISTICS_COLUMNS],
        [...this.#byCategory].map(([category, histogram]) => [category, ...histogram.statistics.cells()]),
      ),
      this.#diskTable(),
    ];
    if (options.hasTop) tables.push(makeTable('top', 'Slowest calls', LOG_COLUMNS, this.#top.items()));
    if (options.hasFrequencies) {
      const range = { resolution: options.resolution, min: options.minNs, max: options.maxNs };
      for (const [category, histogram] of this.#byCategory)
        tables.push(histogram.table(`frequencies ${category}`, `How long: ${category}`, range));
      for (const [disk, { latencies }] of this.#byDisk)
        tables.push(latencies.table(`frequencies ${disk.name}`, `How long: requests to ${disk.name}`, range));
    }
    if (options.hasLog) tables.push(makeTable('log', 'All calls', LOG_COLUMNS, this.#log));
    return tables;
  }

  #processTable(notes: readonly string[]): Table {
    const rows = [...this.#processes].map(([pid, use]) => {
      const leader = this.#context.host.threads.get(pid);
      const name = leader === undefined || leader.name === '' ? use.thread.name : leader.name;
      return [
        name,
        pid,
        use.readBytes,
        use.writeBytes,
        use.fileBytes,
        use.socketBytes,
        use.otherBytes,
        use.diskRequestCount,
        use.diskSectorCount * SECTOR_BYTES,
        use.readBytes + use.writeBytes,
      ];
    });
    const columns = [
      column('process', 'process', 'text'),
      column('pid', 'pid', 'number'),
      column('read', 'read', 'bytes'),
      column('written', 'written', 'bytes'),
      column('files', 'of files', 'bytes'),
      column('sockets', 'of sockets', 'bytes'),
      column('unknown', 'of others', 'bytes'),
      column('disk_requests', 'disk requests', 'count'),
      column('disk_bytes', 'on disks', 'bytes'),
      column('total', 'total', 'bytes'),
    ];
    return makeTable('processes', 'Input and output of processes', columns, sortedBy(rows, 9), {
      limit: this.#context.options.limit,
      notes,
    });
  }

  #diskTable(): Table {
    const { host } = this.#context;
    const rows = [...this.#byDisk].map(([disk, use]) => [
      disk.name,
      use.readCount,
      use.writeCount,
      use.readSectors * SECTOR_BYTES,
      use.writeSectors * SECTOR_BYTES,
      ...use.latencies.statistics.cells(),
    ]);
    const columns = [
      column('disk', 'disk', 'text'),
      column('reads', 'reads', 'count'),
      column('writes', 'writes', 'count'),
      column('read', 'read', 'bytes'),
      column('written', 'written', 'bytes'),
      ...STATISTICS_COLUMNS,
    ];
    return makeTable('disks', 'Disks, from issue to completion', columns, rows, {
      notes: host.coverage.hasDisks ? [] : [missing('requests to disks', "-k 'block_rq_*'")],
    });
  }

  #ended(call: SystemCall, category: Category): void {
    const { selection, options } = this.#context;
    const { thread, name, begin, end, result } = call;
    if (!selection.isInRange(end) || !selection.hasThread(thread)) return;
    const fd = toOptionalNumber(call.arguments?.fd) ?? toOptionalNumber(call.arguments?.['sockfd']);
    const file = fd === undefined ? undefined : this.#files.tryFile(thread, fd);
    const bytes =
      result > 0 && (category === 'read' || category === 'write') && !COUNTS_MESSAGES.has(name) ? result : 0;
    if (category === 'read' || category === 'write') this.#count(thread, fd, file, category, bytes);
    if (begin === undefined) return;
    const duration = end - begin;
    if (!selection.hasDuration(duration)) return;
    let histogram = this.#byCategory.get(category);
    if (histogram === undefined) this.#byCategory.set(category, (histogram = new Histogram(options.hasFrequencies)));
    histogram.add(duration);
    const make = (): readonly Cell[] => [
      this.#context.time.toNs(begin),
      this.#context.time.toNs(end),
      duration,
      name,
      threadTitle(thread),
      bytes,
      file?.name ?? pathOf(call.arguments) ?? (fd === undefined ? '' : `fd ${fd}`),
      result < 0 ? errorName(-result) : '',
    ];
    if (options.hasTop) this.#top.add(duration, make);
    if (options.hasLog && this.#log.length < MAX_LOG_ROWS) this.#log.push(make());
  }

  #count(
    thread: KernelThread,
    fd: number | undefined,
    file: OpenFile | undefined,
    category: Category,
    bytes: number,
  ): void {
    const use = this.#process(thread);
    add(use, category, bytes);
    if (file?.kind === 'file') use.fileBytes += bytes;
    else if (file?.kind === 'socket') use.socketBytes += bytes;
    else use.otherBytes += bytes;
    const name =
      file === undefined || file.name === '' ? `fd ${fd ?? '?'} of ${thread.name} (${processOf(thread)})` : file.name;
    let traffic = this.#byFile.get(name);
    if (traffic === undefined) {
      if (this.#byFile.size >= MAX_FILES) {
        this.#otherFileCount += 1;
        return;
      }
      traffic = { readBytes: 0, writeBytes: 0, readCount: 0, writeCount: 0 };
      this.#byFile.set(name, traffic);
    }
    add(traffic, category, bytes);
  }

  #process(thread: KernelThread): ProcessTraffic {
    const pid = processOf(thread);
    let use = this.#processes.get(pid);
    if (use === undefined) {
      const traffic = { readBytes: 0, writeBytes: 0, readCount: 0, writeCount: 0 };
      const kinds = { fileBytes: 0, socketBytes: 0, otherBytes: 0, diskRequestCount: 0, diskSectorCount: 0 };
      this.#processes.set(pid, (use = { thread, ...traffic, ...kinds }));
    }
    return use;
  }

  #issued(request: DiskRequest): void {
    const { selection } = this.#context;
    if (!selection.isInRange(request.issue) || !selection.hasThread(request.by)) return;
    const use = this.#process(request.by);
    use.diskRequestCount += 1;
    use.diskSectorCount += request.sectorCount;
  }

  #completed(request: DiskRequest, end: number): void {
    const { selection, options } = this.#context;
    const latency = end - request.issue;
    if (!selection.isInRange(end) || !selection.hasDuration(latency)) return;
    let use = this.#byDisk.get(request.disk);
    if (use === undefined) {
      use = {
        latencies: new Histogram(options.hasFrequencies),
        readCount: 0,
        writeCount: 0,
        readSectors: 0,
        writeSectors: 0,
      };
      this.#byDisk.set(request.disk, use);
    }
    use.latencies.add(latency);
    if (request.isWrite) {
      use.writeCount += 1;
      use.writeSectors += request.sectorCount;
    } else {
      use.readCount += 1;
      use.readSectors += request.sectorCount;
    }
  }
}

function add(traffic: Traffic, category: Category, bytes: number): void {
  if (category === 'read') {
    traffic.readBytes += bytes;
    traffic.readCount += 1;
  } else {
    traffic.writeBytes += bytes;
    traffic.writeCount += 1;
  }
}

function pathOf(fields: StructureValue | undefined): string | undefined {
  const path = toText(fields?.filename ?? fields?.pathname);
  return path === '' ? undefined : path;
}

export function ioTables(options: TableOptions): FamilyType {
  return {
    name: 'io-tables',
    needs: [HOST, PROCESSES, SYSTEM_CALLS, FILES, DISKS],
    create: (context) =>
      new IoTables(
        familyContext(context, context.get(HOST), options),
        context.get(SYSTEM_CALLS),
        context.get(FILES),
        context.get(DISKS),
      ),
  };
}
