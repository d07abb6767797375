// SPDX-License-Identifier: MIT
// Programs with one planted cause each, recorded for real. Lockstep has to name the cause first and give
// it the share that the program measured of itself, within ten points.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { limitCpu } from './cpu-group.mjs';
import { canRecordKernel, categoryShare, createDiagnosis, firstCause, isLong, shareOf, stallsOf } from './diagnose.mjs';

const diagnosis = createDiagnosis(after);
const POINTS = 0.1;

/** `share`: of the causes that match; more than the first where the program's own measure covers more. */
const STALLS = [
  { name: 'json-parse', first: /JSON\.parse of \d/, share: /JSON\.parse|GC/, isQuick: true },
  { name: 'sync-child', first: /child_process\.execSync .*askVersion/, isQuick: true },
  { name: 'timer-storm', first: /\d timer callbacks, most poll/, share: /timer|GC|futex|native/, isQuick: true },
  // Its own measure holds what it waited for a CPU within collections, which Lockstep tells apart.
  { name: 'garbage', first: /^GC/, share: /GC|page fault/, atLeast: 0.6 },
  { name: 'regular-expression', first: /(running|in) checkName/ },
  { name: 'cold-file', first: /readFileSync .*catalog\.bin called by readCatalog/ },
  { name: 'microtasks', first: /drainQueue .*in promise jobs/, share: /drainQueue|native code|GC|futex/ },
  { name: 'lock', first: /Atomics\.wait called by takeLock/, isWall: true, needsKernel: true },
  {
    name: 'page-faults',
    first: /page faults, memory first touched by makeThumbnails/,
    share: /page fault|system call/,
    // Its own measure is of CPU time.
    ignored: /blocked|GC/,
    needsKernel: true,
    isQuick: true,
  },
  {
    name: 'cpu-quota',
    first: /held back by the CPU quota/,
    share: /runnable/,
    isWall: true,
    needsKernel: true,
    prepare: () => limitCpu(after, 0.2),
  },
  {
    name: 'chatty-logger',
    first: /in writeSync fd:1 called by logRows .* blocked/,
    share: /blocked|runnable/,
    isWall: true,
    needsKernel: true,
  },
  {
    name: 'slow-pipe',
    first: /in writeSync fd:1 called by logRows .* blocked until the reader of the pipe took more/,
    share: /blocked|runnable/,
    isWall: true,
    needsKernel: true,
  },
  { name: 'stopped', first: /^stopped by a signal/, isWall: true, needsKernel: true },
  {
    name: 'immediates',
    first: /very many immediates, most .*immediates\.cjs/,
    share: /immediates|GC|native|not known/,
    atLeast: 0.8,
  },
  {
    name: 'cpu-hog',
    first: /countPrimes/,
    share: /runnable/,
    isWall: true,
    needsKernel: true,
    options: { prefix: ['taskset', '-c', '0'] },
  },
];

for (const { name, first, share = first, ignored, atLeast, isQuick, isWall, needsKernel, options, prepare } of STALLS) {
  test(`stalls: ${name}`, (t) => {
    if (isQuick !== true && !isLong) return t.skip('takes seconds; LOCKSTEP_TEST_LONG=1 runs it');
    if (needsKernel === true && !canRecordKernel()) return t.skip('needs root and tracefs at /sys/kernel/tracing');
    const prepared = prepare?.() ?? options;
    if (prepared?.missing !== undefined) return t.skip(prepared.missing);
    const measured = diagnosis.record(name, prepared);
    const stalls = stallsOf(diagnosis.report('stalls', name));
    const [worst] = stalls;
    assert.ok(worst !== undefined, 'a stall is told');
    assert.match(firstCause(worst, first, share), first, worst.sentence);
    // A busy machine makes stalls of its own.
    const planted = stalls.filter(({ causes }) => causes.some(({ text }) => first.test(text)));
    const told = shareOf(planted, share, { isWall, ignored });
    if (atLeast !== undefined) {
      assert.ok(told >= atLeast, `told ${told}: ${worst.sentence}`);
      return undefined;
    }
    const expected = measured.cause / measured.all;
    assert.ok(Math.abs(told - expected) <= POINTS, `told ${told}, measured ${expected}: ${worst.sentence}`);
    return undefined;
  });
}

/** The program alone sees another /etc/resolv.conf. */
function withNameServer() {
  const file = join(diagnosis.directory, 'resolv.conf');
  writeFileSync(file, 'nameserver 127.0.0.77\noptions timeout:10\n');
  return {
    prefix: ['unshare', '-m', 'sh', '-c', `mount --bind ${file} /etc/resolv.conf && exec "$@"`, 'sh'],
  };
}

const REQUESTS = [
  {
    name: 'crypto-pool',
    sentence: /queue of the thread pool \(4 threads\) for crypto\.pbkdf2/,
    categories: ['pool-queue', 'pool-work'],
    // All but the handler's own few microseconds.
    expected: () => 1,
    isQuick: true,
  },
  {
    name: 'dns-pool',
    sentence: /queue of the thread pool \(4 threads\) for dns\.lookup/,
    categories: ['pool-queue', 'pool-work'],
    expected: () => 1,
    needsKernel: true,
    prepare: withNameServer,
  },
  {
    name: 'async-child',
    sentence: /waiting for the child process sleep/,
    categories: ['child-process'],
    expected: ({ cause, all }) => cause / all,
  },
  {
    name: 'slow-upstream',
    sentence: /waiting for 127\.0\.0\.1:\d+/,
    categories: ['network', 'timer'],
    expected: ({ cause, all }) => cause / all,
  },
  {
    name: 'plain-socket',
    sentence: /waiting for 127\.0\.0\.1:\d+/,
    categories: ['network'],
    expected: () => 1,
    needsKernel: true,
  },
  {
    name: 'agent-queue',
    sentence: /waiting for a free connection to 127\.0\.0\.1:\d+, of which its agent has 1/,
    categories: ['connection-queue'],
    expected: ({ cause, all }) => cause / all,
  },
  {
    name: 'script-lock',
    sentence: /waiting behind other requests, as in a lock or a queue/,
    categories: ['lock'],
    expected: ({ cause, all }) => cause / all,
  },
  {
    name: 'shared-connection',
    sentence: /waiting for 127\.0\.0\.1:\d+/,
    categories: ['network'],
    expected: () => 1,
    needsKernel: true,
  },
  {
    name: 'slow-upload',
    sentence: /waiting for its client to send more of it/,
    categories: ['network'],
    expected: () => 1,
    needsKernel: true,
  },
  {
    name: 'slow-download',
    sentence: /waiting for its client to take the response/,
    categories: ['network'],
    expected: () => 0.92,
    needsKernel: true,
  },
  {
    name: 'worker-answer',
    sentence: /waiting for a message of worker thread \d+/,
    categories: ['thread'],
    // Its handler, and its client in the same process, take the rest.
    expected: () => 0.92,
    needsKernel: true,
  },
];

for (const { name, sentence, categories, expected, isQuick, needsKernel, prepare } of REQUESTS) {
  test(`requests: ${name}`, (t) => {
    if (isQuick !== true && !isLong) return t.skip('takes seconds; LOCKSTEP_TEST_LONG=1 runs it');
    if (needsKernel === true && !canRecordKernel()) return t.skip('needs root and tracefs at /sys/kernel/tracing');
    const measured = diagnosis.record(name, prepare?.());
    const report = diagnosis.report('requests', name);
    assert.match(report.sentence, sentence);
    const told = categoryShare(report, categories);
    assert.ok(Math.abs(told - expected(measured)) <= POINTS, `told ${told}: ${report.sentence}`);
    return undefined;
  });
}

test('requests: a leak that makes each request slower', (t) => {
  if (!isLong) return t.skip('takes seconds; LOCKSTEP_TEST_LONG=1 runs it');
  diagnosis.record('leak');
  const { growth } = diagnosis.report('requests', 'leak');
  assert.match(growth ?? '', /GET \/visit grows slower: .* more running findVisitor/);
  return undefined;
});

for (const name of ['healthy-http', 'healthy-files', 'healthy-worker', 'healthy-stream', 'healthy-upgrade']) {
  test(`no alarm: ${name}`, (t) => {
    if (!isLong) return t.skip('takes seconds; LOCKSTEP_TEST_LONG=1 runs it');
    diagnosis.record(name);
    const requests = diagnosis.report('requests', name);
    assert.equal(requests.growth, undefined);
    // Whatever is slow is so because the machine is busy: for its own thread, those of the pool, or the client's.
    for (const { causes, sentence } of requests.slowest) {
      const busy = /^(runnable|queued|disk|pool-queue|pool-work|system-call|interrupt|gc)$/;
      const ownMs = causes.reduce((ms, { category, ms: each }) => (busy.test(category) ? ms : ms + each), 0);
      assert.ok(ownMs < 100, sentence);
    }
    for (const stall of stallsOf(diagnosis.report('stalls', name, ['--threshold', '50']))) {
      const ownMs = stall.causes.reduce(
        (ms, { key, ms: each }) => (/^(preempted|woken)/.test(key) ? ms : ms + each),
        0,
      );
      assert.ok(ownMs < 50, stall.sentence);
    }
    return undefined;
  });
}
