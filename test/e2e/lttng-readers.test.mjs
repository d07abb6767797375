// SPDX-License-Identifier: MIT
// A reader that was written for LTTng's kernel traces, with babeltrace2's Python, understands a recording:
// it finds every field that it needs, of the type that it needs, and what it makes of them is what happened.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScene, root } from './lockstep.mjs';

// Another python3 may come first in PATH, without Debian's packages.
const PYTHON = '/usr/bin/python3';
const READER = join(root, 'test/programs/lttng-reader.py');
const SIZE = 12_345;
const SENT = 5_000;

/** Writes down what it did itself: pid and port. */
const PROGRAM = `
const fs = require('node:fs');
const net = require('node:net');
const path = process.argv[1];
fs.readFileSync(path + '-data');
try { fs.readFileSync(path + '-nowhere'); } catch {}
const file = fs.openSync(path + '-written', 'w'); fs.writeSync(file, 'x'.repeat(70_000)); fs.fsyncSync(file); fs.closeSync(file);
const server = net.createServer((socket) => socket.resume().on('end', () => socket.end()));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const client = net.connect(port, '127.0.0.1', () => client.end('y'.repeat(${SENT})));
  client.on('close', () => { server.close(); fs.writeFileSync(path + '-said', JSON.stringify({ pid: process.pid, port })); });
});
`;

function whyNot() {
  if (process.getuid?.() !== 0) return 'the kernel half needs root';
  if (!existsSync('/sys/kernel/tracing/events/sched')) return 'tracefs shows no events';
  if (spawnSync(PYTHON, ['-c', 'import bt2']).status !== 0)
    return "babeltrace2's Python bindings are not installed (Debian: python3-bt2)";
  return false;
}

/** Linux 6.18 leaves out a switch now and then, in its own text too: who knows threads by switches alone is lost then. */
const MOST_RUNS = 6;

test('a reader of LTTng kernel traces understands what was recorded', { skip: whyNot() }, (t) => {
  for (let run = 1; run <= MOST_RUNS; run += 1) {
    const { strangers, ...understood } = recordAndRead(t);
    if (strangers === 0) return check(understood);
    t.diagnostic(`run ${run}: ${strangers} system calls of threads that were not switched in`);
  }
  return assert.fail('in no run all switches were recorded');
});

function recordAndRead(t) {
  const scene = createScene(t);
  const path = join(scene.directory, 'read-me');
  writeFileSync(`${path}-data`, 'z'.repeat(SIZE));
  const rules = ['sched_*', 'irq_*', 'block_*', 'net_*', 'kmem_mm_page_*', 'timer_hrtimer_start', 'syscall:*'];
  const options = ['-q', '--no-sampler', '-o', scene.trace, ...rules.flatMap((rule) => ['-k', rule])];
  const record = scene.run(['record', ...options, '--', process.execPath, '-e', PROGRAM, path]);
  assert.equal(record.status, 0, record.stderr);
  const read = spawnSync(PYTHON, [READER, join(scene.trace, 'kernel')], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  assert.equal(read.status, 0, read.stderr);
  const said = JSON.parse(readFileSync(`${path}-said`, 'utf8'));
  return { ...JSON.parse(read.stdout), path, said };
}

function check({ path, said, environment, threads, interfaces, counts, calls, errors, connections, reads, disks }) {
  assert.equal(environment.domain, 'kernel');
  assert.equal(environment.tracer_name, 'lttng-modules');
  assert.deepEqual([environment.tracer_major, environment.tracer_minor], [2, 13]);
  assert.equal(environment.hostname, spawnSync('hostname', { encoding: 'utf8' }).stdout.trim() || environment.hostname);
  // Descriptors are followed from open to read; results are numbers, errors negative ones.
  assert.equal(reads[`${path}-data`], SIZE);
  assert.ok(errors['openat 2'] >= 1, JSON.stringify(errors));
  assert.ok(calls.fsync >= 1 && calls.close >= 3 && calls.socket >= 2, JSON.stringify(calls));
  assert.deepEqual(
    connections.filter(([, port]) => port === said.port),
    [['127.0.0.1', said.port]],
  );
  assert.ok((interfaces.lo ?? 0) >= SENT, JSON.stringify(interfaces));
  const program = threads[said.pid];
  assert.ok(program.run > 0);
  // Nothing tells its process when it has ended before the state dump came to it, as on a busy machine.
  assert.ok(program.pid === null || program.pid === said.pid);
  // Who was there before, from the state dump alone.
  assert.equal(threads[1].pid, 1);
  assert.equal(threads[1].comm, readFileSync('/proc/1/comm', 'utf8').trim());
  for (const kind of ['softirq', 'pages', 'wakeups', 'forks']) assert.ok(counts[kind] > 0, kind);
  for (const name of Object.values(disks).map((disk) => disk.name)) assert.ok(name !== null, JSON.stringify(disks));
}
