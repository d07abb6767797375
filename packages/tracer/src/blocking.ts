// SPDX-License-Identifier: MIT
// Blocking mode: a thread whose buffer is full sleeps until the consumer has freed a sub-buffer, or
// until the time that the channel allows is over. It sleeps in a futex and looks once a second whether
// there still is a session that could free anything.

import { BLOCKING_VARIABLE, type ChannelPlan } from '@lockstep/protocol';
import { FREED_COUNT_WORD, makeWordWaiter, WAITING_WRITERS_WORD, type RingClient } from '@lockstep/ring-buffer';

const LOOK_INTERVAL_MS = 1000;
const now = performance.now.bind(performance);

/** What the ring's writer does when it finds no sub-buffer; undefined: it discards at once. */
export function makeBlockingWait(
  memory: ArrayBufferLike,
  channel: ChannelPlan,
  isSessionOver: () => boolean,
): RingClient['onFull'] | undefined {
  const timeoutMs = readTimeout(channel);
  if (timeoutMs === 0 || channel.mode !== 'discard') return undefined;
  const freed = makeWordWaiter(memory, FREED_COUNT_WORD, WAITING_WRITERS_WORD);
  return (freedCount) => {
    const endMs = now() + timeoutMs;
    for (let leftMs = timeoutMs; leftMs > 0; leftMs = endMs - now()) {
      if (freed.wait(freedCount, Math.min(leftMs, LOOK_INTERVAL_MS))) return true;
      if (isSessionOver()) return false;
    }
    return false;
  };
}

function readTimeout({ blockingTimeoutMs = 0 }: ChannelPlan): number {
  if (blockingTimeoutMs !== 'inf') return blockingTimeoutMs;
  return process.env[BLOCKING_VARIABLE] === '1' ? Infinity : 0;
}
