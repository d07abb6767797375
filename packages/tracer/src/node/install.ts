// SPDX-License-Identifier: MIT
// Installs Node's instrumentation in this thread: once, for as long as the thread lives. Nothing is
// installed while no session wants it; afterwards a session that wants it no more costs the test of
// a flag at each event. A part that cannot be installed is left out, the others work.

import type { Native } from '@lockstep/native';
import type { TracingPlan } from '@lockstep/protocol';
import type { Runtime, RuntimeClock } from '../runtime.ts';
import { observeChildren } from './children.ts';
import { observeConsole } from './console.ts';
import { defineNodeEvents } from './events.ts';
import { observeExceptions } from './exceptions.ts';
import { observeFsSync } from './fs-sync.ts';
import { observeGc } from './gc.ts';
import { observeFetch, observeHttpClient } from './http-client.ts';
import { observeHttpServer } from './http-server.ts';
import type { Instrumentation } from './instrumentation.ts';
import { observeLoop } from './loop.ts';
import { createRequestContext } from './request-context.ts';
import { createSampler } from './sampler.ts';
import { dumpState } from './state-dump.ts';
import { observeSyncCalls } from './sync-call.ts';
import { observeWorkers } from './threads.ts';
import { openTraceTime } from './trace-time.ts';

export interface InstallOptions {
  readonly runtime: Runtime;
  readonly native: Native | undefined;
  readonly sessionDirectory: string;
}

/** Installs as soon as a session wants it: now, or when its plan changes. */
export function installWhenWanted(options: InstallOptions): void {
  const { runtime } = options;
  const { clock } = runtime;
  if (clock === undefined) return;
  let isInstalled = false;
  let applyPlan: ((plan: TracingPlan | undefined) => void) | undefined;
  const follow = (plan: TracingPlan | undefined): void => {
    if (!isInstalled && plan?.instrumentNode === true) {
      isInstalled = true;
      attempt(() => (applyPlan = install(options, clock)));
    }
    applyPlan?.(plan);
  };
  runtime.onPlanChange(follow);
  follow(runtime.currentPlan());
}

/** Installs every part; returns what follows later changes of the plan. */
function install(options: InstallOptions, clock: RuntimeClock): (plan: TracingPlan | undefined) => void {
  const { runtime, native, sessionDirectory } = options;
  const events = defineNodeEvents();
  const requests = createRequestContext();
  const instrumentation: Instrumentation = { events, time: openTraceTime(clock), requests, native, sessionDirectory };
  const finishers: (() => void)[] = [];

  attempt(() => dumpState(instrumentation));
  attempt(() => finishers.push(observeLoop(instrumentation, () => runtime.checkPlan()).finish));
  attempt(() => finishers.push(observeGc(instrumentation).finish));
  attempt(() => observeHttpServer(instrumentation));
  attempt(() => observeHttpClient(instrumentation));
  attempt(() => observeFetch(instrumentation));
  attempt(() => observeConsole(instrumentation));
  attempt(() => observeExceptions(instrumentation));
  attempt(() => observeFsSync(instrumentation, builtin('fs')));
  attempt(() =>
    observeSyncCalls(instrumentation, {
      crypto: tryBuiltin('crypto'),
      zlib: builtin('zlib'),
      childProcess: builtin('child_process'),
    }),
  );
  attempt(() => observeChildren(instrumentation, builtin('child_process')));
  attempt(() => observeWorkers(events, sessionDirectory, builtin('worker_threads')));
  const sampler = createSampler(instrumentation, () => builtin('inspector'));
  finishers.unshift(sampler.finish);

  process.on('exit', () => {
    for (const finish of finishers) attempt(finish);
  });
  return (plan) => sampler.setInterval(plan?.instrumentNode === true ? plan.samplerIntervalUs : 0);
}

interface Builtins {
  readonly fs: Record<string, unknown>;
  readonly crypto: object;
  readonly zlib: object;
  readonly child_process: typeof import('node:child_process');
  readonly worker_threads: typeof import('node:worker_threads');
  readonly inspector: typeof import('node:inspector');
}

/** The module object itself, loaded when it is asked for, past any hook of the program. */
function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return process.getBuiltinModule(name) as unknown as Builtins[Name];
}

/** As `builtin`; undefined where Node was built without it. */
function tryBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  try {
    return builtin(name);
  } catch {
    return undefined;
  }
}

/** One part that fails must spoil neither the program nor the other parts. */
function attempt(step: () => unknown): void {
  try {
    step();
  } catch (error) {
    if (process.env.LOCKSTEP_DEBUG === '1') process.stderr.write(`lockstep: ${String(error instanceof Error ? error.stack : error)}\n`);
  }
}
