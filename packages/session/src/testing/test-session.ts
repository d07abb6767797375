// SPDX-License-Identifier: MIT
// A session directory and a trace directory for one test, and readers of what came out.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { countEventRecords, openTraceDirectory } from '@lockstep/ctf/node';
import { decodeIndex } from '@lockstep/ctf/write';
import { loadNative } from '@lockstep/native';
import type { ChannelPlan } from '@lockstep/protocol';
import { Consumer } from '../consumer/consumer.ts';
import type { ConsumerContextOptions } from '../consumer/context.ts';

export const channel: ChannelPlan = {
  name: 'channel0',
  id: 0,
  mode: 'discard',
  subBufferSizeBytes: 4096,
  subBufferCount: 4,
};

export interface TestSession {
  readonly sessionDirectory: string;
  readonly traceDirectory: string;
  openConsumer(options?: Partial<ConsumerContextOptions>): Consumer;
  /** Event records and discarded ones that a reader finds in the trace. */
  count(): { readonly records: number; readonly discarded: number };
  /** Numbers of all packets of all data streams, stream after stream. */
  sequenceNumbers(): bigint[];
}

export function createTestSession(t: TestContext): TestSession {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-session-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const sessionDirectory = join(root, 'session');
  const traceDirectory = join(root, 'trace');
  mkdirSync(sessionDirectory);
  mkdirSync(traceDirectory);
  return {
    sessionDirectory,
    traceDirectory,
    openConsumer: (options = {}) =>
      new Consumer({
        sessionDirectory,
        sessionName: 'test',
        traceDirectory,
        clockClass: { name: 'test', frequency: 1_000_000_000n, offsetSeconds: 0n, offsetCycles: 0n, absolute: true },
        channels: [channel],
        isSnapshot: false,
        isKeepingBuffers: false,
        native: loadNative(),
        ...options,
      }),
    count() {
      const traceSet = openTraceDirectory(traceDirectory);
      try {
        const { records, discardedEventRecords } = countEventRecords(traceSet);
        return { records: Number(records), discarded: Number(discardedEventRecords) };
      } finally {
        traceSet.close();
      }
    },
    sequenceNumbers: () =>
      readdirSync(traceDirectory, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.idx'))
        .flatMap((name) => decodeIndex(readFileSync(join(traceDirectory, name)), name))
        .map(({ sequenceNumber }) => sequenceNumber ?? -1n),
  };
}
