// SPDX-License-Identifier: MIT
// HTTP server requests, from Node's diagnostics channels: begin when the headers are parsed and the
// handler is about to run, end when the response is finished or its connection is gone.

import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Instrumentation } from './instrumentation.ts';

/** What is known of a connection. */
interface Connection {
  readonly peer: string;
  /**
   * Ids of the requests that have no response yet, oldest first; more than one when the client
   * pipelines. Responses finish in the order of their requests, so neither needs a mark of its own:
   * a mark would give it another shape and make all of Node's code that handles it slower.
   */
  readonly open: number[];
}

/** Returns its argument as `this`, so that a derived class puts its private fields on that object. */
class Foreign {
  constructor(target: object) {
    return target;
  }
}

// Private fields are the one way to mark an object that the program cannot see, and cost no more
// than a property; a WeakMap costs ten times that and burdens each garbage collection.
class MarkedSocket extends Foreign {
  #connection: Connection;
  constructor(socket: object, connection: Connection) {
    super(socket);
    this.#connection = connection;
  }
  static mark(socket: object, connection: Connection): void {
    void new MarkedSocket(socket, connection);
  }
  static tryConnectionOf(socket: object): Connection | undefined {
    return #connection in socket ? socket.#connection : undefined;
  }
}

interface RequestStartMessage {
  readonly request: IncomingMessage;
  readonly socket: Socket;
}
interface ResponseFinishMessage {
  readonly socket: Socket;
  readonly response: ServerResponse;
}

export function observeHttpServer({ events, requests }: Instrumentation): void {
  function openConnection(socket: Socket): Connection {
    const connection: Connection = { peer: formatPeer(socket), open: [] };
    MarkedSocket.mark(socket, connection);
    socket.on('close', () => {
      for (const id of connection.open) {
        requests.end();
        events.httpServerRequestEnd(id, 0);
      }
      connection.open.length = 0;
    });
    return connection;
  }

  subscribe('http.server.request.start', (message) => {
    const begin = events.httpServerRequestBegin;
    if (!begin.enabled) return;
    try {
      const { request, socket } = message as RequestStartMessage;
      const connection = MarkedSocket.tryConnectionOf(socket) ?? openConnection(socket);
      const id = requests.begin();
      connection.open.push(id);
      begin(id, request.method ?? '', request.url ?? '', connection.peer);
    } catch {
      // Nothing that is odd about a request or a socket may reach the program.
    }
  });

  subscribe('http.server.response.finish', (message) => {
    try {
      const { socket, response } = message as ResponseFinishMessage;
      const open = MarkedSocket.tryConnectionOf(socket)?.open;
      // None open: its begin was not recorded, or the connection closed and the end is recorded.
      if (open === undefined || open.length === 0) return;
      const id = (open.length === 1 ? open.pop() : open.shift()) ?? 0;
      requests.end();
      events.httpServerRequestEnd(id, response.statusCode);
    } catch {
      // As above.
    }
  });
}

function formatPeer(socket: Socket): string {
  const address = socket.remoteAddress;
  if (address === undefined) return '';
  return address.includes(':') ? `[${address}]:${socket.remotePort}` : `${address}:${socket.remotePort}`;
}
