// SPDX-License-Identifier: MIT
// The session directory: everything that traced programs and a session share, on a memory file
// system, owned by the user whose programs are traced. Its path is `LOCKSTEP_SESSION`.
//
//   SESSION/
//     session.json                 SessionDescription; written once, before control
//     control                      control-page.ts
//     doorbell                     4096 bytes: word 0 DELIVERIES (programs add 1 per delivered
//                                  sub-buffer and per buffer they make), word 1 WAITERS (consumer threads
//                                  about to sleep or asleep, added and subtracted by each; who rings
//                                  wakes one of them at word 0, and only if it is not 0), words 16 to 31
//                                  pids of live readers, CAS from 0 by each. Words 64 + 32 k, k from 1 on:
//                                  DELIVERIES and WAITERS of further bells. A process rings bell
//                                  `bellOf(vpid, CONSUMER_COUNT of the control page)`
//     clock-page                   with a synthetic clock: clock/src/clock-page.ts
//     p-<vpid>-<start>/            one per traced process, made by the program. start = field 22 of
//                                  /proc/PID/stat, or the process's start in ms since the epoch
//       process.json               ProcessDescription; written to process.json.tmp, then renamed
//       shared                     4096 bytes: word 0 NEXT_CLASS_ID (Atomics.add by the threads),
//                                  word 1 NEXT_BUFFER_NUMBER
//       classes                    class-file.ts, append-only
//       <channel>_<n>.ring         ring buffer of one thread (ring-buffer/layout.ts)
//       <channel>_<n>.packets      instead of .ring without the addon: CTF packets, append-only

/** Environment variable that holds the session directory's path. */
export const SESSION_VARIABLE = 'LOCKSTEP_SESSION';

export const SESSION_FILE = 'session.json';
export const CONTROL_FILE = 'control';
export const CLOCK_PAGE_FILE = 'clock-page';
export const DOORBELL_FILE = 'doorbell';
export const DOORBELL_SIZE_BYTES = 4096;
export const DOORBELL_DELIVERIES_WORD = 0;
export const DOORBELL_WAITERS_WORD = 1;
export const DOORBELL_LIVE_READERS_WORD = 16;
export const DOORBELL_LIVE_READER_COUNT = 16;
/** Further bells begin here, each on cache lines of its own. */
const DOORBELL_BELLS_WORD = 64;
const DOORBELL_BELL_WORDS = 32;
export const MAX_CONSUMER_COUNT = 16;
export const PROCESS_DIRECTORY_PATTERN = /^p-(\d+)-(\d+)$/;
export const PROCESS_FILE = 'process.json';
export const SHARED_FILE = 'shared';
export const SHARED_SIZE_BYTES = 4096;
export const SHARED_NEXT_CLASS_ID_WORD = 0;
export const SHARED_NEXT_BUFFER_NUMBER_WORD = 1;
export const CLASSES_FILE = 'classes';
export const RING_FILE_PATTERN = /^([A-Za-z0-9][A-Za-z0-9_.-]*)_(\d+)\.ring$/;
export const PACKETS_FILE_PATTERN = /^([A-Za-z0-9][A-Za-z0-9_.-]*)_(\d+)\.packets$/;

export interface SessionDescription {
  readonly version: 1;
  readonly name: string;
  /** Absolute path of the trace that the session writes. */
  readonly traceDirectory: string;
  readonly ownerPid: number;
  /** Field 22 of the owner's /proc/PID/stat: the same pid may be another process later. */
  readonly ownerStart?: number;
  /** CTF clock class, as ctf's ClockClass with decimal strings for bigints. */
  readonly clockClass: Readonly<Record<string, string | boolean>>;
  /** Kernel's boot id: buffers of another boot are not of this clock. */
  readonly bootId: string;
}

export interface ProcessDescription {
  /** 2: packets have losses by cause in their context. */
  readonly version: 2;
  /** As the program sees itself. */
  readonly vpid: number;
  readonly procname: string;
  readonly argv: readonly string[];
  readonly execPath: string;
  readonly nodeVersion: string;
  readonly v8Version: string;
  /** uuid of the CTF trace of this process; packets carry it. */
  readonly traceUuid: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Inode of /proc/self/ns/pid: the consumer maps virtual to host pids by it. */
  readonly pidNamespace: string;
  readonly pointerSizeBits: number;
}

/** Which of the session's consumer threads takes what a process records, and so which bell it rings. */
export function bellOf(vpid: number, consumerCount: number): number {
  return consumerCount > 1 ? vpid % Math.min(consumerCount, MAX_CONSUMER_COUNT) : 0;
}

/** Word DELIVERIES of a bell; WAITERS is the next one. */
export function bellWord(bell: number): number {
  return bell === 0 ? DOORBELL_DELIVERIES_WORD : DOORBELL_BELLS_WORD + bell * DOORBELL_BELL_WORDS;
}

export function processDirectoryName(vpid: number, start: number): string {
  return `p-${vpid}-${start}`;
}
