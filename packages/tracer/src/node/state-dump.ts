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
  if (events.statedumpEnd.enabled) events.statedumpEnd();
}

/** As `ps` would show the command: the title, or the executable when there is none. */
function processName(): string {
  return basename(process.title.split(' ')[0] ?? '') || basename(process.execPath);
}
