// SPDX-License-Identifier: MIT
// The examples run as their first lines say, with nobody recording: what a reader tries first works.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadNative, nativeMissingReason } from '@lockstep/native';

const TIMEOUT_MS = 60_000;
const skipNative = loadNative() === undefined ? nativeMissingReason() : false;
/** Of this file alone: others may run the examples at the same time. */
const directory = mkdtempSync(join(tmpdir(), 'lockstep-examples-test-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function run(path, ...args) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const env = { ...process.env, TMPDIR: directory };
  return spawnSync(process.execPath, [file, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS, env });
}

test('hello-tracepoint runs untraced', () => {
  const { status, stdout, stderr } = run('hello-tracepoint/main.js');
  assert.equal(stderr, '');
  assert.match(stdout, /^10 times hello/);
  assert.equal(status, 0);
});

test('the shop serves its own load on all routes, ends by itself and cleans up', () => {
  const { status, stdout, stderr } = run('http-server/main.js', '--duration', '1200');
  assert.equal(stderr, '');
  const [, answered, failed] = /(\d+) requests answered, (\d+) failed/.exec(stdout) ?? [];
  assert.ok(Number(answered) > 20, stdout);
  assert.equal(failed, '0');
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(directory), []);
});

test('the shop refuses a duration that is no number in one sentence', () => {
  const { status, stderr } = run('http-server/main.js', '--duration', 'soon');
  assert.equal(stderr, '--duration wants a number of milliseconds from 100 on.\n');
  assert.equal(status, 1);
});

test('ring-buffer: threads log into buffers of their own, and no line is lost', () => {
  const { status, stdout, stderr } = run('ring-buffer/logger.js', '4');
  assert.equal(stderr, '');
  const lines = stdout.trim().split('\n');
  assert.equal(lines.at(-1), '0 lines lost');
  for (const thread of [0, 1, 2]) {
    const own = lines.filter((line) => line.startsWith(`thread ${thread}: `));
    assert.deepEqual(
      own,
      [1, 2, 3, 4].map((count) => `thread ${thread}: line ${count}`),
    );
  }
  assert.equal(status, 0);
});

test('ring-buffer: a process adds up what another one measured', { skip: skipNative }, () => {
  const { status, stdout, stderr } = run('ring-buffer/metrics-pipe.js', '4000');
  assert.equal(stderr, '');
  assert.equal(stdout, 'requests 4000\nbytes 2048000\nseconds 1000\n0 measurements lost\n');
  assert.equal(status, 0);
});

test('ring-buffer: what a killed program did last is in its flight recorder', { skip: skipNative }, () => {
  const { status, stdout, stderr } = run('ring-buffer/flight-recorder.js');
  assert.equal(stderr, '');
  assert.match(stdout, /^the program was ended by SIGKILL\nmore than 100 records are left, the newest: step 10000\n$/);
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(directory), []);
});

test('ring-buffer: each job of four threads is taken once', () => {
  const { status, stdout, stderr } = run('ring-buffer/queue.js', '5000');
  assert.equal(stderr, '');
  assert.equal(stdout, `20000 jobs done, sum ${(4 * 5000 * 5001) / 2}\n`);
  assert.equal(status, 0);
});

test('read-a-trace: a trace that was written by hand is read, its losses too', () => {
  const trace = join(directory, 'written');
  const written = run('read-a-trace/write.js', trace);
  assert.equal(written.stderr, '');
  const { status, stdout, stderr } = run('read-a-trace/main.js', trace);
  assert.equal(stderr, '');
  assert.match(stdout, /^1700000000000001000n shop:order \{ id: 1, sku: 'A-1' \}$/m);
  // The first packet tells that records were lost, but not since when.
  assert.match(stdout, /^some lost \(discarded-event-records\)$/m);
  assert.equal(stdout.match(/shop:order/g).length, 3);
  assert.equal(status, 0);
  rmSync(trace, { recursive: true });
});

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const skipPage =
  process.env.LOCKSTEP_TEST_LONG !== '1'
    ? 'a browser takes long; LOCKSTEP_TEST_LONG=1 runs it'
    : chromium === undefined
      ? 'no Chromium is installed'
      : false;

test('read-a-trace-in-a-page: Chromium reads a trace over HTTP ranges', { skip: skipPage }, async () => {
  const trace = join(directory, 'for-the-page');
  run('read-a-trace/write.js', trace);
  const server = spawn(process.execPath, [
    fileURLToPath(new URL('read-a-trace-in-a-page/serve.js', import.meta.url)),
    trace,
  ]);
  try {
    const address = String((await once(server.stdout, 'data'))[0]).trim();
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--user-data-dir=${join(directory, 'chromium')}`,
      '--virtual-time-budget=20000',
      '--dump-dom',
    ];
    const browser = spawn(chromium, [...flags, `${address}?trace=/trace&files=metadata,orders`]);
    let page = '';
    browser.stdout.on('data', (part) => (page += part));
    await once(browser, 'close');
    assert.match(page, /3 event records\n1700000000000001000 shop:order \{"id":1,"sku":"A-1"\}/);
  } finally {
    server.kill();
    rmSync(trace, { recursive: true });
    rmSync(join(directory, 'chromium'), { recursive: true, force: true });
  }
});
