// SPDX-License-Identifier: MIT
// What a reader has to know of the program before its first event: who it is, on which Node, and
// which shared objects are mapped where.

import { basename } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import type { Instrumentation } from './instrumentation.ts';

export function dumpState({ events, native }: Instrumentation): void {
  if (events.process.enabled) {
    events.process(
      process.pid,
      process.ppid,
      processName(),
      [...process.argv].join(' '),
      process.execPath,
      process.versions.node,
      process.versions.v8,
      isMainThread,
      threadId,
    );
  }
  if (isMainThread && native !== undefined && events.sharedObject.enabled) {
    for (const object of native.sharedObjects()) {
      events.sharedObject(object.baseAddress, object.sizeBytes, object.path, object.buildId ?? '');
    }
  }
  if (isMainThread && events.threadPool.enabled) events.threadPool(threadPoolSize());
  if (events.statedumpEnd.enabled) events.statedumpEnd();
}

/** As libuv reads it: 4 without the variable, 1 for what is no number, 1024 at most. */
function threadPoolSize(): number {
  const text = process.env.UV_THREADPOOL_SIZE;
  if (text === undefined || text === '') return text === undefined ? 4 : 1;
  const size = Number.parseInt(text, 10);
  return Number.isNaN(size) || size < 1 ? 1 : Math.min(size, 1024);
}

/** As `ps` would show the command: the title, or the executable when there is none. */
function processName(): string {
  return basename(process.title.split(' ')[0] ?? '') || basename(process.execPath);
}
