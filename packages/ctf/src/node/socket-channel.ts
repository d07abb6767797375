// SPDX-License-Identifier: MIT
// A TCP connection as a channel of bytes: what was received and not yet asked for is kept in order.

import type { Socket } from 'node:net';
import { SystemError } from '@lockstep/base';
import type { ByteChannel } from '@lockstep/protocol';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
  readonly family?: 4 | 6 | undefined;
}

interface Waiter {
  readonly sizeBytes: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Bytes kept before the socket is told to wait. */
const MOST_KEPT_BYTES = 8 * 1024 * 1024;

export async function connectChannel(address: SocketAddress): Promise<ByteChannel> {
  // Few programs that read traces open sockets.
  const { connect } = await import('node:net');
  const { host, port, family } = address;
  const name = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(family === undefined ? {} : { family }) });
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(new SystemError('No relay answers there; is lttng-relayd running?', error.code ?? 'EIO', 'connect', name));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.setNoDelay(true);
      resolve(new SocketChannel(socket, name));
    });
  });
}

class SocketChannel implements ByteChannel {
  readonly #socket: Socket;
  #chunks: Uint8Array[] = [];
  #keptBytes = 0;
  #waiter: Waiter | undefined;
  #failure: Error | undefined;

  constructor(socket: Socket, name: string) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#keptBytes += chunk.length;
      if (this.#keptBytes > MOST_KEPT_BYTES && this.#waiter === undefined) socket.pause();
      this.#serve();
    });
    const end = (code: string): void => {
      this.#failure ??= new SystemError('The relay ended the connection.', code, 'recv', name);
      this.#waiter?.reject(this.#failure);
      this.#waiter = undefined;
    };
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'EIO'));
    socket.on('close', () => end('ECONNRESET'));
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  receive(sizeBytes: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#waiter = { sizeBytes, resolve, reject };
      this.#serve();
      if (this.#waiter !== undefined && this.#failure !== undefined) {
        this.#waiter = undefined;
        reject(this.#failure);
      }
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #serve(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    if (this.#keptBytes < waiter.sizeBytes) {
      this.#socket.resume();
      return;
    }
    this.#waiter = undefined;
    waiter.resolve(this.#take(waiter.sizeBytes));
  }

  #take(sizeBytes: number): Uint8Array {
    const taken = new Uint8Array(sizeBytes);
    let at = 0;
    while (at < sizeBytes) {
      const chunk = this.#chunks[0]!;
      const part = chunk.subarray(0, sizeBytes - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#keptBytes -= sizeBytes;
    return taken;
  }
}
