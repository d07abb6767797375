// SPDX-License-Identifier: MIT
// What can happen under a recording: CPUs that come and go, a full disk, tracefs unmounted, somebody who
// turns the recording off or removes its instance. Nothing recorded before is lost, and it is said.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SystemError } from '@lockstep/base';
import { chooseClock } from '@lockstep/clock';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { startKernelRecording } from './kernel-recording.ts';
import type { KernelRecording, KernelRecordingOptions } from './kernel-recording-types.ts';
import { SKIP_OUTSIDE_GUEST } from './testing/guest-only.ts';
import { tracefsPath } from './testing/tracefs-or-skip.ts';

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-faults-'));
  t.after(() => {
    spawnSync('umount', ['-l', join(directory, 'disk')]);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

async function start(
  t: TestContext,
  directory: string,
  options: Partial<KernelRecordingOptions> = {},
): Promise<KernelRecording> {
  const recording = await startKernelRecording({
    name: 'faults',
    outputDirectory: join(directory, 'kernel'),
    stateDirectory: join(directory, '.lockstep'),
    clock: chooseClock(),
    channels: [{ name: 'system', id: 0, rules: ['sched:sched_switch'], pids: 'all', bufferSizeKb: 2048 }],
    ...options,
  });
  t.after(() => recording.stop());
  return recording;
}

/** A shell on `cpu` that starts `count` programs, one after the other. */
function startFrom(cpu: number, count: number): void {
  const script = `i=0; while [ $i -lt ${count} ]; do /bin/busybox true; i=$((i + 1)); done`;
  const { status, stderr } = spawnSync('taskset', ['-c', String(cpu), 'sh', '-c', script], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** Number of records of each CPU's stream, and what was discarded. */
function countByCpu(
  directory: string,
  name?: string,
): { readonly counts: Map<number, number>; readonly discarded: number } {
  const traces = openTraceDirectory(directory);
  const counts = new Map<number, number>();
  let discarded = 0;
  for (const item of readEventRecords(traces)) {
    if (!('eventRecordClass' in item)) {
      discarded += Number(item.count ?? 1n);
      continue;
    }
    const found = item.eventRecordClass.name ?? '';
    if (found.includes('_statedump_') || (name !== undefined && found !== name)) continue;
    const cpu = Number(item.packet.context?.cpu_id);
    counts.set(cpu, (counts.get(cpu) ?? 0) + 1);
  }
  traces.close();
  return { counts, discarded };
}

const CPU_SWITCH = '/sys/devices/system/cpu/cpu1/online';
const SKIP_HOTPLUG =
  SKIP_OUTSIDE_GUEST !== false
    ? SKIP_OUTSIDE_GUEST
    : existsSync(CPU_SWITCH)
      ? false
      : 'There is no second CPU that could come and go.';

test('a CPU that comes, goes and comes again is recorded while it is there', { skip: SKIP_HOTPLUG }, async (t) => {
  t.after(() => writeFileSync(CPU_SWITCH, '1'));
  writeFileSync(CPU_SWITCH, '0');
  const directory = makeDirectory(t);
  const rules = ['sched:sched_switch', 'sched:sched_process_fork'];
  const recording = await start(t, directory, {
    channels: [{ name: 'system', id: 0, rules, pids: 'all', bufferSizeKb: 2048 }],
  });
  for (const _ of ['first', 'second']) {
    writeFileSync(CPU_SWITCH, '1');
    startFrom(1, 40);
    writeFileSync(CPU_SWITCH, '0');
  }
  const summary = await recording.stop();
  assert.equal(summary.problem, undefined);
  assert.equal(summary.discarded, 0);
  const { counts, discarded } = countByCpu(directory, 'sched_process_fork');
  assert.equal(discarded, 0);
  assert.ok((counts.get(1) ?? 0) >= 80, `${counts.get(1)} of CPU 1`);
});

test('a full disk ends the recording, says so, and keeps what was written', { skip: SKIP_OUTSIDE_GUEST }, async (t) => {
  const directory = makeDirectory(t);
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]).status, 0);
  const recording = await start(t, disk, {
    channels: [{ name: 'system', id: 0, rules: ['syscall:*'], pids: 'all', bufferSizeKb: 2048 }],
    hasMemoryMaps: false,
  });
  for (let tries = 0; recording.status().problem?.code !== 'ENOSPC' && tries < 100; tries++) {
    spawnSync('dd', ['if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=5000']);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const summary = await recording.stop();
  assert.equal(summary.problem?.code, 'ENOSPC');
  assert.match(summary.problem?.message ?? '', /disk is full/);
  const { counts } = countByCpu(disk);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(total > 1000, `${total} records were kept`);
  // And what the disk had no room for is counted, with what was kept: nothing vanishes.
  assert.ok(summary.discarded > 0 && summary.events >= total, JSON.stringify({ ...summary, total }));
  t.diagnostic(`${total} kept, ${summary.discarded} counted as discarded`);
});

test('unmounting tracefs ends nothing and leaves nothing', { skip: SKIP_OUTSIDE_GUEST }, async (t) => {
  const directory = makeDirectory(t);
  const recording = await start(t, directory);
  // Its threads have the kernel's files open by then.
  while (recording.status().events === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  startFrom(0, 20);
  assert.equal(spawnSync('umount', ['-l', tracefsPath]).status, 0);
  t.after(() => {
    if (!existsSync(`${tracefsPath}/trace_clock`)) spawnSync('mount', ['-t', 'tracefs', 'nodev', tracefsPath]);
  });
  startFrom(0, 20);
  const summary = await recording.stop();
  assert.match(summary.problem?.message ?? '', /unmounted/);
  const { counts } = countByCpu(directory, 'sched_switch');
  assert.ok([...counts.values()].reduce((sum, count) => sum + count, 0) >= 40);
  spawnSync('mount', ['-t', 'tracefs', 'nodev', tracefsPath]);
  const isThere = (): boolean =>
    readdirSync(`${tracefsPath}/instances`).some((name) => recording.instanceNames.includes(name));
  for (let tries = 0; isThere() && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(!isThere(), 'the watchdog removed the instance all the same');
});

test(
  'who turns a recording off is told of, and what was recorded before is there',
  { skip: SKIP_OUTSIDE_GUEST },
  async (t) => {
    const directory = makeDirectory(t);
    const recording = await start(t, directory);
    startFrom(0, 20);
    const instance = `${tracefsPath}/instances/${recording.instanceNames[0]}`;
    // It cannot be removed while it is read.
    assert.throws(() => rmdirSync(instance), { code: 'EBUSY' });
    writeFileSync(`${instance}/tracing_on`, '0');
    const summary = await recording.stop();
    assert.match(summary.problem?.message ?? '', /turned the recording of the kernel off/);
    const { counts } = countByCpu(directory, 'sched_switch');
    assert.ok([...counts.values()].reduce((sum, count) => sum + count, 0) >= 20);
  },
);

test(
  'an instance that is removed while it is set up is an error that says so',
  { skip: SKIP_OUTSIDE_GUEST },
  async (t) => {
    const directory = makeDirectory(t);
    const begun = start(t, directory);
    const timer = setInterval(() => {
      for (const name of readdirSync(`${tracefsPath}/instances`)) {
        try {
          rmdirSync(`${tracefsPath}/instances/${name}`);
        } catch {
          // Somebody has a file of it open: again.
        }
      }
    }, 0);
    t.after(() => clearInterval(timer));
    try {
      await begun;
      // It was quicker than we: then it cannot be removed any more.
      assert.equal(readdirSync(`${tracefsPath}/instances`).length, 1);
    } catch (error) {
      assert.ok(error instanceof SystemError, String(error));
      assert.match(error.message, /removed by another program/);
    } finally {
      clearInterval(timer);
    }
  },
);

test('nothing of all this is left', { skip: SKIP_OUTSIDE_GUEST }, async () => {
  const left = (): string[] => readdirSync(`${tracefsPath}/instances`);
  for (let tries = 0; left().length > 0 && tries < 200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(left(), []);
  assert.equal(readFileSync(`${tracefsPath}/tracing_on`, 'utf8').trim(), '1');
});
