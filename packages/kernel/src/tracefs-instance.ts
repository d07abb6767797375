// SPDX-License-Identifier: MIT
// One tracefs instance of ours: made, set up, filled with events, removed. Its name carries its
// owner's pid and start time (`lockstep-NAME-PID.START`), so that a later start can tell an instance
// whose owner is dead from another recording's, and touches nothing that is not Lockstep's.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { InputError } from '@lockstep/base';
import {
  errorCode,
  readTracefs,
  refused,
  tryWriteTracefs,
  tryWriteTracefsLater,
  writeTracefs,
  writeTracefsLater,
} from './tracefs.ts';

const PREFIX = 'lockstep-';
const OWNED_NAME = /^lockstep-.*-(\d+)\.(\d+)$/;

/** At the first record the kernel wakes who waits for pages; the reader lets them gather by itself. */
const WAKE_UP_PERCENT = 0;
/** Bench dd: fewer reads and page swaps than with the 4 KiB of old. Kernels before 6.8 keep a page. */
const SUB_BUFFER_SIZE_KB = 64;

export interface InstanceOptions {
  readonly name: string;
  readonly clock: string;
  /** Of each CPU. */
  readonly bufferSizeKb: number;
}

export class TracefsInstance {
  readonly path: string;
  readonly name: string;
  readonly #options: InstanceOptions;

  /** Names it only. */
  constructor(tracefs: string, options: InstanceOptions) {
    const words = options.name.replace(/[^A-Za-z0-9_]+/g, '_').slice(0, 80);
    this.name = `${PREFIX}${words}-${process.pid}.${processStartTime(process.pid) ?? '0'}`;
    this.path = `${tracefs}/instances/${this.name}`;
    this.#options = options;
  }

  /** Makes it in the kernel: some 40 ms, of which nearly all is the kernel waiting for its CPUs: in a thread of the pool. */
  async make(): Promise<void> {
    try {
      mkdirSync(this.path);
    } catch (error) {
      throw refused(error, 'mkdir', this.path);
    }
    try {
      await this.#setUp();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  async #setUp(): Promise<void> {
    // The clock first: choosing one empties the buffers, which is dearer when they are large.
    await writeTracefsLater(`${this.path}/trace_clock`, this.#options.clock);
    await tryWriteTracefsLater(`${this.path}/buffer_subbuf_size_kb`, String(SUB_BUFFER_SIZE_KB));
    await writeTracefsLater(`${this.path}/buffer_size_kb`, String(this.#options.bufferSizeKb));
    tryWriteTracefs(`${this.path}/buffer_percent`, String(WAKE_UP_PERCENT));
    // Command lines come from the state dump and from sched events; the kernel's own cache costs.
    tryWriteTracefs(`${this.path}/options/record-cmd`, '0');
    // The watchdog holds free_buffer open.
    tryWriteTracefs(`${this.path}/options/disable_on_free`, '1');
  }

  /** Only these processes, and what they fork. Before any event is enabled. */
  setPids(pids: readonly number[]): void {
    writeTracefs(`${this.path}/options/event-fork`, '1');
    writeTracefs(`${this.path}/set_event_pid`, pids.join(' '));
  }

  addPid(pid: number): void {
    writeTracefs(`${this.path}/set_event_pid`, String(pid), 'append');
  }

  /** Behind each event the kernel records its stacks. Throws InputError where it cannot. */
  recordStacks(kernel: boolean, user: boolean): void {
    for (const [isWanted, option, name] of [
      [kernel, 'stacktrace', 'callstack-kernel'],
      [user, 'userstacktrace', 'callstack-user'],
    ] as const) {
      if (isWanted && !tryWriteTracefs(`${this.path}/options/${option}`, '1'))
        throw new InputError(`This kernel does not record ${name}; leave out that context field.`, { context: name });
    }
  }

  /** These threads are left out. */
  excludeThreads(tids: readonly number[]): void {
    if (tids.length > 0) tryWriteTracefs(`${this.path}/set_event_notrace_pid`, tids.join(' '), 'append');
  }

  setFilter(event: string, filter: string): void {
    writeTracefs(`${this.path}/events/${event}/filter`, filter);
  }

  /** `event` is `system/name`, or `system` for all of its events. */
  enable(event: string): void {
    writeTracefs(`${this.path}/events/${event}/enable`, '1');
  }

  /** No new records; what was recorded stays to be read. The tracepoints stay on: turning them off takes long. */
  stop(): void {
    tryWriteTracefs(`${this.path}/tracing_on`, '0');
  }

  /** Everything of it goes. True when the kernel agreed; false while someone holds a file of it. */
  remove(): boolean {
    disableEvents(this.path);
    return tryRemoveDirectory(this.path);
  }

  /** Events that lie in its buffers unread, by the kernel's own count; undefined when it does not tell. */
  tryCountUnreadEvents(): number | undefined {
    let unread = 0;
    try {
      for (const cpu of listCpuIds(this.path)) {
        unread += Number(/^entries: (\d+)$/m.exec(readTracefs(`${this.path}/per_cpu/cpu${cpu}/stats`))?.[1] ?? 0);
      }
    } catch {
      return undefined;
    }
    return unread;
  }
}

/** CPUs that a trace has a directory for, online or not; `tracePath` is an instance or tracefs itself. */
export function listCpuIds(tracePath: string): number[] {
  return readdirSync(`${tracePath}/per_cpu`)
    .map((entry) => Number(entry.slice('cpu'.length)))
    .sort((one, other) => one - other);
}

/** Bytes of a sub-buffer, its header included: what one read of raw pages returns. */
export function subBufferSizeBytes(instancePath: string): number {
  try {
    return Number(readTracefs(`${instancePath}/buffer_subbuf_size_kb`).trim()) * 1024;
  } catch {
    return 4096;
  }
}

function disableEvents(path: string): void {
  tryWriteTracefs(`${path}/events/enable`, '0');
}

function tryRemoveDirectory(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return errorCode(error) === 'ENOENT';
  }
}

/** Removes instances whose owners are dead; returns the names of what is gone. */
export function removeAbandonedInstances(tracefs: string): string[] {
  const removed: string[] = [];
  let names: string[] = [];
  try {
    names = readdirSync(`${tracefs}/instances`);
  } catch {
    return removed;
  }
  for (const name of names) {
    const match = OWNED_NAME.exec(name);
    if (match === null) continue;
    // A pid that was given to another process meanwhile has another start time.
    if (processStartTime(Number(match[1])) === match[2]) continue;
    const path = `${tracefs}/instances/${name}`;
    disableEvents(path);
    if (tryRemoveDirectory(path)) removed.push(name);
  }
  return removed;
}

/** Field 22 of /proc/PID/stat, counted after the name, which may hold spaces and parentheses. */
export function processStartTime(pid: number): string | undefined {
  try {
    if (!existsSync(`/proc/${pid}`)) return undefined;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie owns nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
