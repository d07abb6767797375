// SPDX-License-Identifier: MIT
// When an asynchronous operation was ready, which is before its callback had its turn, and when a
// thread of libuv's pool took it up: begin and end records and loop iterations in.
//
// A callback runs within the iteration whose poll found its operation ready. Had the loop waited in that
// poll, then it was this readiness (or an earlier one) that ended the wait: ready at the iteration's
// begin. Had it not waited, the operation became ready while the iteration before went on, and how long
// it lay there is not recorded: that iteration's begin is taken, since the loop was what it waited for.
//
// libuv's pool is one queue, first in, first out, for the whole process: an operation waits in it while
// as many as there are threads, asked for before it, are not ready.

import type { HandlerType } from '../pass/handler.ts';
import { PROGRAMS, type ProgramModel } from './program-model.ts';
import type { AsyncOperation, LoopIteration, Program, ProgramThread } from './program-thread.ts';

/** Of a poll that found something at once: libuv's own time around the system call. */
const NO_WAIT_NS = 100_000;
/** Pool operations remembered of one program. */
const MAX_POOL_OPERATIONS = 1 << 16;

/** Operations that a thread of the pool does; `dns.resolve…` asks by sockets of the loop. */
const POOL = /^(fs\.|crypto\.|zlib\.|dns\.lookup)/;

export function isPoolOperation(operation: AsyncOperation): boolean {
  return POOL.test(operation.operation);
}

export class OperationTimes {
  readonly #ended = new Map<ProgramThread, AsyncOperation[]>();
  /** In order of their begins. */
  readonly #pool = new Map<Program, AsyncOperation[]>();
  readonly #lastBegin = new Map<ProgramThread, number>();

  constructor(programs: ProgramModel) {
    programs.onOperationBegin.push((operation) => {
      if (isPoolOperation(operation)) this.#remember(operation);
    });
    programs.onOperationEnd.push((operation) => {
      const ended = this.#ended.get(operation.thread);
      if (ended === undefined) this.#ended.set(operation.thread, [operation]);
      else ended.push(operation);
    });
    programs.onIteration.push((thread, iteration) => this.#iteration(thread, iteration));
  }

  /** When a thread of the pool took it up. */
  poolStart(operation: AsyncOperation): number {
    const others = this.#pool.get(operation.thread.program) ?? [];
    const { poolSize } = operation.thread.program;
    const readies: number[] = [];
    for (const other of others) {
      if (other.begin >= operation.begin) break;
      const ready = readyOf(other);
      if (ready > operation.begin) readies.push(ready);
    }
    if (readies.length < poolSize) return operation.begin;
    readies.sort((a, b) => a - b);
    return Math.min(readies[readies.length - poolSize] as number, readyOf(operation));
  }

  #remember(operation: AsyncOperation): void {
    const { program } = operation.thread;
    const list = this.#pool.get(program);
    if (list === undefined) {
      this.#pool.set(program, [operation]);
      return;
    }
    list.push(operation);
    if (list.length > MAX_POOL_OPERATIONS) list.splice(0, MAX_POOL_OPERATIONS / 2);
  }

  #iteration(thread: ProgramThread, { begin, idleNs }: LoopIteration): void {
    const earlier = this.#lastBegin.get(thread) ?? begin;
    this.#lastBegin.set(thread, begin);
    const ended = this.#ended.get(thread);
    if (ended === undefined || ended.length === 0) return;
    const from = idleNs > NO_WAIT_NS ? begin : earlier;
    for (const operation of ended) {
      const end = operation.end ?? begin;
      const ready = Math.min(end, Math.max(operation.begin, end < begin ? end : from));
      operation.ready = Math.min(ready, dueOf(operation));
    }
    ended.length = 0;
  }
}

/** A timer is ready when its time has come, however long the thread then waits for a CPU. */
function dueOf({ operation, subject, begin }: AsyncOperation): number {
  return operation === 'setTimeout' ? begin + Number.parseFloat(subject) * 1e6 || Infinity : Infinity;
}

export function readyOf(operation: AsyncOperation): number {
  return operation.ready ?? operation.end ?? Infinity;
}

export const OPERATION_TIMES: HandlerType<OperationTimes> = {
  name: 'operation-times',
  needs: [PROGRAMS],
  create: (context) => new OperationTimes(context.get(PROGRAMS)),
};
