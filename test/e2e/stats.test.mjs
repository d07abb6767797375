// SPDX-License-Identifier: MIT
// `stats FAMILY` beside what a plain reckoning over babeltrace2's text of the same trace gives.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScene } from './lockstep.mjs';

const PROGRAM = `
const fs = require('node:fs');
for (let turn = 0; turn < 50; turn++) {
  fs.writeFileSync('file', 'x'.repeat(1000 + turn));
  fs.readFileSync('file');
  try { fs.readFileSync('nowhere'); } catch {}
}
let turns = 0;
const timer = setInterval(() => { if (++turns === 20) clearInterval(timer); }, 5);
`;
const LINE = /^\[(\d+)\.(\d{9})\] \S+ ([\w:]+): (.*)$/;

function whyNot() {
  if (process.getuid?.() !== 0) return 'the kernel half needs root';
  if (!existsSync('/sys/kernel/tracing/events/sched')) return 'tracefs shows no events';
  if (spawnSync('babeltrace2', ['--version']).status !== 0) return 'babeltrace2 is not installed';
  return undefined;
}

/** Records of the text, times in ns as numbers from the first one on. */
function* parse(text) {
  let first;
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const ns = BigInt(match[1]) * 1_000_000_000n + BigInt(match[2]);
    first ??= ns;
    const fields = match[4];
    const number = (name) => Number(new RegExp(`\\b${name} = (-?\\w+)`).exec(fields)?.[1]);
    // The thread's context comes before the payload, and has a tid of its own.
    const wakee = () => Number(/\btid = (\d+), prio/.exec(fields)?.[1]);
    yield { time: Number(ns - first), name: match[3], number, wakee };
  }
}

/** The plainest reckoning of each family. */
function reckon(text) {
  const runNs = new Map();
  const calls = new Map();
  const softirqs = new Map();
  const latencies = [];
  const asleep = new Set();
  const [current, since, entered, softirqSince, woken] = [[], [], new Map(), [], new Map()];
  const add = (map, key, value) => map.set(key, [...(map.get(key) ?? []), value]);
  let last = 0;
  for (const { time, name, number, wakee } of parse(text)) {
    const cpu = number('cpu_id');
    last = time;
    if (name === 'sched_switch') {
      const [previous, next] = [number('prev_tid'), number('next_tid')];
      if (previous !== 0) runNs.set(previous, (runNs.get(previous) ?? 0) + time - (since[cpu] ?? 0));
      [since[cpu], current[cpu]] = [time, next];
      if ((number('prev_state') & 0xff) !== 0) asleep.add(previous);
      asleep.delete(next);
      if (woken.has(next)) latencies.push(time - woken.get(next));
      woken.delete(next);
      // Linux 6.18 leaves out a switch now and then: who leaves a CPU had it.
      woken.delete(previous);
    } else if (name === 'sched_waking' || name === 'sched_wakeup' || name === 'sched_wakeup_new') {
      const tid = wakee();
      // Only who was seen going to sleep, or is new: a running thread may be woken, too.
      if ((asleep.has(tid) || name === 'sched_wakeup_new') && !woken.has(tid)) woken.set(tid, time);
      asleep.delete(tid);
    } else if (name.startsWith('syscall_entry_')) entered.set(number('tid'), [name.slice(14), time]);
    else if (name.startsWith('syscall_exit_')) {
      const [call, begin] = entered.get(number('tid')) ?? [];
      if (call === name.slice(13)) add(calls, call, time - begin);
      entered.delete(number('tid'));
    } else if (name === 'irq_softirq_entry') softirqSince[cpu] = time;
    else if (name === 'irq_softirq_exit' && softirqSince[cpu] !== undefined) {
      add(softirqs, number('vec'), time - softirqSince[cpu]);
      softirqSince[cpu] = undefined;
    }
  }
  current.forEach((tid, cpu) => {
    if (tid !== 0) runNs.set(tid, (runNs.get(tid) ?? 0) + last - (since[cpu] ?? 0));
  });
  return { runNs, calls, softirqs, latencies };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

test('tables of a recording agree with a plain reckoning over the text of babeltrace2', (t) => {
  const reason = whyNot();
  if (reason !== undefined) return t.skip(reason);
  const scene = createScene(t);
  const recorded = scene.run(['record', '-q', '-o', 'trace', '--', process.execPath, '-e', PROGRAM]);
  assert.equal(recorded.status, 0, recorded.stderr);
  const { stdout } = spawnSync('babeltrace2', ['--clock-seconds', '--no-delta', join(scene.trace, 'kernel')], {
    encoding: 'utf8',
    maxBuffer: 2 ** 29,
  });
  const expected = reckon(stdout);
  const rowsOf = (family, key) => {
    const { status, stdout: json, stderr } = scene.run(['stats', family, '--json', '--limit', '100000', 'trace']);
    assert.equal(status, 0, stderr);
    return JSON.parse(json).tables.find((table) => table.key === key).rows;
  };

  const threads = new Map(rowsOf('cpu', 'threads').map((row) => [row.tid, row.run_time]));
  for (const [tid, ns] of expected.runNs) {
    if (ns > 0) assert.equal(threads.get(tid), ns, `run time of ${tid}`);
  }

  const calls = rowsOf('syscalls', 'calls');
  for (const [name, durations] of expected.calls) {
    const rows = calls.filter((row) => row.call === name);
    assert.equal(sum(rows.map((row) => row.count)), durations.length, name);
    assert.equal(Math.round(sum(rows.map((row) => row.total))), Math.round(sum(durations)), name);
  }
  const open = calls.find((row) => row.call === 'openat' && row.errors !== '');
  assert.match(open.errors, /ENOENT 5\d/);

  const softirqNames = ['hi', 'timer', 'net_tx', 'net_rx', 'block', 'irq_poll', 'tasklet', 'sched', 'hrtimer', 'rcu'];
  const interrupts = new Map(rowsOf('irq', 'interrupts').map((row) => [row.interrupt, row]));
  for (const [vector, durations] of expected.softirqs) {
    const row = interrupts.get(`softirq ${softirqNames[vector]}`);
    assert.deepEqual([row.count, Math.round(row.total)], [durations.length, Math.round(sum(durations))]);
  }

  const [latencies] = rowsOf('sched', 'total');
  assert.deepEqual([latencies.count, latencies.max], [expected.latencies.length, Math.max(...expected.latencies)]);
  t.diagnostic(`${threads.size} threads, ${calls.length} rows of calls, ${latencies.count} wake-ups`);
  return undefined;
});

test('a family that is none is a trace that is not there; ranges and formats that make no sense are refused', (t) => {
  const scene = createScene(t);
  for (const [args, sentence] of [
    [['stats', 'cpus'], /^lockstep: There is no family and no trace directory of this name/],
    [['stats', 'cpu', '--json', '--csv', '.'], /exclude each other/],
    [['stats', 'cpu', '--limit', '0', '.'], /--limit takes a number above 0|holds no CTF trace/],
    [['stats', 'periods', '.'], /holds no CTF trace|--period NAME/],
  ]) {
    const { status, stderr } = scene.run(args);
    assert.notEqual(status, 0);
    assert.match(stderr, sentence);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
});
