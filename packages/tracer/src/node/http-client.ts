// SPDX-License-Identifier: MIT
// Outgoing HTTP: requests of node:http and node:https, and of undici, which is the global fetch.
// Both end with the response's headers, or with an error.

import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Instrumentation } from './instrumentation.ts';

interface ClientStartMessage {
  readonly request: ClientRequest;
}
interface ClientFinishMessage {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}
interface UndiciRequest {
  readonly method?: string;
  readonly origin?: string | URL;
  readonly path?: string;
}
interface UndiciMessage {
  readonly request: UndiciRequest;
  readonly response?: { readonly statusCode?: unknown };
  readonly error?: unknown;
}

export function observeHttpClient({ events, requests }: Instrumentation): void {
  const ids = new WeakMap<object, number>();
  let lastId = 0;

  /** Records the end once; later signs of it find no id. */
  function endRequest(request: object, status: number, error: string): void {
    const id = ids.get(request);
    if (id === undefined) return;
    ids.delete(request);
    events.httpClientRequestEnd(id, status, error);
  }

  subscribe('http.client.request.start', (message) => {
    const begin = events.httpClientRequestBegin;
    if (!begin.enabled) return;
    try {
      const { request } = message as ClientStartMessage;
      lastId = (lastId + 1) >>> 0 || 1;
      ids.set(request, lastId);
      const host = request.getHeader('host') ?? request.host;
      begin(lastId, requests.current(), request.method, String(host), request.path);
      // The monitor symbol sees errors without counting as somebody who handles them.
      request.on(errorMonitor, (error: unknown) => endRequest(request, 0, describeError(error)));
      request.on('close', () => endRequest(request, 0, 'closed'));
    } catch {
      // An unusual client must not notice that it is observed.
    }
  });
  subscribe('http.client.response.finish', (message) => {
    try {
      const { request, response } = message as ClientFinishMessage;
      endRequest(request, response.statusCode ?? 0, '');
    } catch {
      // As above.
    }
  });
}

export function observeFetch({ events, requests }: Instrumentation): void {
  const ids = new WeakMap<object, number>();
  let lastId = 0;

  function endFetch(request: object, status: number, error: string): void {
    const id = ids.get(request);
    if (id === undefined) return;
    ids.delete(request);
    events.fetchEnd(id, status, error);
  }

  subscribe('undici:request:create', (message) => {
    const begin = events.fetchBegin;
    if (!begin.enabled) return;
    try {
      const { request } = message as UndiciMessage;
      lastId = (lastId + 1) >>> 0 || 1;
      ids.set(request, lastId);
      const origin = request.origin === undefined ? '' : String(request.origin);
      begin(lastId, requests.current(), request.method ?? '', `${origin}${request.path ?? ''}`);
    } catch {
      // An unusual client must not notice that it is observed.
    }
  });
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as UndiciMessage;
    endFetch(request, Number(response?.statusCode ?? 0), '');
  });
  subscribe('undici:request:error', (message) => {
    const { request, error } = message as UndiciMessage;
    endFetch(request, 0, describeError(error));
  });
}

/** The code of an error, else its message; never runs a getter that throws into the caller. */
export function describeError(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return String(error);
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    if (typeof code === 'string') return code;
    return typeof message === 'string' && message !== '' ? message : 'error';
  } catch {
    return 'error';
  }
}
