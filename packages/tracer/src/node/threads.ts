// SPDX-License-Identifier: MIT
// Worker threads: that they are traced whatever their options say, and when they start and end.
// Node preloads into a worker what NODE_OPTIONS of the worker's environment says, so only a worker
// that is given an environment of its own needs help: it gets our option there, and the preload
// in it puts the environment back before the program sees it.

import { syncBuiltinESMExports } from 'node:module';
import { SESSION_VARIABLE } from '@lockstep/protocol';
import { preloadNodeOptions, preloadPath } from '../preload-path.ts';
import type { NodeEvents } from './events.ts';

type WorkerModule = typeof import('node:worker_threads');
type WorkerOptions = import('node:worker_threads').WorkerOptions;

/** In a worker's environment: JSON of what the environment was, for `restoreWorkerEnvironment`. */
const RESTORE_VARIABLE = 'LOCKSTEP_RESTORE';
/** A worker that belongs to the tracer itself: neither observed nor preloaded. */
const OWN_WORKERS = new WeakSet<object>();

/** Options with which the patched Worker leaves a worker alone. */
export function markOwnWorker(options: WorkerOptions): WorkerOptions {
  OWN_WORKERS.add(options);
  return options;
}

/** Replaces `Worker`; the constructor that programs get is indistinguishable but for its work. */
export function observeWorkers(events: NodeEvents, sessionDirectory: string, workerThreads: WorkerModule): void {
  const OriginalWorker = workerThreads.Worker;
  const ObservedWorker: typeof OriginalWorker = new Proxy(OriginalWorker, {
    construct(target, args: unknown[], newTarget) {
      const options = args[1];
      const isOwn = typeof options === 'object' && options !== null && OWN_WORKERS.has(options);
      if (!isOwn) args = withPreload(args, sessionDirectory);
      const worker = Reflect.construct(target, args, newTarget === ObservedWorker ? target : newTarget) as InstanceType<
        typeof OriginalWorker
      >;
      if (!isOwn) observeWorker(events, worker, args[0]);
      return worker;
    },
  });
  OriginalWorker.prototype.constructor = ObservedWorker;
  (workerThreads as { Worker: typeof OriginalWorker }).Worker = ObservedWorker;
  syncBuiltinESMExports();
}

/** In a worker: takes what `withPreload` added out of the environment again. */
export function restoreWorkerEnvironment(environment: NodeJS.ProcessEnv): void {
  const text = environment[RESTORE_VARIABLE];
  if (text === undefined) return;
  delete environment[RESTORE_VARIABLE];
  const original = JSON.parse(text) as Record<string, string | null>;
  for (const [name, value] of Object.entries(original)) {
    if (value === null) delete environment[name];
    else environment[name] = value;
  }
}

function withPreload(args: unknown[], sessionDirectory: string): unknown[] {
  const options = args[1] as WorkerOptions | undefined;
  // A worker without an environment of its own inherits ours, which the program may have emptied.
  const isInheritable =
    process.env[SESSION_VARIABLE] !== undefined && (process.env.NODE_OPTIONS ?? '').includes(preloadPath());
  const environment = options?.env ?? (isInheritable ? undefined : process.env);
  // SHARE_ENV is a symbol: that worker has the parent's environment itself.
  if (typeof environment !== 'object' || environment === null) return args;
  const names = ['NODE_OPTIONS', SESSION_VARIABLE];
  const original = Object.fromEntries(names.map((name) => [name, (environment as NodeJS.ProcessEnv)[name] ?? null]));
  const env = {
    ...(environment as NodeJS.ProcessEnv),
    NODE_OPTIONS: preloadNodeOptions(original.NODE_OPTIONS ?? undefined),
    [SESSION_VARIABLE]: sessionDirectory,
    [RESTORE_VARIABLE]: JSON.stringify(original),
  };
  return [args[0], { ...options, env }, ...args.slice(2)];
}

function observeWorker(events: NodeEvents, worker: import('node:worker_threads').Worker, filename: unknown): void {
  try {
    const threadId = worker.threadId;
    if (events.workerStart.enabled) events.workerStart(threadId, String(filename));
    worker.on('exit', (exitCode: number) => {
      if (events.workerExit.enabled) events.workerExit(threadId, exitCode);
    });
  } catch {
    // The worker runs, observed or not.
  }
}
