// SPDX-License-Identifier: MIT
// The reader of a channel: its buffers -> sub-buffers that are lent, whole sub-buffers to a file
// descriptor, or records merged by time. The system's write takes the bytes from the mapping itself:
// they do not pass through JavaScript, and a page that its owner took away is an error of the call
// (EFAULT) instead of a signal.

import { writeSync } from 'node:fs';
import { InputError, SystemError } from '@lockstep/base';
import { loadNative } from '@lockstep/native';
import { openRingReader, type RingReader } from './reader.ts';
import { RecordIterator, type RecordIteratorOptions, type RingRecord } from './record-iterator.ts';
import type { RingPacket } from './ring-words.ts';
import type { WordWaiter } from './waiting.ts';

export interface ChannelPacket extends RingPacket {
  readonly bufferIndex: number;
}

export interface WrittenPackets {
  readonly packetCount: number;
  readonly byteCount: number;
}

/** How `wait` waits; undefined: it refuses to. */
export type ReaderWaiting = { readonly timerPeriodMs: number } | { readonly doorbell: WordWaiter } | undefined;

const REFUSED_WAIT = 'The channel wakes nobody (wakeUp: none); look when you like';

const sleeper = new Int32Array(new SharedArrayBuffer(4));

export class ChannelReader {
  readonly buffers: readonly RingReader[];
  readonly #waiting: ReaderWaiting;
  readonly #records: RecordIterator;
  #next = 0;
  #held: RingReader | undefined;
  /** What the doorbell showed before the last look. */
  #seenBell = 0;

  constructor(
    memories: readonly ArrayBufferLike[],
    waiting: ReaderWaiting,
    onFreed: readonly ((() => void) | undefined)[],
  ) {
    const native = loadNative();
    this.buffers = memories.map((memory, index) => {
      const wake = onFreed[index];
      return openRingReader(memory, {
        ...(native === undefined || memory instanceof SharedArrayBuffer
          ? {}
          : { tryCopy: (source, ...rest) => native.tryCopy(source as ArrayBuffer, ...rest) }),
        ...(wake === undefined ? {} : { onFreed: wake }),
      });
    });
    this.#waiting = waiting;
    this.#records = new RecordIterator(this.buffers);
  }

  /** The next delivered sub-buffer of any buffer, in turn; borrowed until `put`. */
  tryGet(): ChannelPacket | undefined {
    this.#hearBell();
    for (let count = 0; count < this.buffers.length; count++) {
      const bufferIndex = this.#next;
      const reader = this.buffers[bufferIndex]!;
      const packet = reader.getNextSubBuffer();
      this.#next = (bufferIndex + 1) % this.buffers.length;
      if (packet === undefined) continue;
      this.#held = reader;
      return { ...packet, bufferIndex };
    }
    return undefined;
  }

  put(): void {
    this.#held?.putNextSubBuffer();
    this.#held = undefined;
  }

  /**
   * Waits until a sub-buffer was delivered since the last `tryGet`, `writeTo` or `records`; false when the time is over.
   * Blocks the thread: for workers. May end for no reason.
   */
  wait(timeoutMs: number): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) throw new InputError(REFUSED_WAIT);
    if ('doorbell' in waiting) return waiting.doorbell.wait(this.#seenBell, timeoutMs);
    Atomics.wait(sleeper, 0, 0, Math.min(waiting.timerPeriodMs, timeoutMs));
    return waiting.timerPeriodMs <= timeoutMs;
  }

  /** The same without blocking the thread, for one with an event loop, which it keeps alive meanwhile. */
  async waitAsync(timeoutMs: number): Promise<boolean> {
    const waiting = this.#waiting;
    if (waiting === undefined) throw new InputError(REFUSED_WAIT);
    if ('doorbell' in waiting) return waiting.doorbell.waitAsync(this.#seenBell, timeoutMs);
    await new Promise((resolve) => setTimeout(resolve, Math.min(waiting.timerPeriodMs, timeoutMs)));
    return waiting.timerPeriodMs <= timeoutMs;
  }

  /** Writes the content of what is delivered, packet after packet. Throws SystemError; the packet that failed stays in the buffer. */
  writeTo(fd: number): WrittenPackets {
    this.#hearBell();
    let packetCount = 0;
    let byteCount = 0;
    for (const reader of this.buffers) {
      // As many as the buffer holds: writers at full speed would never let it end.
      for (let count = 0; count < reader.header.subBufferCount; count++) {
        const packet = reader.getNextSubBuffer();
        if (packet === undefined) break;
        try {
          writeWhole(fd, packet.bytes, packet.contentSizeBytes);
        } catch (error) {
          reader.putSubBuffer();
          throw error;
        }
        reader.putNextSubBuffer();
        packetCount++;
        byteCount += packet.contentSizeBytes;
      }
    }
    return { packetCount, byteCount };
  }

  /** Records of all buffers by time; goes on where the call before stopped. */
  records(options?: RecordIteratorOptions): Generator<RingRecord> {
    this.#hearBell();
    return this.#records.records(options);
  }

  /** Before a look: what is delivered after it ends the next wait. */
  #hearBell(): void {
    if (this.#waiting !== undefined && 'doorbell' in this.#waiting) this.#seenBell = this.#waiting.doorbell.read();
  }
}

function writeWhole(fd: number, bytes: Uint8Array, sizeBytes: number): void {
  try {
    for (let written = 0; written < sizeBytes;) written += writeSync(fd, bytes, written, sizeBytes - written);
  } catch (error) {
    const { code = 'EIO', syscall = 'write' } = error as NodeJS.ErrnoException;
    const reason = code === 'EFAULT' ? 'the buffer was cut short by its owner' : `the system says ${code}`;
    throw new SystemError(`A sub-buffer cannot be written: ${reason}`, code, syscall, undefined, { cause: error });
  }
}
