// SPDX-License-Identifier: MIT
// Context fields, filters of the conversion and trackers in recordings of the running kernel, read by babeltrace2.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { getPriority, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { chooseClock } from '@lockstep/clock';
import { InputError } from '@lockstep/base';
import { startKernelRecording } from './kernel-recording.ts';
import type { KernelChannelOptions } from './kernel-recording-types.ts';
import { SKIP_WITHOUT_BABELTRACE } from './testing/tracefs-or-skip.ts';

const SKIP = SKIP_WITHOUT_BABELTRACE;

/** What babeltrace2 prints of a recording during which `run` ran. */
async function recordedLines(
  t: TestContext,
  channel: Partial<KernelChannelOptions>,
  run: () => Promise<void> | void,
): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-kernel-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const recording = await startKernelRecording({
    name: 'context',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock: chooseClock(),
    channels: [{ name: 'system', id: 0, rules: [], pids: 'all', bufferSizeKb: 8192, ...channel }],
  });
  try {
    await run();
  } finally {
    const summary = await recording.stop();
    assert.equal(summary.problem, undefined);
    assert.equal(summary.discarded, 0);
  }
  const { stdout, stderr } = spawnSync('babeltrace2', [`${directory}/kernel`], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => !line.includes('_statedump_'));
}

const SKIP_WITHOUT_PYTHON =
  SKIP !== false
    ? SKIP
    : spawnSync('python3', ['--version']).status === 0
      ? false
      : 'python3 is not installed, which makes the threads that are looked at.';

test('context fields say what is true of the thread of each record', { skip: SKIP_WITHOUT_PYTHON }, async (t) => {
  let pid = 0;
  const lines = await recordedLines(
    t,
    {
      rules: ['syscall_entry_getppid', 'sched_process_fork'],
      contexts: [
        'pid',
        'ppid',
        'vtid',
        'uid',
        'egid',
        'nice',
        'prio',
        'pid_ns',
        'migratable',
        'procname',
        'hostname',
        'callstack-kernel',
      ],
    },
    async () => {
      // Who changed its user is asked for it when its records are converted: it lives until the recording has ended.
      const program = spawn('python3', ['-c', PYTHON], { stdio: ['pipe', 'pipe', 'inherit'] });
      t.after(() => program.stdin.end());
      pid = program.pid ?? 0;
      await once(program.stdout, 'data');
    },
  );
  const of = lines.filter((line) => line.includes('syscall_entry_getppid:'));
  // A child that is gone by then is known by its beginning.
  const gone = of.filter((line) => line.includes('procname = "lockstep-gone"'));
  assert.ok(gone.length >= 1, of[0]);
  for (const line of gone) {
    const [, tid, process_, parent] = /\{ tid = (\d+), pid = (\d+), ppid = (\d+),/.exec(line) ?? [];
    assert.ok(tid === process_ && Number(parent) === pid, line);
  }
  const named = of.filter((line) => line.includes('procname = "lockstep-ctx"'));
  assert.ok(named.length >= 2, of[0]);
  const namespace = /\[(\d+)\]/.exec(readlinkSync('/proc/self/ns/pid'))?.[1] ?? '';
  const nice = Math.min(19, getPriority() + 5);
  const isOfThread = (line: string): boolean => !line.includes(`{ tid = ${pid},`);
  assert.ok(named.some(isOfThread) && !named.every(isOfThread), 'a record of the thread, and one of the process');
  for (const line of named) {
    assert.ok(line.includes(`pid = ${pid}, ppid = ${process.pid}, vtid = `), line);
    assert.ok(line.includes(`uid = 12345, egid = 0, nice = ${nice}, prio = ${20 + nice},`), line);
    assert.ok(line.includes(`pid_ns = ${namespace}, migratable = 1,`), line);
    assert.ok(line.includes(`hostname = "${hostname()}"`), line);
    assert.match(line, /_callstack_kernel_length = [1-9]\d*, callstack_kernel = \[ \[0\] = 0xF/);
  }
  const forks = lines.filter((line) => line.includes('sched_process_fork:') && line.includes(`parent_pid = ${pid},`));
  assert.ok(
    forks.some((line) => line.includes(`child_pid = ${pid}`)),
    'a thread belongs to its process',
  );
});

/** A thread and its process call getppid under a name, a nice value and a user of their own. */
const PYTHON = `
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
os.nice(5)
libc.prctl(15, b"lockstep-ctx", 0, 0, 0)
os.setreuid(12345, 0)
def call():
    libc.prctl(15, b"lockstep-ctx", 0, 0, 0)
    for _ in range(3): libc.getppid()
    barrier.wait()
    barrier.wait()
barrier = threading.Barrier(3)
thread = threading.Thread(target=call)
child = os.fork()
if child == 0:
    libc.prctl(15, b"lockstep-gone", 0, 0, 0)
    libc.getppid()
    os._exit(0)
os.waitpid(child, 0)
thread.start()
main = threading.Thread(target=lambda: (barrier.wait(), print("done", flush=True), sys.stdin.read(), barrier.wait()))
main.start(); call()
`;

test('what the kernel cannot filter the conversion does, with the same meaning', { skip: SKIP }, async (t) => {
  const read = (count: number): void =>
    void spawnSync('dd', ['if=/dev/zero', 'of=/dev/null', `bs=${count}`, 'count=20']);
  const lines = await recordedLines(
    t,
    {
      rules: [
        'syscall_entry_read if (count & 6) == 6 && fd == 0',
        'syscall_entry_write if $ctx.procname == "dd" && count == 5 && $ctx.pid == $ctx.tid',
        'sched_switch if next_prio > prev_prio && prev_tid != 0',
        'sched_process_exec if filename == "*/dd"',
      ],
    },
    () => [5, 6, 7, 14, 17].forEach(read),
  );
  const counts = (name: string): number[] =>
    lines.flatMap((line) => (line.includes(`${name}:`) ? Number(/count = (\d+)/.exec(line)?.[1]) : []));
  const reads = counts('syscall_entry_read');
  assert.ok(reads.every((count) => (count & 6) === 6));
  for (const wanted of [6, 7, 14]) assert.ok(reads.filter((count) => count === wanted).length >= 20, `${wanted}`);
  assert.ok(counts('syscall_entry_write').length >= 20 && counts('syscall_entry_write').every((count) => count === 5));
  for (const line of lines.filter((one) => one.includes('sched_switch:'))) {
    const [, previous, next] = /prev_prio = (\d+),.* next_prio = (\d+)/.exec(line) ?? [];
    assert.ok(Number(next) > Number(previous), line);
  }
  assert.equal(lines.filter((line) => line.includes('sched_process_exec:')).length, 5);
  // Switches, new threads and exits were looked at for the contexts, and are not in the trace.
  assert.ok(!lines.some((line) => line.includes('task_newtask:') || line.includes('task_rename:')));
});

test(
  'a filter that fits none of the events of its rule is refused, one that fits some is false for the rest',
  { skip: SKIP },
  async (t) => {
    await assert.rejects(
      recordedLines(t, { rules: ['sched_switch if no_such_field == 1'] }, () => {}),
      (error: Error) => error instanceof InputError && error.message.includes('no_such_field'),
    );
    const lines = await recordedLines(t, { rules: [`sched_* if prev_tid == ${process.pid}`] }, () => {
      spawnSync('sleep', ['0.05']);
    });
    const records = lines.filter((line) => line !== '');
    assert.ok(
      records.length > 0 &&
        records.every((line) => line.includes('sched_switch:') && line.includes(`prev_tid = ${process.pid},`)),
    );
  },
);

test('a tracker lets through what its processes do, and nothing of their children', { skip: SKIP }, async (t) => {
  const shell = spawn('sh', ['-c', 'read x; /bin/true; for i in 1 2 3; do cd /; done; /bin/true'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const lines = await recordedLines(
    t,
    { rules: ['syscall:*'], trackers: [`pid=${shell.pid ?? 0}`, 'name=s*'], contexts: ['procname'] },
    async () => {
      shell.stdin.write('\n');
      await once(shell, 'exit');
    },
  );
  assert.ok(lines.filter((line) => line.includes('syscall_entry_chdir:')).length >= 3);
  for (const line of lines)
    if (line !== '') assert.ok(line.includes(`{ tid = ${shell.pid ?? 0}, procname = "sh" }`), line);
});
