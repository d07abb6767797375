// SPDX-License-Identifier: MIT
// What every family of tables is: a handler of one pass that gives tables at its end.

import type { Host } from '../kernel/host.ts';
import { processOf, type KernelThread } from '../kernel/kernel-thread.ts';
import type { Handler, HandlerContext, HandlerType } from '../pass/handler.ts';
import type { TraceTime } from '../pass/trace-time.ts';
import { Selection, type SelectionOptions } from './selection.ts';
import type { Table } from './table.ts';

export interface TableOptions extends SelectionOptions {
  /** Rows of a table at most. */
  readonly limit: number;
  /** Buckets of a histogram. */
  readonly resolution: number;
  /** Whether the greatest, histograms and logs are wanted beside the statistics. */
  readonly hasTop: boolean;
  readonly hasFrequencies: boolean;
  readonly hasLog: boolean;
}

export interface FamilyHandler extends Handler {
  tables(): readonly Table[];
}

/** Parts that all families use. */
export interface FamilyContext {
  readonly host: Host;
  readonly time: TraceTime;
  readonly selection: Selection;
  readonly options: TableOptions;
}

export function familyContext(context: HandlerContext, host: Host, options: TableOptions): FamilyContext {
  return { host, time: context.time, selection: new Selection(options, context.time), options };
}

export type FamilyType = HandlerType<FamilyHandler>;

/** A log may not grow with the trace: what comes later is counted and said. */
export const MAX_LOG_ROWS = 1 << 18;

export function threadTitle(thread: KernelThread): string {
  return `${thread.name === '' ? '?' : thread.name} (${thread.tid})`;
}

/** Name of the process that a thread belongs to: its leader's, or the thread's own where that is not known. */
export function processName(host: Host, thread: KernelThread): string {
  const leader = host.threads.get(processOf(thread));
  return leader === undefined || leader.name === '' ? thread.name : leader.name;
}

/** The sentence of a table that has nothing to count because the events for it were not recorded. */
export function missing(what: string, rules: string): string {
  return `The trace has no ${what}; record them: lockstep record ${rules} -- …`;
}
