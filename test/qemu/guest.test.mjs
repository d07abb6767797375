// SPDX-License-Identifier: MIT
// The virtual machine itself, and the repository's tests of the kernel half inside it: Debian's
// kernel has what the machine's own may lack (kprobes, event probes, the function tracer).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { guestMissingReason, runInGuest } from './guest.mjs';
import { root } from './guest-image.mjs';

const SKIP =
  process.env.LOCKSTEP_TEST_LONG === '1' ? guestMissingReason() : 'It takes a minute; LOCKSTEP_TEST_LONG=1 runs it.';
const KERNEL_TESTS = 'packages/kernel/dist/src';

test('the kernel half passes its tests under the kernel of Debian, on two CPUs', { skip: SKIP }, async (t) => {
  const tests = readdirSync(join(root, KERNEL_TESTS)).filter((name) => name.endsWith('.test.js'));
  const programs = ['babeltrace2', 'strace'].filter((name) => spawnSync(name, ['--version']).status === 0);
  const { status, output, kernelLog, release, isEmulated } = await runInGuest({
    command: ['node', '--test', '--test-reporter=tap', ...tests.map((name) => `${KERNEL_TESTS}/${name}`)],
    programs,
    cpus: 2,
  });
  t.diagnostic(`Linux ${release}, ${isEmulated ? 'emulated' : 'KVM'}`);
  for (const line of output.match(/^# (pass|fail|skipped) \d+$/gm) ?? []) t.diagnostic(line.slice(2));
  for (const line of output.match(/^ok .* # SKIP.*$/gm) ?? []) t.diagnostic(line);
  assert.equal(status, 0, failures(output) || `${output.slice(-4000)}\n${kernelLog.slice(-4000)}`);
});

/** Each failed test of a TAP report, with what it says. */
function failures(output) {
  return (output.match(/^\s*not ok [\s\S]*?\n\s*\.\.\.$/gm) ?? []).join('\n').slice(0, 20_000);
}
