// SPDX-License-Identifier: MIT
// Merged event records and the name of a family in, its tables out.

import { InputError } from '@lockstep/base';
import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import { HOST, type Host } from '../kernel/host.ts';
import { AnalysisPass } from '../pass/analysis-pass.ts';
import { checkRange } from '../pass/range-check.ts';
import { cpuTables } from './cpu-tables.ts';
import type { FamilyType, TableOptions } from './family.ts';
import { interruptTables } from './interrupt-tables.ts';
import { ioTables } from './io-tables.ts';
import { lockTables } from './lock-tables.ts';
import { memoryTables } from './memory-tables.ts';
import { networkTables } from './network-tables.ts';
import { addCaptures, parsePeriod, periodTables } from './period-tables.ts';
import { schedulingTables } from './scheduling-tables.ts';
import { systemCallTables } from './system-call-tables.ts';
import type { Table } from './table.ts';

const FAMILIES = {
  cpu: cpuTables,
  io: ioTables,
  irq: interruptTables,
  locks: lockTables,
  memory: memoryTables,
  network: networkTables,
  sched: schedulingTables,
  syscalls: systemCallTables,
} as const;

export type TableFamily = keyof typeof FAMILIES | 'periods';
export const TABLE_FAMILIES: readonly TableFamily[] = [
  ...(Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]),
  'periods',
];

export interface TablesReport {
  readonly family: TableFamily | 'classes' | 'profile';
  /** Of the first and the last record, ns of the clock; undefined without any. */
  readonly beginNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  /** Times are those of the wall clock. */
  readonly isWallClock: boolean;
  readonly tables: readonly Table[];
  readonly discardedCount: bigint;
}

/** `periods`: definitions for the family of that name. Throws InputError for one that cannot be read. */
export function analyzeTables(
  records: Iterable<EventRecord | DiscardedItems>,
  family: TableFamily,
  options: TableOptions,
  periods: readonly string[] = [],
  captures: readonly string[] = [],
): TablesReport {
  const type = familyType(family, options, periods, captures);
  const pass = new AnalysisPass([type]);
  let discardedCount = 0n;
  for (const record of records) {
    if ('type' in record) discardedCount += record.count ?? 1n;
    pass.take(record);
  }
  pass.finish();
  checkRange(pass, options.beginNs, options.endNs);
  const { time } = pass;
  const tables = pass.get(type).tables();
  checkSelection(pass.get(HOST), options, tables);
  return {
    family,
    beginNs: time.baseNs,
    endNs: time.baseNs === undefined ? undefined : time.toNs(pass.lastTime),
    isWallClock: time.isWallClock,
    tables,
    discardedCount,
  };
}

/** An empty table for something that the trace does not have would look like an answer. */
function checkSelection(
  { threads, cpus, coverage }: Host,
  { procnames = [], tids = [], cpus: wantedCpus = [] }: TableOptions,
  tables: readonly Table[],
): void {
  // Without the kernel's half the tables say that it is missing.
  if (!coverage.hasKernelStream) return;
  const unknownTid = tids.find((tid) => !threads.has(tid));
  if (unknownTid !== undefined)
    throw new InputError('The trace has no such thread; lockstep stats cpu lists those that ran', { tid: unknownTid });
  const unknownCpu = wantedCpus.find((cpu) => cpus[cpu] === undefined);
  if (unknownCpu !== undefined)
    throw new InputError(`The trace has no such CPU; it has ${Object.keys(cpus).join(', ')}`, { cpu: unknownCpu });
  // Threads change their names, and only those of now are known: what the names chose is believed first.
  if (procnames.length === 0 || (tables[0]?.rows.length ?? 0) > 0) return;
  const names = new Set([...threads.values()].map(({ name }) => name));
  const unknownName = procnames.find((name) => !names.has(name));
  if (unknownName !== undefined)
    throw new InputError('The trace has no thread of this name, exactly; lockstep stats cpu lists those that ran', {
      procname: unknownName,
    });
}

function familyType(
  family: TableFamily,
  options: TableOptions,
  periods: readonly string[],
  captures: readonly string[],
): FamilyType {
  if (family !== 'periods') {
    if (periods.length > 0 || captures.length > 0)
      throw new InputError('--period goes with the family periods', { family });
    return FAMILIES[family](options);
  }
  if (periods.length === 0)
    throw new InputError(
      'Periods are defined by --period NAME:BEGIN:END, such as --period \'request:$evt.$name == "node:http_begin":$evt.$name == "node:http_end"\'',
    );
  return periodTables(captures.reduce(addCaptures, periods.map(parsePeriod)), options);
}
