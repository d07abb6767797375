// SPDX-License-Identifier: MIT
// Promise 1: what happened in order is recorded in order, across program and kernel, in cycles and in
// the merged output.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chooseClock } from '@lockstep/clock';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';

const root = fileURLToPath(new URL('../..', import.meta.url));
// The two that are chosen by themselves nearly everywhere are tried longest.
const TURNS_BY_CLOCK = { tsc: 200_000, mono: 200_000, synthetic: 100_000, mono_raw: 20_000, boot: 20_000 };

for (const [clock, turnCount] of Object.entries(TURNS_BY_CLOCK)) {
  test(`${turnCount} times before < entry < exit < after on clock ${clock}`, (t) => {
    if (process.getuid?.() !== 0) return t.skip('the kernel half needs root');
    if (!existsSync('/sys/kernel/tracing/events/syscalls/sys_enter_read'))
      return t.skip('this kernel shows no system call events under /sys/kernel/tracing');
    try {
      chooseClock(clock);
    } catch (error) {
      return t.skip(error.message);
    }
    const parent = mkdtempSync(join(tmpdir(), 'lockstep-one-clock-'));
    try {
      const directory = join(parent, 'trace');
      const { status, stderr } = spawnSync(
        process.execPath,
        [
          join(root, 'packages/cli/bin/lockstep.js'),
          'record',
          '-o',
          directory,
          '--clock',
          clock,
          '--no-sampler',
          '-k',
          'syscall:read',
          '-u',
          'proof:*',
          '--',
          process.execPath,
          join(root, 'test/programs/one-clock.mjs'),
          String(turnCount),
        ],
        { encoding: 'utf8' },
      );
      assert.equal(status, 0, stderr);
      const found = countInversions(directory);
      t.diagnostic(
        `clock ${clock}: ${found.turns} turns, ${found.inversions} inversions, ${found.missing} calls missing, ${found.discarded} discarded`,
      );
      assert.deepEqual(found, { turns: turnCount, inversions: 0, missing: 0, discarded: 0 });
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
    return undefined;
  });
}

/** Walks the merged records of the one thread that made proof:* records. */
function countInversions(directory) {
  const traceSet = openTraceDirectory(directory);
  const found = { turns: 0, inversions: 0, missing: 0, discarded: 0 };
  let tid = 0;
  let turn = -1;
  // Clock readings of before, entry and exit in the turn that is open.
  let steps = [];
  try {
    for (const record of readEventRecords(traceSet)) {
      if ('type' in record) {
        found.discarded += Number(record.count ?? 1n);
        continue;
      }
      const { name } = record.eventRecordClass;
      if (name === 'proof:before') {
        if (steps.length !== 0) found.inversions++;
        tid = record.packet.context.tid;
        turn = record.payload.turn;
        steps = [record.clockSnapshot];
      } else if (name === 'proof:after') {
        const [before, entry, exit] = steps;
        // A call that is not between its two tracepoints was recorded elsewhere or not at all.
        if (steps.length !== 3) found.missing++;
        else if (!(before < entry && entry < exit && exit < record.clockSnapshot)) found.inversions++;
        if (record.payload.turn !== turn) found.inversions++;
        found.turns++;
        steps = [];
      } else if (record.commonContext?.tid === tid) {
        if (name === 'syscall_entry_read' && Number(record.payload.count) === 1001 + 2 * (turn % 1000)) {
          if (steps.length === 1) steps.push(record.clockSnapshot);
          else found.inversions++;
        } else if (name === 'syscall_exit_read' && steps.length === 2) steps.push(record.clockSnapshot);
      }
    }
  } finally {
    traceSet.close();
  }
  return found;
}
