// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '@lockstep/base';
import type { DiscardedItems, EventRecord } from '@lockstep/ctf';
import fc from 'fast-check';
import { formatTablesCsv, formatTablesMarkdown, formatTablesText } from '../format/format-tables.ts';
import { createTrace } from '../testing/records.ts';
import { timeline } from '../testing/timeline.ts';
import { analyzeTables, type TableFamily } from './analyze-tables.ts';
import type { TableOptions } from './family.ts';
import { Histogram, Statistics, TopList } from './statistics.ts';
import type { Cell, Table } from './table.ts';

const OPTIONS: TableOptions = { limit: 100, resolution: 4, hasTop: true, hasFrequencies: true, hasLog: true };

function tablesOf(
  records: Iterable<EventRecord | DiscardedItems>,
  family: TableFamily,
  options: Partial<TableOptions> = {},
  periods: readonly string[] = [],
  captures: readonly string[] = [],
): (key: string) => readonly (readonly Cell[])[] {
  const { tables } = analyzeTables(records, family, { ...OPTIONS, ...options }, periods, captures);
  return (key) => tables.find((table) => table.key === key)?.rows ?? [];
}

const PICTURE = `
  cpu0   |MMMMFFFFMMMM....MM
  wait   |            ssww
`;

test('a thread has the CPU from switch to switch, and a CPU is busy when it is not idle', () => {
  const rows = tablesOf(timeline(PICTURE), 'cpu');
  const times = new Map(rows('threads').map(([name, , , runNs]) => [name, Number(runNs) / 1e6]));
  // The last switch ends the trace: the two columns after it have no end.
  assert.deepEqual([times.get('node'), times.get('ffmpeg')], [8, 4]);
  assert.deepEqual(
    rows('cpus').map(([cpu, ns]) => [cpu, Number(ns) / 1e6]),
    [
      ['cpu 0', 12],
      ['all', 12],
    ],
  );
});

test('latency is from the wake-up to the switch', () => {
  const rows = tablesOf(timeline(PICTURE), 'sched');
  const [thread] = rows('threads');
  assert.equal(thread?.[0], 'node');
  assert.deepEqual([thread?.[3], Math.round(Number(thread?.[6]) / 1e5) / 10], [1, 2]);
  assert.equal(rows('log').length, 1);
  assert.deepEqual(tablesOf(timeline(PICTURE), 'sched', { minNs: 3e6 })('threads'), []);
  assert.deepEqual(tablesOf(timeline(PICTURE), 'sched', { procnames: ['ffmpeg'] })('threads'), []);
});

test('a range cuts what reaches over its ends', () => {
  const records = timeline(PICTURE);
  const first = records.find((record): record is EventRecord => !('type' in record));
  const begin = (first?.timeNs ?? 0n) + 2_000_000n;
  const rows = tablesOf(records, 'cpu', { beginNs: begin, endNs: begin + 4_000_000n });
  const times = new Map(rows('threads').map(([name, , , runNs]) => [name, Number(runNs) / 1e6]));
  assert.deepEqual([times.get('node'), times.get('ffmpeg')], [2, 2]);
});

test('threads, CPUs and times that the trace does not have are refused, not answered by an empty table', () => {
  const ask = (options: Partial<TableOptions>) => () => tablesOf(timeline(PICTURE), 'cpu', options);
  assert.throws(ask({ tids: [99_999] }), /The trace has no such thread; lockstep stats cpu lists those that ran/);
  assert.throws(ask({ cpus: [77] }), /The trace has no such CPU; it has 0/);
  assert.throws(ask({ procnames: ['nobody'] }), /no thread of this name, exactly/);
  assert.throws(ask({ endNs: 1n }), /lies before the begin of the trace, which begins at /);
});

test('families without their events say what to record', () => {
  for (const family of ['cpu', 'io', 'irq', 'locks', 'memory', 'network', 'sched', 'syscalls'] as const) {
    const { tables } = analyzeTables([], family, OPTIONS);
    assert.match(tables.flatMap((table: Table) => table.notes).join('\n'), /record them: lockstep record -k /, family);
  }
});

test('waits for locks are told by address, with who let them go', () => {
  const kernel = createTrace('kernel', { cpu_id: 0 });
  const switched = {
    prev_comm: 'a',
    prev_tid: 77,
    prev_prio: 20,
    prev_state: 1,
    next_comm: 'b',
    next_tid: 78,
    next_prio: 20,
  };
  const back = { ...switched, prev_comm: 'b', prev_tid: 78, prev_state: 0, next_comm: 'a', next_tid: 77 };
  const records = [
    kernel.record('sched_switch', 0, { ...switched, prev_tid: 0, next_comm: 'a', next_tid: 77 }, 0),
    // FUTEX_WAKE | FUTEX_PRIVATE_FLAG waits for nobody.
    kernel.record('syscall_entry_futex', 1, { uaddr: 4096n, op: 129 }, 77),
    kernel.record('syscall_exit_futex', 2, { ret: 0 }, 77),
    // FUTEX_WAIT | FUTEX_PRIVATE_FLAG
    kernel.record('syscall_entry_futex', 3, { uaddr: 4096n, op: 128 }, 77),
    kernel.record('sched_switch', 3, switched, 77),
    kernel.record('sched_waking', 8, { comm: 'a', tid: 77, prio: 20, target_cpu: 0 }, 78),
    kernel.record('sched_switch', 8.5, back, 78),
    kernel.record('syscall_exit_futex', 9, { ret: 0 }, 77),
  ];
  const rows = tablesOf(records, 'locks');
  const [row] = rows('locks');
  assert.deepEqual([row?.[2], row?.[3], row?.[8], row?.[9], row?.[10]], ['0x1000', 1, 6e6, 0, 'b (78) 1']);
  assert.deepEqual(rows('log')[0]?.slice(2), [6e6, 'a (77)', '0x1000', 'b (78)']);
});

function callRecords(): EventRecord[] {
  const trace = createTrace('kernel', { cpu_id: 0 });
  const records: EventRecord[] = [];
  // Three reads of 1, 2 and 3 ms, the last one failing.
  for (const [index, ms] of [1, 2, 3].entries()) {
    const begin = index * 10;
    records.push(
      trace.record('syscall_entry_read', begin, { fd: 5, count: 100n }, 77),
      trace.record('syscall_exit_read', begin + ms, { ret: ms === 3 ? -11 : 100 }, 77),
    );
  }
  return records;
}

test('calls are counted with their durations and errors, and read bytes with their descriptor', () => {
  const [row] = tablesOf(callRecords(), 'syscalls')('calls');
  assert.deepEqual(row?.slice(1, 7), [77, 'read', 3, 1e6, 2e6, 3e6]);
  assert.ok(Math.abs(Number(row?.[7]) - 1e6) < 1e-3);
  assert.equal(row?.[9], 'EAGAIN 1');
  const io = tablesOf(callRecords(), 'io');
  assert.deepEqual(io('processes')[0]?.slice(1, 4), [77, 200, 0]);
  assert.deepEqual(io('files')[0]?.slice(0, 5), ['fd 5 of  (77)', 200, 0, 3, 0]);
  assert.deepEqual(
    io('top').map((cells) => Number(cells[2]) / 1e6),
    [3, 2, 1],
  );
});

test('periods nest, capture fields, and end by what their begin said', () => {
  const trace = createTrace('kernel', { cpu_id: 3 });
  const records = [
    trace.record('request_begin', 0, { id: 1, url: '/a' }),
    trace.record('query', 1, { id: 9 }),
    trace.record('request_begin', 2, { id: 2, url: '/b' }),
    trace.record('query_end', 3, { id: 9 }),
    trace.record('request_end', 5, { id: 2, status: 500n }),
    trace.record('request_end', 8, { id: 1, status: 200n }),
    trace.record('query', 9, { id: 4 }),
    trace.record('query_end', 10, { id: 4 }),
  ];
  const periods = [
    'request : $evt.$name == "request_begin" : $evt.$name == "request_end" && $evt.id == $begin.$evt.id',
    'query(request) : $evt.$name =* "que*" && $evt.id >= 0 : !($evt.$name != "query_end") && $evt.$payload.id == $begin.$evt.id',
  ];
  const rows = tablesOf(records, 'periods', {}, periods, [
    'request : url = $evt.url, cpu = $evt.$pkt_ctx.cpu_id : $evt.status',
  ]);
  const [request, query] = rows('periods');
  assert.deepEqual([request?.[2], request?.[3], request?.[5]], [2, 3e6, 8e6]);
  // Within /a alone: it began when the other request was not there, and the last one is within none.
  assert.deepEqual([query?.[2], query?.[3]], [1, 2e6]);
  assert.deepEqual(
    rows('log').map((cells) => [cells[3], cells[4]]),
    [
      ['query', ''],
      ['request', 'url = /b, cpu = 3, capture 1 = 500'],
      ['request', 'url = /a, cpu = 3, capture 1 = 200'],
    ],
  );
});

test('a period that cannot be read is refused with its place', () => {
  for (const [text, sentence] of [
    ['a', /":" is expected/],
    ['a:', /a number, a string in quotes or \$evt.FIELD/],
    ['a:$evt.$name', /a comparison is expected/],
    ['a:$evt.$name =* 5', /=\* takes a pattern/],
    ['a:$evt.$nowhere.x == 1', /there is no scope \$nowhere/],
    ['a:$evt.x == 1)', /it should end here/],
    ['a:$evt.x == #', /nothing begins like this/],
    [`a:${'('.repeat(200)}`, /nested too deeply/],
    ['b(c):$evt.x == 1', /parent of a period is not defined/],
  ] as const)
    assert.throws(
      () => analyzeTables([], 'periods', OPTIONS, [text]),
      (error) => error instanceof InputError && sentence.test(error.message),
      text,
    );
  assert.throws(() => analyzeTables([], 'periods', OPTIONS, []), /--period NAME/);
  assert.throws(() => analyzeTables([], 'cpu', OPTIONS, ['a:$evt.x == 1']), /--period goes with/);
  assert.throws(() => analyzeTables([], 'periods', OPTIONS, ['a:$evt.x == 1'], ['z:$evt.y']), /no period of this name/);
});

test('statistics, top lists and histograms equal what sorting all values gives', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
      const [statistics, top, histogram] = [new Statistics(), new TopList<number>(10), new Histogram()];
      for (const value of values) {
        statistics.add(value);
        top.add(value, () => value);
        histogram.add(value);
      }
      const sorted = values.toSorted((a, b) => b - a);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const near = (one: number, other: number): boolean =>
        Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(other));
      assert.ok(near(statistics.mean ?? 0, mean));
      if (values.length > 1)
        assert.ok(near(statistics.deviation ?? 0, Math.sqrt(squares / (values.length - 1))) || squares < 1);
      assert.deepEqual(
        [...top.items()].toSorted((a, b) => b - a),
        sorted.slice(0, 10),
      );
      const counts = histogram.table('h', '', { resolution: 7 }).rows.map((row) => Number(row[2]));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        values.length,
      );
      assert.equal(histogram.quantile(0.5), sorted.toReversed()[Math.ceil(values.length / 2) - 1]);
    }),
  );
});

test('a histogram of very many values keeps their counts and is right to a hundredth', () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 100_000; value++) histogram.add(value);
  const median = histogram.quantile(0.5) ?? 0;
  assert.ok(Math.abs(median - 50_000) < 1000, `${median}`);
  const rows = histogram.table('h', '', { resolution: 10 }).rows;
  assert.equal(
    rows.reduce((sum, row) => sum + Number(row[2]), 0),
    100_000,
  );
  for (const row of rows) assert.ok(Math.abs(Number(row[2]) - 10_000) < 1500, String(row));
});

test('what a trace says cannot break the terminal, a cell of CSV or of Markdown', () => {
  const trace = createTrace('kernel', { cpu_id: 0 });
  const nasty = 'a,"b\n\u001b[31m|<x>';
  const records = [
    trace.record('syscall_entry_openat', 0, { filename: nasty }, 5),
    trace.record('syscall_exit_openat', 1, { ret: 3 }, 5),
    trace.record('syscall_entry_read', 2, { fd: 3 }, 5),
    trace.record('syscall_exit_read', 3, { ret: 10 }, 5),
  ];
  const report = analyzeTables(records, 'io', OPTIONS);
  const format = { isUtc: true, width: 80 };
  // oxlint-disable-next-line no-control-regex -- what must not be there
  assert.doesNotMatch(formatTablesText(report, format), /[\u001b]/);
  assert.match(formatTablesCsv(report), /"a,""b\n/);
  assert.match(formatTablesMarkdown(report, format), /a,"b\.\.\[31m\\\|\\<x>/);
});
