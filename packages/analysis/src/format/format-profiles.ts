// SPDX-License-Identifier: MIT
// Profiles for other tools: collapsed stacks (flamegraph.pl, inferno, speedscope), speedscope's own JSON,
// and pprof's protobuf, which `go tool pprof`, pprof.me and Grafana read.

import { ProtoWriter } from '@lockstep/base';
import { frameText, type ProfileReport, type ThreadProfile } from '../profile/profile.ts';

/** `node (4711);main (a.js:1);render (b.js:3) 1234`: microseconds. */
export function formatCollapsedStacks(report: ProfileReport): string {
  const names = report.frames.map((frame) => frameText(frame).replace(/[;\n]/g, ','));
  const lines = report.threads.flatMap((thread) =>
    thread.stacks
      .map(({ frames, ns }) => ({
        stack: [threadName(thread).replace(/[;\n]/g, ','), ...frames.map((index) => names[index] ?? '')].join(';'),
        us: Math.round(ns / 1000),
      }))
      .filter(({ us }) => us > 0)
      .map(({ stack, us }) => `${stack} ${us}`),
  );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** https://www.speedscope.app/file-format-schema.json; one sampled profile a thread. */
export function formatSpeedscope(report: ProfileReport, name: string): string {
  const frames = report.frames.map(({ name: function_, position }) => ({
    name: function_,
    ...(position === undefined
      ? {}
      : {
          file: position.source,
          line: position.line,
          ...(position.column === undefined ? {} : { col: position.column }),
        }),
  }));
  const profiles = report.threads.map((thread) => ({
    type: 'sampled',
    name: threadName(thread),
    unit: 'nanoseconds',
    startValue: 0,
    endValue: thread.stacks.reduce((sum, { ns }) => sum + ns, 0),
    samples: thread.stacks.map((stack) => stack.frames),
    weights: thread.stacks.map(({ ns }) => ns),
  }));
  return JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name,
    exporter: 'lockstep',
    activeProfileIndex: 0,
    shared: { frames },
    profiles,
  });
}

/** perftools.profiles.Profile of pprof's profile.proto, not yet compressed: its readers want gzip. */
export function formatPprof(report: ProfileReport): Uint8Array {
  const strings = new StringTable();
  const profile = new ProtoWriter();
  const valueType = (type: string, unit: string): void =>
    profile.message(1, () => {
      profile.uint(1, strings.indexOf(type));
      profile.uint(2, strings.indexOf(unit));
    });
  valueType('samples', 'count');
  valueType(report.kind, 'nanoseconds');
  for (const thread of report.threads) {
    for (const { frames, ns, sampleCount } of thread.stacks) {
      profile.message(2, () => {
        // Innermost first; ids begin at 1.
        for (const index of frames.toReversed()) profile.uint(1, index + 1);
        profile.uint(2, sampleCount);
        profile.uint(2, Math.round(ns));
        profile.message(3, () => {
          profile.uint(1, strings.indexOf('thread'));
          profile.uint(2, strings.indexOf(threadName(thread)));
        });
      });
    }
  }
  report.frames.forEach(({ position }, index) =>
    profile.message(4, () => {
      profile.uint(1, index + 1);
      profile.message(4, () => {
        profile.uint(1, index + 1);
        profile.uint(2, position?.line ?? 0);
      });
    }),
  );
  report.frames.forEach(({ name, position }, index) =>
    profile.message(5, () => {
      profile.uint(1, index + 1);
      profile.uint(2, strings.indexOf(name));
      profile.uint(3, strings.indexOf(name));
      if (position !== undefined) profile.uint(4, strings.indexOf(position.source));
    }),
  );
  const [beginNs, endNs] = rangeOf(report.threads);
  // Fields may come in any order, so the table comes when all strings are known.
  for (const text of strings.list) profile.string(6, text);
  profile.int(9, beginNs);
  profile.int(10, endNs - beginNs);
  return profile.borrow();
}

function rangeOf(threads: readonly ThreadProfile[]): readonly [bigint, bigint] {
  let range: [bigint, bigint] | undefined;
  for (const { beginNs, endNs } of threads) {
    if (range === undefined) range = [beginNs, endNs];
    if (beginNs < range[0]) range[0] = beginNs;
    if (endNs > range[1]) range[1] = endNs;
  }
  return range ?? [0n, 0n];
}

function threadName({ program, pid, vtid, isMain }: ThreadProfile): string {
  return `${program} (${pid})${isMain ? '' : ` thread ${vtid}`}`;
}

class StringTable {
  readonly list: string[] = [''];
  readonly #indexes = new Map<string, number>([['', 0]]);

  indexOf(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.list.length;
      this.#indexes.set(text, index);
      this.list.push(text);
    }
    return index;
  }
}
