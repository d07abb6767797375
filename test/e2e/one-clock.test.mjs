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
import { countInversions } from './count-inversions.mjs';

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
