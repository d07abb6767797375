// SPDX-License-Identifier: MIT
// Connections that a program makes or waits for: connecting of plain and TLS sockets, and requests of HTTP
// clients that wait until one of their agent's connections is free. Each is an operation with the peer's name.

import { subscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { OperationRecorder } from './async-operations.ts';
import { replaceFunction } from './wrap-function.ts';

interface UndiciRequest {
  readonly origin?: string | URL;
}

const { prependOnceListener } = EventEmitter.prototype;

/** Every way to connect ends in this method; a TLS socket is ready when its handshake is. */
export function observeConnects(net: typeof import('node:net'), { begin, end }: OperationRecorder): void {
  replaceFunction(net.Socket.prototype, 'connect', (original) => {
    return function (this: unknown, ...args: unknown[]): unknown {
      const socket = this as Socket & { readonly encrypted?: boolean };
      const isTls = socket.encrypted === true;
      const id = begin(isTls ? 'tls.connect' : 'net.connect', () => peerOf(args[0], args[1]));
      // Before any listener of the program: what it does with the connection comes after.
      if (id !== 0) endOnce(socket, isTls ? 'secureConnect' : 'connect', (error) => end(id, error));
      return Reflect.apply(original, this, args);
    };
  });
}

/** `Agent` of http, from which that of https inherits. */
export function observeAgents(http: typeof import('node:http'), { begin, end }: OperationRecorder): void {
  replaceFunction(http.Agent.prototype, 'addRequest', (original) => {
    return function (this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      try {
        const request = args[0] as ClientRequest;
        if (isQueued(this as Agent, request)) {
          const { maxSockets, maxTotalSockets } = this as Agent;
          const limit = Math.min(maxSockets, maxTotalSockets ?? Infinity);
          const id = begin('http.Agent.addRequest', () => `${hostOf(request)}, of which its agent has ${limit}`);
          if (id !== 0) endOnce(request, 'socket', (error) => end(id, error));
        }
      } catch {
        // An unusual agent must not notice that it is observed.
      }
      return result;
    };
  });
}

/** Of undici, the global fetch too: from the request to its headers on a connection. */
export function observeUndiciQueue({ begin, end }: OperationRecorder): void {
  const ids = new WeakMap<object, number>();
  const endRequest = (message: unknown, error: unknown): void => {
    const { request } = message as { readonly request: object };
    const id = ids.get(request);
    if (id === undefined) return;
    ids.delete(request);
    end(id, error);
  };
  subscribe('undici:request:create', (message) => {
    try {
      const { request } = message as { readonly request: UndiciRequest };
      const id = begin('undici.dispatch', () => String(request.origin ?? '').replace(/^https?:\/\//, ''));
      if (id !== 0) ids.set(request, id);
    } catch {
      // As above.
    }
  });
  subscribe('undici:client:sendHeaders', (message) => endRequest(message, undefined));
  subscribe('undici:request:error', (message) => endRequest(message, (message as { readonly error?: unknown }).error));
}

/** Calls `done` once: at the event, or when the emitter closes or fails before it. */
function endOnce(emitter: EventEmitter, event: string, done: (error: unknown) => void): void {
  let isDone = false;
  const finish = (error: unknown): void => {
    if (isDone) return;
    isDone = true;
    emitter.removeListener('close', onClose);
    emitter.removeListener(event, onEvent);
    done(error);
  };
  const onEvent = (): void => finish(undefined);
  const onClose = (): void => finish('closed');
  Reflect.apply(prependOnceListener, emitter, [event, onEvent]);
  Reflect.apply(prependOnceListener, emitter, ['close', onClose]);
}

/** It waits in one of the agent's lists: those are short, and empty but where connections are limited. */
function isQueued({ requests }: Agent, request: ClientRequest): boolean {
  for (const key in requests) {
    const list = requests[key] as readonly unknown[] | undefined;
    if (list !== undefined && list[list.length - 1] === request) return true;
  }
  return false;
}

function hostOf(request: ClientRequest): string {
  return String(request.getHeader('host') ?? request.host);
}

/** Of what `Socket.prototype.connect` takes: options, a port and a host, a path, or these as normalized by `net`. */
function peerOf(first: unknown, second: unknown): string {
  const options = Array.isArray(first) ? (first as readonly unknown[])[0] : first;
  if (typeof options === 'object' && options !== null) {
    const { host, port, path } = options as {
      readonly host?: unknown;
      readonly port?: unknown;
      readonly path?: unknown;
    };
    if (typeof path === 'string' && port === undefined) return path;
    return `${typeof host === 'string' ? host : 'localhost'}:${String(port)}`;
  }
  if (typeof options === 'string' && !/^\d+$/.test(options)) return options;
  return `${typeof second === 'string' ? second : 'localhost'}:${String(options)}`;
}
