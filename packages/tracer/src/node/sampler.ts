// SPDX-License-Identifier: MIT
// V8's CPU samples of this thread, through an inspector session in the thread itself: no thread
// beside it, no port, and nothing that could delay the program's end. To start V8's profiler costs
// 5 to 25 ms, since it enumerates all code, so it is started once: each second a second profile is
// started before the first is stopped, which keeps the profiler alive and costs 1 to 2 ms.
// Only profiles that the console's commands start can overlap in one session.

import type { Session } from 'node:inspector';
// Not the globals: programs under test replace those.
import { clearTimeout, setTimeout } from 'node:timers';
import type { Instrumentation } from './instrumentation.ts';
import { createProfileRecorder, type CpuProfile } from './cpu-profile.ts';

/** A thread that is killed loses what is younger; programs that live short get their samples early. */
const ROTATION_PERIODS_MS = [100, 300, 1000] as const;
/** Periods in which the loop turned for the rotation's own timer only, until sampling pauses. */
const IDLE_PERIODS = 3;
/**
 * A paused program is busy again when its loop turns so often within a second: V8's own tasks after the
 * end of a profile, and its collections of an idle program's garbage, are a few turns.
 */
const BUSY_TURNS = 20;
const BUSY_WINDOW_MS = 1000;
/** Starting V8's profiler holds the loop up for 5 to 25 ms: not before what woke the program is done. */
const RESUME_DELAY_MS = 100;
/** Names of the profiles in turn; odd enough not to meet one of the program. */
const TITLES = ['lockstep:a', 'lockstep:b'] as const;

export interface Sampler {
  /**
   * Starts, changes or (0) ends sampling. With `isPausedWhenIdle` V8's sampling thread ends while the
   * event loop has nothing to do, and starts again some time after it has.
   */
  readonly setInterval: (intervalUs: number, isPausedWhenIdle: boolean) => void;
  /** The event loop turns. */
  readonly noteIteration: () => void;
  /** Records what is there, at the end of the thread. */
  readonly finish: () => void;
}

type Inspector = typeof import('node:inspector');

/** `loadInspector` is called when sampling first starts; it may throw where Node has no inspector. */
export function createSampler(instrumentation: Instrumentation, loadInspector: () => Inspector): Sampler {
  const { events, time } = instrumentation;
  const recorder = createProfileRecorder(events);
  let session: Session | undefined;
  let timer: NodeJS.Timeout | undefined;
  let currentIntervalUs = 0;
  let turn = 0;
  let isPausing = false;
  let iterationCount = 0;
  let countAtRotation = 0;
  let idlePeriods = 0;
  /** Cycles at which the turns began to be counted while sampling is paused; undefined: it is not. */
  let pausedAt: number | undefined;
  let turnsSince = 0;

  /** The console's commands, not its methods: the program may have replaced those. */
  function command(expression: string): void {
    session?.post('Runtime.evaluate', { expression, includeCommandLineAPI: true, silent: true });
  }

  function rotate(): void {
    const finished = TITLES[turn & 1];
    turn++;
    command(`profile('${TITLES[turn & 1]}')`);
    command(`profileEnd('${finished}')`);
  }

  function scheduleRotation(index: number): void {
    timer = setTimeout(() => {
      const isIdle = iterationCount - countAtRotation <= 1;
      countAtRotation = iterationCount;
      idlePeriods = isIdle ? idlePeriods + 1 : 0;
      if (isPausing && idlePeriods >= IDLE_PERIODS) {
        attempt(stop);
        pausedAt = time.now();
        turnsSince = 0;
        return;
      }
      attempt(rotate);
      scheduleRotation(Math.min(index + 1, ROTATION_PERIODS_MS.length - 1));
    }, ROTATION_PERIODS_MS[index]);
    timer.unref();
  }

  function start(intervalUs: number): void {
    const inspector = loadInspector();
    session = new inspector.Session();
    session.connect();
    session.on('Profiler.consoleProfileFinished', (message) => {
      const { profile, title } = message.params as unknown as { readonly profile: CpuProfile; readonly title?: string };
      if (title !== TITLES[0] && title !== TITLES[1]) return;
      if (events.cpuSample.enabled) recorder.record(profile, time.pairMonotonic(), time.cyclesPerMs);
    });
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: intervalUs });
    const begin = time.now();
    command(`profile('${TITLES[turn & 1]}')`);
    events.samplerState(begin, intervalUs, 'on');
    scheduleRotation(0);
  }

  function stop(): void {
    clearTimeout(timer);
    command(`profileEnd('${TITLES[turn & 1]}')`);
    session?.disconnect();
    session = undefined;
    events.samplerState(time.now(), currentIntervalUs, 'off');
  }

  function resume(): void {
    pausedAt = undefined;
    idlePeriods = 0;
    timer = setTimeout(() => {
      countAtRotation = iterationCount;
      attempt(() => start(currentIntervalUs));
    }, RESUME_DELAY_MS);
    timer.unref();
  }

  return {
    noteIteration() {
      iterationCount++;
      if (pausedAt === undefined) return;
      const now = time.now();
      turnsSince = now - pausedAt > BUSY_WINDOW_MS * time.cyclesPerMs ? 1 : turnsSince + 1;
      if (turnsSince === 1) pausedAt = now;
      if (turnsSince >= BUSY_TURNS) resume();
    },
    setInterval(intervalUs, isPausedWhenIdle) {
      isPausing = isPausedWhenIdle;
      if (intervalUs === currentIntervalUs) return;
      attempt(() => {
        clearTimeout(timer);
        pausedAt = undefined;
        if (session !== undefined) stop();
        if (intervalUs > 0) start(intervalUs);
      });
      currentIntervalUs = intervalUs;
    },
    finish() {
      if (session !== undefined) attempt(stop);
      clearTimeout(timer);
      pausedAt = undefined;
      currentIntervalUs = 0;
    },
  };
}

/** Without an inspector, or when it fails, there are no samples; the program goes on. */
function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // Said by the absence of `sampler_state`.
  }
}
