// SPDX-License-Identifier: MIT
// Totals of a stall's parts in, the parts of the report out: names resolved, ns to ms, longest first.

import { assertUnreachable } from '@lockstep/base';
import { isUserFrame } from '../program/call-tree.ts';
import type { OperationInterval } from '../program/program-thread.ts';
import type { PartTotal } from './part-builder.ts';
import type { Positions } from './position.ts';
import type { OperationName, StallPart, ThreadName } from './stall-report.ts';

/** Functions listed beneath one JavaScript part. */
const MAX_SELF = 8;
/** A function is told with what it called when that took this share of its time. */
const CALLEE_SHARE = 0.5;
/** A function ran in a phase when this share of its time did. */
const PHASE_SHARE = 0.8;

export function partsOf(
  totals: Iterable<PartTotal>,
  positions: Positions,
  others: ReadonlyMap<number, ThreadName>,
): StallPart[] {
  const parts: StallPart[] = [];
  for (const total of totals) parts.push(partOf(total, positions, others));
  return parts.sort((a, b) => b.ms - a.ms);
}

function partOf(total: PartTotal, positions: Positions, others: ReadonlyMap<number, ThreadName>): StallPart {
  const base = {
    ms: total.ns / 1e6,
    isSplit: total.isSplit,
    ...(total.operation === undefined ? {} : { during: operationName(total.operation) }),
    ...(total.caller === undefined ? {} : { caller: positions.functionOf(total.caller) }),
  };
  switch (total.kind) {
    case 'javascript':
      return { ...base, ...javaScriptOf(total, positions) };
    case 'native':
      return { ...base, kind: 'native' };
    case 'system-call':
      return { ...base, kind: 'system-call', call: total.call };
    case 'garbage-collection':
      return { ...base, kind: 'garbage-collection', collection: total.collection };
    case 'runnable': {
      const instead = others.get(total.tid);
      return { ...base, kind: 'runnable', reason: total.reason, ...(instead === undefined ? {} : { instead }) };
    }
    case 'blocked':
      return { ...base, kind: 'blocked', call: total.call, isCollecting: total.isCollecting };
    case 'interrupt':
      return { ...base, kind: 'interrupt', interrupt: total.interrupt };
    case 'unknown':
      return { ...base, kind: 'unknown', known: total.known };
    default:
      return assertUnreachable(total);
  }
}

function javaScriptOf(
  total: PartTotal & { readonly kind: 'javascript' },
  positions: Positions,
): Omit<StallPart & { kind: 'javascript' }, 'ms' | 'isSplit'> {
  const self = [...total.selfNs.values()]
    .sort((a, b) => b.ns - a.ns)
    .slice(0, MAX_SELF)
    .map(({ frame, ns }) => ({ function: positions.functionOf(frame), ms: ns / 1e6 }));
  let hotLine = 0;
  let hotNs = 0;
  for (const [line, ns] of total.lineNs) {
    if (ns > hotNs) {
      hotNs = ns;
      hotLine = line;
    }
  }
  const hot =
    hotLine === 0 || !isUserFrame(total.frame) ? undefined : positions.positionOf(total.frame.url, hotLine, 0);
  const phase = [...total.phaseNs].find(([, ns]) => ns >= total.ns * PHASE_SHARE)?.[0] ?? 'other';
  return {
    kind: 'javascript',
    function: positions.functionOf(total.frame),
    ...(phase === 'other' ? {} : { phase }),
    ...calleeOf(total, positions),
    ...(hot === undefined ? {} : { hotLine: hot }),
    self,
  };
}

/** What the user's function called of Node, when that took most of it: `require`, say, however deep the time went. */
function calleeOf(
  { ns, calleeNs }: PartTotal & { readonly kind: 'javascript' },
  positions: Positions,
): { callee?: ReturnType<Positions['functionOf']> } {
  for (const { frame, ns: calledNs } of calleeNs.values())
    if (calledNs >= ns * CALLEE_SHARE) return { callee: positions.functionOf(frame) };
  return {};
}

export function operationName(operation: OperationInterval): OperationName {
  return {
    operation: operation.operation,
    ...(operation.path === undefined ? {} : { path: operation.path }),
    ...(operation.size === undefined ? {} : { size: operation.size }),
  };
}
