// SPDX-License-Identifier: MIT
// On whose behalf does something happen: the id of the HTTP server request, carried by
// AsyncLocalStorage. On Node 20 a storage in use costs a bare server 7 to 25 % of its CPU time
// (promise hooks), so it is in use only while somebody asks: for the first requests, and then as
// long as file calls, client requests and the like happen while requests are open. A program that
// begins to need it later loses the request id of the events until the next request begins.

import { AsyncLocalStorage } from 'node:async_hooks';

/** Requests at the begin for which the storage is in use: until then a program shows whether it needs it. */
const FIRST_REQUEST_COUNT = 500;
/** Requests for which it stays in use after a file call, a client request or a timer asked for it; such work may be rare. */
const KEEP_REQUEST_COUNT = 10_000;
/** The same after a call of over a millisecond, which is often only the machine being busy. */
const KEEP_REQUEST_COUNT_AFTER_LONG_CALL = 50;

export interface RequestContext {
  /** A request begins in this asynchronous context. Returns its id, unique in the thread, never 0. */
  readonly begin: () => number;
  readonly end: () => void;
  /** Id of the current request; 0 = none or unknown. */
  readonly current: () => number;
  /** The same for a long call. */
  readonly currentOfLongCall: () => number;
}

export function createRequestContext(): RequestContext {
  const storage = new AsyncLocalStorage<number>();
  let isInUse = false;
  let keepCount = FIRST_REQUEST_COUNT;
  let openCount = 0;
  let lastId = 0;

  function ask(wantedKeepCount: number): number {
    if (openCount > 0 && keepCount < wantedKeepCount) keepCount = wantedKeepCount;
    return isInUse ? (storage.getStore() ?? 0) : 0;
  }

  return {
    begin() {
      lastId = (lastId + 1) >>> 0 || 1;
      openCount++;
      if (keepCount > 0) {
        keepCount--;
        isInUse = true;
        // The parser's asynchronous resource lives as long as the connection; the next request on it
        // enters its own id, and what this one started keeps the id that was current then.
        storage.enterWith(lastId);
      } else if (isInUse) {
        isInUse = false;
        storage.disable();
      }
      return lastId;
    },
    end() {
      if (openCount > 0) openCount--;
    },
    current: () => ask(KEEP_REQUEST_COUNT),
    currentOfLongCall: () => ask(KEEP_REQUEST_COUNT_AFTER_LONG_CALL),
  };
}
