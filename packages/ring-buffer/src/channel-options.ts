// SPDX-License-Identifier: MIT
// What a channel of ring buffers can be, and which combinations are refused, with the reason: options
// -> options with defaults, or InputError.

import { cpus } from 'node:os';
import { InputError } from '@lockstep/base';
import { loadNative, nativeMissingReason } from '@lockstep/native';
import { checkGeometry } from './header.ts';
import type { RingGeometry } from './layout.ts';

export type Backing =
  /** Files `NAME_0.ring`, `NAME_1.ring` … of a directory; on a memory file system, unless they shall outlive the machine's next start. */
  | { readonly type: 'file'; readonly directory: string; readonly name: string }
  /** Files without a name (memfd): gone with the last process that has them. */
  | { readonly type: 'memory-file' }
  /** SharedArrayBuffer: for the threads of one process. */
  | { readonly type: 'shared' }
  /** The caller's, zeroed: one memory a buffer, for instance mappings of its own. */
  | { readonly type: 'given'; readonly memories: readonly ArrayBufferLike[] };

export interface ChannelOptions {
  /** Who shares a buffer: nobody, the threads that run on the same CPU, all. */
  readonly allocation: 'per-thread' | 'per-cpu' | 'one';
  /** How many may write into one buffer at the same time. */
  readonly writers: 'one' | 'several';
  readonly mode: 'discard' | 'overwrite';
  readonly backing: Backing;
  /**
   * How a reader that waits learns of a delivered sub-buffer: writers wake it, it looks each
   * `timerPeriodMs`, or it looks when it likes.
   */
  readonly wakeUp: 'writer' | 'timer' | 'none';
  /** Each record is safe when it ends. Else with its sub-buffer, which saves a store a record. */
  readonly isCrashConsistent: boolean;
  /** 32: eight bytes a record, the high half once when it changes. 64: sixteen bytes, each with the whole time. */
  readonly timestampBits: 32 | 64;
  /** A power of two of at least 4096. */
  readonly subBufferSizeBytes: number;
  readonly subBufferCount: number;
  /** Buffers per thread: threads that may write at a time, default 8. */
  readonly bufferCount?: number;
  /** Several writers: how many at a time on one buffer, default 8. */
  readonly writerCount?: number;
  /** Timer: default 100. */
  readonly timerPeriodMs?: number;
  /** Discard mode: a writer that finds every sub-buffer unread waits until one is freed, for at most this long, before it discards. */
  readonly blockingTimeoutMs?: number;
}

interface Refusal {
  readonly applies: (options: ChannelOptions) => boolean;
  readonly reason: string;
}

const isMapped = ({ backing }: ChannelOptions): boolean => backing.type === 'file' || backing.type === 'memory-file';

/** The first that applies is what is said. */
const REFUSALS: readonly Refusal[] = [
  {
    applies: ({ allocation, writers }) => allocation === 'per-thread' && writers === 'several',
    reason: "A thread's own buffer has one writer; several writers need a buffer per CPU or one for all",
  },
  {
    applies: ({ allocation, writers }) => allocation === 'per-cpu' && writers === 'one',
    reason:
      'A thread may be moved to another CPU, or make way for another thread, in the middle of a record, and JavaScript cannot restart it; a buffer per CPU needs several writers',
  },
  {
    applies: ({ mode, blockingTimeoutMs }) => mode === 'overwrite' && blockingTimeoutMs !== undefined,
    reason: 'In overwrite mode a writer always finds a sub-buffer, so there is nothing to block for',
  },
  {
    applies: ({ wakeUp, timerPeriodMs }) => wakeUp !== 'timer' && timerPeriodMs !== undefined,
    reason: 'A period belongs to the wake-up by timer',
  },
  {
    applies: ({ timerPeriodMs = 1 }) => !(timerPeriodMs > 0 && timerPeriodMs < 2 ** 31),
    reason: 'The period of a timer is a positive number of milliseconds',
  },
  {
    applies: ({ blockingTimeoutMs = 0 }) => !(blockingTimeoutMs >= 0 && blockingTimeoutMs < 2 ** 31),
    reason: 'The time-out of blocking is a number of milliseconds from 0 on',
  },
  {
    applies: ({ writers, writerCount = 1 }) => writers === 'one' && writerCount !== 1,
    reason: 'A buffer with one writer has one writer at a time',
  },
  {
    applies: ({ allocation, bufferCount }) => allocation !== 'per-thread' && bufferCount !== undefined,
    reason: 'The number of buffers is that of the CPUs, or one; only buffers per thread are counted by the caller',
  },
  {
    applies: ({ bufferCount = 1 }) => !(Number.isSafeInteger(bufferCount) && bufferCount >= 1 && bufferCount <= 4096),
    reason: 'A channel has 1 to 4096 buffers',
  },
  {
    applies: ({ timestampBits }) => timestampBits !== 32 && timestampBits !== 64,
    reason: 'Timestamps have 32 or 64 bits',
  },
  {
    applies: ({ backing }) => backing.type === 'file' && !/^[\w.-]{1,200}$/.test(backing.name),
    reason: 'The name of a channel with files has only letters, digits, `.`, `_` and `-`',
  },
  {
    applies: (options) => options.backing.type === 'given' && options.backing.memories.length !== countBuffers(options),
    reason: 'The caller hands in one memory for each buffer',
  },
];

/** What needs the addon, which may be missing. */
const NATIVE_REFUSALS: readonly Refusal[] = [
  { applies: isMapped, reason: 'Mapped files and memory files need the native addon; use SharedArrayBuffer' },
  {
    applies: ({ allocation }) => allocation === 'per-cpu',
    reason: 'Without the native addon a thread does not know on which CPU it runs; use a buffer per thread',
  },
  {
    applies: ({ backing, wakeUp, blockingTimeoutMs }) =>
      backing.type === 'given' &&
      backing.memories.some((memory) => !(memory instanceof SharedArrayBuffer)) &&
      (wakeUp === 'writer' || blockingTimeoutMs !== undefined),
    reason: 'Sleeping on memory that is no SharedArrayBuffer needs the native addon',
  },
];

let cpuCount: number | undefined;

export function countBuffers({ allocation, bufferCount = 8 }: ChannelOptions): number {
  if (allocation === 'one') return 1;
  if (allocation === 'per-thread') return bufferCount;
  // Milliseconds: the system is asked about each CPU's speed, too.
  cpuCount ??= cpus().length;
  return cpuCount;
}

export function geometryOf(options: ChannelOptions): Required<RingGeometry> {
  const { mode, subBufferSizeBytes, subBufferCount, writers, writerCount = 8 } = options;
  return { mode, subBufferSizeBytes, subBufferCount, writerCount: writers === 'one' ? 1 : writerCount };
}

/** Why there can be no such channel here; undefined when there can. */
export function explainRefusal(options: ChannelOptions, hasNative: boolean): string | undefined {
  const refused = REFUSALS.find(({ applies }) => applies(options));
  if (refused !== undefined) return refused.reason;
  return hasNative ? undefined : NATIVE_REFUSALS.find(({ applies }) => applies(options))?.reason;
}

/** What has a few values, for callers whose compiler does not check them. */
const CHOICES = {
  allocation: ['per-thread', 'per-cpu', 'one'],
  writers: ['one', 'several'],
  mode: ['discard', 'overwrite'],
  wakeUp: ['writer', 'timer', 'none'],
  isCrashConsistent: [true, false],
} as const;
const BACKINGS: readonly string[] = ['file', 'memory-file', 'shared', 'given'];

function checkChoices(options: Partial<Record<keyof ChannelOptions, unknown>>): void {
  for (const [name, choices] of Object.entries(CHOICES) as [keyof typeof CHOICES, readonly unknown[]][]) {
    if (!choices.includes(options[name]))
      throw new InputError(`A channel's ${name} is one of ${choices.join(', ')}`, { [name]: String(options[name]) });
  }
  const { type } = (options.backing ?? {}) as { type?: string };
  if (type === undefined || !BACKINGS.includes(type))
    throw new InputError(`A channel's backing is {type: …}, with one of ${BACKINGS.join(', ')}`, { type });
}

/** Throws InputError. */
export function checkChannelOptions(options: ChannelOptions): void {
  checkChoices(options);
  const native = loadNative();
  const reason = explainRefusal(options, native !== undefined);
  if (reason === undefined) {
    checkGeometry(geometryOf(options));
    return;
  }
  const { allocation, writers, mode, backing, wakeUp } = options;
  throw new InputError(reason, {
    allocation,
    writers,
    mode,
    backing: backing.type,
    wakeUp,
    addon: native === undefined ? nativeMissingReason() : undefined,
  });
}
