// SPDX-License-Identifier: MIT
// The sample service is recorded for real and its planted causes have to come out, each as the cause of
// a stall. Only what was planted is claimed, not how many ms it took: machines differ.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'packages/cli/bin/lockstep.js');
const shop = join(root, 'examples/http-server/main.js');
const directory = mkdtempSync(join(tmpdir(), 'lockstep-diagnosis-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function lockstep(...args) {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 120_000, maxBuffer: 1 << 28 });
}

/** Records the shop for `durationMs` and returns the report of its stalls. */
function diagnose(name, durationMs, ...options) {
  const trace = join(directory, name);
  const recorded = lockstep(
    'record',
    '-o',
    trace,
    ...options,
    '--',
    process.execPath,
    shop,
    '--duration',
    `${durationMs}`,
  );
  assert.equal(recorded.status, 0, recorded.stderr);
  const told = lockstep('stalls', '--json', '--threshold', '5', '--limit', '1000', trace);
  assert.equal(told.status, 0, told.stderr);
  return JSON.parse(told.stdout);
}

function canRecordKernel() {
  try {
    accessSync('/sys/kernel/tracing/instances', constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function shopStalls(report) {
  return report.stalls.filter((stall) => stall.program.name === 'main.js' && stall.kind === 'iteration');
}

/** Stalls in which a cause with this key, or a part of it, takes at least a fifth. */
function stallsBy(report, pattern) {
  return shopStalls(report).filter((stall) =>
    stall.causes.some(({ key, ms }) => pattern.test(key) && ms >= stall.durationMs / 5),
  );
}

function checkPrograms(report) {
  assert.ok(
    stallsBy(report, /^javascript .*renderReport .*src\/report\.ts:/).length > 0,
    'renderReport by its source map',
  );
  assert.ok(stallsBy(report, /^readFileSync .*catalog\.bin/).length > 0, 'readFileSync of the catalog');
  assert.ok(stallsBy(report, /^JSON\.parse$/).length > 0, 'JSON.parse of the import');
  assert.ok(stallsBy(report, /makeGarbage|^garbage collection$/).length > 0, 'garbage');
  for (const stall of report.stalls) {
    const sum = stall.parts.reduce((ms, part) => ms + part.ms, 0);
    assert.ok(Math.abs(sum - stall.durationMs) < 1e-3, `parts sum to ${sum} of ${stall.durationMs}`);
  }
}

test('planted causes come out of the program half alone, marked as such', () => {
  const report = diagnose('program', 4000, '--no-kernel');
  assert.equal(report.kernelHalf, 'missing');
  checkPrograms(report);
  assert.ok(shopStalls(report).every((stall) => stall.parts.every((part) => !part.isSplit)));
});

test('planted causes come out of both halves, and who had the CPU', (t) => {
  if (!canRecordKernel()) {
    t.skip('needs root and tracefs at /sys/kernel/tracing');
    return;
  }
  const report = diagnose('both', 5000);
  assert.equal(report.kernelHalf, 'present');
  checkPrograms(report);
  const preempted = shopStalls(report).flatMap((stall) => stall.parts.filter((part) => part.kind === 'runnable'));
  assert.ok(
    preempted.some((part) => part.instead?.name === 'cpu-hog'),
    'cpu-hog had the CPU',
  );
});
