// SPDX-License-Identifier: MIT
// The synthetic clock: ns of CLOCK_MONOTONIC, told by a fast counter that runs unevenly, through a clock
// page. What the OMAP3 clock was to LTTng 0.x. docs/clock-page.md

import { readFileSync } from 'node:fs';
import { InputError, joinUint64, SystemError } from '@lockstep/base';
import type { Machine } from './machine.ts';
import { MonotonicClock } from './monotonic-clock.ts';
import type { ClockDescription, TraceClock } from './trace-clock.ts';
import type { ClockIdentity } from './uuid.ts';

export interface KeeperWorkerData {
  readonly pagePath: string;
  readonly historyPath: string;
  readonly cpuCount: number;
  readonly control: SharedArrayBuffer;
}

/** Words of the keeper's control: set to 1 by the keeper when the page answers; by its owner to end it. */
export const KEEPER_READY = 0;
export const KEEPER_STOP = 1;

/** A keeper is ready some 40 ms after it was asked for; a loaded machine takes longer. */
const MAX_KEEPER_START_MS = 5000;

export interface Keeper {
  /** Ends the keeper's thread; the page goes on answering with what it last knew. */
  close(): Promise<void>;
}

export class SyntheticClock implements TraceClock {
  readonly kind = 'synthetic';
  /** Kernel records carry the raw counter; the converter gives them the page's ns. */
  readonly kernelName = 'x86-tsc';
  readonly frequency = 1_000_000_000n;
  readonly reason: string;
  readonly #machine: Machine;
  readonly #identity: ClockIdentity;
  readonly #monotonic: MonotonicClock;
  #historyPath: string | undefined;
  #pagePath: string | undefined;
  #isBound = false;

  constructor(machine: Machine, identity: ClockIdentity, reason: string) {
    this.#machine = machine;
    this.#identity = identity;
    this.#monotonic = new MonotonicClock('mono', machine, identity, reason);
    this.reason = reason;
  }

  /** What a pair is wide, and a change of rate by a thousandth over the keeper's period. */
  get precisionCycles(): bigint {
    return 100_000n;
  }
  get uuid(): string {
    return this.#identity.uuid;
  }
  /** Where the converter of kernel records finds what the page said when. */
  get historyPath(): string | undefined {
    return this.#historyPath;
  }
  get pagePath(): string | undefined {
    return this.#pagePath;
  }

  now(): bigint {
    const { native } = this.#machine;
    if (native === undefined || !this.#isBound) return this.#monotonic.now();
    native.readClockPage();
    return joinUint64(native.slot[0] ?? 0, native.slot[1] ?? 0);
  }

  toClockClass(): ClockDescription {
    return {
      ...this.#monotonic.toClockClass(),
      name: 'synthetic',
      uuid: this.uuid,
      description: 'CLOCK_MONOTONIC of Linux, told by the fast counter of each CPU through a clock page',
      precision: this.precisionCycles,
    };
  }

  monotonicNsToCycles(ns: bigint): bigint {
    return ns;
  }

  /** Itself: the page was kept true all the time. */
  refine(): SyntheticClock {
    return this;
  }

  /**
   * Starts the keeper of a page at `pagePath`, with its history; blocks until the page answers. Programs
   * bind the page by its path. Throws InputError without the addon or a counter, SystemError when the
   * keeper does not come up.
   */
  keep(pagePath: string, historyPath: string): Keeper {
    const { native } = this.#machine;
    if (native?.readTsc === undefined) throw new InputError('The synthetic clock needs the native addon and a counter');
    const control = new SharedArrayBuffer(8);
    const words = new Int32Array(control);
    // Not imported above: a traced program, which opens this clock too, starts no thread.
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const worker = new Worker(new URL('./keeper-worker.js', import.meta.url), {
      workerData: { pagePath, historyPath, cpuCount: countPossibleCpus(), control } satisfies KeeperWorkerData,
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      // Its end is seen below or shows as a page that no one keeps.
      worker.once('error', () => resolve());
    });
    worker.unref();
    if (Atomics.wait(words, KEEPER_READY, 0, MAX_KEEPER_START_MS) === 'timed-out') {
      void worker.terminate();
      throw new SystemError('The keeper of the clock page did not start', 'ETIMEDOUT', 'pthread_create', pagePath);
    }
    native.bindClockPage(pagePath);
    this.#isBound = true;
    this.#historyPath = historyPath;
    this.#pagePath = pagePath;
    return {
      async close() {
        Atomics.store(words, KEEPER_STOP, 1);
        Atomics.notify(words, KEEPER_STOP);
        worker.ref();
        await ended;
      },
    };
  }
}

/** CPUs that may ever be there, offline ones too: their numbers are what counts. */
export function countPossibleCpus(path = '/sys/devices/system/cpu/possible'): number {
  try {
    // "0-3" or "0-3,8-11": the last number is the largest.
    const numbers = readFileSync(path, 'utf8').match(/\d+/g);
    return numbers === null ? 1 : Number(numbers[numbers.length - 1]) + 1;
  } catch {
    return 1;
  }
}
