// SPDX-License-Identifier: MIT
// Reporter of node --test: a line a file with what passed and the seconds it took, what was skipped with its
// reason, failures in full, then `N passed, N failed, N skipped`: of all runs so far, which
// LOCKSTEP_TEST_TALLY's file adds up.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

export default async function* report(source) {
  const files = new Map();
  const failures = [];
  const skips = [];
  const startedAt = Date.now();
  for await (const event of source) {
    const { data } = event;
    if (event.type === 'test:stderr' || event.type === 'test:stdout') {
      if (process.env.LOCKSTEP_TEST_OUTPUT === '1') yield data.message;
      continue;
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    // A file that ends well is reported as a test of its own name, beside its tests.
    if (event.type === 'test:pass' && data.name === data.file) continue;
    const file = relative(process.cwd(), data.file ?? '?')
      .replace('/dist/', '/')
      .replace(/\.js$/, '.ts');
    const counts = files.get(file) ?? { passed: 0, failed: 0, skipped: 0, seconds: 0, failures: [], path: data.file };
    files.set(file, counts);
    if (data.nesting === 0) counts.seconds += (data.details?.duration_ms ?? 0) / 1000;
    if (data.details?.type === 'suite') continue;
    if (data.skip !== undefined && data.skip !== false) {
      counts.skipped++;
      skips.push(`${file}: ${data.name}: ${data.skip === true || data.skip === '' ? 'NO REASON GIVEN' : data.skip}`);
    } else if (event.type === 'test:pass') {
      counts.passed++;
    } else {
      counts.failed++;
      counts.failures.push(data.name);
      const error = data.details?.error;
      const cause = error?.cause ?? error;
      failures.push(`FAILED ${file}: ${data.name}\n${String(cause?.stack ?? cause?.message ?? cause)}`);
      yield `FAILED ${file}: ${data.name}\n`;
    }
  }
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [file, counts] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    yield `${counts.failed > 0 ? 'FAIL' : 'ok  '} ${String(counts.passed).padStart(4)} ${counts.seconds.toFixed(1).padStart(6)} s  ${file}\n`;
  }
  if (skips.length > 0) {
    yield '\nSkipped, with the reason:\n';
    for (const skip of skips) yield `  ${skip}\n`;
  }
  for (const failure of failures) yield `\n${failure}\n`;
  const all = addTally(files) ?? total;
  yield `\nin ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped\n`;
}

/** Of a file that is run again: a test has failed when it failed both times. */
function betterOf(before, counts) {
  if (before === undefined) return counts;
  const failures = counts.failures.filter((name) => before.failures.includes(name));
  const mendedCount = counts.failed - failures.length;
  return { ...counts, failures, failed: failures.length, passed: counts.passed + mendedCount };
}

/** Files of all runs so far in LOCKSTEP_TEST_TALLY's file; one that is run again counts as it ended last. */
function addTally(files) {
  const path = process.env.LOCKSTEP_TEST_TALLY;
  if (path === undefined) return undefined;
  const tally = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  for (const [file, counts] of files) tally[file] = betterOf(tally[file], counts);
  writeFileSync(path, JSON.stringify(tally));
  const all = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of Object.values(tally)) for (const key of Object.keys(all)) all[key] += counts[key];
  return all;
}
