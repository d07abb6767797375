// SPDX-License-Identifier: MIT
// Installs Node's instrumentation in this thread: once, for as long as the thread lives. Nothing is
// installed while no session wants it; afterwards a session that wants it no more costs the test of
// a flag at each event. A part that cannot be installed is left out, the others work.

import { syncBuiltinESMExports } from 'node:module';
import type { Native } from '@lockstep/native';
import type { TracingPlan } from '@lockstep/protocol';
import type { Runtime, RuntimeClock } from '../runtime.ts';
import { observeAsyncOperations } from './async-operations.ts';
import { observeAgents, observeConnects, observeUndiciQueue } from './connections.ts';
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
  const instrumentation: Instrumentation = {
    events,
    time: openTraceTime(clock),
    requests,
    timers: { firedCount: 0 },
    native,
    sessionDirectory,
  };
  const finishers: (() => void)[] = [];
  /** Run at each turn of the loop until they return true. */
  const eachIteration: (() => boolean)[] = [];
  const whenLoaded = (name: LateModule, observe: (module: object) => void): void => {
    const watch = watchForModule(name, (module) => attempt(() => observe(module)));
    if (!watch()) eachIteration.push(watch);
  };

  let noteIteration = (): void => {};
  // Once a second at most, and only while the loop turns: an idle program stays idle.
  const deliveryPeriod = clock.nsToCycles(DELIVERY_PERIOD_NS);
  let deliveredAt = clock.now();
  function turn(): void {
    noteIteration();
    runtime.checkPlan();
    const now = clock.now();
    if (now - deliveredAt > deliveryPeriod) {
      deliveredAt = now;
      runtime.deliver();
    }
    for (let index = eachIteration.length - 1; index >= 0; index--) {
      if (eachIteration[index]?.() === true) eachIteration.splice(index, 1);
    }
  }

  attempt(() => {
    for (const name of modulesOfEntry(builtin('fs'))) builtin(name);
  });
  attempt(() => dumpState(instrumentation));
  attempt(() => {
    finishers.push(observeLoop(instrumentation, turn, runtime.beforeSleep).finish);
    if (native !== undefined) runtime.observeLoop();
  });
  attempt(() => finishers.push(observeGc(instrumentation).finish));
  attempt(() => observeHttpServer(instrumentation));
  attempt(() => observeHttpClient(instrumentation));
  attempt(() => observeFetch(instrumentation));
  attempt(() => observeConsole(instrumentation));
  attempt(() => observeExceptions(instrumentation));
  attempt(() => observeFsSync(instrumentation, builtin('fs')));
  attempt(() => {
    const syncCalls = observeSyncCalls(instrumentation);
    syncCalls.observeModule('zlib', builtin('zlib'));
    syncCalls.observeModule('child_process', builtin('child_process'));
    // Loading crypto costs milliseconds that a program without it need not pay: it is observed once
    // the program has loaded it.
    whenLoaded('crypto', (crypto) => syncCalls.observeModule('crypto', crypto));
  });
  attempt(() => {
    const operations = observeAsyncOperations(instrumentation);
    operations.observeFs(builtin('fs'));
    operations.observeModule('zlib', builtin('zlib'));
    operations.observeChildren(builtin('child_process'));
    observeConnects(builtin('net'), operations.recorder);
    observeUndiciQueue(operations.recorder);
    operations.observeTimers(globalThis);
    operations.observeTimers(builtin('timers'));
    syncBuiltinESMExports();
    whenLoaded('http', (http) => observeAgents(http as typeof import('node:http'), operations.recorder));
    whenLoaded('crypto', (crypto) => operations.observeModule('crypto', crypto));
    whenLoaded('dns', (dns) => operations.observeModule('dns', dns));
    whenLoaded('timers/promises', (timers) => operations.observeModule('timers/promises', timers));
  });
  attempt(() => observeChildren(instrumentation, builtin('child_process')));
  attempt(() => observeWorkers(events, sessionDirectory, builtin('worker_threads')));
  const sampler = createSampler(instrumentation, () => builtin('inspector'));
  finishers.unshift(sampler.finish);
  noteIteration = sampler.noteIteration;

  // Before the tracer's own listener, which gives a worker's buffers back.
  process.prependListener('exit', () => {
    for (const finish of finishers) attempt(finish);
  });
  return (plan) => {
    const isFlightRecorder = plan?.channels.every((channel) => channel.mode === 'overwrite') === true;
    sampler.setInterval(plan?.instrumentNode === true ? plan.samplerIntervalUs : 0, isFlightRecorder);
  };
}

/** How old records of a program that records little may become before whoever follows it has them. */
const DELIVERY_PERIOD_NS = 1e9;

interface Builtins {
  readonly fs: Record<string, unknown>;
  readonly crypto: object;
  readonly dns: object;
  readonly http: typeof import('node:http');
  readonly net: typeof import('node:net');
  readonly timers: object;
  readonly 'timers/promises': object;
  readonly zlib: object;
  readonly child_process: typeof import('node:child_process');
  readonly worker_threads: typeof import('node:worker_threads');
  readonly inspector: typeof import('node:inspector');
}

/** The module object itself, loaded when it is asked for, past any hook of the program. */
function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return process.getBuiltinModule(name) as unknown as Builtins[Name];
}

/** Modules that are observed once the program has loaded them. */
const LATE_MODULES = ['crypto', 'dns', 'http', 'timers/promises'] as const;
type LateModule = (typeof LATE_MODULES)[number];
/** A program's entry that is longer is read to here. */
const MAX_ENTRY_BYTES = 262_144;

/**
 * `const { pbkdf2 } = require('crypto')` takes the name out of the module before the loop first turns.
 * A program whose entry says so loads the module anyway, so it is loaded and observed at once. Names that
 * other files of it take out escape (those of ESM imports follow the module): a hook of `require` would
 * be a frame on every stack that the program prints.
 */
function modulesOfEntry(fs: Record<string, unknown>): readonly LateModule[] {
  const entry = process.argv[1];
  if (entry === undefined) return [];
  const { openSync, readSync, closeSync } = fs as unknown as typeof import('node:fs');
  try {
    const file = openSync(entry, 'r');
    const bytes = Buffer.allocUnsafe(MAX_ENTRY_BYTES);
    const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, MAX_ENTRY_BYTES, 0));
    closeSync(file);
    return LATE_MODULES.filter((name) => new RegExp(`\\brequire\\(['"](node:)?${name}['"]\\)`).test(text));
  } catch {
    // An entry without its extension, a directory: then nothing is known of it.
    return [];
  }
}

/** Returns a check, cheap to repeat, which runs `observe` and returns true once the program has loaded the module. */
function watchForModule(name: LateModule, observe: (module: object) => void): () => boolean {
  const loadList = (process as unknown as { readonly moduleLoadList?: readonly string[] }).moduleLoadList;
  const entry = `NativeModule ${name}`;
  let seenCount = 0;
  let isObserved = false;
  return () => {
    if (loadList === undefined || isObserved) return true;
    if (loadList.length === seenCount || loadList.indexOf(entry, seenCount) < 0) {
      seenCount = loadList.length;
      return false;
    }
    isObserved = true;
    observe(builtin(name));
    return true;
  };
}

/** One part that fails must spoil neither the program nor the other parts. */
function attempt(step: () => unknown): void {
  try {
    step();
  } catch (error) {
    if (process.env.LOCKSTEP_DEBUG === '1')
      process.stderr.write(`lockstep: ${String(error instanceof Error ? error.stack : error)}\n`);
  }
}
