// SPDX-License-Identifier: MIT
// A trace that is still being recorded, a directory or a live session of LTTng, read as it grows: items go
// to whoever takes them, until the recording is over or Ctrl-C.

import { InputError } from '@lockstep/base';
import type { StreamItem } from '@lockstep/ctf';
import { followTraceDirectory, openLiveSession, type FollowOptions } from '@lockstep/ctf/node';
import { isLiveUrl, parseLiveUrl } from '@lockstep/protocol';
import { findLastTrace, findOwner, findRecorder, readAlong } from '@lockstep/session';

/**
 * A program hands its records over each second; a thread that blocks does not until it goes on. What is told
 * of the kernel and of the program must meet, so silent streams are waited for this long, in looks of 100 ms.
 */
const PATIENCE = 30;

interface Growing {
  items(options: FollowOptions): AsyncIterable<StreamItem>;
  close(): void;
  /** Whether nobody writes it any more. */
  isOver(): boolean;
}

export async function followRecording(argument: string | undefined, take: (item: StreamItem) => void): Promise<void> {
  const growing = await openGrowing(argument);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  let wasOver = false;
  try {
    const options: FollowOptions = {
      signal: ending.signal,
      patience: PATIENCE,
      // What was written just before its end is looked for once more.
      onIdle: () => {
        if (wasOver) end();
        wasOver = growing.isOver();
      },
    };
    for await (const item of growing.items(options)) take(item);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, end);
    growing.close();
  }
}

async function openGrowing(argument: string | undefined): Promise<Growing> {
  const path = argument ?? findLastTrace(findOwner());
  if (path === undefined) throw new InputError('There is nothing to follow; name a directory that is being recorded');
  if (isLiveUrl(path)) {
    if (parseLiveUrl(path).session === undefined)
      throw new InputError('The address names no session; lockstep view --follow lists those of a relay', { path });
    const session = await openLiveSession(path);
    return { items: (options) => session.items(options), close: () => session.close(), isOver: () => false };
  }
  const stopReading = readAlong(path);
  const followed = followTraceDirectory(path);
  if (findRecorder(path) === undefined)
    process.stderr.write('lockstep: Nobody records this trace any more; what follows is all of it.\n');
  return {
    items: (options) => followed.items(options),
    close: () => {
      followed.close();
      stopReading();
    },
    isOver: () => findRecorder(path) === undefined,
  };
}
