// SPDX-License-Identifier: MIT
// Clocks on a machine whose TSC is not trusted to be constant, and NMIs while tracing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestMissingReason, runInGuest } from './guest.mjs';

const skip = process.env.LOCKSTEP_TEST_LONG === '1' ? guestMissingReason() : 'LOCKSTEP_TEST_LONG=1 runs it.';
const TURNS = 20_000;

/** The lines of JSON that proofs print. */
async function prove(command) {
  const { status, output, kernelLog } = await runInGuest({ command, cpus: 2 });
  assert.equal(status, 0, `${output}\n${kernelLog}`);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

test(
  'without an invariant TSC a synthetic clock is chosen, and program and kernel are in order on it',
  { skip },
  async (t) => {
    const [found] = await prove(['node', 'test/programs/one-clock-proof.mjs', String(TURNS)]);
    t.diagnostic(`${found.reason} ${found.turns} turns, ${found.inversions} inversions`);
    assert.equal(found.clock, 'synthetic');
    assert.deepEqual([found.turns, found.inversions, found.missing, found.discarded], [TURNS, 0, 0, 0]);
  },
);

test('records that NMIs make are between the tracepoints around their cause', { skip }, async (t) => {
  const proof = 'node test/programs/nmi-clock-proof.mjs 30';
  const all = await prove(['sh', '-c', `${proof} mono && ${proof} synthetic`]);
  assert.equal(all.length, 2);
  for (const found of all) {
    t.diagnostic(`${found.clock}: ${found.nmis} records of NMIs in ${found.turns} turns`);
    // A CPU whose backtrace was just asked for may answer two requests with one NMI.
    assert.ok(found.nmis >= 10, JSON.stringify(found));
    assert.deepEqual([found.turns, found.outside, found.backward], [30, 0, 0]);
  }
});
