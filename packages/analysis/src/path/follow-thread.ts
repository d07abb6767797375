// SPDX-License-Identifier: MIT
// Merged event records and a thread's stretch of time in, its critical path out: intervals of all
// threads are kept from the stretch's begin on, so memory is that of the stretch.

import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import { InputError } from '@lockstep/base';
import { FILES } from '../kernel/files.ts';
import { HOST } from '../kernel/host.ts';
import type { KernelThread } from '../kernel/kernel-thread.ts';
import { PROCESSES } from '../kernel/processes.ts';
import { SOCKETS } from '../kernel/sockets.ts';
import { BLOCKED, RUNNING } from '../kernel/thread-state.ts';
import { AnalysisPass } from '../pass/analysis-pass.ts';
import { checkRange } from '../pass/range-check.ts';
import { firstOfWait, lastOfWait } from './critical-path.ts';
import { pathReport, type PathReport } from './path-report.ts';

export interface Stretch {
  readonly tid: number;
  /** ns of the clock; undefined = the thread's whole recorded life. */
  readonly beginNs: bigint | undefined;
  readonly endNs: bigint | undefined;
}

/** Intervals of one thread: 21 bytes each. */
const CAPACITY = 1 << 18;
/** Running so long after a wait, a thread has not only handled a signal. */
const SETTLED_NS = 1e6;
const MODEL = [HOST, PROCESSES, FILES, SOCKETS];

export function followThread(records: Iterable<EventRecord | DiscardedItems>, stretch: Stretch): PathReport {
  const pass = new AnalysisPass(MODEL);
  const host = pass.get(HOST);
  let isObserving = false;
  for (const record of records) {
    if ('eventRecordClass' in record && record.timeNs !== undefined) {
      if (!isObserving && (stretch.beginNs === undefined || record.timeNs >= stretch.beginNs)) {
        isObserving = true;
        host.observeAll(pass.time.ofNs(record.timeNs) ?? 0, CAPACITY);
      }
      if (stretch.endNs !== undefined && record.timeNs > stretch.endNs && pass.time.baseNs !== undefined) break;
    }
    pass.take(record);
  }
  pass.finish();
  checkRange(pass, stretch.beginNs, stretch.endNs);
  const thread = host.threads.get(stretch.tid);
  if (thread?.log === undefined) throw unknownThread(stretch.tid);
  const begin = Math.max(0, ofNs(pass, stretch.beginNs) ?? thread.log.beginAt(0));
  const end = ofNs(pass, stretch.endNs) ?? thread.deadAt ?? pass.lastTime;
  return pathReport(host, pass.time, thread, begin, Math.max(begin, end));
}

/**
 * The state that a thread was in at a moment, from its begin to its end, and what it hung on. The time
 * before it is read so that the state's begin is known: as far back as `reachNs`.
 */
export function explainMoment(
  records: Iterable<EventRecord | DiscardedItems>,
  tid: number,
  atNs: bigint,
  reachNs: bigint,
): PathReport {
  const pass = new AnalysisPass(MODEL);
  const host = pass.get(HOST);
  let isObserving = false;
  for (const record of records) {
    if ('eventRecordClass' in record && record.timeNs !== undefined) {
      if (!isObserving && record.timeNs >= atNs - reachNs) {
        isObserving = true;
        host.observeAll(pass.time.ofNs(record.timeNs) ?? 0, CAPACITY);
      }
      if (record.timeNs > atNs && isOver(host.threads.get(tid), ofNs(pass, atNs) ?? 0, pass.lastTime)) break;
    }
    pass.take(record);
  }
  pass.finish();
  const thread = host.threads.get(tid);
  checkRange(pass, atNs, atNs);
  const at = ofNs(pass, atNs) ?? 0;
  const { log } = thread ?? {};
  if (thread === undefined || log === undefined) throw unknownThread(tid);
  const index = Math.max(0, log.indexBefore(at + 1));
  const isWait = log.stateAt(index) === BLOCKED;
  const first = isWait ? firstOfWait(log, index, host.signalLabel) : index;
  const next = (isWait ? lastOfWait(log, index, host.signalLabel) : index) + 1;
  const begin = log.beginAt(first);
  const end = next < log.length ? log.beginAt(next) : Math.max(pass.lastTime, at);
  return pathReport(host, pass.time, thread, begin, end);
}

function unknownThread(tid: number): InputError {
  return new InputError(
    'The trace tells nothing of this thread at this time; TID is the one that the host sees, lockstep stats cpu lists them',
    { tid },
  );
}

/** It has gone on by `now`, and not only to handle a signal. */
function isOver(thread: KernelThread | undefined, at: number, now: number): boolean {
  return thread !== undefined && thread.since > at && thread.state === RUNNING && now - thread.since > SETTLED_NS;
}

function ofNs(pass: AnalysisPass, ns: bigint | undefined): number | undefined {
  return ns === undefined ? undefined : Number(ns - (pass.time.baseNs ?? 0n));
}
