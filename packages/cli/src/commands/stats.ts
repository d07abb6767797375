// SPDX-License-Identifier: MIT
// `lockstep stats`: alone the event record classes of a trace; with the name of a family its tables.

import {
  formatTablesCsv,
  formatTablesJson,
  formatTablesMarkdown,
  formatTablesText,
  TABLE_FAMILIES,
} from '@lockstep/analysis';
import type { TableFamily, TablesReport } from '@lockstep/analysis';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { quietBrokenPipe } from '../exit.ts';
import { findTrace } from '../trace-argument.ts';
import { runStatsTables, type TableFlags } from './stats-tables.ts';

export async function runStats(words: readonly string[], flags: object): Promise<void> {
  const options = flags as TableFlags;
  const [first, second] = words;
  const family = TABLE_FAMILIES.find((name) => name === first) as TableFamily | undefined;
  if (family !== undefined) return runStatsTables(family, second, options);
  return runStatsOfClasses(first, options);
}

async function runStatsOfClasses(directory: string | undefined, flags: TableFlags): Promise<void> {
  const path = await findTrace(directory);
  quietBrokenPipe();
  const traceSet = openTraceDirectory(path);
  try {
    const counts = new Map<string, number>();
    let [beginNs, endNs, discardedCount, total]: [bigint | undefined, bigint | undefined, bigint, number] = [
      undefined,
      undefined,
      0n,
      0,
    ];
    for (const record of readEventRecords(traceSet)) {
      if ('type' in record) {
        discardedCount += record.count ?? 1n;
        continue;
      }
      total += 1;
      const { name } = record.eventRecordClass;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      beginNs ??= record.timeNs;
      endNs = record.timeNs ?? endNs;
    }
    const seconds = beginNs === undefined || endNs === undefined ? 0 : Number(endNs - beginNs) / 1e9;
    const rows = [...counts]
      .toSorted(([, one], [, other]) => other - one)
      .map(([name, count]) => [
        name,
        count,
        total === 0 ? undefined : count / total,
        seconds === 0 ? undefined : Math.round(count / seconds),
      ]);
    const columns = [
      { key: 'class', title: 'event record class', kind: 'text' },
      { key: 'count', title: 'count', kind: 'count' },
      { key: 'share', title: 'share', kind: 'share' },
      { key: 'rate', title: 'a second', kind: 'count' },
    ] as const;
    const table = {
      key: 'classes',
      title: 'Event record classes',
      columns,
      rows,
      omittedRowCount: 0,
      notes: [],
      isHistogram: false,
    };
    const report: TablesReport = {
      family: 'classes',
      beginNs,
      endNs,
      isWallClock: true,
      tables: [table],
      discardedCount,
    };
    const format = { isUtc: flags.clockGmt === true, width: process.stdout.columns ?? 80 };
    if (flags.json === true) process.stdout.write(formatTablesJson(report));
    else if (flags.csv === true) process.stdout.write(formatTablesCsv(report));
    else if (flags.markdown === true) process.stdout.write(formatTablesMarkdown(report, format));
    else process.stdout.write(formatTablesText(report, format));
  } finally {
    traceSet.close();
  }
}
