// SPDX-License-Identifier: MIT
// `lockstep stats`: alone the event record classes of a trace; with the name of a family its tables.

import { existsSync } from 'node:fs';
import {
  formatTablesCsv,
  formatTablesJson,
  formatTablesMarkdown,
  formatTablesText,
  TABLE_FAMILIES,
} from '@lockstep/analysis';
import type { TableFamily, TablesReport } from '@lockstep/analysis';
import { InputError } from '@lockstep/base';
import { measureTraces, openTraceDirectory } from '@lockstep/ctf/node';
import { findTrace } from '../trace-argument.ts';
import { runStatsTables, type TableFlags } from './stats-tables.ts';

export async function runStats(words: readonly string[], flags: object): Promise<void> {
  const options = flags as TableFlags;
  const [first, second] = words;
  const family = TABLE_FAMILIES.find((name) => name === first) as TableFamily | undefined;
  if (family !== undefined) return runStatsTables(family, second, options);
  if (first !== undefined && /^[a-z]+$/.test(first) && !existsSync(first))
    throw new InputError(
      `There is no family and no trace directory of this name; families are ${TABLE_FAMILIES.join(', ')}`,
      {
        name: first,
      },
    );
  return runStatsOfClasses(first, options);
}

/** Classes are counted over the whole trace: an option that would do nothing is a mistake. */
function refuseFamilyOptions({
  begin,
  end,
  timerange,
  procname,
  tid,
  cpu,
  min,
  max,
  top,
  freq,
  log,
  period,
}: TableFlags): void {
  const lists = { '--procname': procname, '--tid': tid, '--cpu': cpu, '--period': period };
  const values = { '--begin': begin, '--end': end, '--timerange': timerange, '--min': min, '--max': max };
  const flags = { '--top': top, '--freq': freq, '--log': log };
  const given =
    Object.entries(lists).find(([, list]) => list.length > 0) ??
    Object.entries(values).find(([, value]) => value !== undefined) ??
    Object.entries(flags).find(([, flag]) => flag === true);
  if (given !== undefined)
    throw new InputError(
      `${given[0]} belongs to a family: lockstep stats FAMILY ${given[0]}; families are ${TABLE_FAMILIES.join(', ')}`,
    );
}

async function runStatsOfClasses(directory: string | undefined, flags: TableFlags): Promise<void> {
  refuseFamilyOptions(flags);
  const path = await findTrace(directory);
  const traceSet = openTraceDirectory(path);
  try {
    const { beginNs, endNs, classes, dataStreams } = measureTraces(traceSet);
    const total = classes.reduce((sum, { records }) => sum + records, 0);
    const seconds = beginNs === undefined || endNs === undefined ? 0 : Number(endNs - beginNs) / 1e9;
    const rows = classes.map(({ name, records, bytes }) => [
      name,
      records,
      total === 0 ? undefined : records / total,
      bytes,
      seconds === 0 ? undefined : Math.round(records / seconds),
    ]);
    const columns = [
      { key: 'class', title: 'event record class', kind: 'text' },
      { key: 'count', title: 'count', kind: 'count' },
      { key: 'share', title: 'share', kind: 'share' },
      { key: 'bytes', title: 'size', kind: 'bytes' },
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
    const discardedCount = dataStreams.reduce((sum, stream) => sum + stream.discardedEventRecords, 0n);
    const streams = {
      ...table,
      key: 'dataStreams',
      title: 'Data streams',
      columns: [
        { key: 'stream', title: 'data stream', kind: 'text' },
        { key: 'count', title: 'count', kind: 'count' },
        { key: 'packets', title: 'packets', kind: 'count' },
        { key: 'bytes', title: 'size', kind: 'bytes' },
        { key: 'discarded', title: 'discarded', kind: 'count' },
        { key: 'discardedPackets', title: 'discarded packets', kind: 'count' },
      ] as const,
      rows: dataStreams.map((stream) => [
        stream.trace === '' ? stream.name : `${stream.trace}/${stream.name}`,
        stream.records,
        stream.packets,
        stream.bytes,
        Number(stream.discardedEventRecords),
        Number(stream.discardedPackets),
      ]),
    };
    const report: TablesReport = {
      family: 'classes',
      beginNs,
      endNs,
      isWallClock: true,
      tables: [table, streams],
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
