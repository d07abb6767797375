// SPDX-License-Identifier: MIT
// State dumps within a recording of the running kernel.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseClock } from '@lockstep/clock';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { startKernelRecording } from '../kernel-recording.ts';
import { SKIP_WITHOUT_TRACEFS } from '../testing/tracefs-or-skip.ts';

test(
  'a recording begins with a dump, has another on request, and no system call of the dumping thread',
  { skip: SKIP_WITHOUT_TRACEFS },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-dump-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const recording = await startKernelRecording({
      name: 'dump',
      outputDirectory: join(directory, 'kernel'),
      stateDirectory: join(directory, '.lockstep'),
      clock: chooseClock(),
      channels: [
        { name: 'system', id: 0, rules: ['syscall:readlink*', 'syscall:getdents*'], pids: 'all', bufferSizeKb: 1024 },
      ],
    });
    t.after(() => recording.stop());
    const again = await recording.regenerateStateDump();
    const summary = await recording.stop();
    assert.ok(again.recordCount > 100 && summary.stateDumpRecordCount > again.recordCount);
    assert.equal(summary.problem, undefined);
    const traces = openTraceDirectory(directory);
    t.after(() => traces.close());
    const dumpers = new Set<unknown>();
    const callers = new Set<unknown>();
    const counts = new Map<string, number>();
    for (const item of readEventRecords(traces)) {
      if (!('eventRecordClass' in item)) continue;
      const name = item.eventRecordClass.name ?? '';
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const tid = item.commonContext?.tid;
      if (name.includes('_statedump_')) dumpers.add(tid);
      // Before it dumps a thread starts, and loads its code.
      else if (dumpers.has(tid)) callers.add(tid);
    }
    assert.equal(counts.get('lttng_statedump_start'), 2);
    assert.equal(counts.get('lttng_statedump_end'), 2);
    assert.ok(dumpers.size > 0);
    assert.deepEqual([...callers], []);
  },
);
