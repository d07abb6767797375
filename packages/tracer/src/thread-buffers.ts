// SPDX-License-Identifier: MIT
// The calling thread's ring buffers, one a channel: a file that a thread before it released, or a
// new one. The file outlives the thread and the process; the consumer removes it with the session.

import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { uuidToBytes } from '@lockstep/ctf/write';
import type { Native } from '@lockstep/native';
import { RING_FILE_PATTERN, type ChannelPlan } from '@lockstep/protocol';
import {
  createRing,
  readRingHeader,
  ringSizeBytes,
  tryAttachWriter,
  type RingOwner,
  type RingWriter,
} from '@lockstep/ring-buffer';
import { makeBlockingWait } from './blocking.ts';
import { startDrain } from './drain.ts';
import { makePacketClient } from './packet-client.ts';
import type { ProcessDirectory } from './process-directory.ts';
import { makeRecordTarget, makeRingViews, type RecordTarget } from './record-target.ts';
import type { SessionLink } from './session-link.ts';
import type { ThreadClock } from './thread-clock.ts';

interface HeldBuffer {
  readonly channel: ChannelPlan;
  readonly target: RecordTarget;
  readonly writer: RingWriter;
}

export class ThreadBuffers {
  readonly #link: SessionLink;
  readonly #processDirectory: ProcessDirectory;
  readonly #clock: ThreadClock;
  readonly #held = new Map<string, HeldBuffer>();

  constructor(link: SessionLink, processDirectory: ProcessDirectory, clock: ThreadClock) {
    this.#link = link;
    this.#processDirectory = processDirectory;
    this.#clock = clock;
    process.on('exit', () => this.#end());
  }

  /** Where this thread's records of the channel go. Throws SystemError when the buffer cannot be made. */
  targetOf(channel: ChannelPlan): RecordTarget {
    let held = this.#held.get(channel.name);
    if (held === undefined) {
      const { native } = this.#link;
      held =
        native === undefined
          ? this.#makeDrained(channel)
          : (this.#tryReuse(channel, native) ?? this.#create(channel, native));
      this.#held.set(channel.name, held);
    }
    return held.target;
  }

  /**
   * Hands over what has been recorded so far, for whoever follows the recording. A flight recorder's records stay:
   * its buffers hold the newest ones because nobody takes them.
   */
  deliver(): void {
    for (const { channel, writer } of this.#held.values()) if (channel.mode === 'discard') writer.flush();
  }

  /**
   * Workers hand their buffers on. The main thread delivers only: exit listeners of the program may
   * still record, and the process's end is end enough for the consumer.
   */
  #end(): void {
    for (const { writer } of this.#held.values()) {
      if (isMainThread) writer.flush();
      else writer.release();
    }
  }

  #tryReuse(channel: ChannelPlan, native: Native): HeldBuffer | undefined {
    for (const name of readdirSync(this.#processDirectory.path)) {
      const match = RING_FILE_PATTERN.exec(name);
      if (match?.[1] !== channel.name) continue;
      try {
        const { buffer } = native.mapFile(join(this.#processDirectory.path, name), { access: 'read-write' });
        const header = readRingHeader(buffer);
        const isFitting =
          header.mode === channel.mode &&
          header.channelId === channel.id &&
          header.subBufferCount === channel.subBufferCount &&
          header.subBufferSizeBytes === channel.subBufferSizeBytes;
        const held = isFitting ? this.#tryAttach(channel, buffer, header.bufferNumber, native.gettid()) : undefined;
        if (held !== undefined) return held;
      } catch {
        // Damaged or just going away: not to be reused.
      }
    }
    return undefined;
  }

  #create(channel: ChannelPlan, native: Native): HeldBuffer {
    const number = this.#processDirectory.takeBufferNumber();
    const path = join(this.#processDirectory.path, `${channel.name}_${number}.ring`);
    const { buffer } = native.mapFile(`${path}.tmp`, { access: 'read-write', createSizeBytes: ringSizeBytes(channel) });
    createRing(buffer, channel, { channelId: channel.id, bufferNumber: number });
    const held = this.#tryAttach(channel, buffer, number, native.gettid());
    // Under its name only when it is whole and owned.
    renameSync(`${path}.tmp`, path);
    // The consumer sleeps until somebody rings; from here on there is something to look at.
    this.#link.ringDoorbell();
    if (held === undefined) throw new Error('a new ring buffer has an owner');
    return held;
  }

  #makeDrained(channel: ChannelPlan): HeldBuffer {
    const number = this.#processDirectory.takeBufferNumber();
    const memory = new SharedArrayBuffer(ringSizeBytes(channel));
    createRing(memory, channel, { channelId: channel.id, bufferNumber: number });
    const drain = startDrain(memory, join(this.#processDirectory.path, `${channel.name}_${number}.packets`));
    const held = this.#tryAttach(channel, memory, number, threadId);
    if (held === undefined) throw new Error('a new ring buffer has an owner');
    process.on('exit', () => {
      held.writer.flush();
      drain.finish();
    });
    return held;
  }

  #tryAttach(channel: ChannelPlan, memory: ArrayBufferLike, bufferNumber: number, tid: number): HeldBuffer | undefined {
    const views = makeRingViews(memory);
    const identity = {
      traceUuid: uuidToBytes(this.#processDirectory.description.traceUuid),
      channelId: channel.id,
      bufferNumber,
      vpid: process.pid,
      vtid: tid,
      subBufferSizeBytes: channel.subBufferSizeBytes,
    };
    const onFull = makeBlockingWait(memory, channel, () => this.#link.isOver());
    const client = makePacketClient(views, this.#clock, identity, {
      onDeliver: () => this.#link.ringDoorbell(),
      ...(onFull === undefined ? {} : { onFull }),
    });
    const writer = tryAttachWriter(memory, { pid: process.pid, tid }, client, isGone);
    return writer === undefined ? undefined : { channel, writer, target: makeRecordTarget(views, writer, this.#clock) };
  }
}

/** Whether the thread of this process ended without releasing its buffer (worker.terminate()). */
function isGone(owner: RingOwner): boolean {
  return owner.pid === process.pid && !existsSync(`/proc/self/task/${owner.tid}`);
}
