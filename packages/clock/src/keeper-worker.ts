// SPDX-License-Identifier: MIT
// The keeper's thread: goes from CPU to CPU and keeps a clock page true. Nobody else wakes for it: it
// sleeps between two rounds, and where it cannot follow for a while (a loaded machine) the page goes on
// with what it last knew.

import { parentPort, workerData } from 'node:worker_threads';
import { loadNative, type Native } from '@lockstep/native';
import { joinUint64 } from '@lockstep/base';
import { ClockHistoryWriter } from './clock-history.ts';
import {
  ClockKeeper,
  DEFAULT_LEAD_NS,
  DEFAULT_PERIOD_NS,
  FIRST_STRETCH_NS,
  type CounterSource,
} from './clock-keeper.ts';
import { clockPageSize, ClockPageWriter } from './clock-page.ts';
import { KEEPER_READY, KEEPER_STOP, type KeeperWorkerData } from './synthetic-clock.ts';

const { pagePath, historyPath, cpuCount, control } = workerData as KeeperWorkerData;

function openCounters(native: Native): CounterSource {
  const { slot, readTsc, readPair } = native;
  if (readTsc === undefined || readPair === undefined) throw new Error('a clock page needs a counter');
  return {
    cpuCount,
    counterBits: 64,
    samplePair(cpu) {
      try {
        native.pinToCpu(0, cpu);
      } catch {
        // Offline, or not ours: it keeps what it had.
        return undefined;
      }
      readPair();
      return { cycles: joinUint64(slot[6] ?? 0, slot[7] ?? 0), ns: joinUint64(slot[4] ?? 0, slot[5] ?? 0) };
    },
    readAgain() {
      readTsc();
      return joinUint64(slot[0] ?? 0, slot[1] ?? 0);
    },
  };
}

function run(): void {
  const native = loadNative();
  if (native === undefined) throw new Error('a clock page needs the native addon');
  const words = new Int32Array(control);
  const counters = openCounters(native);
  const first = counters.samplePair(0) ?? { cycles: 0n, ns: native.clockNs('monotonic') };
  const mapping = native.mapFile(pagePath, { access: 'read-write', createSizeBytes: clockPageSize(cpuCount) });
  const history = new ClockHistoryWriter(historyPath, cpuCount, counters.counterBits, first);
  const keeper = new ClockKeeper(
    counters,
    new ClockPageWriter(mapping.buffer, cpuCount, counters.counterBits, first),
    history,
  );
  const sleep = (ms: number): void => void Atomics.wait(words, KEEPER_STOP, 0, ms);
  keeper.visitAll();
  sleep(FIRST_STRETCH_NS / 1e6);
  keeper.visitAll();
  Atomics.store(words, KEEPER_READY, 1);
  Atomics.notify(words, KEEPER_READY);
  // The first rate is of a short stretch: better ones follow soon.
  let pauseMs = (2 * DEFAULT_LEAD_NS) / 1e6 + FIRST_STRETCH_NS / 1e6;
  while (Atomics.load(words, KEEPER_STOP) === 0) {
    sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, DEFAULT_PERIOD_NS / 1e6);
    keeper.visitAll();
  }
  history.close();
  mapping.unmap();
}

run();
parentPort?.postMessage('ended');
