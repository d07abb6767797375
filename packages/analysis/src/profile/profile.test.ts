// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatCollapsedStacks, formatPprof, formatSpeedscope } from '../format/format-profiles.ts';
import { timeline } from '../testing/timeline.ts';
import { analyzeProfile, type ProfileOptions } from './analyze-profile.ts';
import { profileTables } from './profile-tables.ts';
import { frameText, type ProfileReport } from './profile.ts';

/** M computes in report.js, is preempted by ffmpeg, reads a file and sleeps in it. */
const PICTURE = `
  cpu0   |.MMMMMMFFFFMMMM....MMMM.
  wait   |               ssww
  sys    |             rrrrrrrr
  loop   | [====================]
  js     | aaaaaaaaaacccccccccccc
`;

/** Stack, innermost first, to ms. */
function stacksOf(report: ProfileReport): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { stacks } of report.threads)
    for (const { frames, ns } of stacks) {
      const key = frames
        .toReversed()
        .map((index) => frameText(report.frames[index] ?? { name: '?', position: undefined }).replace('/srv/app/', ''))
        .join(' < ');
      sums[key] = Math.round((sums[key] ?? 0) + ns / 1e5) / 10;
    }
  return Object.fromEntries(Object.entries(sums).map(([key, tenths]) => [key, Math.round(tenths * 10) / 10]));
}

function profile(options: Partial<ProfileOptions> & { readonly kind: ProfileOptions['kind'] }): ProfileReport {
  return analyzeProfile(timeline(PICTURE), options);
}

const total = (report: ProfileReport): number =>
  report.threads.flatMap(({ stacks }) => stacks).reduce((sum, { ns }) => sum + ns, 0) / 1e6;

test('samples are on the CPU as long as the kernel says, and wait for what it says in the rest', () => {
  const cpu = profile({ kind: 'cpu' });
  const offCpu = profile({ kind: 'off-cpu' });
  const wall = profile({ kind: 'wall' });
  assert.equal(Math.round(total(cpu) + total(offCpu)), Math.round(total(wall)));
  const waits = stacksOf(offCpu);
  const preempted = Object.entries(waits).filter(([stack]) => stack.startsWith('[runnable, ffmpeg ran] < '));
  assert.equal(Math.round(preempted.reduce((sum, [, ms]) => sum + ms, 0)), 4);
  assert.ok(
    Object.keys(waits).some((stack) =>
      stack.startsWith('[blocked in read (fd 17)] < sumRows (rows.js:30) < renderReport'),
    ),
    JSON.stringify(waits),
  );
  assert.deepEqual(
    Object.keys(stacksOf(cpu)).filter((stack) => stack.includes('[')),
    [],
  );
});

test('without the kernel half all time of samples counts as running, and that is said', () => {
  const records = timeline(PICTURE.replace(/^ *(cpu0|wait|sys).*\n/gm, ''));
  const report = analyzeProfile(records, { kind: 'cpu' });
  assert.equal(Math.round(total(report)), 22);
  assert.match(report.notes.join(' '), /Without the kernel's half/);
  assert.equal(total(analyzeProfile(records, { kind: 'off-cpu' })), 0);
});

test('ranges and threads choose samples', () => {
  const whole = profile({ kind: 'wall' });
  const [thread] = whole.threads;
  const half = profile({ kind: 'wall', beginNs: thread?.beginNs, endNs: (thread?.beginNs ?? 0n) + 5_000_000n });
  assert.equal(Math.round(total(half)), 5);
});

test('what the trace does not have is refused with what it has', () => {
  assert.throws(() => analyzeProfile([], { kind: 'cpu' }), /no traced program in it; record one/);
  assert.throws(() => profile({ kind: 'cpu', pid: 4 }), /no such program or thread; it has server\.js \(pid 1000, /);
  assert.throws(() => profile({ kind: 'cpu', request: 77 }), /no HTTP server request with this id; lockstep requests/);
  assert.throws(() => profile({ kind: 'cpu', endNs: 1n }), /lies before the begin of the trace, which begins at /);
});

test('tables count a function once a stack, and own time only at its top', () => {
  const report: ProfileReport = {
    kind: 'cpu',
    frames: [
      { name: 'a', position: undefined },
      { name: 'b', position: undefined },
    ],
    threads: [
      {
        program: 'p',
        pid: 1,
        vtid: 1,
        isMain: true,
        beginNs: 0n,
        endNs: 10n,
        stacks: [
          { frames: [0, 1, 0], ns: 6, sampleCount: 1 },
          { frames: [0, 1], ns: 4, sampleCount: 1 },
        ],
      },
    ],
    otherNs: 0,
    notes: [],
  };
  const [, own, all] = profileTables(report, 10);
  assert.deepEqual(own?.rows, [
    ['a', 6, 0.6],
    ['b', 4, 0.4],
  ]);
  assert.deepEqual(all?.rows, [
    ['a', 10, 1],
    ['b', 10, 1],
  ]);
});

test('collapsed stacks and speedscope hold the same time', () => {
  const report = profile({ kind: 'wall' });
  const lines = formatCollapsedStacks(report).trimEnd().split('\n');
  const us = lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  assert.ok(Math.abs(us / 1000 - total(report)) < 0.1);
  assert.ok(
    lines.every((line) => /^server\.js \(1000\);.*renderReport \(\/srv\/app\/report\.js:80\).* \d+$/.test(line)),
    lines[0],
  );
  const file = JSON.parse(formatSpeedscope(report, 'trace')) as {
    readonly shared: { readonly frames: readonly { readonly name: string }[] };
    readonly profiles: readonly {
      readonly endValue: number;
      readonly samples: readonly (readonly number[])[];
      readonly weights: readonly number[];
    }[];
  };
  const [only] = file.profiles;
  assert.equal(Math.round((only?.endValue ?? 0) / 1e6), Math.round(total(report)));
  assert.equal(only?.samples.length, only?.weights.length);
  assert.equal(
    only?.samples.flat().every((index) => file.shared.frames[index] !== undefined),
    true,
  );
});

/** As pprof's proto/profile.proto has them. */
const PROTO = `syntax = "proto3"; package perftools.profiles;
message Profile { repeated ValueType sample_type = 1; repeated Sample sample = 2; repeated Location location = 4;
  repeated Function function = 5; repeated string string_table = 6; int64 time_nanos = 9; int64 duration_nanos = 10; }
message ValueType { int64 type = 1; int64 unit = 2; }
message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; repeated Label label = 3; }
message Label { int64 key = 1; int64 str = 2; }
message Location { uint64 id = 1; repeated Line line = 4; }
message Line { uint64 function_id = 1; int64 line = 2; }
message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; }
`;

test('protoc reads the pprof profile', (t) => {
  if (spawnSync('protoc', ['--version']).status !== 0) return t.skip('protobuf-compiler is not installed');
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-pprof-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'profile.proto'), PROTO);
  const report = profile({ kind: 'wall' });
  const { status, stdout, stderr } = spawnSync(
    'protoc',
    ['--decode=perftools.profiles.Profile', `-I${directory}`, 'profile.proto'],
    { input: formatPprof(report), encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  // No field that the schema lacks.
  assert.doesNotMatch(stdout, /^\s*\d+:/m);
  const strings = [...stdout.matchAll(/^string_table: "(.*)"$/gm)].map((match) => match[1]);
  assert.deepEqual(
    [strings[0], strings.includes('renderReport'), strings.includes('/srv/app/report.js')],
    ['', true, true],
  );
  const values = [...stdout.matchAll(/sample \{[^}]*?value: (\d+)\n\s*value: (\d+)/g)].map((match) => Number(match[2]));
  const sum = values.reduce((all, ns) => all + ns, 0);
  assert.ok(Math.abs(sum / 1e6 - total(report)) < 0.01, `${sum}`);
  const [thread] = report.threads;
  assert.match(stdout, new RegExp(`^time_nanos: ${thread?.beginNs}$`, 'm'));
  return undefined;
});
