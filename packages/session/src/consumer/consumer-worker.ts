// SPDX-License-Identifier: MIT
// Entry of the consumer's thread: sleeps on the doorbell, moves what programs delivered, reports. It
// blocks in the futex, so it is told to stop through shared memory and a ring of the doorbell.

import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@lockstep/base';
import { loadNative, type Native } from '@lockstep/native';
import { DOORBELL_DELIVERIES_WORD, DOORBELL_FILE, DOORBELL_WAITERS_WORD } from '@lockstep/protocol';
import { clockClassFromJson } from '../clock-class-json.ts';
import { Consumer } from './consumer.ts';
import {
  COMMAND_RUN,
  COMMAND_STOP,
  COMMAND_WAIT,
  type ConsumerMessage,
  type ConsumerSettings,
} from './consumer-thread.ts';

/** New programs and threads do not ring; they are found this late at most. Four wake-ups a second when idle. */
const SCAN_INTERVAL_MS = 250;
/** Without the addon there is no bell: packets are looked for at this rate. */
const POLL_INTERVAL_MS = 50;
const REPORT_INTERVAL_MS = 200;

const settings = workerData as ConsumerSettings;
const command = new Int32Array(settings.command);
const native = loadNative();
const consumer = new Consumer({
  sessionDirectory: settings.sessionDirectory,
  sessionName: settings.sessionName,
  traceDirectory: settings.traceDirectory,
  clockClass: clockClassFromJson(settings.clockClass),
  channels: settings.channels,
  isSnapshot: settings.isSnapshot,
  isKeepingBuffers: false,
  native,
});
run();

function run(): void {
  const wait = openDoorbell(native);
  // Until then somebody else consumes.
  send({ type: 'ready' });
  Atomics.wait(command, 0, COMMAND_WAIT);
  let nextReportMs = 0;
  let hasSaidFailure = false;
  while (Atomics.load(command, 0) !== COMMAND_STOP) {
    const count = consumer.poll();
    const nowMs = performance.now();
    if (nowMs >= nextReportMs || (consumer.hasFailed && !hasSaidFailure)) {
      nextReportMs = nowMs + REPORT_INTERVAL_MS;
      hasSaidFailure = consumer.hasFailed;
      send({ type: 'progress', report: consumer.report() });
    }
    if (count === 0) wait();
  }
  send({ type: 'finished', report: consumer.finish() });
}

function send(message: ConsumerMessage): void {
  assert(parentPort !== null, 'the consumer runs in a worker thread');
  parentPort.postMessage(message);
}

/** Returns the function that sleeps until something was delivered, the session stops, or it is time to look around. */
function openDoorbell(addon: Native | undefined): () => void {
  if (addon === undefined) {
    return () => {
      Atomics.wait(command, 0, COMMAND_RUN, POLL_INTERVAL_MS);
    };
  }
  const { buffer } = addon.mapFile(join(settings.sessionDirectory, DOORBELL_FILE), { access: 'read-write' });
  const words = new Int32Array(buffer);
  return () => {
    const deliveries = Atomics.load(words, DOORBELL_DELIVERIES_WORD);
    // Before the last look: who delivers after it sees the waiter and rings.
    Atomics.store(words, DOORBELL_WAITERS_WORD, 1);
    if (Atomics.load(command, 0) !== COMMAND_STOP && consumer.poll() === 0) {
      addon.futexWait(buffer, DOORBELL_DELIVERIES_WORD * 4, deliveries, SCAN_INTERVAL_MS);
    }
    Atomics.store(words, DOORBELL_WAITERS_WORD, 0);
  };
}
