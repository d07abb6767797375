// SPDX-License-Identifier: MIT
// A profile as tables: the functions with most time of their own, and with most time in all.

import { column, makeTable, type Table } from '../tables/table.ts';
import { frameText, type ProfileReport } from './profile.ts';

export function profileTables(report: ProfileReport, limit: number): readonly Table[] {
  const own = new Map<number, number>();
  const all = new Map<number, number>();
  let total = 0;
  const threads = report.threads.map((thread) => {
    let ns = 0;
    let samples = 0;
    for (const stack of thread.stacks) {
      ns += stack.ns;
      samples += stack.sampleCount;
      const top = stack.frames.at(-1);
      if (top !== undefined) own.set(top, (own.get(top) ?? 0) + stack.ns);
      // A function that calls itself counts once.
      for (const frame of new Set(stack.frames)) all.set(frame, (all.get(frame) ?? 0) + stack.ns);
    }
    total += ns;
    return [thread.program, thread.pid, thread.vtid, thread.isMain ? 'main' : '', ns, samples];
  });
  const rows = (map: ReadonlyMap<number, number>): (readonly [string, number, number | undefined])[] =>
    [...map]
      .toSorted(([, one], [, other]) => other - one)
      .map(([frame, ns]) => {
        const named = report.frames[frame];
        return [named === undefined ? '' : frameText(named), ns, total === 0 ? undefined : ns / total] as const;
      });
  const columns = [
    column('function', 'function', 'text'),
    column('time', 'time', 'duration'),
    column('share', 'share', 'share'),
  ];
  return [
    makeTable(
      'threads',
      TITLES[report.kind],
      [
        column('program', 'program', 'text'),
        column('pid', 'pid', 'number'),
        column('tid', 'tid', 'number'),
        column('thread', 'thread', 'text'),
        column('time', 'time', 'duration'),
        column('samples', 'samples', 'count'),
      ],
      threads,
      { notes: report.notes },
    ),
    makeTable('own', 'Time of its own', columns, rows(own), { limit }),
    makeTable('total', 'Time with what it called', columns, rows(all), { limit }),
  ];
}

const TITLES = { cpu: 'On the CPU', 'off-cpu': 'Off the CPU', wall: 'On and off the CPU' } as const;
