// SPDX-License-Identifier: MIT
// One request in, where its latency went out: each moment of the thread that serves it goes to exactly
// one part, by the rules of docs/requests.md, so the parts sum to the latency.

import type { Labels } from '../labels.ts';
import { MEMORY_RECLAIM, PAGE_FAULT } from '../kernel/host.ts';
import { BLOCKED, INTERRUPTED, NOT_RUNNING, PREEMPTED, WOKEN } from '../kernel/thread-state.ts';
import { isMetaFrame, nearestUserFrame, type Frame } from '../program/call-tree.ts';
import type { FileWork } from '../program/file-work.ts';
import { isPoolOperation, readyOf, type OperationTimes } from '../program/operation-times.ts';
import type { AsyncOperation, ProgramThread, ServerRequest } from '../program/program-thread.ts';
import type { ClientMove, PeerWait } from '../program/socket-turns.ts';
import { runnableReason } from '../stalls/part-builder.ts';
import { HELD_BACK, RECLAIMING } from '../stalls/stall-causes.ts';
import { functionText, type Positions } from '../stalls/position.ts';
import type { ThreadMoment } from './thread-moments.ts';
import type { RequestCategory } from './request-report.ts';
import type { CauseTotals } from './cause-totals.ts';

export interface SplitContext {
  readonly labels: Labels;
  readonly positions: Positions;
  readonly times: OperationTimes;
  readonly fileWork: FileWork;
  readonly waits: readonly PeerWait[];
  readonly moves: readonly ClientMove[];
  /** Who woke the loop, when that says what was waited for; `ref` as in the interval log of a wait. */
  readonly wakerOf: (thread: ProgramThread, ref: number) => Waker | undefined;
  /** When it ended; Infinity when it has not. */
  readonly end: number;
  /** Whether texts are wanted: making them takes most of the time. */
  readonly isTold: boolean;
}

export interface Waker {
  readonly category: RequestCategory;
  readonly text: string;
}

interface Wait {
  readonly begin: number;
  readonly ready: number;
  /** When it left the pool's queue. */
  readonly start: number;
  readonly operation: AsyncOperation | undefined;
  readonly peer: PeerWait | undefined;
}

/** Calls that wait for another thread. */
const LOCK_CALL = /^futex/;
const CHILD_OPERATION = /^child_process\./;
/** A request of a client waits until one of its connections is free. */
const CLIENT_OPERATION = /^(http|fetch) /;
const QUEUE_OPERATION = /^(http\.Agent|undici)\./;
const CONNECT_OPERATION = /^(net|tls)\.connect$/;
/** Several tasks of the pool, with JavaScript of Node between them. */
const STEPWISE_OPERATION = /^fs\.(promises\.)?(readFile|writeFile|appendFile|cp|rm|mkdir|readdir)$/;
const STEP_OPERATION = /^(dns\.lookup|(net|tls)\.connect|(http\.Agent|undici)\..*)$/;
const CLIENT_SENDS = 'waiting for its client to send more of it';
const CLIENT_TAKES = 'waiting for its client to take the response';
const BEHIND_OTHERS = "waiting behind other requests, as in a lock or a queue of the program's own JavaScript";

export class RequestSplitter {
  readonly #request: ServerRequest;
  readonly #context: SplitContext;
  readonly #totals: CauseTotals;
  readonly #isTold: boolean;
  readonly #waits: Wait[] = [];
  /** Those that time was given to: one after another. */
  #told: Set<Wait> | undefined;
  /** Waited for something that no event told of, since its last sign of life. */
  #untoldNs = 0;
  /** What ended the last wait of the loop in that time. */
  #wakerRef = 0;
  /** Whose code ran just before, in the same iteration. */
  #turnBefore = 0;

  constructor(request: ServerRequest, context: SplitContext, totals: CauseTotals) {
    this.#request = request;
    this.#context = context;
    this.#totals = totals;
    this.#isTold = context.isTold;
    // What was not ready when it ended, it did not wait for: a timer that guards it, a line for a log.
    for (const operation of request.operations) {
      const ready = readyOf(operation);
      if (ready > context.end) continue;
      const start = isPoolOperation(operation) ? context.times.poolStart(operation) : operation.begin;
      this.#waits.push({ begin: operation.begin, ready, start, operation, peer: undefined });
    }
    for (const peer of context.waits) {
      if (peer.end > context.end) continue;
      this.#waits.push({ begin: peer.begin, ready: peer.end, start: peer.begin, operation: undefined, peer });
    }
  }

  /** The part of a moment that lies in [begin, end). */
  take(moment: ThreadMoment, begin: number, end: number): void {
    if (!moment.isIdle && moment.turn === this.#request.id) {
      this.#tellUntold(begin);
      this.#takeOwn(moment, end - begin);
    } else this.#takeWaiting(moment, begin, end);
    // A request that has ended leaves turn 0 behind: it may still be who let this one go on.
    if (moment.isIdle) this.#turnBefore = 0;
    else if (moment.turn > 0) this.#turnBefore = moment.turn;
  }

  /** It has ended. */
  finish(): void {
    this.#tellUntold(this.#context.end);
    if (this.#told === undefined) return;
    const peers = new Map<string, number>();
    for (const { operation, peer } of this.#told) {
      const text = peer === undefined ? callText(operation) : `waiting for ${peer.peer}`;
      if (text !== undefined) peers.set(text, (peers.get(text) ?? 0) + 1);
    }
    for (const [text, count] of peers) this.#totals.waitCounts.set(text, count);
  }

  /**
   * It goes on after a wait that no event told of. What it goes on in says what it waited for: the turn of another
   * request, which then let it go on (a lock, a queue, a cache of the program's own JavaScript), or a wake-up of the
   * loop by another thread (a worker's message, native code) or process (over a pipe).
   *
   * Before all: its own client sent or took more.
   *
   *   A   |  <--timer--->|          A's timer ends, A releases the lock,
   *   B   |   <          |--->      and B goes on in A's turn
   */
  #tellUntold(at: number): void {
    const ns = this.#untoldNs;
    if (ns === 0) return;
    this.#untoldNs = 0;
    const waker = this.#wakerRef > 0 ? this.#context.wakerOf(this.#request.thread, this.#wakerRef) : undefined;
    this.#wakerRef = 0;
    const move = this.#context.moves.find(({ begin, end }) => begin <= at && at <= end);
    if (move !== undefined) this.#totals.add('network', ns, move.isSending ? CLIENT_SENDS : CLIENT_TAKES);
    else if (this.#turnBefore > 0 && this.#turnBefore !== this.#request.id) this.#totals.add('lock', ns, BEHIND_OTHERS);
    else if (waker !== undefined) this.#totals.add(waker.category, ns, this.#isTold ? waker.text : '');
    else this.#totals.add('unknown', ns, 'waiting, for what is not known');
  }

  /** In pieces, since waits begin and end within a moment. */
  #takeWaiting(moment: ThreadMoment, begin: number, end: number): void {
    let at = begin;
    while (at < end) {
      const wait = this.#waitAt(at);
      const next = Math.min(end, this.#nextChange(at));
      if (wait !== undefined) this.#addWait(moment, wait, at, next - at);
      else if (moment.isIdle) this.#addIdle(moment, at, next - at);
      else if (moment.turn === -this.#request.id && at >= this.#request.begin) this.#takeOwn(moment, next - at);
      else this.#takeQueued(moment, next - at);
      at = next;
    }
  }

  /**
   * Of those that it waits for, the one that is ready last: without that it would not have been faster. A
   * call to a peer is told by the step that it is in: waiting for a free connection, looking the name up, connecting.
   */
  #waitAt(time: number): Wait | undefined {
    let last: Wait | undefined;
    for (const wait of this.#waits) {
      if (wait.begin > time || wait.ready <= time) continue;
      if (isStepOf(wait, last)) last = wait;
      else if (last !== undefined && isStepOf(last, wait)) continue;
      else if (last === undefined || wait.ready > last.ready || (wait.ready === last.ready && wait.begin > last.begin))
        last = wait;
    }
    return last;
  }

  #nextChange(time: number): number {
    let next = Infinity;
    for (const { begin, ready, start } of this.#waits) {
      if (begin > time) next = Math.min(next, begin);
      if (start > time) next = Math.min(next, start);
      if (ready > time) next = Math.min(next, ready);
    }
    return next;
  }

  #addWait(moment: ThreadMoment, wait: Wait, time: number, ns: number): void {
    const { operation, peer, start } = wait;
    if (this.#isTold) (this.#told ??= new Set()).add(wait);
    if (peer !== undefined) this.#totals.add('network', ns, this.#isTold ? `waiting for ${peer.peer}` : '');
    if (operation === undefined) return;
    const { operation: name, subject } = operation;
    if (isPoolOperation(operation)) {
      if (time < start) {
        const size = operation.thread.program.poolSize;
        this.#totals.add(
          'pool-queue',
          ns,
          this.#isTold ? `in the queue of the thread pool (${size} threads) for ${name}` : '',
        );
      } else if (name.startsWith('fs.')) this.#addFileWait(moment, operation, time, ns);
      else
        this.#totals.add(
          'pool-work',
          ns,
          this.#isTold ? `in ${name}${subject === '' ? '' : ` ${subject}`} on the thread pool` : '',
        );
    } else if (CHILD_OPERATION.test(name))
      this.#totals.add('child-process', ns, this.#isTold ? `waiting for the child process ${subject}`.trimEnd() : '');
    else if (name === 'setTimeout')
      this.#totals.add('timer', ns, this.#isTold ? `waiting for a timer of ${subject}` : '');
    else if (QUEUE_OPERATION.test(name))
      this.#totals.add('connection-queue', ns, this.#isTold ? `waiting for a free connection to ${subject}` : '');
    else if (CONNECT_OPERATION.test(name))
      this.#totals.add('network', ns, this.#isTold ? `connecting to ${subject}` : '');
    else if (name.startsWith('dns.'))
      this.#totals.add('network', ns, this.#isTold ? `waiting for ${name} ${subject}`.trimEnd() : '');
    else this.#totals.add('network', ns, this.#isTold ? (callText(operation) ?? '') : '');
  }

  /** While the loop is busy, a file operation goes on only as far as the pool works on files: its next step is JavaScript. */
  #addFileWait(moment: ThreadMoment, operation: AsyncOperation, time: number, ns: number): void {
    const { operation: name, subject, thread } = operation;
    const worked = moment.isIdle ? ns : this.#context.fileWork.during(thread, time, time + ns);
    const workedNs = worked ?? (STEPWISE_OPERATION.test(name) ? 0 : ns);
    if (workedNs > 0)
      this.#totals.add('disk', workedNs, this.#isTold ? `in ${name}${subject === '' ? '' : ` ${subject}`}` : '');
    if (workedNs < ns) this.#takeQueued(moment, ns - workedNs);
  }

  /** The loop waits, and nothing that this request asked for is known to be under way. */
  #addIdle(moment: ThreadMoment, time: number, ns: number): void {
    const { begin } = this.#request;
    if (moment.state === PREEMPTED || moment.state === WOKEN) this.#addRunnable(moment, ns);
    else if (time < begin) this.#totals.add('queued', ns, 'waiting for the event loop to take it up');
    else {
      this.#untoldNs += ns;
      if (moment.state === BLOCKED && moment.ref !== 0) this.#wakerRef = moment.ref;
    }
  }

  /** Ready to go on, but the thread does something else. */
  #takeQueued(moment: ThreadMoment, ns: number): void {
    if (moment.collection !== undefined) this.#totals.add('gc', ns, 'GC');
    else if (moment.state === PREEMPTED || moment.state === WOKEN) this.#addRunnable(moment, ns);
    else this.#totals.add('queued', ns, this.#isTold ? `waiting for the event loop${this.#busyText(moment)}` : '');
  }

  #busyText(moment: ThreadMoment): string {
    if (moment.operation !== undefined) return `, busy in ${moment.operation.operation}`;
    const frame = moment.sample?.frame;
    if (frame === undefined || isMetaFrame(frame)) return '';
    return `, busy with ${this.#functionText(frame)}`;
  }

  #takeOwn(moment: ThreadMoment, ns: number): void {
    const { state, call, operation } = moment;
    const name = operation?.operation ?? '';
    if (moment.collection !== undefined) this.#totals.add('gc', ns, 'GC');
    else if (state === INTERRUPTED) this.#totals.add('interrupt', ns, 'interrupted');
    else if (state === PREEMPTED || state === WOKEN) this.#addRunnable(moment, ns);
    else if (state === BLOCKED || state === NOT_RUNNING) this.#takeBlocked(moment, ns);
    else if (operation !== undefined) {
      const category = CHILD_OPERATION.test(name) ? 'child-process' : name === 'Atomics.wait' ? 'lock' : 'native';
      this.#totals.add(
        call !== 0 && category === 'native' ? 'system-call' : category,
        ns,
        this.#isTold ? operationText(moment) : '',
      );
    } else if (call !== 0)
      this.#totals.add('system-call', ns, this.#isTold ? kernelText(this.#context.labels.textOf(call)) : '');
    else this.#addScript(moment, ns);
  }

  #addScript(moment: ThreadMoment, ns: number): void {
    const frame = moment.sample?.frame;
    if (frame === undefined || frame.name === '(idle)')
      this.#totals.add('javascript', ns, 'running, at what is not known');
    else if (frame.name === '(garbage collector)' && frame.url === '') this.#totals.add('gc', ns, 'GC');
    else if (isMetaFrame(frame)) this.#totals.add('native', ns, 'running native code');
    else this.#totals.add('javascript', ns, this.#isTold ? `running ${this.#functionText(frame)}` : '');
  }

  #functionText(top: Frame): string {
    return functionText(this.#context.positions.functionOf(nearestUserFrame(top)));
  }

  #addRunnable(moment: ThreadMoment, ns: number): void {
    const isHeldBack = runnableReason(moment) === 'held-back';
    this.#totals.add('runnable', ns, isHeldBack ? HELD_BACK : RUNNABLE);
  }

  #takeBlocked(moment: ThreadMoment, ns: number): void {
    const call = this.#context.labels.textOf(moment.call);
    const name = moment.operation?.operation ?? '';
    if (name === 'Atomics.wait' || LOCK_CALL.test(call))
      this.#totals.add('lock', ns, this.#isTold ? (name === '' ? `blocked in ${call}` : `in ${name}`) : '');
    else if (CHILD_OPERATION.test(name))
      this.#totals.add('child-process', ns, this.#isTold ? operationText(moment) : '');
    else if (moment.operation?.path !== undefined || call === 'page fault')
      this.#totals.add(
        'disk',
        ns,
        this.#isTold ? (name === '' ? 'blocked in a page fault' : operationText(moment)) : '',
      );
    else
      this.#totals.add(
        'blocked',
        ns,
        this.#isTold
          ? name === ''
            ? `blocked in ${call === '' ? 'an unknown call' : call}`
            : operationText(moment)
          : '',
      );
  }
}

/** Of an HTTP client's request; undefined for all else. */
function callText(operation: AsyncOperation | undefined): string | undefined {
  if (operation === undefined || !CLIENT_OPERATION.test(operation.operation)) return undefined;
  const { operation: name, subject } = operation;
  return `waiting for ${hostOf(subject)} (${name} ${pathOf(subject)})`;
}

/** What a call to a peer needs first; it may begin a little before what it is for is recorded. */
function isStepOf(step: Wait, other: Wait | undefined): boolean {
  const [operation, outer] = [step.operation, other?.operation];
  if (operation === undefined || other === undefined || !STEP_OPERATION.test(operation.operation)) return false;
  const host = hostName(operation.subject);
  if (outer === undefined) return host !== '' && hostName(other.peer?.peer ?? '') === host;
  if (host === '' || hostName(outer.subject) !== host) return false;
  // Of two steps the one that began later: a name is looked up while connecting.
  return !STEP_OPERATION.test(outer.operation) || (operation.begin > outer.begin && other.begin <= step.begin);
}

/** `db.internal` of `db.internal:5432/rows`. */
function hostName(subject: string): string {
  return /^(\[[^\]]*\]|[^:/, ]*)/.exec(subject)?.[0] ?? '';
}

function kernelText(call: string): string {
  if (call === MEMORY_RECLAIM) return RECLAIMING;
  return call === PAGE_FAULT ? 'running in the kernel for page faults' : `in system call ${call}`;
}

const RUNNABLE = 'runnable, waiting for a CPU';

function operationText({ operation }: ThreadMoment): string {
  return operation === undefined
    ? ''
    : `in ${operation.operation}${operation.path === undefined ? '' : ` ${operation.path}`}`;
}

function hostOf(subject: string): string {
  const slash = subject.indexOf('/');
  return slash < 0 ? subject : subject.slice(0, slash);
}

function pathOf(subject: string): string {
  const slash = subject.indexOf('/');
  return slash < 0 ? '' : (subject.slice(slash).split('?')[0] ?? '');
}
