// SPDX-License-Identifier: MIT
// The tracepoints of Node's own events, exactly as docs/node-events.md has them: the contract with
// whoever explains a trace. Each is registered when it is
// first used: a program that makes no requests need not pay for the events of requests at its start.

import { bool, enumeration, int32, string, tracepoint, uint16, uint32, uint64, uint8 } from '../index.ts';

// Fields as lists: their arguments are then checked position by position.
const SPAN = [
  ['begin', uint64],
  ['duration', uint64],
] as const;

/** The tracepoints of the contract. Their properties are registered when they are first read. */
export function defineNodeEvents() {
  return defineLazily({
    process: () =>
      tracepoint('node:process', [
        ['pid', int32],
        ['ppid', int32],
        ['procname', string],
        ['argv', string],
        ['exec_path', string],
        ['node_version', string],
        ['v8_version', string],
        ['main_thread', bool],
        ['thread_id', int32],
      ]),
    sharedObject: () =>
      tracepoint('node:shared_object', [
        ['base', uint64],
        ['size', uint64],
        ['path', string],
        ['build_id', string],
      ]),
    statedumpEnd: () => tracepoint('node:statedump_end', []),
    loopIteration: () => tracepoint('node:loop_iteration', [...SPAN, ['idle', uint64]]),
    gc: () =>
      tracepoint('node:gc', [
        ...SPAN,
        [
          'kind',
          enumeration(
            { scavenge: 1, minor_mark_sweep: 2, mark_sweep_compact: 4, incremental_marking: 8, weak_callbacks: 16 },
            uint8,
          ),
        ],
        ['flags', int32],
      ]),
    httpServerRequestBegin: () =>
      tracepoint('node:http_server_request_begin', [
        ['request', uint32],
        ['method', string],
        ['url', string],
        ['peer', string],
      ]),
    httpServerRequestEnd: () =>
      tracepoint('node:http_server_request_end', [
        ['request', uint32],
        ['status', uint16],
      ]),
    httpClientRequestBegin: () =>
      tracepoint('node:http_client_request_begin', [
        ['id', uint32],
        ['request', uint32],
        ['method', string],
        ['host', string],
        ['path', string],
      ]),
    httpClientRequestEnd: () =>
      tracepoint('node:http_client_request_end', [
        ['id', uint32],
        ['status', uint16],
        ['error', string],
      ]),
    fetchBegin: () =>
      tracepoint('node:fetch_begin', [
        ['id', uint32],
        ['request', uint32],
        ['method', string],
        ['url', string],
      ]),
    fetchEnd: () =>
      tracepoint('node:fetch_end', [
        ['id', uint32],
        ['status', uint16],
        ['error', string],
      ]),
    asyncBegin: () =>
      tracepoint('node:async_begin', [
        ['id', uint32],
        ['request', uint32],
        ['operation', string],
        ['subject', string],
      ]),
    asyncEnd: () =>
      tracepoint('node:async_end', [
        ['id', uint32],
        ['error', string],
      ]),
    timers: () => tracepoint('node:timers', [['count', uint32]]),
    cpuQuota: () => tracepoint('node:cpu_quota', [...SPAN, ['throttled', uint64], ['count', uint32]]),
    threadPool: () => tracepoint('node:thread_pool', [['size', uint32]]),
    fsSync: () =>
      tracepoint('node:fs_sync', [
        ...SPAN,
        ['operation', string],
        ['path', string],
        ['result', int32],
        ['request', uint32],
      ]),
    syncCall: () =>
      tracepoint('node:sync_call', [
        ...SPAN,
        ['operation', string],
        ['size', uint64],
        ['request', uint32],
        ['subject', string],
      ]),
    console: () => tracepoint('node:console', [['level', string], ['length', uint32], ...SPAN, ['message', string]]),
    workerStart: () =>
      tracepoint('node:worker_start', [
        ['thread_id', int32],
        ['filename', string],
      ]),
    workerExit: () =>
      tracepoint('node:worker_exit', [
        ['thread_id', int32],
        ['exit_code', int32],
      ]),
    childSpawn: () =>
      tracepoint('node:child_spawn', [
        ['pid', int32],
        ['file', string],
        ['args', string],
      ]),
    exception: () =>
      tracepoint('node:exception', [
        ['kind', string],
        ['message', string],
        ['stack', string],
      ]),
    cpuNode: () =>
      tracepoint('node:cpu_node', [
        ['epoch', uint32],
        ['node', uint32],
        ['parent', uint32],
        ['function', string],
        ['url', string],
        ['line', int32],
        ['column', int32],
      ]),
    cpuSample: () => tracepoint('node:cpu_sample', [...SPAN, ['epoch', uint32], ['node', uint32], ['line', int32]]),
    samplerState: () =>
      tracepoint('node:sampler_state', [
        ['begin', uint64],
        ['interval_us', uint32],
        ['state', enumeration({ off: 0, on: 1 }, uint8)],
      ]),
  });
}

export type NodeEvents = ReturnType<typeof defineNodeEvents>;

const UNREGISTERED = Object.assign(() => undefined, { enabled: false });

/** Getters that turn into plain properties when they are first read. */
function defineLazily<Makers extends Readonly<Record<string, () => unknown>>>(
  makers: Makers,
): { readonly [Name in keyof Makers]: ReturnType<Makers[Name]> } {
  const made = {};
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(made, name, {
      configurable: true,
      get() {
        // What registering needs may itself be observed; it is not recorded.
        Object.defineProperty(made, name, { configurable: true, value: UNREGISTERED });
        const value = make();
        Object.defineProperty(made, name, { value });
        return value;
      },
    });
  }
  return made as { readonly [Name in keyof Makers]: ReturnType<Makers[Name]> };
}
