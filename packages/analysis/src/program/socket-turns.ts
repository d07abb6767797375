// SPDX-License-Identifier: MIT
// Which request a program's thread turns to when it reads from a socket, learnt from the kernel half:
// whoever sent last over a connection is who its answer is for, and what comes over a request's own
// connection is that request's. So drivers that speak over plain sockets (of databases, of queues) are
// followed without knowing them. System calls in, turns and waits for peers out.

import type { FieldValue } from '@lockstep/ctf';
import { toNumber } from '../fields.ts';
import { FILES, type Files, type OpenFile } from '../kernel/files.ts';
import type { KernelThread } from '../kernel/kernel-thread.ts';
import { SOCKETS } from '../kernel/sockets.ts';
import { SYSTEM_CALLS, type SystemCall, type SystemCalls } from '../kernel/system-calls.ts';
import type { HandlerType } from '../pass/handler.ts';
import { PROGRAMS, type ProgramModel } from './program-model.ts';
import type { ProgramThread, ServerRequest } from './program-thread.ts';
import { Timeline, type Interval } from './timeline.ts';

const SENDS = ['write', 'writev', 'sendto', 'sendmsg'];
const RECEIVES = ['read', 'readv', 'recvfrom', 'recvmsg'];

/** libuv reads so much at once. */
const FULL_READ = 65_536;
const EAGAIN = 11;
const MAX_SOCKETS = 1 << 14;
/** Requests that wait for one connection. */
const MAX_WAITS = 1 << 10;

/** A request sent something to a peer that is not its client, and the answer's first bytes. */
export interface PeerWait extends Interval {
  readonly thread: ProgramThread;
  readonly request: number;
  readonly peer: string;
  begin: number;
  end: number;
}

/** A request's client sent more of it, or took more of the response: what the request went on for. */
export interface ClientMove extends Interval {
  readonly request: number;
  readonly isSending: boolean;
}

export class SocketTurns {
  /** Of each thread, in order of their ends; those that have not ended are in `openWaits`, by descriptor. */
  readonly waits = new Map<ProgramThread, Timeline<PeerWait>>();
  readonly openWaits = new Map<ProgramThread, Map<number, PeerWait[]>>();
  /** Of each thread, in order of time. */
  readonly moves = new Map<ProgramThread, Timeline<ClientMove>>();
  readonly #files: Files;
  readonly #threads = new Map<KernelThread, ProgramThread>();
  readonly #programs: ProgramModel;
  /** Newest request of each client connection of a thread, by the peer's address. */
  readonly #byPeer = new Map<ProgramThread, Map<string, ServerRequest>>();
  #knownThreadCount = 0;

  constructor(files: Files, calls: SystemCalls, programs: ProgramModel) {
    this.#files = files;
    this.#programs = programs;
    for (const name of SENDS) calls.listen(name, (call) => this.#sent(call));
    for (const name of RECEIVES) calls.listen(name, (call) => this.#received(call));
    programs.onRequestBegin.push((request) => {
      const peers = getOrMake(this.#byPeer, request.thread, () => new Map<string, ServerRequest>());
      if (peers.size < 1 << 16) peers.set(plainAddress(request.peer), request);
    });
    programs.onRequestEnd.push((request) => {
      const peers = this.#byPeer.get(request.thread);
      const peer = plainAddress(request.peer);
      if (peers?.get(peer) === request) peers.delete(peer);
    });
  }

  /** What the request waited for from peers, overlapping [begin, end). */
  waitsOf(thread: ProgramThread, request: number, begin: number, end: number): PeerWait[] {
    const isOwn = (wait: PeerWait): boolean => wait.request === request && wait.begin < end;
    const ended = this.waits.get(thread)?.during(begin, end).filter(isOwn) ?? [];
    const open = [...(this.openWaits.get(thread)?.values() ?? [])].flat().filter(isOwn);
    return [...ended, ...open];
  }

  movesOf(thread: ProgramThread, request: number, begin: number, end: number): ClientMove[] {
    return (
      this.moves
        .get(thread)
        ?.during(begin, end)
        .filter((move) => move.request === request) ?? []
    );
  }

  #threadOf({ thread }: SystemCall): ProgramThread | undefined {
    const { threads } = this.#programs;
    for (; this.#knownThreadCount < threads.length; this.#knownThreadCount += 1) {
      const each = threads[this.#knownThreadCount] as ProgramThread;
      this.#threads.set(each.kernel, each);
    }
    return this.#threads.get(thread);
  }

  #socketOf(call: SystemCall): OpenFile | undefined {
    const fd = call.arguments?.fd;
    if (fd === undefined || (call.result <= 0 && call.result !== -EAGAIN)) return undefined;
    const file = this.#files.tryFile(call.thread, toNumber(fd));
    return file?.kind === 'socket' ? file : undefined;
  }

  #sent(call: SystemCall): void {
    const thread = this.#threadOf(call);
    const socket = thread === undefined ? undefined : this.#socketOf(call);
    if (thread === undefined || socket === undefined || call.begin === undefined) return;
    const client = this.#byPeer.get(thread)?.get(socket.name);
    if (client !== undefined) {
      // What goes to a client is its answer: it waits for nobody more.
      this.#forget(thread, client.id, call.begin);
      // What follows a piece that did not fit is written because the client took some.
      if (client.isSocketFull) this.#noteMove(thread, client.id, call.begin, call.end, false);
      if (client.hasAnswered) thread.turns.add(call.begin, client.id);
      client.hasAnswered = true;
      client.isSocketFull = call.result < sizeOf(call);
      return;
    }
    const request = thread.turns.last();
    if (request === 0 || call.result <= 0) return;
    const open = getOrMake(this.openWaits, thread, () => new Map<number, PeerWait[]>());
    const fd = fdOf(call);
    let waits = open.get(fd);
    // The descriptor of a connection that was closed is given to the next one.
    if (waits === undefined || waits[0]?.peer !== socket.name) {
      if (open.size >= MAX_SOCKETS && waits === undefined) return;
      open.set(fd, (waits = []));
    }
    if (waits.length >= MAX_WAITS || waits.some((wait) => wait.request === request)) return;
    waits.push({ thread, request, peer: socket.name, begin: call.begin, end: Infinity });
  }

  /**
   * Of several that wait for one connection the answer is the first one's: protocols that share a connection answer
   * in the order of the questions, and those that do not are seldom far from it. A read that filled libuv's buffer
   * is a part of an answer.
   */
  #received(call: SystemCall): void {
    const thread = this.#threadOf(call);
    const socket = thread === undefined ? undefined : this.#socketOf(call);
    if (thread === undefined || socket === undefined || call.result <= 0) return;
    const open = this.openWaits.get(thread);
    const fd = fdOf(call);
    const waits = open?.get(fd);
    const wait = waits?.[0]?.peer === socket.name ? waits[0] : undefined;
    if (wait !== undefined && waits !== undefined) {
      if (waits.length === 1 || call.result < FULL_READ) {
        waits.shift();
        this.#end(thread, wait, call.begin ?? call.end);
      }
      if (waits.length === 0) open?.delete(fd);
      thread.turns.add(call.end, wait.request);
      return;
    }
    const request = this.#byPeer.get(thread)?.get(socket.name);
    if (request === undefined) return;
    this.#noteMove(thread, request.id, call.begin ?? call.end, call.end, true);
    thread.turns.add(call.end, request.id);
  }

  #noteMove(thread: ProgramThread, request: number, begin: number, end: number, isSending: boolean): void {
    const moves = getOrMake(this.moves, thread, () => new Timeline<ClientMove>());
    moves.add({ begin, end, request, isSending });
    forgetSome(moves, thread);
  }

  /** It was answered without a read of its own being seen: ends its waits where its answer begins. */
  #forget(thread: ProgramThread, request: number, time: number): void {
    const open = this.openWaits.get(thread);
    if (open === undefined) return;
    for (const [fd, waits] of open) {
      const at = waits.findIndex((wait) => wait.request === request);
      const [wait] = at < 0 ? [] : waits.splice(at, 1);
      if (wait !== undefined) this.#end(thread, wait, time);
      if (waits.length === 0) open.delete(fd);
    }
  }

  #end(thread: ProgramThread, wait: PeerWait, end: number): void {
    wait.end = end;
    const waits = getOrMake(this.waits, thread, () => new Timeline<PeerWait>());
    waits.add(wait);
    forgetSome(waits, thread);
  }
}

/** Forgetting costs; it is done once in so many. */
const FORGET_AT = 1024;

function forgetSome(timeline: Timeline<Interval>, thread: ProgramThread): void {
  if (timeline.length % FORGET_AT === 0) timeline.forgetBefore(thread.heldSince);
}

/** Bytes that a write was asked for; 0 where the trace does not tell. */
function sizeOf(call: SystemCall): number {
  const { count, ['vec_value']: pieces } = call.arguments ?? {};
  if (count !== undefined) return toNumber(count);
  if (!Array.isArray(pieces)) return 0;
  return (pieces as readonly FieldValue[]).reduce<number>((sum, piece) => {
    const length = (piece as { readonly iov_len?: FieldValue } | null)?.iov_len;
    return sum + toNumber(length);
  }, 0);
}

function fdOf(call: SystemCall): number {
  return toNumber(call.arguments?.fd);
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** `[::ffff:127.0.0.1]:80` is the kernel's `127.0.0.1:80`. */
export function plainAddress(peer: string): string {
  return peer.replace(/^\[::ffff:([\d.]+)\]/, '$1');
}

export const SOCKET_TURNS: HandlerType<SocketTurns> = {
  name: 'socket-turns',
  needs: [SYSTEM_CALLS, FILES, SOCKETS, PROGRAMS],
  create: (context) => new SocketTurns(context.get(FILES), context.get(SYSTEM_CALLS), context.get(PROGRAMS)),
};
