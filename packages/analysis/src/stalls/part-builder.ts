// SPDX-License-Identifier: MIT
// Adds up the moments of a stall into its parts: each moment comes with what every layer says about
// it, and goes to exactly one part, so the parts sum to the duration. The order of the rules is the
// one that docs/stalls.md tells.

import type { Labels } from '../labels.ts';
import { MEMORY_RECLAIM, PAGE_FAULT } from '../kernel/host.ts';
import { BLOCKED, INTERRUPTED, NOT_RUNNING, PREEMPTED, UNKNOWN, WOKEN } from '../kernel/thread-state.ts';
import {
  frameIdentity,
  isMetaFrame,
  isUserFrame,
  nearestUserFrame,
  phaseOf,
  type Frame,
  type Phase,
} from '../program/call-tree.ts';
import type { OperationInterval } from '../program/program-thread.ts';
import type { Moment } from './moments.ts';

/** Keys of parts are made of texts that traces hold; U+0000 cannot be in them. */
const SEPARATOR = '\0';

/** Who is switched out for nobody may not run (held-back.ts). */
export function runnableReason({ state, ref }: Moment): 'preempted' | 'woken' | 'held-back' {
  if (ref === 0 && state === PREEMPTED) return 'held-back';
  return state === PREEMPTED ? 'preempted' : 'woken';
}

export interface CalledMoment extends Moment {
  /** Function of the user's code that called the operation. */
  readonly caller: Frame | undefined;
}

interface Common {
  ns: number;
  readonly isSplit: boolean;
  readonly operation: OperationInterval | undefined;
  readonly caller: Frame | undefined;
}
export type PartTotal = Common &
  (
    | {
        readonly kind: 'javascript';
        readonly frame: Frame;
        readonly selfNs: Map<string, { frame: Frame; ns: number }>;
        readonly lineNs: Map<number, number>;
        readonly phaseNs: Map<Phase, number>;
        /** By the function that it called directly. */
        readonly calleeNs: Map<string, { frame: Frame; ns: number }>;
      }
    | { readonly kind: 'native' }
    | { readonly kind: 'system-call'; readonly call: string }
    | { readonly kind: 'garbage-collection'; readonly collection: string }
    | { readonly kind: 'runnable'; readonly reason: 'preempted' | 'woken' | 'held-back'; readonly tid: number }
    | { readonly kind: 'blocked'; readonly call: string; readonly isCollecting: boolean }
    | { readonly kind: 'interrupt'; readonly interrupt: string }
    | { readonly kind: 'unknown'; readonly known: 'running' | 'not-running' | 'nothing' }
  );

export class PartBuilder {
  readonly totals = new Map<string, PartTotal>();
  /** Time by frame on top of the stack, of moments that went to JavaScript. */
  readonly javaScriptNs = new Map<Frame, number>();
  readonly #labels: Labels;
  readonly #pageFault: number;
  readonly #reclaim: number;
  /** Last seen on top of the stack: who runs when a collection begins allocates. */
  #lastFrame: Frame | undefined;

  constructor(labels: Labels) {
    this.#labels = labels;
    this.#pageFault = labels.idOf(PAGE_FAULT);
    this.#reclaim = labels.idOf(MEMORY_RECLAIM);
  }

  add(moment: CalledMoment, ns: number): void {
    const { state } = moment;
    const top = moment.sample?.frame;
    if (top !== undefined && !isMetaFrame(top)) this.#lastFrame = top;
    if (state === INTERRUPTED) {
      const interrupt = this.#labels.textOf(moment.ref);
      this.#total(`interrupt${SEPARATOR}${interrupt}`, () => ({ ...bare(true), kind: 'interrupt', interrupt })).ns +=
        ns;
    } else if (state === PREEMPTED || state === WOKEN) {
      const reason = runnableReason(moment);
      const tid = moment.ref;
      this.#total(`runnable${SEPARATOR}${reason}${tid}`, () => ({ ...bare(true), kind: 'runnable', reason, tid })).ns +=
        ns;
    } else if (state === BLOCKED) this.#addBlocked(moment, ns);
    else if (state === NOT_RUNNING) this.#addUnknown('not-running', true, ns);
    else this.#addRunning(moment, ns);
  }

  #total(key: string, make: () => PartTotal): PartTotal {
    let total = this.totals.get(key);
    if (total === undefined) {
      total = make();
      this.totals.set(key, total);
    }
    return total;
  }

  #addBlocked(moment: CalledMoment, ns: number): void {
    const call = moment.call === 0 ? 'unknown' : this.#labels.textOf(moment.call);
    // Whatever it was doing when memory had to be found: that is why it took so long.
    const isReclaiming = moment.call === this.#reclaim;
    const isCollecting = !isReclaiming && moment.collection !== undefined;
    const during = isCollecting || isReclaiming ? bare(true) : covered(moment, true);
    const key = ['blocked', call, isCollecting, operationKey(during)].join(SEPARATOR);
    this.#total(key, () => ({ ...during, kind: 'blocked', call, isCollecting })).ns += ns;
  }

  #addUnknown(known: 'running' | 'not-running' | 'nothing', isSplit: boolean, ns: number): void {
    this.#total(`unknown${SEPARATOR}${known}`, () => ({ ...bare(isSplit), kind: 'unknown', known })).ns += ns;
  }

  /** On a CPU; or not known whether, in a trace without the scheduler's events. */
  #addRunning(moment: CalledMoment, ns: number): void {
    const isSplit = moment.state !== UNKNOWN;
    const top = moment.sample?.frame;
    if (moment.call === this.#reclaim) this.#addCall(moment, bare(isSplit), ns);
    else if (moment.collection !== undefined) this.#addCollection(moment.collection.collection, isSplit, ns);
    else if (moment.call !== 0) this.#addCall(moment, this.#coveredCall(moment, isSplit), ns);
    else if (moment.operation !== undefined) this.#addNative(covered(moment, isSplit), ns);
    else if (top === undefined) this.#addUnknown(isSplit ? 'running' : 'nothing', isSplit, ns);
    else if (!isMetaFrame(top)) this.#addJavaScript(top, moment.sample?.line ?? 0, isSplit, ns);
    else if (top.name === '(garbage collector)') this.#addCollection('sampled', isSplit, ns);
    else if (top.name === '(program)') this.#addNative(bare(isSplit), ns);
    else this.#addUnknown(isSplit ? 'running' : 'nothing', isSplit, ns);
  }

  #addCollection(collection: string, isSplit: boolean, ns: number): void {
    const allocating = this.#lastFrame === undefined ? undefined : nearestUserFrame(this.#lastFrame);
    const caller = allocating !== undefined && isUserFrame(allocating) ? allocating : undefined;
    const key = ['gc', collection, isSplit, caller === undefined ? '' : frameIdentity(caller)].join(SEPARATOR);
    this.#total(key, () => ({ ...bare(isSplit), caller, kind: 'garbage-collection', collection })).ns += ns;
  }

  /** Page faults have no call that the program made: they belong to the function that touched the memory. */
  #coveredCall(moment: CalledMoment, isSplit: boolean): Common {
    const common = covered(moment, isSplit);
    // Within a collection, or in V8's own code, it is the memory of who ran last.
    const top = this.#lastFrame;
    if (moment.call !== this.#pageFault || moment.operation !== undefined || top === undefined) return common;
    return { ...common, caller: nearestUserFrame(top) };
  }

  #addCall(moment: CalledMoment, during: Common, ns: number): void {
    const call = this.#labels.textOf(moment.call);
    const key = ['call', call, during.isSplit, operationKey(during)].join(SEPARATOR);
    this.#total(key, () => ({ ...during, kind: 'system-call', call })).ns += ns;
  }

  #addNative(during: Common, ns: number): void {
    const key = ['native', during.isSplit, operationKey(during)].join(SEPARATOR);
    this.#total(key, () => ({ ...during, kind: 'native' })).ns += ns;
  }

  #addJavaScript(top: Frame, line: number, isSplit: boolean, ns: number): void {
    this.javaScriptNs.set(top, (this.javaScriptNs.get(top) ?? 0) + ns);
    const frame = nearestUserFrame(top);
    const identity = frameIdentity(frame);
    const key = ['js', isSplit, identity].join(SEPARATOR);
    const total = this.#total(key, () => ({
      ...bare(isSplit),
      kind: 'javascript',
      frame,
      selfNs: new Map(),
      lineNs: new Map(),
      phaseNs: new Map(),
      calleeNs: new Map(),
    }));
    total.ns += ns;
    if (total.kind !== 'javascript') return;
    const phase = phaseOf(top);
    total.phaseNs.set(phase, (total.phaseNs.get(phase) ?? 0) + ns);
    const callee = calleeBetween(top, frame);
    if (callee !== undefined) addTo(total.calleeNs, callee, ns);
    const topIdentity = frameIdentity(top);
    addTo(total.selfNs, top, ns);
    // The executing line is the top function's; it says something about the user's only when they are one.
    if (topIdentity === identity && line > 0) total.lineNs.set(line, (total.lineNs.get(line) ?? 0) + ns);
  }
}

function addTo(sums: Map<string, { frame: Frame; ns: number }>, frame: Frame, ns: number): void {
  const identity = frameIdentity(frame);
  const sum = sums.get(identity);
  if (sum === undefined) sums.set(identity, { frame, ns });
  else sum.ns += ns;
}

/** The frame just above `caller` on the stack, when that is Node's or has no place of its own. */
function calleeBetween(top: Frame, caller: Frame): Frame | undefined {
  let callee: Frame | undefined;
  for (let frame: Frame | undefined = top; frame !== undefined && frame !== caller; frame = frame.parent)
    callee = frame;
  return callee === undefined || callee.url.startsWith('file:') || callee.url.startsWith('/') ? undefined : callee;
}

function bare(isSplit: boolean): Common {
  return { ns: 0, isSplit, operation: undefined, caller: undefined };
}

function covered(moment: CalledMoment, isSplit: boolean): Common {
  return {
    ns: 0,
    isSplit,
    operation: moment.operation,
    caller: moment.operation === undefined ? undefined : moment.caller,
  };
}

function operationKey(common: Common): string {
  const { operation, caller } = common;
  if (operation === undefined) return caller === undefined ? '' : frameIdentity(caller);
  return [
    operation.operation,
    operation.path ?? '',
    operation.size ?? '',
    caller === undefined ? '' : frameIdentity(caller),
  ].join(SEPARATOR);
}
