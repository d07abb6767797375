// SPDX-License-Identifier: MIT
// The same program recorded by the kernel's events of system calls and without them, at one time: a kernel
// that was built without CONFIG_FTRACE_SYSCALLS gives the same events, by the capturing programs alone.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import { chooseClock } from '@lockstep/clock';
import { isEventRecord } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { whyNoCapture } from './capture/capture-wishes.ts';
import { startKernelRecording } from './kernel-recording.ts';
import { SKIP_WITHOUT_TRACEFS } from './testing/tracefs-or-skip.ts';

const SKIP = SKIP_WITHOUT_TRACEFS !== false ? SKIP_WITHOUT_TRACEFS : (whyNoCapture() ?? false);

/** Directories and texts of their own; a pointer that could not be read yet is told differently by the two. */
const PROGRAM =
  'read x; cd /; ls -l /usr /nowhere > /dev/null 2>&1; echo a | cat > /dev/null; kill -0 $$; ulimit -n 100';

function recordOf(directory: string, pid: number, hasSyscallEvents: boolean) {
  return startKernelRecording({
    name: hasSyscallEvents ? 'with' : 'without',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock: chooseClock(),
    hasSyscallEvents,
    channels: [{ name: 'process', id: 0, rules: ['syscall:*'], pids: { roots: [pid] } }],
  });
}

/** Calls of each thread in their order: name and all fields. */
function callsOf(directory: string): Map<number, string[]> {
  const traces = openTraceDirectory(directory);
  const calls = new Map<number, string[]>();
  try {
    for (const record of readEventRecords(traces)) {
      if (!isEventRecord(record) || !record.eventRecordClass.name.startsWith('syscall_')) continue;
      const tid = Number(record.commonContext?.['tid']);
      const text = JSON.stringify([record.specificContext, record.payload], (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      );
      calls.set(tid, [...(calls.get(tid) ?? []), `${record.eventRecordClass.name} ${text}`]);
    }
  } finally {
    traces.close();
  }
  return calls;
}

test('system calls are the same with and without the events of the kernel', { skip: SKIP }, async (t) => {
  const directories = ['with', 'without'].map((name) => mkdtempSync(join(tmpdir(), `lockstep-calls-${name}-`)));
  t.after(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));
  const [one = '', other = ''] = directories;
  const child = spawn('/bin/sh', ['-c', PROGRAM], { stdio: ['pipe', 'ignore', 'inherit'] });
  const recordings = [await recordOf(one, child.pid ?? 0, true), await recordOf(other, child.pid ?? 0, false)];
  child.stdin.end('\n');
  await once(child, 'exit');
  const summaries = [await recordings[0]?.stop(), await recordings[1]?.stop()];
  for (const summary of summaries) assert.deepEqual([summary?.discarded, summary?.capture?.lostCount], [0, 0]);
  const [theirs, ours] = [callsOf(one), callsOf(other)];
  assert.deepEqual(new Set(ours.keys()), new Set(theirs.keys()));
  const names = new Set<string>();
  for (const [tid, calls] of theirs) {
    // The shell was in the middle of a call when the first of the two began.
    const begin = calls.findIndex((call) => call.startsWith('syscall_entry_'));
    const mine = ours.get(tid) ?? [];
    const from = mine.indexOf(calls[begin] ?? '');
    assert.ok(from >= 0 || tid === child.pid, `thread ${tid}`);
    const length = Math.min(calls.length - begin, mine.length);
    const [left, right] = [mine.slice(-length), calls.slice(-length)];
    left.forEach((call, index) => {
      // A text whose page comes from a disk is a pointer where it is converted before the call ends.
      if (call !== right[index] && !call.includes('"0x') && right[index]?.includes('"0x') !== true)
        assert.deepEqual(left, right, `thread ${tid}`);
    });
    for (const call of calls) names.add(call.split(' ')[0] ?? '');
  }
  assert.ok(names.size > 30, `${names.size} kinds`);
});

test('what needs the events is refused without them', { skip: SKIP }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-calls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const rule of ['syscall:openat if dfd == 3', 'syscall:no_such_call'])
    await assert.rejects(
      startKernelRecording({
        name: 'refused',
        outputDirectory: `${directory}/kernel`,
        stateDirectory: `${directory}/.lockstep`,
        clock: chooseClock(),
        hasSyscallEvents: false,
        channels: [{ name: 'process', id: 0, rules: [rule], pids: { roots: [process.pid] } }],
      }),
      (error: Error) => error instanceof InputError && error.message.includes('CONFIG_FTRACE_SYSCALLS'),
    );
});
