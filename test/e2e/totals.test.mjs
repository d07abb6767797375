// SPDX-License-Identifier: MIT
// The model's sums against what the kernel itself keeps: CPU time and context switches of a recorded
// program, and that a part of a trace, begun in the middle, tells the same from there on.

import assert from 'node:assert/strict';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AnalysisPass, HOST, PROCESSES, PROGRAMS } from '@lockstep/analysis';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';
import { createScene } from './lockstep.mjs';

const RUNNING = 1;
const INTERRUPTED = 5;

// Some CPU time in JavaScript, in the kernel and on other threads, and many switches.
const PROGRAM = `
const fs = require('node:fs');
const { pbkdf2 } = require('node:crypto');
let rounds = 0;
setTimeout(function round() {
  let sum = 0;
  for (let i = 0; i < 4e6; i++) sum += Math.sqrt(i);
  for (let i = 0; i < 300; i++) fs.readFileSync('/proc/self/status');
  for (let i = 0; i < 4; i++) pbkdf2('a', 'b', 20000, 32, 'sha256', () => {});
  if (++rounds < 25) return void setTimeout(round, 3);
  setTimeout(() => {
    const { userCPUTime, systemCPUTime, voluntaryContextSwitches, involuntaryContextSwitches } = process.resourceUsage();
    const stat = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ');
    const ticksMs = (Number(stat[11]) + Number(stat[12])) * 10;
    console.log(JSON.stringify({ pid: process.pid, ms: (userCPUTime + systemCPUTime) / 1000, ticksMs, voluntaryContextSwitches, involuntaryContextSwitches }));
    process.reallyExit(0);
  }, 50);
}, 10);
`;

function canRecordKernel() {
  try {
    accessSync('/sys/kernel/tracing/instances', constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** States of a thread from a moment on: absolute ns and state, each until the next; the first begins at that moment. */
function statesOf(pass, thread, fromNs) {
  const { log } = thread;
  const states = [];
  for (let i = 0; i < log.length; i++) {
    const at = pass.time.toNs(log.beginAt(i));
    const state = log.stateAt(i);
    if (at <= fromNs) states[0] = [fromNs, state];
    else if (states.at(-1)?.[1] !== state) states.push([at, state]);
  }
  return states;
}

/**
 * When nothing of a thread is a guess any more in a part that begins at `fromNs`: every CPU has switched since, so
 * who has it and which interrupts it serves is known, and then the thread was switched in. tid → absolute ns.
 */
function knownSince(traceSet, fromNs, cpuCount) {
  const cpus = new Set();
  const since = new Map();
  for (const record of readEventRecords(traceSet)) {
    if (record.eventRecordClass?.name !== 'sched_switch' || record.timeNs < fromNs) continue;
    cpus.add(record.packet.context.cpu_id);
    const tid = record.payload.next_tid;
    if (cpus.size === cpuCount && !since.has(tid)) since.set(tid, record.timeNs);
  }
  return since;
}

/** When a process asked for its sums: absolute ns of the ends of its last getrusage and the last read of its stat file. */
function momentsOfAsking(traceSet, tid) {
  const moments = {};
  let isReadingStat = false;
  for (const { eventRecordClass, commonContext, payload, timeNs } of readEventRecords(traceSet)) {
    if (commonContext?.tid !== tid) continue;
    if (eventRecordClass.name === 'syscall_exit_getrusage') moments.rusage = timeNs;
    else if (eventRecordClass.name === 'syscall_entry_openat') isReadingStat = payload.filename === '/proc/self/stat';
    else if (eventRecordClass.name === 'syscall_exit_read' && isReadingStat) {
      moments.stat = timeNs;
      isReadingStat = false;
    }
  }
  return moments;
}

function threadsOf(host, pid) {
  return [...host.threads.values()].filter((thread) => [thread.pid, thread.tid, thread.sharesWith].includes(pid));
}

/** CPU time and context switches of a process's threads until the end of what a pass took. */
function sumsOf(pass, pid) {
  const host = pass.get(HOST);
  for (const thread of host.threads.values()) thread.account(pass.lastTime);
  const sum = (of) => threadsOf(host, pid).reduce((total, thread) => total + of(thread), 0);
  return {
    ms: sum(({ totalNs }) => totalNs[RUNNING] + totalNs[INTERRUPTED]) / 1e6,
    voluntary: sum((thread) => thread.voluntarySwitchCount),
    involuntary: sum((thread) => thread.involuntarySwitchCount),
  };
}

function readFrom(traceSet, isTaken) {
  const pass = new AnalysisPass([HOST, PROCESSES, PROGRAMS]);
  let isObserving = false;
  for (const record of readEventRecords(traceSet)) {
    if (!isTaken(record)) continue;
    pass.take(record);
    if (!isObserving && record.timeNs !== undefined) {
      isObserving = true;
      pass.get(HOST).observeAll(0);
    }
  }
  pass.finish();
  return pass;
}

test("sums of a program's threads are those of the kernel, and parts agree with the whole", (t) => {
  if (!canRecordKernel()) return t.skip('needs root and tracefs at /sys/kernel/tracing');
  const scene = createScene(t);
  const path = join(scene.directory, 'busy.cjs');
  writeFileSync(path, PROGRAM);
  const { status, stdout, stderr } = scene.run(['record', '-q', '-o', 'trace', '--', process.execPath, path]);
  assert.equal(status, 0, stderr);
  const kernel = JSON.parse(stdout);
  const traceSet = openTraceDirectory(scene.trace);
  // The sums are those at the moments when the program asked, and not of what it did later.
  const asked = momentsOfAsking(traceSet, kernel.pid);
  const until = readFrom(traceSet, (record) => (record.timeNs ?? 0n) <= asked.rusage);
  const untilStat = readFrom(traceSet, (record) => (record.timeNs ?? 0n) <= asked.stat);
  const whole = readFrom(traceSet, () => true);
  const told = sumsOf(until, kernel.pid);
  const isNear = (a, b, slack) => Math.abs(a - b) <= b * 0.02 + slack;
  const ticksMs = sumsOf(untilStat, kernel.pid).ms;
  const text = JSON.stringify({ told: { ...told, ticksMs }, kernel });
  // /proc counts in ticks of 10 ms, each of both sorts rounded down.
  assert.ok(isNear(told.ms, kernel.ms, 5), text);
  assert.ok(isNear(ticksMs, kernel.ticksMs, 25), text);
  assert.ok(isNear(told.voluntary, kernel.voluntaryContextSwitches, 5), text);
  assert.ok(isNear(told.involuntary, kernel.involuntaryContextSwitches, 5), text);

  const wholeHost = whole.get(HOST);
  const threads = threadsOf(wholeHost, kernel.pid);
  const beginNs = whole.time.baseNs;
  for (const share of [0.2, 0.45, 0.7]) {
    // Of the time until the program asked: what is left of it afterwards is short.
    const fromNs = beginNs + BigInt(Math.round(Number(asked.rusage - beginNs) * share));
    const part = readFrom(
      traceSet,
      (record) => (record.timeNs ?? 0n) >= fromNs || record.eventRecordClass?.name.startsWith('lttng_statedump_'),
    );
    const since = knownSince(traceSet, fromNs, wholeHost.cpus.length);
    let comparedCount = 0;
    for (const [tid, thread] of part.get(HOST).threads) {
      const from = since.get(tid);
      if (from === undefined || thread.log === undefined || !threads.some((each) => each.tid === tid)) continue;
      assert.deepEqual(statesOf(part, thread, from), statesOf(whole, wholeHost.threads.get(tid), from), `tid ${tid}`);
      comparedCount += 1;
    }
    assert.ok(comparedCount > 0, `no thread of the program was switched in after ${share} of the trace`);
  }
  traceSet.close();
  return undefined;
});
