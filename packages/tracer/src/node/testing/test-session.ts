// SPDX-License-Identifier: MIT
// A session directory that a test or a bench makes itself: what `record` would make, without a
// consumer. Programs are started under it by `environment`.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CONTROL_FILE,
  CONTROL_SIZE_BYTES,
  DOORBELL_FILE,
  DOORBELL_SIZE_BYTES,
  initializeControlPage,
  publishPlan,
  SESSION_FILE,
  SESSION_VARIABLE,
  type ClockKind,
  type SessionDescription,
  type TracingPlan,
} from '@lockstep/protocol';
import { preloadNodeOptions } from '../../preload-path.ts';

export interface TestSession {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly publish: (plan: TracingPlan, state?: 'active' | 'inactive') => void;
  readonly remove: () => void;
}

export interface TestSessionOptions {
  readonly clockKind?: ClockKind;
  /** Hz. */
  readonly frequency?: bigint;
  readonly plan?: Partial<TracingPlan>;
}

/** Every tracepoint into one channel that keeps the newest. */
export const RECORD_ALL: TracingPlan = {
  channels: [{ name: 'channel0', id: 0, mode: 'discard', subBufferSizeBytes: 1024 * 1024, subBufferCount: 8 }],
  rules: [{ pattern: '*', channel: 'channel0' }],
  samplerIntervalUs: 0,
  instrumentNode: true,
};

export function createTestSession(options: TestSessionOptions = {}): TestSession {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-test-'));
  const clockKind = options.clockKind ?? 'mono';
  const frequency = options.frequency ?? 1_000_000_000n;
  const description: SessionDescription = {
    version: 1,
    name: 'test',
    traceDirectory: join(directory, 'trace'),
    ownerPid: process.pid,
    clockClass: {
      name: 'monotonic',
      frequency: String(frequency),
      precision: '1',
      offsetSeconds: '0',
      offsetCycles: '0',
      absolute: true,
    },
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  };
  writeFileSync(join(directory, SESSION_FILE), JSON.stringify(description));
  writeFileSync(join(directory, DOORBELL_FILE), new Uint8Array(DOORBELL_SIZE_BYTES));

  // The page is made in memory; each publication writes its bytes in the order that readers rely
  // on: everything, and the first block, which has the generation, last.
  const page = new ArrayBuffer(CONTROL_SIZE_BYTES);
  initializeControlPage(page, { clockKind, frequency, ownerPid: process.pid }, RECORD_ALL);
  const controlPath = join(directory, CONTROL_FILE);
  const fd = openSync(controlPath, 'w+', 0o600);
  ftruncateSync(fd, CONTROL_SIZE_BYTES);
  function write(): void {
    writeSync(fd, new Uint8Array(page, 4096), 0, CONTROL_SIZE_BYTES - 4096, 4096);
    writeSync(fd, new Uint8Array(page, 0, 4096), 0, 4096, 0);
  }
  function publish(plan: TracingPlan, state: 'active' | 'inactive' = 'active'): void {
    publishPlan(page, state, plan);
    write();
  }
  publish({ ...RECORD_ALL, ...options.plan });
  return {
    directory,
    environment: { ...process.env, [SESSION_VARIABLE]: directory, NODE_OPTIONS: preloadNodeOptions(undefined) },
    publish,
    remove() {
      closeSync(fd);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
