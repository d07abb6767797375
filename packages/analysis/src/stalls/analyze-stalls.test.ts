// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StructureValue } from '@lockstep/ctf';
import { createTrace, toNs } from '../testing/records.ts';
import { timeline, type TimelineOptions } from '../testing/timeline.ts';
import { analyzeStalls } from './analyze-stalls.ts';
import { Positions } from './position.ts';
import { causesOf } from './stall-causes.ts';
import type { Stall, StallPart, StallReport } from './stall-report.ts';

function reportOf(picture: string, options?: TimelineOptions): StallReport {
  return analyzeStalls(timeline(picture, options), { thresholdMs: 20 });
}

function onlyStall(picture: string, options?: TimelineOptions): Stall {
  const { stalls } = reportOf(picture, options);
  assert.equal(stalls.length, 1, stalls.map((stall) => stall.sentence).join('\n'));
  const [stall] = stalls;
  assert.ok(stall !== undefined);
  const sum = stall.parts.reduce((ms, part) => ms + part.ms, 0);
  assert.ok(Math.abs(sum - stall.durationMs) < 1e-6, `parts sum to ${sum}`);
  return stall;
}

test('running JavaScript, runnable while another ran, and a late GC', () => {
  const picture = `
    cpu0  |MMMMMMMMMMMMMMMMMMFFFFFFFFMMMMMMMMM.
    loop  | [==============================]
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    gc    |                             mmm`;
  const stall = onlyStall(picture, { gcLateMs: 250, samplesLateMs: 900 });
  assert.equal(
    stall.sentence,
    'event loop blocked 32 ms: 20 ms running renderReport (report.js:88), 8 ms runnable but preempted by tid 771 ffmpeg, 3 ms GC, 1 ms running, at what is not known',
  );
  assert.equal(stall.kind, 'iteration');
  assert.deepEqual(stall.doubts, []);
});

test('a page fault lasts until its page is mapped, and belongs to the function that touched the memory', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    fault |    mmmmmmmmmmmmmmmm
    js    |  aaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [===========================]`);
  assert.match(
    stall.sentence,
    /^event loop blocked 2\d ms: 16 ms running in the kernel for 1 page fault, memory first touched by renderReport/,
  );
});

test('reclaiming memory is told whatever the thread was doing', () => {
  const stall = onlyStall(`
    cpu0    |MMMMMMMMM....MMMMMMMMMMMMMMMMM
    wait    |         sssw
    reclaim |     kkkkkkkkkkkkkkkkk
    sys     |    rrrrrrrrrrrrrrrrrrrr
    op      |   RRRRRRRRRRRRRRRRRRRRRRR
    loop    | [===========================]`);
  assert.match(stall.sentence, /^event loop blocked 2\d ms: 1[67] ms reclaiming memory/);
});

test('one operation on many files is one cause', () => {
  const file = (path: string, ms: number): StallPart => ({
    kind: 'system-call',
    call: 'read',
    isSplit: true,
    ms,
    during: { operation: 'readFileSync', path },
  });
  const parts = [file('/srv/a', 3), file('/srv/b', 4), file('/srv/c', 3), file('/srv/d', 3)];
  const causes = causesOf(parts, new Map(), new Positions(undefined));
  assert.deepEqual(
    causes.map(({ text, ms }) => [text, ms]),
    [['in readFileSync of 4 files, most /srv/b (13 ms running in the kernel)', 13]],
  );
});

test('the same times come out of a clock of 3 GHz', () => {
  const picture = `
    cpu0  |MMMMMMMMMMMMMMMMMMFFFFFFFFMMMMMMMMM.
    loop  | [==============================]
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`;
  const slow = onlyStall(picture);
  const fast = onlyStall(picture, { frequency: 3_000_000_000n });
  assert.equal(fast.sentence, slow.sentence);
});

test('a read is told with its path, its time in the kernel and its waits', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMMMMM...............MMMMMMMMMM
    wait  |         ssssssssssssssw
    sys   |     rrrrrrrrrrrrrrrrrrrrrrr
    op    |   RRRRRRRRRRRRRRRRRRRRRRRRRRRRR
    js    |   nnnnnn
    loop  |  [=============================]`);
  assert.equal(
    stall.sentence,
    'event loop blocked 31 ms: 28 ms in readFileSync /srv/a.bin called by renderReport (report.js:80) (8 ms running in the kernel, 14 ms blocked), 2 ms running, at what is not known, 1 ms runnable after a wake-up, waiting for a CPU',
  );
  const blocked = stall.parts.find((part) => part.kind === 'blocked');
  assert.equal(blocked?.kind === 'blocked' && blocked.call, 'read (fd 17)');
});

test('a sample from before an operation says nothing about who called it', () => {
  const records = timeline(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    op    |      JJJJJJJJJJJJJJJJJJJJJJJJJ
    loop  | [=============================]`);
  const program = createTrace('ust', { vpid: 1000, vtid: 1000, tid: 1000, cpu_id: 0 });
  const late = [
    program.record('node:cpu_node', 40, {
      epoch: 1,
      node: 1,
      parent: 0,
      function: 'before',
      url: 'file:///a.js',
      line: 3,
      column: 1,
    }),
    program.record('node:cpu_sample', 40, { begin: toNs(2), duration: 30_000_000n, epoch: 1, node: 1, line: 4 }),
  ];
  const [stall] = analyzeStalls([...records, ...late]).stalls;
  assert.match(stall?.sentence ?? '', /25 ms in JSON\.parse of 1\.0 MB, 5 ms running before \(a\.js:4\)/);
});

test('records with fields of the wrong kind, or without any, break nothing', () => {
  const names = [
    'sched_switch',
    'sched_wakeup',
    'syscall_entry_read',
    'syscall_exit_read',
    'irq_handler_entry',
    'irq_handler_exit',
  ];
  names.push(
    'sched_process_fork',
    'sched_process_exec',
    'lttng_statedump_process_state',
    'x86_exceptions_page_fault_user',
    'rss_stat',
    'mm_vmscan_direct_reclaim_begin',
    'mm_vmscan_direct_reclaim_end',
  );
  const own = ['process', 'loop_iteration', 'gc', 'fs_sync', 'sync_call', 'console', 'cpu_node', 'cpu_sample'];
  own.push('http_server_request_begin', 'http_server_request_end', 'sampler_state', 'cpu_quota');
  const kernel = createTrace('kernel', {});
  const program = createTrace('ust', {});
  const wrong = ['', 'text', -1, 1e300, -(2n ** 63n), 2n ** 64n - 1n, true, [], [1, 2], {}] as const;
  const payload = (seed: number): StructureValue => {
    const fields = [
      'prev_tid',
      'next_tid',
      'prev_state',
      'tid',
      'begin',
      'duration',
      'kind',
      'epoch',
      'node',
      'parent',
      'idle',
    ];
    return Object.fromEntries(fields.map((field, index) => [field, wrong[(seed * 7 + index * 3) % wrong.length] ?? 0]));
  };
  const records = [];
  for (let seed = 0; seed < 200; seed += 1) {
    const name = names[seed % names.length] ?? '';
    const ownName = own[seed % own.length] ?? '';
    records.push(kernel.record(name, seed, payload(seed), seed % 5));
    records.push(program.record(`node:${ownName}`, seed, seed % 13 === 0 ? {} : payload(seed)));
  }
  assert.equal(analyzeStalls(records).recordCount, 400);
});

test('JSON.parse is told with its size and who called it', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    op    |  JJJJJJJJJJJJJJJJJJJJJJJJJJJJ
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [=============================]`);
  assert.match(
    stall.sentence,
    /: 28 ms in JSON\.parse of 1\.0 MB called by renderReport \(report\.js:80\), 2 ms running renderReport/,
  );
});

test('blocked outside of any known operation names the system call', () => {
  const stall = onlyStall(`
    cpu0  |MMM........................MMMMM
    wait  |   ssssssssssssssssssssssss
    sys   |  ffffffffffffffffffffffffff
    loop  | [=============================]`);
  assert.match(stall.sentence, /^event loop blocked 31 ms: 24 ms blocked in futex, /);
});

test('blocked during a collection is the collector waiting for its helpers', () => {
  const stall = onlyStall(`
    cpu0  |MMMMM..........MMMMMMMMMMMMMMMMM
    wait  |     ssssssssss
    sys   |    ffffffffffff
    gc    |  mmmmmmmmmmmmmmmmmmmmmmm
    loop  | [=============================]`);
  assert.match(stall.sentence, /: 23 ms GC \(10 ms of it waiting for its helper threads\), /);
});

test('a sleep right after a page fault is that fault, and faults are counted', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMM..............MMMMMMMMMM
    wait  |      ssssssssssssss
    fault |     *                *
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [===========================]`);
  assert.match(stall.sentence, /14 ms blocked in a page fault/);
  assert.equal(stall.pageFaultCount, 2);
});

test('an unexplained sleep is not explained', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMM..............MMMMMMMMMM
    wait  |      ssssssssssssss
    loop  | [===========================]`);
  assert.match(stall.sentence, /14 ms blocked, in which call is not known/);
});

test('interrupts on its CPU are neither JavaScript nor system calls', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    irq   |     ttt      iiii
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [===========================]`);
  const interrupts = stall.parts.filter((part) => part.kind === 'interrupt').map((part) => [part.interrupt, part.ms]);
  assert.deepEqual(interrupts, [
    ['irq 24 virtio0', 4],
    ['softirq net_rx', 3],
  ]);
});

test('who ran instead is told thread by thread, longest first', () => {
  const stall = onlyStall(`
    cpu0  |MMMFFFFFFFGGGFFFMMMMMMMMMMMMMM
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [===========================]`);
  assert.match(stall.sentence, /13 ms runnable but preempted by tid 771 ffmpeg and 1 other/);
  const instead = stall.parts.flatMap((part) => (part.kind === 'runnable' ? [[part.instead?.name, part.ms]] : []));
  assert.deepEqual(instead, [
    ['ffmpeg', 10],
    ['gzip', 3],
  ]);
});

test('time shared by several functions is told by the function above them', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    js    | ccccccccdddddddhhhhhhhhhaaaaa
    loop  | [===========================]`);
  assert.match(
    stall.sentence,
    /: 29 ms running renderReport \(report\.js:80\) and what it calls, most in hashRows \(rows\.js:90\)$/,
  );
});

test('without the kernel half, what cannot be split is said', () => {
  const report = reportOf(`
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    gc    |      mmmm
    loop  | [===========================]`);
  assert.equal(report.kernelHalf, 'missing');
  assert.equal(
    report.stalls[0]?.sentence,
    'event loop blocked 29 ms: 25 ms in renderReport (report.js:88), 4 ms GC (kernel half missing: running or waiting not told)',
  );
  assert.equal(
    report.stalls[0]?.doubts[0]?.text,
    'kernel half missing: 29 ms of it cannot be split into running and waiting; record as root to know',
  );
});

test('time that nothing tells about stays unknown, and how to know is said', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    loop  | [===========================]`);
  assert.equal(stall.sentence, 'event loop blocked 29 ms: 29 ms running, at what is not known');
  assert.deepEqual(
    stall.doubts.map(({ about }) => about),
    ['no-samples'],
  );
  assert.match(
    stall.doubts.map(({ text }) => text).join(),
    /a program that is killed or aborts takes its last ones along/,
  );
});

test('V8 saying idle of a running thread is not believed to be a function', () => {
  const stall = onlyStall(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    js    | zzzzzzzzzzzzzzppppppppppppppp
    loop  | [===========================]`);
  assert.deepEqual(
    stall.parts.map((part) => part.kind),
    ['native', 'unknown'],
  );
});

test('start-up before the loop first waits is told apart and is no stall', () => {
  const report = reportOf(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM......
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  |                               []`);
  assert.equal(report.stallCount, 0);
  assert.equal(report.stalls[0]?.kind, 'start-up');
  assert.match(report.stalls[0]?.sentence ?? '', /^start-up took 31 ms: 29 ms running renderReport/);
});

test('a trace that begins in the middle of the program makes no start-up of it', () => {
  const report = reportOf(
    `
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM......
    loop  |                               []`,
    { hasProcess: false },
  );
  assert.deepEqual(report.stalls, []);
});

test('an iteration that has not ended with the trace is told up to there', () => {
  const stall = onlyStall(`
    cpu0  |.MMM......MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMF
    wait  |    ssssss
    http  |           g
    loop  |[=]
    js    |          aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`);
  assert.equal(stall.kind, 'unfinished');
  assert.match(stall.sentence, /^event loop still blocked when its trace ended, for 30 ms: 30 ms running renderReport/);
  assert.deepEqual(stall.requests, [{ method: 'GET', url: '/report' }]);
});

test('a wait that libuv forgot to reckon is no part of the iteration: seen by the kernel', () => {
  const report = reportOf(`
    cpu0  |M...............................MM
    wait  | sssssssssssssssssssssssssssssss
    sys   |eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
    loop  |     [===========================]`);
  assert.deepEqual(report.stalls, []);
  assert.equal(report.loops[0]?.longestMs, 2);
});

test('signals of a sampler in a wait do not end it', () => {
  const { loops, stallCount } = reportOf(`
    cpu0  |M........M........M............MM
    wait  | ssssssss ssssssss ssssssssssss
    sys   |EEEEEEEEE EEEEEEEE eeeeeeeeeeee
    loop  |     [===========================]`);
  assert.equal(stallCount, 0);
  assert.equal(loops[0]?.longestMs, 3);
});

test('the same wait seen by samples that say idle, when there is no kernel half', () => {
  const waiting = reportOf(
    `
    js    |zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzaa
    loop  |     [===========================]`,
    { samplesLateMs: 400 },
  );
  assert.deepEqual(waiting.stalls, []);
  const [stall] = reportOf(
    `
    js    |zzzzzzzzaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  |     [===========================]`,
    { samplesLateMs: 400 },
  ).stalls;
  assert.match(stall?.sentence ?? '', /^event loop blocked 26 ms: 26 ms in renderReport/);
});

test('a program of which no loop iterations were recorded is not said to be blocked', () => {
  const report = reportOf(
    `
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    js    |                                         a`,
    { hasProcess: false },
  );
  assert.deepEqual(report.stalls, []);
});

test('a loop that waits when the trace ends is no stall', () => {
  const report = reportOf(`
    cpu0  |.MMM......................................F
    wait  |    ssssssssssssssssssssssssssssssssssssss
    loop  | [=]`);
  assert.deepEqual(report.stalls, []);
});

test('discarded records of the kernel make the stall doubtful, with their number', () => {
  const report = reportOf(
    `
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [===========================]`,
    { discarded: [{ half: 'kernel', count: 312n, beginMs: 5, endMs: 12 }] },
  );
  assert.match(report.stalls[0]?.doubts[0]?.text ?? '', /^312 records of the kernel were discarded/);
  assert.deepEqual(
    report.discarded.map(({ count, what }) => [count, what]),
    [[312n, 'records']],
  );
});

test('an event that contradicts the state before it turns that state into unknown', () => {
  // The switch back to M was discarded: it makes a system call while it is believed to sleep.
  const stall = onlyStall(`
    cpu0  |MMMMMM......................
    wait  |      ssssssssssssss
    sys   |                    rrrr
    loop  | [===========================]`);
  assert.ok(!stall.parts.some((part) => part.kind === 'blocked'), stall.sentence);
  assert.ok(
    stall.parts.some((part) => part.kind === 'unknown' && Math.round(part.ms) === 14),
    stall.sentence,
  );
});

test('a healthy program has its loop told and no stall', () => {
  const report = reportOf(`
    cpu0  |MM..MM..MM..MMM.
    wait  |  ss  ss  ss
    loop  |[]  []  []  [=] `);
  assert.equal(report.stallCount, 0);
  assert.equal(report.loops[0]?.iterationCount, 4);
  assert.equal(report.loops[0]?.longestMs, 3);
});

test('positions follow the source map', () => {
  const records = timeline(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [===========================]`);
  const { stalls } = analyzeStalls(records, {
    resolvePosition: (url, line) =>
      url.endsWith('report.js') ? { source: '/srv/app/src/report.ts', line: line + 100 } : undefined,
  });
  assert.match(stalls[0]?.sentence ?? '', /running renderReport \(report\.ts:188\)$/);
});

test('the summary adds the same cause of several stalls', () => {
  const report = reportOf(`
    cpu0  |MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
    js    | aaaaaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaa
    loop  | [===========================] [========================]`);
  assert.equal(report.stallCount, 2);
  assert.deepEqual(
    report.causes.map(({ count, totalMs, worstMs }) => [count, Math.round(totalMs), Math.round(worstMs)]),
    [[2, 55, 29]],
  );
});

test('of more stalls than are kept, the longest are, and all count', () => {
  const records = timeline(`
    loop  |[===================] [=======================] [=====================] [=========================]`);
  const report = analyzeStalls(records, { maxStalls: 1 });
  assert.equal(report.stallCount, 4);
  assert.equal(report.omittedCount, 3);
  assert.deepEqual(
    report.stalls.map((stall) => Math.round(stall.durationMs)),
    [27],
  );
});
