// SPDX-License-Identifier: MIT
// Programs that wait for a slow consumer: what they record, and that they end.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@lockstep/native';
import { BLOCKING_VARIABLE, SESSION_VARIABLE, type ChannelPlan } from '@lockstep/protocol';
import type { RingCounters } from '@lockstep/ring-buffer';
import {
  CHANNEL,
  openRings,
  planOf,
  startTestSession,
  takePackets,
  walkRecords,
  type OpenedRing,
  type TestSession,
} from './testing/test-session.ts';

const program = fileURLToPath(new URL('./testing/traced-program.js', import.meta.url));
const skip = loadNative() === undefined ? 'needs the native addon' : false;
const SMALL = { ...CHANNEL, subBufferSizeBytes: 4096, subBufferCount: 2 };

function startProgram(
  t: TestContext,
  channel: ChannelPlan,
  recordCount: number,
  environment: Readonly<Record<string, string>> = {},
): { readonly session: TestSession; readonly child: ChildProcess; readonly ended: Promise<unknown> } {
  const session = startTestSession(planOf([{}], [channel]));
  const child = spawn(process.execPath, [program, 'send', String(recordCount)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [BLOCKING_VARIABLE]: '', [SESSION_VARIABLE]: session.directory, ...environment },
  });
  t.after(() => {
    child.kill('SIGKILL');
    session.close();
  });
  return { session, child, ended: once(child, 'exit') };
}

async function waitForRing(session: TestSession, child: ChildProcess): Promise<OpenedRing> {
  for (;;) {
    const [directory] = session.processDirectories();
    const [ring] = directory === undefined || !existsSync(directory) ? [] : openRings(directory);
    if (ring !== undefined) return ring;
    assert.equal(child.exitCode, null, 'the program ended without a buffer');
    await sleep(5);
  }
}

function countRecords(packets: readonly Uint8Array[]): number {
  const payloadEnd = (_id: number, bytes: DataView, offset: number): number => {
    let end = offset + 16;
    while (bytes.getUint8(end) !== 0) end++;
    return end + 1;
  };
  return packets.reduce((sum, packet) => sum + [...walkRecords(packet, payloadEnd)].length, 0);
}

/** What the program left, when nobody read before its end. */
function countAll(session: TestSession): { readonly recordCount: number; readonly counters: RingCounters } {
  const [ring] = openRings(session.processDirectories()[0] ?? '');
  assert(ring !== undefined);
  return { recordCount: countRecords(takePackets(ring.reader)), counters: ring.reader.counters() };
}

test('with a consumer that is slower than the program, a blocking channel loses nothing', { skip }, async (t) => {
  const { session, child, ended } = startProgram(t, { ...SMALL, blockingTimeoutMs: 600_000 }, 5000);
  const { reader } = await waitForRing(session, child);
  let recordCount = 0;
  // A sub-buffer each 2 ms; the program fills one in some 20 us.
  while (child.exitCode === null && child.signalCode === null) {
    const packet = reader.getNextSubBuffer();
    if (packet !== undefined) recordCount += countRecords([packet.bytes.slice(0, packet.contentSizeBytes)]);
    reader.putNextSubBuffer();
    await sleep(2);
  }
  await ended;
  recordCount += countRecords(takePackets(reader));
  assert.deepEqual([recordCount, reader.counters().discarded], [5000, 0]);
});

test('with nobody reading, a record waits for its time-out and is then counted', { skip }, async (t) => {
  const { session, ended } = startProgram(t, { ...SMALL, blockingTimeoutMs: 2 }, 300);
  assert.deepEqual(await ended, [0, null]);
  const { recordCount, counters } = countAll(session);
  assert.ok(counters.discardedFull > 0);
  assert.equal(recordCount + counters.discarded, 300);
});

test('a program that did not allow it is not held up for ever', { skip }, async (t) => {
  const { session, ended } = startProgram(t, { ...SMALL, blockingTimeoutMs: 'inf' }, 300);
  assert.deepEqual(await ended, [0, null]);
  assert.ok(countAll(session).counters.discardedFull > 0);
});

test('a program that allows it waits without end, but not longer than the session', { skip }, async (t) => {
  const channel = { ...SMALL, blockingTimeoutMs: 'inf' } as const;
  const { session, child, ended } = startProgram(t, channel, 300, { [BLOCKING_VARIABLE]: '1' });
  const { reader } = await waitForRing(session, child);
  while (reader.counters().deliveredSubBuffers < SMALL.subBufferCount && child.exitCode === null) await sleep(5);
  assert.equal(child.exitCode, null);
  assert.equal(reader.counters().discarded, 0);
  session.publish(planOf([], []), 'ended');
  assert.deepEqual(await ended, [0, null]);
});
