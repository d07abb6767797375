// SPDX-License-Identifier: MIT
// Merged event records and the name of a family in, its tables out.

import { InputError } from '@lockstep/base';
import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import { AnalysisPass } from '../pass/analysis-pass.ts';
import { cpuTables } from './cpu-tables.ts';
import type { FamilyType, TableOptions } from './family.ts';
import { interruptTables } from './interrupt-tables.ts';
import { ioTables } from './io-tables.ts';
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
  const { time } = pass;
  return {
    family,
    beginNs: time.baseNs,
    endNs: time.baseNs === undefined ? undefined : time.toNs(pass.lastTime),
    isWallClock: time.isWallClock,
    tables: pass.get(type).tables(),
    discardedCount,
  };
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
