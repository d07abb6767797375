// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseClock } from '@lockstep/clock';
import { startKernelRecording } from './kernel-recording.ts';
import { SKIP_WITHOUT_TRACEFS } from './testing/tracefs-or-skip.ts';

test(
  'a flight recorder reads nothing before the stop, and then the newest that its buffers hold',
  { skip: SKIP_WITHOUT_TRACEFS },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-flight-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const recording = await startKernelRecording({
      name: 'flight',
      outputDirectory: `${directory}/kernel`,
      stateDirectory: `${directory}/.lockstep`,
      clock: chooseClock(),
      channels: [{ name: 'system', id: 0, rules: ['sched:*'], pids: 'all', bufferSizeKb: 256 }],
      isFlightRecorder: true,
    });
    t.after(() => recording.stop());
    // More switches than 256 KiB a CPU hold.
    for (let round = 0; round < 3; round++)
      spawnSync('/bin/sh', ['-c', 'i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i+1)); done']);
    assert.equal(recording.status().events, 0);
    const summary = await recording.stop();
    assert.ok(summary.events - summary.stateDumpRecordCount > 100, `${summary.events} events`);
    assert.equal(summary.damagedPageCount, 0);
  },
);
