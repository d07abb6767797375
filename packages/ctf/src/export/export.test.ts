// SPDX-License-Identifier: MIT
// Timelines of records that stand for each convention, as Perfetto's protoc and a JSON parser see them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Nanoseconds } from '@lockstep/base';
import type { DataStream, EventRecord, StructureValue } from '../model/event-record.ts';
import type { DataStreamClass } from '../model/trace-class.ts';
import { TEST_CLOCK } from '../testing/arbitrary-trace.ts';
import { ChromeSink } from './chrome.ts';
import { CsvWriter } from './csv.ts';
import { PerfettoSink } from './perfetto.ts';
import { TimelineBuilder } from './timeline.ts';

const dataStreamClass: DataStreamClass = { id: 0n, defaultClock: TEST_CLOCK, eventRecordClasses: new Map() };
const dataStream: DataStream = {
  name: 's_0',
  trace: {
    name: '',
    traceClass: { byteOrder: 'little-endian', environment: new Map(), clockClasses: [], dataStreamClasses: new Map() },
    dataStreams: [],
  },
  dataStreamClass,
  id: undefined,
};
const BASE = TEST_CLOCK.offsetSeconds * 1_000_000_000n + TEST_CLOCK.offsetCycles;

function record(at: number, name: string, payload: StructureValue, ids: StructureValue = {}): EventRecord {
  return {
    eventRecordClass: { id: 0n, name },
    dataStream,
    packet: { header: undefined, context: { cpu_id: 1, ...ids } },
    clockSnapshot: BigInt(at),
    timeNs: (BASE + BigInt(at)) as Nanoseconds,
    header: undefined,
    commonContext: undefined,
    specificContext: undefined,
    payload,
  };
}

const THREAD = { vpid: 10, vtid: 11, tid: 11 };
const RECORDS = [
  record(10, 'sched_switch', { prev_tid: 0, next_tid: 11, next_comm: 'node', next_prio: 20 }),
  record(20, 'syscall_entry_write', { fd: 1 }, THREAD),
  record(30, 'syscall_exit_write', { ret: -11n }, THREAD),
  record(40, 'shop:render_begin', { id: 1, page: 'a"b' }, THREAD),
  record(41, 'shop:render_begin', { id: 2, page: 'c' }, THREAD),
  record(50, 'shop:queue', { value: 7 }, THREAD),
  record(51, 'shop:load', { value: 0.5 }, THREAD),
  record(60, 'shop:render_end', { id: 1 }, THREAD),
  record(70, 'shop:order', { total: 9.5, flag: true, list: [1, 2n] }, THREAD),
  record(80, 'node:gc', { begin: 61n, duration: 4n, kind: 1 }, THREAD),
  record(90, 'syscall_exit_read', { ret: 0 }, THREAD),
];

test('a Perfetto trace has the processes, threads, slices, instants and counters, as protoc reads it', (t) => {
  const pieces: Uint8Array[] = [];
  const sink = new PerfettoSink((bytes) => pieces.push(bytes.slice()));
  const timeline = new TimelineBuilder(sink);
  for (const each of RECORDS) timeline.add(each);
  timeline.finish();
  sink.flush();
  const proto = fileURLToPath(new URL('../../../src/testing/perfetto.proto', import.meta.url));
  const directory = proto.slice(0, proto.lastIndexOf('/'));
  const args = [`--proto_path=${directory}`, '--decode=perfetto.protos.Trace', 'perfetto.proto'];
  const run = spawnSync('protoc', args, { input: Buffer.concat(pieces), encoding: 'utf8' });
  if (run.error !== undefined) {
    t.skip('protoc is not installed (Debian: protobuf-compiler)');
    return;
  }
  assert.equal(run.status, 0, run.stderr);
  const text = run.stdout;
  // Nothing that the description does not know: unknown fields print as numbers.
  assert.doesNotMatch(text, /^\s*\d+[:{ ]/m);
  assert.match(text, /process \{\n\s+pid: 10\n\s+process_name: "node"/);
  assert.match(text, /thread \{\n\s+pid: 10\n\s+tid: 11\n\s+thread_name: "node"/);
  assert.match(text, /name: "shop:queue"\n\s+parent_uuid: \d+\n\s+counter \{/);
  assert.match(text, /counter_value: 7/);
  assert.match(text, /double_counter_value: 0.5/);
  assert.match(text, /int_value: -11\n\s+name: "ret"/);
  assert.match(text, /string_value: "a\\"b"\n\s+name: "page"/);
  assert.match(text, /string_value: "\[1,\\"2\\"\]"/);
  const count = (type: string): number => text.split(`type: ${type}\n`).length - 1;
  // sched_switch, write, render twice, gc; two are ended by the end of the trace.
  assert.deepEqual(['TYPE_SLICE_BEGIN', 'TYPE_SLICE_END', 'TYPE_INSTANT', 'TYPE_COUNTER'].map(count), [5, 5, 1, 2]);
  assert.match(text, new RegExp(`timestamp: ${BASE + 61n}\\n`), 'what is learnt late stands where it happened');
});

test('Chrome JSON has the same, with a begin for each end', () => {
  let text = '';
  const sink = new ChromeSink((part) => (text += part));
  const timeline = new TimelineBuilder(sink);
  for (const each of RECORDS) timeline.add(each);
  timeline.finish();
  sink.finish();
  const { traceEvents } = JSON.parse(text) as { traceEvents: Record<string, unknown>[] };
  const count = (phase: string): number => traceEvents.filter((event) => event['ph'] === phase).length;
  assert.deepEqual(['B', 'E', 'b', 'e', 'i', 'C'].map(count), [2, 2, 3, 3, 1, 2]);
  const write = traceEvents.find((event) => event['name'] === 'write')!;
  assert.deepEqual([write['pid'], write['tid'], write['args']], [10, 11, { fd: 1 }]);
  const [begin, end] = traceEvents.filter((event) => event['cat'] === 'shop:render');
  assert.deepEqual(
    [begin!['ph'], end!['ph'], begin!['id'] === end!['id'], end!['name']],
    ['b', 'e', true, 'shop:render'],
  );
});

test('CSV quotes what has commas, quotes and line ends, and has a column a field of one class', () => {
  const each = record(1, 'x', { text: 'a "b", c\n', big: 2n ** 63n, list: [1] });
  const fieldClass = { type: 'null-terminated-string' } as const;
  const payload = {
    type: 'structure',
    memberClasses: [
      { name: 'text', fieldClass },
      { name: 'big', fieldClass },
    ],
  } as const;
  const one = new CsvWriter({ eventRecordClass: { id: 0n, name: 'x', payload }, record: each });
  assert.equal(one.header(), 'time_ns,trace,stream,cpu_id,event,text,big\r\n');
  assert.equal(one.record(each), `${BASE + 1n},,s_0,1,x,"a ""b"", c\n",9223372036854775808\r\n`);
  const many = new CsvWriter();
  assert.equal(many.header(), 'time_ns,trace,stream,cpu_id,event,context,payload\r\n');
  assert.match(
    many.record(each),
    /,"\{""text"":""a \\""b\\"", c\\n"",""big"":""9223372036854775808"",""list"":\[1\]\}"\r\n$/,
  );
});
