// SPDX-License-Identifier: MIT
// The repository's tests of the kernel half under Debian's kernel, in a virtual machine: that kernel has
// what the machine's own may lack, and may have its CPUs taken away, its tracefs unmounted, its disks filled.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { guestMissingReason, runInGuest } from './guest.mjs';
import { root } from './guest-image.mjs';

const SKIP =
  process.env.LOCKSTEP_TEST_LONG === '1' ? guestMissingReason() : 'It takes two minutes; LOCKSTEP_TEST_LONG=1 runs it.';
const KERNEL_TESTS = join(root, 'packages/kernel/dist/src');
/** Longer than it takes on a slow machine without KVM; a guest that hangs ends then. */
const TIMEOUT_MS = 900_000;
const RUN = 'node --test --test-reporter=tap';

test('the kernel half passes its tests under the kernel of Debian, on two CPUs', { skip: SKIP }, async (t) => {
  const tests = readdirSync(KERNEL_TESTS, { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => relative(root, join(KERNEL_TESTS, name)));
  const faults = tests.filter((name) => name.endsWith('faults.test.js'));
  const others = tests.filter((name) => !faults.includes(name));
  const programs = ['babeltrace2', 'strace', 'unshare'].filter((name) => spawnSync(name, ['--version']).status === 0);
  // Faults first, by themselves: the second CPU has not been there yet.
  const command = `${RUN} ${faults.join(' ')}; status=$?
    echo 1 > /sys/devices/system/cpu/cpu1/online
    ${RUN} ${others.join(' ')} && exit $status`;
  const { status, output, kernelLog, release, isEmulated } = await runInGuest({
    command: ['sh', '-c', command],
    programs,
    cpus: 2,
    kernelArguments: ['maxcpus=1'],
    timeoutMs: TIMEOUT_MS,
  });
  t.diagnostic(`Linux ${release}, ${isEmulated ? 'emulated' : 'KVM'}`);
  for (const line of output.match(/^# (pass|fail|skipped|duration_ms) .*$/gm) ?? []) t.diagnostic(line.slice(2));
  for (const line of output.match(/^ok .* # SKIP.*$/gm) ?? []) t.diagnostic(line);
  assert.equal(status, 0, failures(output) || `${output.slice(-4000)}\n${kernelLog.slice(-4000)}`);
});

/** Each failed test of a TAP report, with what it says. */
function failures(output) {
  return (output.match(/^\s*not ok [\s\S]*?\n\s*\.\.\.$/gm) ?? []).join('\n').slice(0, 20_000);
}
