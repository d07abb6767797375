// SPDX-License-Identifier: MIT
// Sockets of traced processes: which descriptor is which socket of the kernel, who its peer is, and
// when data came for it. sk_data_ready is written by whoever brings the data (a softirq, or the sender
// on the same host), sock_recv_length and sock_send_length within the system call that names the
// descriptor, inet_sock_set_state when a connection is made.

import type { DataStream, EventRecord, EventRecordClass, FieldValue } from '@lockstep/ctf';
import { toNumber } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { FILES, type Files } from './files.ts';
import { HOST, type Host } from './host.ts';
import { SYSTEM_CALLS } from './system-calls.ts';

const TCP_ESTABLISHED = 1;
const TCP_CLOSE = 7;
const MAX_SOCKETS = 1 << 16;

export class Socket {
  /** Addresses as `127.0.0.1:8080`; '' not known. */
  local = '';
  peer = '';
  /** First data that came since it was last read; undefined = none. */
  waitingSince: number | undefined = undefined;
  /** `waitingSince` of what was read last, and when it was read. */
  lastArrival: number | undefined = undefined;
  lastRead: number | undefined = undefined;
}

export class Sockets implements Handler {
  /** By peer's address, for finding the connection that a request came over; the newest stands. */
  readonly byPeer = new Map<string, Socket>();
  readonly #host: Host;
  readonly #files: Files;
  readonly #sockets = new Map<bigint | number, Socket>();

  constructor(host: Host, files: Files) {
    this.#host = host;
    this.#files = files;
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'sk_data_ready':
        return (record, time) => {
          const socket = this.#socket(record.payload?.skaddr);
          if (socket !== undefined) socket.waitingSince ??= time;
        };
      case 'sock_recv_length':
        return (record, time) => this.#received(record, time);
      case 'sock_send_length':
        return (record) => void this.#named(record);
      case 'inet_sock_set_state':
        return (record) => this.#stateSet(record);
      default:
        return undefined;
    }
  }

  #socket(address: FieldValue | undefined): Socket | undefined {
    if (typeof address !== 'bigint' && typeof address !== 'number') return undefined;
    let socket = this.#sockets.get(address);
    if (socket === undefined) {
      if (this.#sockets.size >= MAX_SOCKETS) return undefined;
      socket = new Socket();
      this.#sockets.set(address, socket);
    }
    return socket;
  }

  /** The socket that a record within a system call is about, under its descriptor's name. */
  #named(record: EventRecord): Socket | undefined {
    const socket = this.#socket(record.payload?.sk);
    if (socket === undefined || socket.peer === '') return socket;
    const thread = this.#host.threadOf(record);
    const fd = thread.callArguments?.fd;
    if (fd === undefined) return socket;
    const file = this.#files.tryFile(thread, toNumber(fd));
    if (file === undefined) this.#files.set(thread, toNumber(fd), { kind: 'socket', name: socket.peer });
    else if (file.kind === 'socket') file.name = socket.peer;
    return socket;
  }

  #received(record: EventRecord, time: number): void {
    const socket = this.#named(record);
    if (socket === undefined || toNumber(record.payload?.ret) <= 0) return;
    socket.lastArrival = socket.waitingSince ?? socket.lastArrival;
    socket.lastRead = time;
    socket.waitingSince = undefined;
  }

  #stateSet(record: EventRecord): void {
    const { payload } = record;
    const state = toNumber(payload?.newstate);
    const socket = this.#socket(payload?.skaddr);
    if (socket === undefined) return;
    if (state === TCP_CLOSE && typeof payload?.skaddr === 'bigint') {
      this.#sockets.delete(payload.skaddr);
      if (this.byPeer.get(socket.peer) === socket) this.byPeer.delete(socket.peer);
      return;
    }
    const peer = addressOf(payload?.daddr, payload?.['daddr_v6'], toNumber(payload?.family));
    socket.peer = `${peer}:${toNumber(payload?.dport)}`;
    socket.local = `${addressOf(payload?.saddr, payload?.['saddr_v6'], toNumber(payload?.family))}:${toNumber(payload?.sport)}`;
    if (state === TCP_ESTABLISHED && this.byPeer.size < MAX_SOCKETS) this.byPeer.set(socket.peer, socket);
  }
}

const AF_INET6 = 10;

function addressOf(v4: FieldValue | undefined, v6: FieldValue | undefined, family: number): string {
  const bytes = bytesOf(v6);
  // An IPv4 peer of a socket that listens on both: ::ffff:a.b.c.d.
  if (family === AF_INET6 && bytes.length === 16 && !isMapped(bytes)) {
    const groups: string[] = [];
    for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
    return `[${groups.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::')}]`;
  }
  const mapped = family === AF_INET6 && bytes.length === 16 ? bytes.slice(12) : bytesOf(v4);
  return mapped.join('.');
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

function bytesOf(value: FieldValue | undefined): number[] {
  return Array.isArray(value) ? (value as readonly FieldValue[]).map((byte) => toNumber(byte) & 0xff) : [];
}

export const SOCKETS: HandlerType<Sockets> = {
  name: 'sockets',
  needs: [HOST, SYSTEM_CALLS, FILES],
  create: (context) => new Sockets(context.get(HOST), context.get(FILES)),
};
