// SPDX-License-Identifier: MIT
// One thread's /proc/PID/task/TID/stat and …/status -> what LTTng's state dump says about a thread.

/** Values of the fields type, mode, submode and status (lttng-modules, src/lttng-statedump-impl.c). */
export const USER_THREAD = 0;
export const KERNEL_THREAD = 1;
/** As LTTng: what a thread does at this moment only the events that follow can tell. */
export const MODE_UNKNOWN = 5;
export const SUBMODE_NONE = 0;
export const STATUS_UNNAMED = 0;
export const STATUS_WAIT_CPU = 2;
export const STATUS_ZOMBIE = 4;
export const STATUS_WAIT = 5;
export const STATUS_DEAD = 7;

/** include/linux/sched.h */
const PF_KTHREAD = 0x0020_0000;

export interface ThreadStat {
  readonly tid: number;
  readonly ppid: number;
  readonly name: string;
  readonly isKernelThread: boolean;
  readonly status: number;
  readonly cpu: number;
}

/** Undefined for text that is none. */
export function parseThreadStat(stat: string): ThreadStat | undefined {
  // The name may hold anything, parentheses and line ends too.
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = stat.slice(close + 2).split(' ');
  return {
    tid: Number.parseInt(stat, 10),
    ppid: Number(fields[1] ?? 0),
    name: stat.slice(open + 1, close),
    isKernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0,
    status: statusOf(fields[0] ?? ''),
    cpu: Number(fields[36] ?? 0),
  };
}

function statusOf(letter: string): number {
  switch (letter) {
    case 'R':
      return STATUS_WAIT_CPU;
    case 'S':
    case 'D':
    case 'I':
    case 'K':
    case 'W':
      return STATUS_WAIT;
    case 'Z':
      return STATUS_ZOMBIE;
    case 'X':
    case 'x':
      return STATUS_DEAD;
    default:
      // Stopped, traced, parked.
      return STATUS_UNNAMED;
  }
}

export interface ThreadStatus {
  readonly uid: number;
  readonly gid: number;
  /** In each pid namespace from ours to its own; ours first. */
  readonly vpids: readonly number[];
  readonly vtids: readonly number[];
}

export function parseThreadStatus(status: string): ThreadStatus {
  return {
    uid: numbersAfter(status, '\nUid:')[0] ?? 0,
    gid: numbersAfter(status, '\nGid:')[0] ?? 0,
    vpids: numbersAfter(status, '\nNStgid:'),
    vtids: numbersAfter(status, '\nNSpid:'),
  };
}

function numbersAfter(text: string, word: string): number[] {
  const at = text.indexOf(word);
  if (at < 0) return [];
  const end = text.indexOf('\n', at + word.length);
  const line = text.slice(at + word.length, end < 0 ? undefined : end).trim();
  return line === '' ? [] : line.split(/\s+/).map(Number);
}
