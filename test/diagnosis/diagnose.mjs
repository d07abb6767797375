// SPDX-License-Identifier: MIT
// Records a program with a planted cause for real and reads what Lockstep says of it. On a busy machine
// every program also waits for a CPU: shares are reckoned beside that wait, as is the first cause.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'packages/cli/bin/lockstep.js');
export const isLong = process.env.LOCKSTEP_TEST_LONG === '1';

export function canRecordKernel() {
  try {
    accessSync('/sys/kernel/tracing/instances', constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function createDiagnosis(after) {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-diagnosis-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const { NODE_OPTIONS: _options, LOCKSTEP_SESSION: _session, ...environment } = process.env;

  function run(args) {
    return spawnSync(args[0], args.slice(1), {
      encoding: 'utf8',
      timeout: 120_000,
      maxBuffer: 1 << 28,
      env: { ...environment, LOCKSTEP_HOME: directory },
    });
  }

  return {
    directory,
    /** Records `programs/NAME.cjs`; `prefix` is put before `node`. Returns what the program measured of itself. */
    record(name, { prefix = [], args = [] } = {}) {
      const program = fileURLToPath(new URL(`programs/${name}.cjs`, import.meta.url));
      const command = [...prefix, process.execPath, program, directory, ...args];
      const { status, stderr } = run([
        process.execPath,
        cli,
        'record',
        '-q',
        '-o',
        join(directory, name),
        '--',
        ...command,
      ]);
      if (status !== 0) throw new Error(`recording ${name} ended with ${status}: ${stderr}`);
      const measured = { all: 0, cause: 0 };
      for (const [, json] of stderr.matchAll(/^measured (.*)$/gm))
        for (const [key, ms] of Object.entries(JSON.parse(json))) measured[key] = (measured[key] ?? 0) + ms;
      return measured;
    },
    /** The command's report of that recording. */
    report(command, name, options = []) {
      const { status, stdout, stderr } = run([
        process.execPath,
        cli,
        command,
        '--json',
        ...options,
        join(directory, name),
      ]);
      if (status !== 0) throw new Error(`${command} of ${name} ended with ${status}: ${stderr}`);
      return JSON.parse(stdout);
    },
  };
}

const isRunnable = (key) => key.startsWith('preempted') || key.startsWith('woken');

/** Stalls of the loop; first those with the most time apart from waiting for a CPU. */
export function stallsOf(report) {
  return report.stalls.filter(({ kind }) => kind !== 'start-up').sort((a, b) => ownMs(b) - ownMs(a));
}

function ownMs({ causes }) {
  return causes.reduce((sum, { key, ms }) => (isRunnable(key) ? sum : sum + ms), 0);
}

/**
 * The first cause apart from waiting for a CPU, and from what goes with the wanted one: on a busy machine the
 * collections of a large JSON text wait so long for their helper threads that they come before it.
 */
export function firstCause(stall, wanted, companions) {
  const isCompanion = ({ key, text }) => !wanted.test(text) && (companions.test(text) || companions.test(key));
  return stall.causes.find((cause) => !isRunnable(cause.key) && !isCompanion(cause))?.text ?? '';
}

/** Share of the causes that match in the time of the stalls, without `ignored`, and waiting for a CPU unless `isWall`. */
export function shareOf(stalls, pattern, { isWall = false, ignored } = {}) {
  let [matching, all] = [0, 0];
  for (const { causes } of stalls)
    for (const { key, text, ms } of causes) {
      if (!isWall && isRunnable(key)) continue;
      if (ignored?.test(text) === true) continue;
      all += ms;
      if (pattern.test(text) || pattern.test(key)) matching += ms;
    }
  return all === 0 ? 0 : matching / all;
}

/** The same of the categories of all requests. */
export function categoryShare({ totals }, categories) {
  let [matching, all] = [0, 0];
  for (const [category, ms] of Object.entries(totals)) {
    if (category === 'runnable') continue;
    all += ms;
    if (categories.includes(category)) matching += ms;
  }
  return all === 0 ? 0 : matching / all;
}
