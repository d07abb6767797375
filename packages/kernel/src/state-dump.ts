// SPDX-License-Identifier: MIT
// The state that a recording begins in: every thread of /proc -> event records under LTTng's names
// (lttng-modules, include/instrumentation/events/lttng-statedump.h) in a data stream of their own.

import { readdirSync, readFileSync } from 'node:fs';
import { alignUp } from '@lockstep/base';
import {
  COMPACT_EVENT_HEADER_SIZE_BYTES,
  KERNEL_PACKET_HEADER_SIZE_BYTES,
  signedInteger,
  staticLengthString,
  structure,
  unsignedInteger,
  type EventRecordClass,
  type IntegerRangeSet,
} from '@lockstep/ctf/write';
import { DataStreamWriter } from './data-stream-writer.ts';

const START_ID = 0;
const PROCESS_STATE_ID = 1;
const END_ID = 2;

const NAME_SIZE_BYTES = 16;
const PROCESS_STATE_SIZE_BYTES = 48;
/** A record: event header, tid, payload; all are multiples of 8. */
const RECORD_SIZE_BYTES = alignUp(COMPACT_EVENT_HEADER_SIZE_BYTES + 4 + PROCESS_STATE_SIZE_BYTES, 8);
const RECORDS_PER_PACKET = 1000;
/** Threads read between two turns of the event loop: about 3 ms. */
const THREADS_PER_TURN = 100;

function labels(...names: readonly string[]): Readonly<Record<string, IntegerRangeSet>> {
  return Object.fromEntries(names.map((name, value) => [name, [[value, value]] as const]));
}

const TYPES = labels('USER_THREAD', 'KERNEL_THREAD');
const MODES = labels('USER_MODE', 'SYSCALL', 'TRAP', 'IRQ', 'SOFTIRQ', 'MODE_UNKNOWN');
const SUBMODES = labels('NONE', 'UNKNOWN');
const STATUSES = labels('UNNAMED', 'WAIT_FORK', 'WAIT_CPU', 'EXIT', 'ZOMBIE', 'WAIT', 'RUN', 'DEAD');

export const STATE_DUMP_EVENT_CLASSES: readonly EventRecordClass[] = [
  { id: BigInt(START_ID), name: 'lttng_statedump_start', payload: structure({}) },
  {
    id: BigInt(PROCESS_STATE_ID),
    name: 'lttng_statedump_process_state',
    payload: structure({
      tid: signedInteger(32),
      pid: signedInteger(32),
      ppid: signedInteger(32),
      name: staticLengthString(NAME_SIZE_BYTES),
      type: signedInteger(32, { mappings: TYPES }),
      mode: signedInteger(32, { mappings: MODES }),
      submode: signedInteger(32, { mappings: SUBMODES }),
      status: signedInteger(32, { mappings: STATUSES }),
      cpu: unsignedInteger(32),
    }),
  },
  { id: BigInt(END_ID), name: 'lttng_statedump_end', payload: structure({}) },
];

export interface ThreadState {
  readonly tid: number;
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly isKernelThread: boolean;
  readonly mode: number;
  readonly status: number;
  readonly cpu: number;
}

const MODE_USER = 0;
const MODE_SYSCALL = 1;
const MODE_UNKNOWN = 5;
const PF_KTHREAD = 0x0020_0000;

/** One thread's /proc/PID/task/TID/stat; undefined for text that is none. */
export function parseThreadStat(pid: number, stat: string): ThreadState | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = stat.slice(close + 2).split(' ');
  const isKernelThread = (Number(fields[6]) & PF_KTHREAD) !== 0;
  const status = statusOf(fields[0] ?? '');
  return {
    tid: Number.parseInt(stat, 10),
    pid,
    ppid: Number(fields[1] ?? 0),
    name: stat.slice(open + 1, close),
    isKernelThread,
    // As LTTng: what a thread of the kernel does is its own; what a running one does, nobody knows.
    mode: isKernelThread
      ? MODE_SYSCALL
      : status === STATUS_WAIT
        ? MODE_SYSCALL
        : fields[0] === 'R'
          ? MODE_UNKNOWN
          : MODE_USER,
    status,
    cpu: Number(fields[36] ?? 0),
  };
}

const STATUS_WAIT = 5;

function statusOf(letter: string): number {
  switch (letter) {
    case 'R':
      return 2;
    case 'Z':
      return 4;
    case 'X':
    case 'x':
      return 7;
    default:
      return STATUS_WAIT;
  }
}

export interface StateDumpOptions {
  readonly outputDirectory: string;
  readonly uuid: string;
  readonly streamClassId: number;
  readonly fileName: string;
  readonly now: () => bigint;
  /** Where /proc is; for tests. */
  readonly procDirectory?: string;
}

/** Writes the dump; gives the event loop a turn between threads. Returns how many records it wrote. */
export async function dumpState(options: StateDumpOptions): Promise<number> {
  const packet = new StateDumpPackets(options);
  packet.add(START_ID);
  let sinceTurn = 0;
  for (const pid of listIds(options.procDirectory ?? '/proc')) {
    for (const tid of listIds(`${options.procDirectory ?? '/proc'}/${pid}/task`)) {
      const state = readThread(options.procDirectory ?? '/proc', pid, tid);
      if (state !== undefined) packet.add(PROCESS_STATE_ID, state);
      if (++sinceTurn < THREADS_PER_TURN) continue;
      sinceTurn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  packet.add(END_ID);
  packet.close();
  return packet.recordCount;
}

function listIds(directory: string): number[] {
  try {
    return readdirSync(directory).map(Number).filter(Number.isInteger);
  } catch {
    // The process ended meanwhile.
    return [];
  }
}

function readThread(proc: string, pid: number, tid: number): ThreadState | undefined {
  try {
    return parseThreadStat(pid, readFileSync(`${proc}/${pid}/task/${tid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

class StateDumpPackets {
  readonly #options: StateDumpOptions;
  readonly #writer: DataStreamWriter;
  readonly #bytes = new Uint8Array(KERNEL_PACKET_HEADER_SIZE_BYTES + RECORDS_PER_PACKET * RECORD_SIZE_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #at = KERNEL_PACKET_HEADER_SIZE_BYTES;
  #end = KERNEL_PACKET_HEADER_SIZE_BYTES;
  #count = 0;
  #begin = 0n;
  #last = 0n;
  recordCount = 0;

  constructor(options: StateDumpOptions) {
    this.#options = options;
    this.#writer = new DataStreamWriter(options.outputDirectory, options.uuid, {
      fileName: options.fileName,
      streamClassId: options.streamClassId,
      cpuId: 0,
    });
  }

  add(id: number, state?: ThreadState): void {
    const now = this.#options.now();
    // The compact event header holds the low half of the clock: its high half may not change in a packet.
    if (this.#count === RECORDS_PER_PACKET || (this.#count > 0 && now >> 32n !== this.#begin >> 32n)) this.#flush();
    if (this.#count === 0) this.#begin = now;
    const view = this.#view;
    view.setUint16(this.#at, id, true);
    view.setUint16(this.#at + 2, 0, true);
    view.setUint32(this.#at + 4, Number(now & 0xffff_ffffn), true);
    view.setInt32(this.#at + 8, process.pid, true);
    this.#end = this.#at + 12;
    if (state !== undefined) this.#end = this.#writeState(this.#end, state);
    this.#at = alignUp(this.#end, 8);
    this.#last = now;
    this.#count++;
    this.recordCount++;
  }

  #writeState(at: number, state: ThreadState): number {
    const view = this.#view;
    view.setInt32(at, state.tid, true);
    view.setInt32(at + 4, state.pid, true);
    view.setInt32(at + 8, state.ppid, true);
    this.#bytes.fill(0, at + 12, at + 12 + NAME_SIZE_BYTES);
    for (let index = 0; index < Math.min(state.name.length, NAME_SIZE_BYTES - 1); index++)
      this.#bytes[at + 12 + index] = state.name.charCodeAt(index);
    view.setInt32(at + 28, state.isKernelThread ? 1 : 0, true);
    view.setInt32(at + 32, state.mode, true);
    view.setInt32(at + 36, 1, true);
    view.setInt32(at + 40, state.status, true);
    view.setUint32(at + 44, state.cpu, true);
    return at + PROCESS_STATE_SIZE_BYTES;
  }

  #flush(): void {
    this.#writer.write({
      bytes: this.#bytes,
      contentSizeBytes: this.#end,
      timestampBegin: this.#begin,
      timestampEnd: this.#last,
      discardedCount: 0n,
      recordCount: this.#count,
    });
    this.#at = KERNEL_PACKET_HEADER_SIZE_BYTES;
    this.#count = 0;
  }

  close(): void {
    if (this.#count > 0) this.#flush();
    this.#writer.close();
  }
}
