// SPDX-License-Identifier: MIT
// Entry of the consumer's thread: sleeps on the doorbell, moves what programs delivered, reports. It
// blocks in the futex, so it is told to stop through shared memory and a ring of the doorbell.

import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@lockstep/base';
import { loadNative, type Native } from '@lockstep/native';
import { bellWord, DOORBELL_FILE } from '@lockstep/protocol';
import { clockClassFromJson } from '../clock-class-json.ts';
import { Consumer } from './consumer.ts';
import {
  COMMAND_RUN,
  COMMAND_STOP,
  COMMAND_WAIT,
  type ConsumerMessage,
  type ConsumerSettings,
} from './consumer-thread.ts';

/** After something was delivered, and where programs cannot ring: looked around this often. */
const SCAN_INTERVAL_MS = 250;
/** So long after the last delivery nothing but the bell wakes this thread. */
const QUIET_AFTER_MS = 2000;
/** Without the addon there is no bell: packets are looked for at this rate. */
const POLL_INTERVAL_MS = 50;
const REPORT_INTERVAL_MS = 200;
const ENDLESS = -1;

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
  part: settings.part,
});
run();

function run(): void {
  const wait = openDoorbell(native);
  // Until then somebody else consumes.
  send({ type: 'ready' });
  Atomics.wait(command, 0, COMMAND_WAIT);
  let nextReportMs = 0;
  let hasSaidFailure = false;
  let lastDeliveryMs = performance.now();
  while (Atomics.load(command, 0) !== COMMAND_STOP) {
    const count = consumer.poll();
    const nowMs = performance.now();
    if (nowMs >= nextReportMs || (consumer.hasFailed && !hasSaidFailure)) {
      nextReportMs = nowMs + REPORT_INTERVAL_MS;
      hasSaidFailure = consumer.hasFailed;
      send({ type: 'progress', report: consumer.report() });
    }
    if (count > 0) lastDeliveryMs = nowMs;
    // Rung without a delivery: a buffer was made, or a thread ended. It is looked after as well.
    else if (wait(consumer.isSilent ? SCAN_INTERVAL_MS : waitingTime(nowMs - lastDeliveryMs)))
      lastDeliveryMs = performance.now();
  }
  send({ type: 'finished', report: consumer.finish() });
}

/** The timer that looks for who died without ringing is armed by data; a flight recorder has none. */
function waitingTime(quietMs: number): number {
  return settings.isSnapshot || quietMs > QUIET_AFTER_MS ? ENDLESS : SCAN_INTERVAL_MS;
}

function send(message: ConsumerMessage): void {
  assert(parentPort !== null, 'the consumer runs in a worker thread');
  parentPort.postMessage(message);
}

/**
 * Returns the function that sleeps until somebody rings, the session stops, or the time is over; it
 * tells whether somebody rang.
 * Each of several threads has its programs and a bell of its own, so that a delivery wakes the one that takes it.
 */
function openDoorbell(addon: Native | undefined): (timeoutMs: number) => boolean {
  if (addon === undefined) {
    return () => {
      Atomics.wait(command, 0, COMMAND_RUN, POLL_INTERVAL_MS);
      return false;
    };
  }
  const { buffer } = addon.mapFile(join(settings.sessionDirectory, DOORBELL_FILE), { access: 'read-write' });
  const words = new Int32Array(buffer);
  const word = bellWord(settings.part.index);
  return (timeoutMs) => {
    const deliveries = Atomics.load(words, word);
    // Before the last look: who delivers after it sees the waiter and rings.
    Atomics.add(words, word + 1, 1);
    if (Atomics.load(command, 0) !== COMMAND_STOP && consumer.poll() === 0) {
      addon.futexWait(buffer, word * 4, deliveries, timeoutMs);
    }
    Atomics.sub(words, word + 1, 1);
    return Atomics.load(words, word) !== deliveries;
  };
}
