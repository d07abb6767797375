// SPDX-License-Identifier: MIT
// One tracefs instance of ours: made, set up, filled with events, removed. Its name carries its
// owner's pid and start time (`lockstep-NAME-PID.START`), so that a later start can tell an instance
// whose owner is dead from another recording's, and touches nothing that is not Lockstep's.

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { SystemError } from '@lockstep/base';
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

/** Made by this process. */
let instanceCount = 0;

export class TracefsInstance {
  readonly path: string;
  readonly name: string;
  readonly #options: InstanceOptions;
  /** Of `tracing_on`, from the time it is made until it is stopped: recording ends even when tracefs is unmounted meanwhile. */
  #switchFd: number | undefined;

  /** Names it only. */
  constructor(tracefs: string, options: InstanceOptions) {
    const words = options.name.replace(/[^A-Za-z0-9_]+/g, '_').slice(0, 80);
    // The kernel may still be removing one that this process had under the same name.
    const number = instanceCount++;
    const suffix = number === 0 ? '' : `_${number}`;
    this.name = `${PREFIX}${words}${suffix}-${process.pid}.${processStartTime(process.pid) ?? '0'}`;
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
      const isGone = !existsSync(this.path);
      this.remove();
      if (!isGone) throw error;
      throw new SystemError(
        'The trace instance was removed by another program while it was set up; start again.',
        'ENOENT',
        'open',
        this.path,
        { cause: error },
      );
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
    try {
      this.#switchFd = openSync(`${this.path}/tracing_on`, 'r+');
    } catch (error) {
      throw refused(error, 'open', `${this.path}/tracing_on`);
    }
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

  /**
   * No new records; what was recorded stays to be read. The tracepoints stay on: turning them off takes long.
   * The sentence when something was not as it should be: the records until then are there all the same.
   */
  stop(): string | undefined {
    const fd = this.#switchFd;
    if (fd === undefined) return undefined;
    this.#switchFd = undefined;
    const wasOn = tryReadSwitch(fd);
    try {
      writeSync(fd, '0');
    } catch {
      // Its instance cannot go while it is open.
    }
    closeSync(fd);
    if (wasOn === false)
      return 'Another program turned the recording of the kernel off (tracing_on of its instance); what came after is missing.';
    return existsSync(this.path)
      ? undefined
      : 'tracefs was unmounted while it was recorded from; the events until the end are there.';
  }

  /** Everything of it goes. True when the kernel agreed; false while someone holds a file of it. */
  remove(): boolean {
    this.stop();
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

function tryReadSwitch(fd: number): boolean | undefined {
  try {
    const bytes = Buffer.alloc(1);
    return readSync(fd, bytes, 0, 1, 0) === 1 ? bytes[0] !== '0'.charCodeAt(0) : undefined;
  } catch {
    return undefined;
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
