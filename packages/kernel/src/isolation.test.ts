// SPDX-License-Identifier: MIT
// Recordings beside each other, and beside other users of tracefs: nobody notices the others.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { chooseClock } from '@lockstep/clock';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { removeAbandonedProbes } from './dynamic-events.ts';
import { startKernelRecording } from './kernel-recording.ts';
import type { KernelRecording } from './kernel-recording-types.ts';
import { SKIP_WITHOUT_TRACEFS, tracefsPath } from './testing/tracefs-or-skip.ts';

/** What others may have set; of tracefs itself and of an instance of theirs. */
const SETTINGS = [
  'tracing_on',
  'trace_clock',
  'buffer_size_kb',
  'current_tracer',
  'set_event',
  'set_event_pid',
  'set_event_notrace_pid',
  'dynamic_events',
  'kprobe_events',
  'uprobe_events',
];

/** Files that this kernel lacks, or keeps to itself, count as that. Only lines that are not Lockstep's. */
function settingsOf(path: string): Record<string, string> {
  return Object.fromEntries(
    SETTINGS.map((name) => {
      try {
        const lines = readFileSync(`${path}/${name}`, 'utf8').split('\n');
        return [name, lines.filter((line) => !line.includes('lockstep')).join('\n')];
      } catch {
        return [name, 'unreadable'];
      }
    }),
  );
}

async function start(
  t: TestContext,
  name: string,
  rule: string,
): Promise<{ recording: KernelRecording; directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-isolation-'));
  const recording = await startKernelRecording({
    name,
    outputDirectory: join(directory, 'kernel'),
    stateDirectory: join(directory, '.lockstep'),
    clock: chooseClock(),
    channels: [{ name: 'system', id: 0, rules: [rule], pids: 'all', bufferSizeKb: 1024 }],
  });
  t.after(async () => {
    await recording.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return { recording, directory };
}

function countRecords(directory: string): Map<string, number> {
  const traces = openTraceDirectory(directory);
  const counts = new Map<string, number>();
  for (const item of readEventRecords(traces)) {
    if (!('eventRecordClass' in item)) continue;
    const name = item.eventRecordClass.name ?? '';
    if (!name.includes('_statedump_')) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  traces.close();
  return counts;
}

test(
  'two recordings of one name and another user of tracefs have their own events, and keep them when one ends',
  { skip: SKIP_WITHOUT_TRACEFS },
  async (t) => {
    const foreign = `${tracefsPath}/instances/lockstep-someone_elses-${process.pid}`;
    mkdirSync(foreign);
    t.after(() => rmdirSync(foreign));
    writeFileSync(`${foreign}/buffer_size_kb`, '64');
    writeFileSync(`${foreign}/events/syscalls/sys_enter_getpgid/enable`, '1');
    const before = { global: settingsOf(tracefsPath), foreign: settingsOf(foreign) };
    const one = await start(t, 'same name', 'syscall_entry_umask');
    const other = await start(t, 'same name', 'syscall_entry_newuname');
    spawnSync(process.execPath, ['-e', 'for (let i = 0; i < 50; i++) process.umask(0o22)']);
    await one.recording.stop();
    spawnSync('uname');
    await other.recording.stop();
    const counts = { one: countRecords(one.directory), other: countRecords(other.directory) };
    assert.deepEqual([...counts.one.keys()], ['syscall_entry_umask']);
    assert.ok((counts.one.get('syscall_entry_umask') ?? 0) >= 50);
    const names = [...counts.other.keys()];
    assert.equal(names.length, 1);
    assert.match(names[0] ?? '', /^syscall_entry_(new)?uname$/);
    assert.deepEqual({ global: settingsOf(tracefsPath), foreign: settingsOf(foreign) }, before);
    assert.equal(readFileSync(`${foreign}/events/syscalls/sys_enter_getpgid/enable`, 'utf8').trim(), '1');
  },
);

const SKIP_WITHOUT_UPROBES =
  SKIP_WITHOUT_TRACEFS !== false
    ? SKIP_WITHOUT_TRACEFS
    : existsSync(`${tracefsPath}/uprobe_events`)
      ? false
      : 'This kernel has no uprobes.';

test("only probes of dead owners are removed, and nobody else's", { skip: SKIP_WITHOUT_UPROBES }, (t) => {
  const list = `${tracefsPath}/uprobe_events`;
  const living = readFileSync('/proc/self/stat', 'utf8').replace(/.*\) /s, '').split(' ')[19];
  const groups = {
    dead: `lockstep_${process.pid}_1_0`,
    living: `lockstep_${process.pid}_${living}_999`,
    foreign: `foreign_${process.pid}`,
  };
  for (const group of Object.values(groups)) appendFileSync(list, `p:${group}/probe ${process.execPath}:0x1000\n`);
  t.after(() => {
    for (const group of [groups.living, groups.foreign]) appendFileSync(list, `-:${group}/probe\n`);
  });
  assert.ok(removeAbandonedProbes(tracefsPath).includes(`${groups.dead}/probe`));
  const left = readFileSync(list, 'utf8');
  assert.deepEqual(
    Object.values(groups).map((group) => left.includes(group)),
    [false, true, true],
  );
});
